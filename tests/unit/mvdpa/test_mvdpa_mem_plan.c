/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: for each table the plan is checked against the definition, not against
 * itself: the entries must cover the span without gap or overlap, each entry must lie whole in the
 * region it names or in none, and no entry is bigger than 2 GiB.
 *
 * Of the checklist: D15, K5.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base_math.h"
#include "devx_mr.h"
#include "last_log.h"
#include "mvdpa_mem_plan.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)
#define HVA 0x7f0000000000ULL

static const struct mvdpa_mem_limits limits = { .page_size = 4096, .max_klms = 65536 };

static struct mvdpa_mem_region
region(uint64_t gpa, uint64_t size)
{
	return (struct mvdpa_mem_region){ .gpa = gpa,
		.size = size,
		.hva = HVA + gpa,
		.file = { true, 1, 2, gpa } };
}

static void
check_plan(const struct mvdpa_mem_plan *p)
{
	uint64_t next = p->start;
	uint32_t i, j;

	for (i = 0; i < p->nb_entries; i++) {
		const struct mvdpa_mem_entry *e = &p->entries[i];

		assert_true(e->gpa == next);
		assert_true(e->size > 0 && e->size <= 2 * GIB);
		if (p->log_entry_size != 0)
			assert_true(e->size == 1ULL << p->log_entry_size);
		for (j = 0; j < p->nb_regions; j++) {
			const struct mvdpa_mem_region *r = &p->regions[j];
			bool in = base_range_inside(e->gpa, e->size, r->gpa, r->size);

			assert_int_equal(in, e->region == (int32_t)j);
			if (!in)
				assert_false(base_range_overlap(e->gpa, e->size, r->gpa, r->size));
		}
		next += e->size;
	}
	assert_true(next == p->start + p->size);
}

static struct mvdpa_mem_plan
make(const struct mvdpa_mem_region *r, uint32_t nb)
{
	struct mvdpa_mem_plan p;

	assert_int_equal(mvdpa_mem_plan_make(r, nb, &limits, &test_log, &p), 0);
	check_plan(&p);
	return p;
}

static void
test_one_region(void **state)
{
	struct mvdpa_mem_region r = region(0, 256 * MIB);
	struct mvdpa_mem_plan p = make(&r, 1);

	assert_int_equal(p.nb_entries, 1);
	assert_int_equal(p.log_entry_size, 28);
	mvdpa_mem_plan_free(&p);
}

static void
test_holes_and_order(void **state)
{
	/* The memory of a PC in the wrong order: above 4 GiB, the first 640 KiB, the rest below. */
	struct mvdpa_mem_region r[] = { region(4 * GIB, 5 * GIB), region(0, 640 << 10),
		region(MIB, 3 * GIB - MIB) };
	struct mvdpa_mem_plan p = make(r, 3);
	uint64_t gpa;

	assert_true(p.start == 0 && p.size == 9 * GIB);
	assert_true(p.regions[0].gpa == 0 && p.regions[2].gpa == 4 * GIB);
	assert_int_equal(p.log_entry_size, 0); /* seven entries walked, against 73728 of 128 KiB */
	assert_int_equal(p.nb_entries, 1 + 1 + 2 + 1 + 3);
	assert_int_equal(p.entries[1].region, -1);
	assert_int_equal(mvdpa_mem_plan_gpa(&p, HVA + 4 * GIB + 5, 16, &gpa), 0);
	assert_true(gpa == 4 * GIB + 5);
	assert_int_equal(mvdpa_mem_plan_gpa(&p, HVA, 1, &gpa), 0); /* 0 is an address */
	assert_true(gpa == 0);
	assert_int_equal(mvdpa_mem_plan_gpa(&p, HVA + (640 << 10), 1, &gpa), -ENOENT);
	assert_int_equal(mvdpa_mem_plan_gpa(&p, HVA + (640 << 10) - 8, 9, &gpa), -ENOENT);
	assert_int_equal(mvdpa_mem_plan_gpa(&p, UINT64_MAX, 2, &gpa), -ENOENT);
	mvdpa_mem_plan_free(&p);
}

static void
test_fixed_size_by_gcd(void **state)
{
	struct mvdpa_mem_region r[8];
	struct mvdpa_mem_plan p;
	uint32_t i;

	for (i = 0; i < 8; i++)
		r[i] = region(i * 192 * MIB, 64 * MIB);
	p = make(r, 8);
	assert_int_equal(p.log_entry_size, 26);
	assert_int_equal(p.nb_entries, 22);
	mvdpa_mem_plan_free(&p);
	/* One hole that no power of two above 4 KiB divides makes them all small. */
	r[7].gpa += 4096;
	r[7].hva += 4096;
	p = make(r, 8);
	assert_true(p.log_entry_size == 0 || p.log_entry_size == 12);
	mvdpa_mem_plan_free(&p);
}

static void
test_big(void **state)
{
	struct mvdpa_mem_region r[] = { region(0, 3 * GIB), region(4 * GIB, TIB) };
	struct mvdpa_mem_plan p = make(r, 2);

	assert_int_equal(p.log_entry_size, 30);
	assert_int_equal(p.nb_entries, 1028);
	mvdpa_mem_plan_free(&p);
	r[1].size = TIB - 4096; /* fixed size is out of the question */
	p = make(r, 2);
	assert_int_equal(p.log_entry_size, 0);
	assert_int_equal(p.nb_entries, 2 + 1 + 512);
	mvdpa_mem_plan_free(&p);
	r[0] = region(0, 5 * GIB); /* a single region over 2 GiB */
	p = make(r, 1);
	assert_true(p.nb_entries >= 3);
	mvdpa_mem_plan_free(&p);
}

static void
check_bad(const struct mvdpa_mem_region *r, uint32_t nb, const char *word)
{
	struct mvdpa_mem_plan p;

	nb_logs = 0;
	assert_int_equal(mvdpa_mem_plan_make(r, nb, &limits, &test_log, &p), -EINVAL);
	assert_int_equal(nb_logs, 1);
	assert_non_null(strstr(last_log, word));
	assert_null(p.regions);
	assert_null(p.entries);
}

static void
test_bad_tables(void **state)
{
	struct mvdpa_mem_region r[] = { region(0, MIB), region(MIB - 4096, MIB) };

	check_bad(r, 2, "overlap");
	r[1] = r[0];
	check_bad(r, 2, "overlap");
	r[1] = region(4 * MIB, 0);
	check_bad(r, 2, "region 1");
	check_bad(r, 2, "no size");
	r[1] = region(UINT64_MAX - 4095, 8192);
	check_bad(r, 2, "beyond");
	r[1] = region(1ULL << 46, 4096);
	check_bad(r, 2, "beyond");
	r[1] = region(4 * MIB, MIB);
	r[1].hva = UINT64_MAX - 4095;
	check_bad(r, 2, "wraps");
	r[1] = region(4 * MIB, MIB + 1);
	check_bad(r, 2, "whole pages");
	r[1] = region(4 * MIB + 512, MIB);
	check_bad(r, 2, "whole pages");
	r[1] = region(4 * MIB, MIB);
	r[1].hva += 512;
	check_bad(r, 2, "differently");
	check_bad(r, 0, "0 regions");
	check_bad(r, MVDPA_MEM_MAX_REGIONS + 1, "513 regions");
	check_bad(r, UINT32_MAX, "4294967295 regions");
}

/*
 * PC memory with the VGA hole and several DIMMs: more entries than are quickly walked, and pieces
 * of 128 KiB would be more than a create command can carry, whatever the card says.
 */
static void
test_list_fits_into_a_command(void **state)
{
	struct mvdpa_mem_region r[8] = { region(0, 640 * 1024), region(768 * 1024, 63 * MIB) };
	struct mvdpa_mem_plan p;
	uint32_t nb;

	r[1].size += 256 * 1024;
	for (nb = 2; nb < 8; nb++) {
		r[nb] = region(4 * GIB + (nb - 2) * 128 * MIB, 128 * MIB);
		p = make(r, nb + 1);
		assert_true(p.nb_entries <= DEVX_MKEY_KLMS_MAX);
		mvdpa_mem_plan_free(&p);
	}
}

static void
test_card_is_too_small(void **state)
{
	const struct mvdpa_mem_limits few = { .page_size = 4096, .max_klms = 4 };
	struct mvdpa_mem_region r = region(0, 64 * GIB);
	struct mvdpa_mem_plan p;

	assert_int_equal(mvdpa_mem_plan_make(&r, 1, &few, &test_log, &p), -E2BIG);
	assert_non_null(strstr(last_log, "has 4"));
}

static void
test_only_translates(void **state)
{
	struct mvdpa_mem_region r[] = { region(GIB, MIB), region(0, MIB) };
	struct mvdpa_mem_plan p;
	uint64_t gpa;

	assert_int_equal(mvdpa_mem_plan_map(r, 2, &p), 0);
	assert_int_equal(p.nb_entries, 0);
	assert_int_equal(mvdpa_mem_plan_gpa(&p, HVA + GIB + 4096, 16, &gpa), 0);
	assert_true(gpa == GIB + 4096);
	assert_int_equal(mvdpa_mem_plan_gpa(&p, HVA + MIB, 1, &gpa), -ENOENT);
	mvdpa_mem_plan_free(&p);
	assert_int_equal(mvdpa_mem_plan_map(r, 0, &p), -EINVAL);
}

/* A region that is not mapped yet lies where it lies in its file. */
static void
test_not_mapped_yet(void **state)
{
	struct mvdpa_mem_region r = region(4 * MIB, MIB);
	struct mvdpa_mem_plan p;

	r.hva = 0;
	p = make(&r, 1);
	mvdpa_mem_plan_free(&p);
	r.file.offset += 512;
	check_bad(&r, 1, "differently");
	r.file.offset = UINT64_MAX - 4095;
	check_bad(&r, 1, "wraps");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_region),
		cmocka_unit_test(test_holes_and_order),
		cmocka_unit_test(test_fixed_size_by_gcd),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_bad_tables),
		cmocka_unit_test(test_list_fits_into_a_command),
		cmocka_unit_test(test_card_is_too_small),
		cmocka_unit_test(test_only_translates),
		cmocka_unit_test(test_not_mapped_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
