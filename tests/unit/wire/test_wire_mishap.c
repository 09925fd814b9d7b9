/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: chances are read and written back; many frames get their fate, which is
 * counted, and compared with that of a second run.
 */
#include "wire_peer.h"

#include <errno.h>

#define FRAMES 100000u

static void
test_parse(void **state)
{
	static const struct {
		const char *text;
		struct wire_chance chance;
		const char *back;
	} good[] = {
		{ "0", { 0 }, "0.000000" },
		{ "1", { .ppm = 1000000 }, "1.000000" },
		{ "0.01", { .ppm = 10000 }, "0.010000" },
		{ ".5x3", { .ppm = 500000, .times = 3 }, "0.500000x3" },
		{ "every:100", { .every = 100 }, "every:100" },
		{ "every:2x1", { .every = 2, .times = 1 }, "every:2x1" },
	};
	static const char *const bad[] = { "", ".", "x", "1.1", "2", "-1", "0.1 ", "0.0000001",
		"every:", "every:0", "every:-1", "every:4294967296", "0.1x", "0.1x0", "0.1xx", "1%",
		"every:7y" };
	unsigned int i;
	char buf[32];

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct wire_chance chance = { .happened = 7 };

		assert_int_equal(wire_chance_parse(good[i].text, &chance), 0);
		assert_memory_equal(&chance, &good[i].chance, sizeof(chance));
		assert_int_equal(wire_chance_print(&chance, buf, sizeof(buf)), 0);
		assert_string_equal(buf, good[i].back);
		assert_int_equal(wire_chance_print(&chance, buf, 3), -ENOSPC);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wire_chance chance = { .ppm = 5 };

		if (wire_chance_parse(bad[i], &chance) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
		assert_int_equal(chance.ppm, 5);
	}
}

struct tally {
	unsigned int nb[WIRE_NB_MISHAPS];
	uint64_t sum; /* of all fates, each in its place */
};

static struct tally
run(struct wire_mishaps *mishaps)
{
	struct tally tally = { 0 };
	unsigned int i, m;

	for (i = 0; i < FRAMES; i++) {
		wire_fate fate = wire_mishaps_decide(mishaps);

		/* a frame that is refused and comes back has the same fate */
		assert_int_equal(wire_mishaps_decide(mishaps), fate);
		wire_mishaps_commit(mishaps, fate);
		for (m = 0; m < WIRE_NB_MISHAPS; m++)
			tally.nb[m] += fate >> m & 1;
		tally.sum = tally.sum * 31 + fate;
	}
	return tally;
}

static void
test_probability_and_seed(void **state)
{
	struct wire_mishaps mishaps = { 0 };
	struct tally first, second;

	(void)state;
	assert_false(wire_mishaps_any(&mishaps));
	mishaps.chance[WIRE_MISHAP_LOSE].ppm = 10000;
	mishaps.chance[WIRE_MISHAP_DUPLICATE].ppm = 500000;
	assert_true(wire_mishaps_any(&mishaps));
	wire_mishaps_seed(&mishaps, 42);
	first = run(&mishaps);
	/* five standard deviations */
	assert_in_range(first.nb[WIRE_MISHAP_LOSE], 1000 - 158, 1000 + 158);
	assert_in_range(first.nb[WIRE_MISHAP_DUPLICATE], 49500 - 790, 49500 + 790);
	assert_int_equal(first.nb[WIRE_MISHAP_REORDER], 0);
	wire_mishaps_seed(&mishaps, 42);
	second = run(&mishaps);
	assert_memory_equal(&first, &second, sizeof(first));
	wire_mishaps_seed(&mishaps, 43);
	second = run(&mishaps);
	assert_true(second.sum != first.sum);
}

static void
test_chances_are_independent(void **state)
{
	struct wire_mishaps mishaps = { 0 };
	struct tally alone, both;

	(void)state;
	mishaps.chance[WIRE_MISHAP_REORDER].ppm = 1000;
	wire_mishaps_seed(&mishaps, 7);
	alone = run(&mishaps);
	mishaps.chance[WIRE_MISHAP_CORRUPT].ppm = 1000;
	wire_mishaps_seed(&mishaps, 7);
	both = run(&mishaps);
	assert_int_equal(alone.nb[WIRE_MISHAP_REORDER], both.nb[WIRE_MISHAP_REORDER]);
	assert_in_range(both.nb[WIRE_MISHAP_CORRUPT], 50, 150);
}

static void
test_every_and_times(void **state)
{
	struct wire_mishaps mishaps = { 0 };
	wire_fate fate;
	unsigned int i;

	(void)state;
	mishaps.chance[WIRE_MISHAP_CORRUPT].every = 3;
	mishaps.chance[WIRE_MISHAP_CORRUPT].times = 2;
	for (i = 1; i <= 12; i++) {
		fate = wire_mishaps_decide(&mishaps);
		assert_int_equal(fate, i == 3 || i == 6 ? 1u << WIRE_MISHAP_CORRUPT : 0);
		wire_mishaps_commit(&mishaps, fate);
	}
	assert_false(wire_mishaps_any(&mishaps));
}

static void
test_lost_frames_have_no_other_fate(void **state)
{
	struct wire_mishaps mishaps = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < WIRE_NB_MISHAPS; i++)
		mishaps.chance[i].every = 1;
	assert_int_equal(wire_mishaps_decide(&mishaps), 1u << WIRE_MISHAP_LOSE);
	mishaps.chance[WIRE_MISHAP_LOSE].every = 2;
	assert_int_equal(wire_mishaps_decide(&mishaps),
			(1u << WIRE_NB_MISHAPS) - 1 - (1u << WIRE_MISHAP_LOSE));
}

static void
test_bit_is_behind_the_header(void **state)
{
	struct wire_mishaps mishaps = { 0 };
	bool seen[16] = { false };
	unsigned int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		uint64_t bit = wire_mishaps_bit(&mishaps, 14, 16);

		assert_in_range(bit, 14 * 8, 16 * 8 - 1);
		seen[bit - 14 * 8] = true;
		wire_mishaps_commit(&mishaps, 0);
	}
	for (i = 0; i < 16; i++)
		assert_true(seen[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_probability_and_seed),
		cmocka_unit_test(test_chances_are_independent),
		cmocka_unit_test(test_every_and_times),
		cmocka_unit_test(test_lost_frames_have_no_other_fate),
		cmocka_unit_test(test_bit_is_behind_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
