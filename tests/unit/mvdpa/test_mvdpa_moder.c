/* SPDX-License-Identifier: BSD-3-Clause */
/* When the completion queues are looked at next: each row is a round and what follows from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mvdpa_moder.h"

struct round {
	uint32_t most; /* completions of the busiest queue */
	int again; /* -1: the end of the table */
	uint32_t delay_us;
};

static void
check(const struct mvdpa_moder_conf *conf, uint32_t first_us, const struct round *rounds)
{
	struct mvdpa_moder moder = { 12345, 678 };

	mvdpa_moder_begin(conf, &moder);
	assert_int_equal(moder.delay_us, first_us);
	for (; rounds->again >= 0; rounds++) {
		assert_int_equal(mvdpa_moder_next(conf, &moder, rounds->most), rounds->again);
		assert_int_equal(moder.delay_us, rounds->delay_us);
	}
	mvdpa_moder_begin(conf, &moder);
	assert_int_equal(moder.delay_us, first_us);
	assert_int_equal(moder.idle, 0);
}

/* An empty round: a step more. One completion: as it was. More: so many times less. */
static void
test_dynamic(void **state)
{
	static const struct mvdpa_moder_conf conf = { MVDPA_EVENT_DYNAMIC_TIMER, 10, 3 };
	static const struct round rounds[] = { { 1, 1, 10 }, { 0, 1, 20 }, { 0, 1, 30 },
		{ 1, 1, 30 }, { 2, 1, 15 }, { 4, 1, 3 }, { 100, 1, 0 }, { 1, 1, 0 }, { 0, 1, 10 },
		{ 0, 1, 20 }, { 0, 1, 30 }, { 0, 0, 30 }, { 0, -1, 0 } };

	check(&conf, 10, rounds);
}

static void
test_dynamic_without_a_step(void **state)
{
	static const struct mvdpa_moder_conf conf = { MVDPA_EVENT_DYNAMIC_TIMER, 0, 1 };
	static const struct round rounds[] = { { 0, 1, 2 }, { 5, 1, 0 }, { 0, 1, 1 }, { 0, 0, 1 },
		{ 0, -1, 0 } };

	check(&conf, 1, rounds);
}

/* It grows to its end, whatever the step is, and never over it; a longer one is the user's. */
static void
test_dynamic_limit(void **state)
{
	static const struct mvdpa_moder_conf some = { MVDPA_EVENT_DYNAMIC_TIMER, 400000, 9 },
					     all = { MVDPA_EVENT_DYNAMIC_TIMER, UINT32_MAX, 9 };
	static const struct round rounds[] = { { 0, 1, 800000 }, { 0, 1, MVDPA_MODER_MAX_US },
		{ 0, 1, MVDPA_MODER_MAX_US }, { 2, 1, MVDPA_MODER_MAX_US / 2 }, { 0, 1, 900000 },
		{ 0, -1, 0 } },
				  same[] = { { 0, 1, UINT32_MAX }, { 0, 1, UINT32_MAX },
					  { 0, -1, 0 } };

	check(&some, 400000, rounds);
	check(&all, UINT32_MAX, same);
}

static void
test_fixed(void **state)
{
	static const struct mvdpa_moder_conf conf = { MVDPA_EVENT_FIXED_TIMER, 50, 2 };
	static const struct round rounds[] = { { 0, 1, 50 }, { 9, 1, 50 }, { 0, 1, 50 },
		{ 0, 1, 50 }, { 1, 1, 50 }, { 0, 1, 50 }, { 0, 1, 50 }, { 0, 0, 50 },
		{ 0, -1, 0 } };
	static const struct mvdpa_moder_conf at_once = { MVDPA_EVENT_FIXED_TIMER, 0, 0 };
	static const struct round one[] = { { 1, 1, 0 }, { 0, 0, 0 }, { 0, -1, 0 } };

	check(&conf, 50, rounds);
	check(&at_once, 0, one);
}

static void
test_polls(void **state)
{
	struct mvdpa_moder_conf conf = { MVDPA_EVENT_INTERRUPT, 0, 0 };

	assert_false(mvdpa_moder_polls(&conf));
	conf.mode = MVDPA_EVENT_FIXED_TIMER;
	assert_true(mvdpa_moder_polls(&conf));
	conf.mode = MVDPA_EVENT_DYNAMIC_TIMER;
	assert_true(mvdpa_moder_polls(&conf));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dynamic),
		cmocka_unit_test(test_dynamic_without_a_step),
		cmocka_unit_test(test_dynamic_limit),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_polls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
