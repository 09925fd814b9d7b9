/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what comes out is checked against what went in, page by page: each page of
 * a region is in one piece, at the same place of the same file, and a piece that claims to be a
 * known key is that key from end to end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base_math.h"
#include "mvdpa_mem_cut.h"

#define PAGE 4096ULL
#define FILE_A 7
#define FILE_B 8

static struct mvdpa_mem_piece pieces[MVDPA_MEM_MAX_REGIONS];

/* @p page and @p nb in pages; @p at: page of the file. */
static struct mvdpa_mem_region
region(uint64_t page, uint64_t nb, uint64_t ino, uint64_t at)
{
	return (struct mvdpa_mem_region){ .gpa = page * PAGE,
		.size = nb * PAGE,
		.hva = 0x7f0000000000ULL + at * PAGE,
		.file = { .known = true, .dev = 1, .ino = ino, .offset = at * PAGE } };
}

static void
check_piece(const struct mvdpa_mem_piece *p, const struct mvdpa_mem_region *known)
{
	if (p->known < 0)
		return;
	known += p->known;
	assert_true(p->region.gpa == known->gpa && p->region.size == known->size);
	assert_true(p->region.file.ino == known->file.ino &&
			p->region.file.offset == known->file.offset);
}

static void
check_page(const struct mvdpa_mem_region *r, uint64_t skip, uint32_t nb)
{
	uint32_t i, found = 0;

	for (i = 0; i < nb; i++) {
		const struct mvdpa_mem_region *p = &pieces[i].region;

		if (!base_range_inside(r->gpa + skip, PAGE, p->gpa, p->size))
			continue;
		found++;
		assert_true(p->file.ino == r->file.ino);
		assert_true(p->file.offset - p->gpa == r->file.offset - r->gpa);
	}
	assert_int_equal(found, 1);
}

static uint32_t
cut(const struct mvdpa_mem_region *r, uint32_t nb_r, const struct mvdpa_mem_region *known,
		uint32_t nb_known)
{
	const struct mvdpa_mem_region *list[64];
	const struct mvdpa_mem_known k = { nb_known, list };
	uint64_t skip, pages = 0;
	uint32_t i, nb;

	for (i = 0; i < nb_known; i++)
		list[i] = &known[i];
	nb = mvdpa_mem_cut(r, nb_r, &k, pieces);
	for (i = 0; i < nb_r; i++) {
		for (skip = 0; skip < r[i].size; skip += PAGE, pages++)
			check_page(&r[i], skip, nb);
	}
	for (i = 0; i < nb; i++) {
		check_piece(&pieces[i], known);
		pages -= pieces[i].region.size / PAGE;
		if (i > 0)
			assert_true(pieces[i - 1].region.gpa < pieces[i].region.gpa);
	}
	assert_int_equal(pages, 0);
	return nb;
}

static void
test_nothing_known(void **state)
{
	struct mvdpa_mem_region r[] = { region(64, 4, FILE_A, 4), region(0, 4, FILE_A, 0),
		region(4, 4, FILE_B, 4) };

	assert_int_equal(cut(r, 3, NULL, 0), 3);
	assert_true(pieces[0].known < 0 && pieces[0].region.gpa == 0);
}

/* The same memory in one region, in two, in another order. */
static void
test_cut_differently(void **state)
{
	struct mvdpa_mem_region whole = region(0, 8, FILE_A, 0);
	struct mvdpa_mem_region two[] = { region(5, 3, FILE_A, 5), region(0, 5, FILE_A, 0) };

	assert_int_equal(cut(two, 2, &whole, 1), 1);
	assert_int_equal(pieces[0].known, 0);
	assert_int_equal(cut(&whole, 1, two, 2), 2);
	assert_int_equal(pieces[0].known, 1);
	assert_int_equal(pieces[1].known, 0);
	/* The next place of the guest, but not of the file. */
	two[0] = region(5, 3, FILE_A, 6);
	assert_int_equal(cut(two, 2, NULL, 0), 2);
}

static void
test_grown_and_shrunk(void **state)
{
	struct mvdpa_mem_region known = region(4, 4, FILE_A, 4), r = region(4, 8, FILE_A, 4);

	assert_int_equal(cut(&r, 1, &known, 1), 2);
	assert_true(pieces[0].known == 0 && pieces[1].known < 0);
	assert_true(pieces[1].region.gpa == 8 * PAGE && pieces[1].region.size == 4 * PAGE);
	assert_true(pieces[1].region.hva == r.hva + 4 * PAGE);
	r = region(0, 12, FILE_A, 0); /* at both ends */
	assert_int_equal(cut(&r, 1, &known, 1), 3);
	assert_int_equal(pieces[1].known, 0);
	r = region(4, 3, FILE_A, 4); /* a key reaches no further than its region */
	assert_int_equal(cut(&r, 1, &known, 1), 1);
	assert_true(pieces[0].known < 0);
}

static void
test_other_memory(void **state)
{
	struct mvdpa_mem_region known = region(0, 4, FILE_A, 0), r;

	r = region(0, 4, FILE_B, 0); /* another file */
	assert_int_equal(cut(&r, 1, &known, 1), 1);
	assert_true(pieces[0].known < 0);
	r = region(0, 4, FILE_A, 1); /* another place of it */
	assert_int_equal(cut(&r, 1, &known, 1), 1);
	assert_true(pieces[0].known < 0);
	r = region(1, 4, FILE_A, 0); /* at another address */
	assert_int_equal(cut(&r, 1, &known, 1), 1);
	assert_true(pieces[0].known < 0);
	r = known;
	r.file.dev++;
	assert_int_equal(cut(&r, 1, &known, 1), 1);
	assert_true(pieces[0].known < 0);
	r = known;
	r.file.known = false; /* not known is never the same */
	assert_int_equal(cut(&r, 1, &known, 1), 1);
	assert_true(pieces[0].known < 0);
	r = known;
	r.hva += 64 * PAGE; /* mapped elsewhere: the same */
	assert_int_equal(cut(&r, 1, &known, 1), 1);
	assert_int_equal(pieces[0].known, 0);
}

/* Keys of several tables overlap: the ones that come first count. */
static void
test_preference(void **state)
{
	struct mvdpa_mem_region known[] = { region(2, 4, FILE_A, 2), region(0, 8, FILE_A, 0),
		region(0, 2, FILE_A, 0), region(4, 4, FILE_A, 4) };
	struct mvdpa_mem_region r = region(0, 8, FILE_A, 0);

	assert_int_equal(cut(&r, 1, known, 4), 3);
	assert_int_equal(pieces[0].known, 2);
	assert_int_equal(pieces[1].known, 0);
	assert_true(pieces[2].known < 0);
	assert_int_equal(cut(&r, 1, known + 1, 3), 1);
	assert_int_equal(pieces[0].known, 0);
}

/* Nonsense goes through untouched, for the plan to refuse: no two become one that looks good. */
static void
test_nonsense(void **state)
{
	struct mvdpa_mem_region r[] = { region(0, 4, FILE_A, 0), region(4, 0, FILE_A, 4),
		region(2, 4, FILE_A, 2) };
	const struct mvdpa_mem_known none = { 0 };

	assert_int_equal(mvdpa_mem_cut(r, 2, &none, pieces), 2);
	r[1] = r[2];
	assert_int_equal(mvdpa_mem_cut(r, 2, &none, pieces), 2);
	r[0].gpa = 0 - 4 * PAGE; /* ends at 2^64, which is 0 */
	r[0].file.offset = r[0].gpa;
	r[1] = region(0, 4, FILE_A, 0);
	assert_int_equal(mvdpa_mem_cut(r, 2, &none, pieces), 2);
	assert_int_equal(mvdpa_mem_cut(r, 0, &none, pieces), 0);
}

/* Memory that grows page by page has a key for each until there is no more room. */
static void
test_many_pieces(void **state)
{
	const uint32_t max = MVDPA_MEM_MAX_REGIONS;
	struct mvdpa_mem_region *known = calloc(2 * max, sizeof(*known)), whole;
	const struct mvdpa_mem_region **list = calloc(2 * max, sizeof(*list));
	struct mvdpa_mem_known k = { 2 * max, list };
	uint64_t pages = 0;
	uint32_t i, nb, used = 0;

	assert_non_null(known);
	assert_non_null(list);
	for (i = 0; i < 2 * max; i++) {
		known[i] = region(2 * i + 1, 1, FILE_A, 2 * i + 1);
		list[i] = &known[i];
	}
	whole = region(0, 4 * max, FILE_A, 0);
	nb = mvdpa_mem_cut(&whole, 1, &k, pieces);
	assert_in_range(nb, max - 1, max);
	for (i = 0; i < nb; i++) {
		pages += pieces[i].region.size / PAGE;
		used += pieces[i].known >= 0;
	}
	assert_int_equal(pages, 4 * max);
	assert_in_range(used, max / 2 - 1, max / 2);
	free(list);
	free(known);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_cut_differently),
		cmocka_unit_test(test_grown_and_shrunk),
		cmocka_unit_test(test_other_memory),
		cmocka_unit_test(test_preference),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_many_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
