/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: time is a number here; frames go as soon as they may, and are counted.
 */
#include "wire_peer.h"

#include "base_clock.h"

#define FRAME 1250u /* 10 kbit */

/* Frames that go in @p ns, looked at each @p step_ns. */
static unsigned int
run(struct wire_rate *rate, uint64_t begin, uint64_t ns, uint64_t step_ns)
{
	unsigned int nb = 0;
	uint64_t now;

	for (now = begin; now < begin + ns; now += step_ns) {
		while (wire_rate_wait_ns(rate, now) == 0) {
			wire_rate_spend(rate, now, FRAME);
			nb++;
			assert_true(nb < 1000000);
		}
	}
	return nb;
}

static void
test_bits(void **state)
{
	struct wire_rate rate = { .bits.per_s = 10000000, .burst_ns = 2 * BASE_NS_PER_MS };
	unsigned int nb;

	(void)state;
	/* 10 Mbit/s are 1000 frames a second; the first ones come out of the bucket */
	nb = run(&rate, BASE_NS_PER_S, BASE_NS_PER_S, 200000);
	assert_in_range(nb, 1000, 1003);
	/* a pause fills the bucket, but not more than that */
	nb = run(&rate, 100 * BASE_NS_PER_S, BASE_NS_PER_S / 10, 200000);
	assert_in_range(nb, 100, 103);
}

static void
test_frames_and_the_stricter_wins(void **state)
{
	struct wire_rate rate = { .bits.per_s = 10000000, .frames.per_s = 100 };

	(void)state;
	assert_in_range(run(&rate, 1, BASE_NS_PER_S, 10000), 99, 101);
	rate.frames.per_s = 100000;
	assert_in_range(run(&rate, 3 * BASE_NS_PER_S, BASE_NS_PER_S, 10000), 998, 1001);
}

static void
test_engine_that_looks_seldom(void **state)
{
	struct wire_rate rate = { .frames.per_s = 10000, .burst_ns = 2 * BASE_NS_PER_MS };

	(void)state;
	/* 1 ms between looks: ten frames at once */
	assert_in_range(run(&rate, BASE_NS_PER_S, BASE_NS_PER_S, BASE_NS_PER_MS), 9990, 10025);
}

static void
test_wait_is_exact(void **state)
{
	struct wire_rate rate = { .bits.per_s = 8000 }; /* a byte a millisecond */

	(void)state;
	assert_int_equal(wire_rate_wait_ns(&rate, 5000), 0);
	wire_rate_spend(&rate, 5000, 100);
	assert_int_equal(wire_rate_wait_ns(&rate, 5000), 100 * BASE_NS_PER_MS);
	assert_int_equal(wire_rate_wait_ns(&rate, 5000 + 100 * BASE_NS_PER_MS), 0);
	rate.bits.per_s = 0;
	assert_int_equal(wire_rate_wait_ns(&rate, 5000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_frames_and_the_stricter_wins),
		cmocka_unit_test(test_engine_that_looks_seldom),
		cmocka_unit_test(test_wait_is_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
