/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the card sees guest memory through one indirect key that starts at the
 * lowest guest-physical address. Each region has a direct key whose addresses are guest-physical
 * too; holes are filled with the null key, so that no address in between means other memory.
 *
 * Two kinds of list are possible. KLM: entries of any size up to 2 GiB, which the card walks. KLM
 * with fixed size (FBS): all entries have one power of two as their size, so the card finds one by
 * a shift; that size is the greatest that divides every region and every hole. A short list is as
 * good walked; a long one is wanted with fixed size if the entries are not too many.
 *
 * The table comes from the front-end and is not trusted: everything that is computed with is
 * checked here first, and nobody behind looks again.
 */
#include "mvdpa_mem_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "devx_mr.h"

#define ENTRY_MAX_LOG 31 /* 2 GiB */
#define ENTRY_MAX (1ULL << ENTRY_MAX_LOG)
#define GUEST_PAGE 4096u
/* A walk over so few entries costs nothing worth a longer list. */
#define KLM_WALK_MAX 8u

static int
plan_check_region(const struct mvdpa_mem_region *r, uint32_t i,
		const struct mvdpa_mem_limits *limits, const struct base_log *log)
{
	uint64_t place = r->hva != 0 ? r->hva : r->file.offset;
	const char *what = NULL;
	uint64_t end;

	if (r->size == 0)
		what = "has no size";
	else if (!base_add_ok(r->gpa, r->size, &end) || end > 1ULL << MVDPA_MEM_ADDR_BITS)
		what = "ends beyond any guest-physical address";
	else if (!base_add_ok(place, r->size, &end))
		what = "wraps around in this process or in its file";
	else if ((r->gpa | r->size) % GUEST_PAGE != 0)
		what = "is not made of whole pages";
	else if ((r->gpa ^ place) % limits->page_size != 0)
		what = "lies differently in guest pages and host pages";
	if (what == NULL)
		return 0;
	base_err(log,
			"memory region %u (guest address 0x%" PRIx64 ", size 0x%" PRIx64
			", %s 0x%" PRIx64 ") %s",
			i, r->gpa, r->size, r->hva != 0 ? "mapped at" : "offset in its file", place,
			what);
	return -EINVAL;
}

static int
plan_cmp(const void *a, const void *b)
{
	const struct mvdpa_mem_region *ra = a, *rb = b;

	return ra->gpa < rb->gpa ? -1 : ra->gpa > rb->gpa;
}

static int
plan_check_overlap(const struct mvdpa_mem_plan *plan, const struct base_log *log)
{
	const struct mvdpa_mem_region *r = plan->regions;
	uint32_t i;

	for (i = 1; i < plan->nb_regions; i++) {
		if (!base_range_overlap(r[i - 1].gpa, r[i - 1].size, r[i].gpa, r[i].size))
			continue;
		base_err(log,
				"memory regions overlap: guest address 0x%" PRIx64
				", size 0x%" PRIx64 " and guest address 0x%" PRIx64
				", size 0x%" PRIx64,
				r[i - 1].gpa, r[i - 1].size, r[i].gpa, r[i].size);
		return -EINVAL;
	}
	return 0;
}

/* Calls for every region and every hole between, in order. */
typedef void (*plan_visit)(uint64_t gpa, uint64_t size, int32_t region, void *arg);

static void
plan_walk(const struct mvdpa_mem_plan *plan, plan_visit visit, void *arg)
{
	uint64_t next = plan->start;
	uint32_t i;

	for (i = 0; i < plan->nb_regions; i++) {
		const struct mvdpa_mem_region *r = &plan->regions[i];

		if (r->gpa > next)
			visit(next, r->gpa - next, -1, arg);
		visit(r->gpa, r->size, (int32_t)i, arg);
		next = r->gpa + r->size;
	}
}

struct plan_sizes {
	uint64_t gcd;
	uint64_t nb_klms;
};

static void
plan_measure(uint64_t gpa, uint64_t size, int32_t region, void *arg)
{
	struct plan_sizes *s = arg;

	s->gcd = base_gcd(s->gcd, size);
	s->nb_klms += (size + ENTRY_MAX - 1) / ENTRY_MAX;
}

static int
plan_choose(struct mvdpa_mem_plan *plan, const struct mvdpa_mem_limits *limits,
		const struct base_log *log)
{
	uint64_t max = limits->max_klms != 0 && limits->max_klms < DEVX_MKEY_KLMS_MAX ?
			limits->max_klms :
			DEVX_MKEY_KLMS_MAX;
	struct plan_sizes s = { 0 };
	unsigned int log_size;
	uint64_t nb_fixed;

	plan_walk(plan, plan_measure, &s);
	log_size = (unsigned int)__builtin_ctzll(s.gcd);
	if (log_size > ENTRY_MAX_LOG)
		log_size = ENTRY_MAX_LOG;
	nb_fixed = plan->size >> log_size;
	if (nb_fixed <= max && (nb_fixed <= s.nb_klms || s.nb_klms > KLM_WALK_MAX)) {
		plan->log_entry_size = (uint8_t)log_size;
		plan->nb_entries = (uint32_t)nb_fixed;
		return 0;
	}
	if (s.nb_klms <= max) {
		plan->log_entry_size = 0;
		plan->nb_entries = (uint32_t)s.nb_klms;
		return 0;
	}
	base_err(log,
			"memory table with %u regions over 0x%" PRIx64 " bytes needs %" PRIu64
			" key entries, the card has %" PRIu64,
			plan->nb_regions, plan->size, s.nb_klms, max);
	return -E2BIG;
}

struct plan_cursor {
	struct mvdpa_mem_entry *next;
	uint64_t step;
};

static void
plan_emit(uint64_t gpa, uint64_t size, int32_t region, void *arg)
{
	struct plan_cursor *c = arg;

	while (size > 0) {
		uint32_t step = (uint32_t)(size < c->step ? size : c->step);

		*c->next++ = (struct mvdpa_mem_entry){ gpa, step, region };
		gpa += step;
		size -= step;
	}
}

static int
plan_entries(struct mvdpa_mem_plan *plan)
{
	struct plan_cursor c = {
		.step = plan->log_entry_size != 0 ? 1ULL << plan->log_entry_size : ENTRY_MAX,
	};

	plan->entries = calloc(plan->nb_entries, sizeof(*plan->entries));
	if (plan->entries == NULL)
		return -ENOMEM;
	c.next = plan->entries;
	plan_walk(plan, plan_emit, &c);
	return 0;
}

static int
plan_regions(const struct mvdpa_mem_region *regions, uint32_t nb, struct mvdpa_mem_plan *plan)
{
	const struct mvdpa_mem_region *last;

	plan->regions = malloc(nb * sizeof(*regions));
	if (plan->regions == NULL)
		return -ENOMEM;
	memcpy(plan->regions, regions, nb * sizeof(*regions));
	plan->nb_regions = nb;
	qsort(plan->regions, nb, sizeof(*regions), plan_cmp);
	last = &plan->regions[nb - 1];
	plan->start = plan->regions[0].gpa;
	plan->size = last->gpa + last->size - plan->start;
	return 0;
}

int
mvdpa_mem_plan_make(const struct mvdpa_mem_region *regions, uint32_t nb,
		const struct mvdpa_mem_limits *limits, const struct base_log *log,
		struct mvdpa_mem_plan *plan)
{
	uint32_t i;
	int ret;

	memset(plan, 0, sizeof(*plan));
	if (nb == 0 || nb > MVDPA_MEM_MAX_REGIONS) {
		base_err(log, "memory table with %u regions (possible are 1 to %u)", nb,
				MVDPA_MEM_MAX_REGIONS);
		return -EINVAL;
	}
	for (i = 0; i < nb; i++) {
		ret = plan_check_region(&regions[i], i, limits, log);
		if (ret != 0)
			return ret;
	}
	ret = plan_regions(regions, nb, plan);
	if (ret == 0)
		ret = plan_check_overlap(plan, log);
	if (ret == 0)
		ret = plan_choose(plan, limits, log);
	if (ret == 0)
		ret = plan_entries(plan);
	if (ret != 0)
		mvdpa_mem_plan_free(plan);
	return ret;
}

int
mvdpa_mem_plan_map(const struct mvdpa_mem_region *regions, uint32_t nb, struct mvdpa_mem_plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	return nb != 0 ? plan_regions(regions, nb, plan) : -EINVAL;
}

void
mvdpa_mem_plan_free(struct mvdpa_mem_plan *plan)
{
	free(plan->regions);
	free(plan->entries);
	memset(plan, 0, sizeof(*plan));
}

int
mvdpa_mem_plan_gpa(const struct mvdpa_mem_plan *plan, uint64_t hva, uint64_t len, uint64_t *gpa)
{
	uint32_t i;

	for (i = 0; i < plan->nb_regions; i++) {
		const struct mvdpa_mem_region *r = &plan->regions[i];

		if (!base_range_inside(hva, len, r->hva, r->size))
			continue;
		*gpa = r->gpa + (hva - r->hva);
		return 0;
	}
	return -ENOENT;
}
