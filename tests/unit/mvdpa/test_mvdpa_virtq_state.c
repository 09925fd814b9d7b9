/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the arcs are written down here once more, from the firmware's rules
 * (INIT -> RDY, RDY -> SUSPEND, SUSPEND -> RDY where the card can, any but RDY may be destroyed).
 * Over all pairs: the table has these arcs and no others. Over all states and wishes: each step is
 * an arc, the way ends, and it ends at the wish where that is possible.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mvdpa_virtq_state.h"

#define A MVDPA_VIRTQ_ABSENT
#define I MVDPA_VIRTQ_INIT
#define R MVDPA_VIRTQ_READY
#define S MVDPA_VIRTQ_SUSPENDED
#define E MVDPA_VIRTQ_ERROR

static void
test_arcs(void **state)
{
	static const int want[][2] = { { A, I }, { I, R }, { I, A }, { R, S }, { R, E }, { S, R },
		{ S, A }, { E, A } };
	bool is[5][5] = { 0 };
	unsigned int i, from, to;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		is[want[i][0]][want[i][1]] = true;
	for (from = 0; from < 5; from++) {
		for (to = 0; to < 5; to++)
			assert_int_equal(mvdpa_virtq_arc(from, to), is[from][to]);
	}
	assert_false(mvdpa_virtq_arc(5, A));
	assert_false(mvdpa_virtq_arc(A, 5));
}

/* Where a way to each wish may end. */
static bool
is_end(enum mvdpa_virtq_state end, enum mvdpa_virtq_wanted wanted)
{
	switch (wanted) {
	case MVDPA_WANT_ABSENT:
		return end == MVDPA_VIRTQ_ABSENT;
	case MVDPA_WANT_INIT:
		return end == MVDPA_VIRTQ_INIT;
	case MVDPA_WANT_READY:
		return end == MVDPA_VIRTQ_READY;
	case MVDPA_WANT_SUSPENDED: /* as still as it can be: nothing runs */
		return end != MVDPA_VIRTQ_READY;
	}
	return false;
}

static void
test_ways(void **state)
{
	unsigned int from, wanted, fits, steps;
	enum mvdpa_virtq_state at, to;
	bool made;

	for (from = 0; from < MVDPA_VIRTQ_NB_STATES; from++) {
		for (wanted = 0; wanted < MVDPA_VIRTQ_NB_WANTED; wanted++) {
			for (fits = 0; fits < 2; fits++) {
				at = from;
				made = false;
				for (steps = 0; steps < 5; steps++) {
					/* what was just made does fit */
					to = mvdpa_virtq_next(at, wanted, fits || made);
					if (to == at)
						break;
					assert_true(mvdpa_virtq_arc(at, to));
					assert_int_not_equal(to, MVDPA_VIRTQ_ERROR);
					made = at == MVDPA_VIRTQ_ABSENT;
					at = to;
				}
				assert_true(steps < 5);
				assert_true(is_end(at, wanted));
			}
		}
	}
}

static void
test_resume_only_where_possible(void **state)
{
	assert_int_equal(mvdpa_virtq_next(S, MVDPA_WANT_READY, true), R);
	assert_int_equal(mvdpa_virtq_next(S, MVDPA_WANT_READY, false), A);
	assert_int_equal(mvdpa_virtq_next(I, MVDPA_WANT_READY, true), R);
	assert_int_equal(mvdpa_virtq_next(I, MVDPA_WANT_READY, false), A);
	assert_int_equal(mvdpa_virtq_next(R, MVDPA_WANT_READY, false), R);
	/* A queue that runs is never destroyed without its indices being read. */
	assert_int_equal(mvdpa_virtq_next(R, MVDPA_WANT_ABSENT, false), S);
	assert_int_equal(mvdpa_virtq_next(R, MVDPA_WANT_INIT, true), S);
}

static void
test_names(void **state)
{
	assert_string_equal(mvdpa_virtq_state_name(MVDPA_VIRTQ_ABSENT), "ABSENT");
	assert_string_equal(mvdpa_virtq_state_name(MVDPA_VIRTQ_ERROR), "ERROR");
	assert_string_equal(mvdpa_virtq_state_name(77), "state?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arcs),
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_resume_only_where_possible),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
