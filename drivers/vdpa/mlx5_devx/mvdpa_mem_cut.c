/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what a direct key is for, is a guest address, and a place in a file; how
 * the front-end cuts its memory into regions is its own business, and it may do that anew with
 * each table (QEMU joins and parts regions as the guest maps things in between; virtio-mem lets
 * one region grow). So regions that continue each other, in the guest and in the file, are joined
 * first. Then each key that lies whole in what has none yet is laid there, and what is left over
 * needs new ones: memory that grew costs a key for the new part only, and the same memory cut
 * differently costs nothing.
 *
 * The place in this process takes no part in that. Memory without a known file is joined with
 * nothing and known by nobody.
 *
 * There is room for a limited number of pieces, because each is an entry of the indirect key. A
 * key that would need more is not used: its memory goes to a new, larger one.
 */
#include "mvdpa_mem_cut.h"

#include <stdlib.h>
#include <string.h>

#include "base_math.h"

static bool
cut_same_file(const struct mvdpa_mem_region *a, const struct mvdpa_mem_region *b)
{
	return a->file.known && b->file.known && a->file.dev == b->file.dev &&
			a->file.ino == b->file.ino &&
			a->file.offset - a->gpa == b->file.offset - b->gpa;
}

static int
cut_cmp(const void *a, const void *b)
{
	const struct mvdpa_mem_piece *pa = a, *pb = b;

	return pa->region.gpa < pb->region.gpa ? -1 : pa->region.gpa > pb->region.gpa;
}

/* Joins what continues what is before it. */
static uint32_t
cut_join(struct mvdpa_mem_piece *pieces, uint32_t nb)
{
	uint32_t i, last = 0;

	for (i = 1; i < nb; i++) {
		struct mvdpa_mem_region *a = &pieces[last].region, *b = &pieces[i].region;

		/* An empty one stays, for the plan to complain of. */
		if (cut_same_file(a, b) && a->size != 0 && b->size != 0 &&
				a->gpa + a->size == b->gpa)
			a->size += b->size;
		else
			pieces[++last] = pieces[i];
	}
	return nb != 0 ? last + 1 : 0;
}

/* The part of the region that begins @p skip bytes behind its start. */
static struct mvdpa_mem_region
cut_part(const struct mvdpa_mem_region *r, uint64_t skip, uint64_t size)
{
	struct mvdpa_mem_region part = *r;

	part.gpa += skip;
	part.size = size;
	part.file.offset += skip;
	if (part.hva != 0)
		part.hva += skip;
	return part;
}

/* Replaces piece @p i by what is before the key, the key, and what is behind it. */
static uint32_t
cut_lay(struct mvdpa_mem_piece *pieces, uint32_t nb, uint32_t i, struct mvdpa_mem_piece key)
{
	struct mvdpa_mem_region whole = pieces[i].region;
	uint64_t before = key.region.gpa - whole.gpa;
	uint64_t behind = whole.size - before - key.region.size;
	uint32_t more = (before != 0) + (behind != 0);

	if (nb + more > MVDPA_MEM_MAX_REGIONS)
		return nb;
	memmove(&pieces[i + 1 + more], &pieces[i + 1], (nb - i - 1) * sizeof(*pieces));
	if (before != 0)
		pieces[i++] = (struct mvdpa_mem_piece){ cut_part(&whole, 0, before), -1 };
	pieces[i++] = (struct mvdpa_mem_piece){ cut_part(&whole, before, key.region.size),
		key.known };
	if (behind != 0)
		pieces[i] = (struct mvdpa_mem_piece){
			cut_part(&whole, before + key.region.size, behind), -1
		};
	return nb + more;
}

/* Index of the piece without a key that the key lies whole in, or nb. */
static uint32_t
cut_find(const struct mvdpa_mem_piece *pieces, uint32_t nb, const struct mvdpa_mem_region *key)
{
	uint32_t i;

	for (i = 0; i < nb; i++) {
		const struct mvdpa_mem_region *r = &pieces[i].region;

		if (pieces[i].known < 0 && cut_same_file(r, key) &&
				base_range_inside(key->gpa, key->size, r->gpa, r->size))
			break;
	}
	return i;
}

uint32_t
mvdpa_mem_cut(const struct mvdpa_mem_region *regions, uint32_t nb,
		const struct mvdpa_mem_known *known, struct mvdpa_mem_piece *pieces)
{
	uint32_t i, at;

	for (i = 0; i < nb; i++)
		pieces[i] = (struct mvdpa_mem_piece){ regions[i], -1 };
	qsort(pieces, nb, sizeof(*pieces), cut_cmp);
	nb = cut_join(pieces, nb);
	for (i = 0; i < known->nb; i++) {
		const struct mvdpa_mem_piece key = { *known->regions[i], (int32_t)i };

		at = cut_find(pieces, nb, &key.region);
		if (at < nb)
			nb = cut_lay(pieces, nb, at, key);
	}
	return nb;
}
