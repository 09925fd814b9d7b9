/* SPDX-License-Identifier: BSD-3-Clause */
/* D22: how often a queue that firmware stopped is started again; each row is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mvdpa_recover.h"

#define S 1000000000ULL

struct error {
	uint64_t at_ns; /* 0: the end of the table */
	bool again;
};

static void
check(const struct error *errors)
{
	uint64_t last[MVDPA_RECOVER_MAX] = { 0 };

	for (; errors->at_ns != 0; errors++)
		assert_int_equal(mvdpa_recover_allowed(last, errors->at_ns), errors->again);
}

static void
test_once(void **state)
{
	check((struct error[]){ { 1, true }, { 0 } });
	check((struct error[]){ { 5 * S, true }, { 0 } });
}

static void
test_three_in_three_seconds(void **state)
{
	check((struct error[]){ { 5 * S, true }, { 6 * S, true }, { 7 * S, true },
			{ 8 * S - 1, false }, { 0 } });
	check((struct error[]){ { 5 * S, true }, { 5 * S, true }, { 5 * S, true }, { 5 * S, false },
			{ 0 } });
}

/* Any three seconds count, not those since the first error. */
static void
test_quiet(void **state)
{
	check((struct error[]){ { 5 * S, true }, { 6 * S, true }, { 7 * S, true }, { 8 * S, true },
			{ 9 * S, true }, { 10 * S, true }, { 11 * S - 1, false }, { 0 } });
	check((struct error[]){ { 5 * S, true }, { 6 * S, true }, { 7 * S, true }, { 11 * S, true },
			{ 11 * S, true }, { 11 * S, true }, { 11 * S, false }, { 0 } });
}

/* N20: whoever starts a queue that was given up means it. */
static void
test_after_giving_up(void **state)
{
	check((struct error[]){ { S, true }, { S, true }, { S, true }, { S, false },
			{ S + 1, true }, { S + 2, true }, { S + 3, true }, { S + 4, false },
			{ 0 } });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_three_in_three_seconds),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_after_giving_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
