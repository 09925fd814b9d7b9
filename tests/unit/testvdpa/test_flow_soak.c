/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The choices of a soak: reproducible, all of them made, none that cannot be done.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <base_math.h>

#include "flow_soak.h"
#include "said.h"

#define NB 2000u

static const struct flow_soak_facts all = {
	.nb_queues = 8,
	.nb_dimms = 1,
	.has_room = true,
	.has_spare = true,
	.has_card = true,
};

/* The first numbers of the published generator for seed 0. */
static void
test_dice(void **state)
{
	struct flow_soak_dice dice = { .state = 0 };

	assert_int_equal(flow_soak_roll(&dice, UINT64_MAX), 0xe220a8397b1dcdafu);
	assert_int_equal(flow_soak_roll(&dice, UINT64_MAX), 0x6e789e6aa1b965f4u);
	for (unsigned int i = 0; i < NB; i++)
		assert_true(flow_soak_roll(&dice, 7) < 7);
	assert_int_equal(flow_soak_roll(&dice, 1), 0);
}

static void
test_same_seed_same_flows(void **state)
{
	struct flow_soak_dice a = { .state = 42 }, b = { .state = 42 }, c = { .state = 43 };
	unsigned int differ = 0;

	for (unsigned int i = 0; i < NB; i++) {
		struct flow_soak_choice one = flow_soak_choose(&a, &all);
		struct flow_soak_choice two = flow_soak_choose(&b, &all);
		struct flow_soak_choice other = flow_soak_choose(&c, &all);

		assert_int_equal(one.kind, two.kind);
		assert_int_equal(one.number, two.number);
		differ += one.kind != other.kind;
	}
	assert_true(differ > NB / 2);
}

/* How often each kind is chosen with these facts, and that numbers are in their ranges. */
static void throw(const struct flow_soak_facts *facts, unsigned int nb_of[FLOW_SOAK_NB_KINDS])
{
	struct flow_soak_dice dice = { .state = 1 };

	memset(nb_of, 0, FLOW_SOAK_NB_KINDS * sizeof(nb_of[0]));
	for (unsigned int i = 0; i < NB; i++) {
		struct flow_soak_choice choice = flow_soak_choose(&dice, facts);

		assert_true(choice.kind < FLOW_SOAK_NB_KINDS);
		nb_of[choice.kind]++;
		if (choice.kind == FLOW_SOAK_QUEUE || choice.kind == FLOW_SOAK_ERROR)
			assert_true(choice.number < facts->nb_queues);
		if (choice.kind == FLOW_SOAK_RESET)
			assert_int_equal(choice.number, 0);
	}
}

static void
test_all_kinds_come(void **state)
{
	unsigned int nb_of[FLOW_SOAK_NB_KINDS];

	throw(&all, nb_of);
	for (unsigned int i = 0; i < FLOW_SOAK_NB_KINDS; i++)
		assert_true(nb_of[i] > NB / 50);
}

#define BIT(kind) (1u << FLOW_SOAK_##kind)

static void
test_only_what_can_be_done(void **state)
{
	static const struct {
		struct flow_soak_facts facts;
		unsigned int without; /* bits of kinds */
	} rows[] = {
		{ { .nb_queues = 2, .has_room = true, .has_spare = true, .has_card = true },
				BIT(UNPLUG) | BIT(REMAP) },
		{ { .nb_queues = 2, .nb_dimms = 1, .has_spare = true, .has_card = true },
				BIT(HOT_ADD) },
		{ { .nb_queues = 2, .nb_dimms = 1, .has_room = true, .has_card = true },
				BIT(MIGRATE) },
		{ { .nb_queues = 2, .nb_dimms = 1, .has_room = true, .has_spare = true },
				BIT(ERROR) },
		{ { .nb_queues = 2 },
				BIT(HOT_ADD) | BIT(UNPLUG) | BIT(REMAP) | BIT(ERROR) |
						BIT(MIGRATE) },
	};
	unsigned int nb_of[FLOW_SOAK_NB_KINDS];

	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		throw(&rows[i].facts, nb_of);
		for (unsigned int k = 0; k < FLOW_SOAK_NB_KINDS; k++)
			assert_int_equal(nb_of[k] == 0, rows[i].without >> k & 1);
	}
}

static void
test_without_guests(void **state)
{
	const struct flow_soak_attr attr = { .ms = 1000, .log = &said_log };
	struct flow_soak_result result;

	assert_int_equal(flow_soak(&attr, &result), -ENOENT);
	assert_string_equal(said, "soak: there is no guest ('guest add' makes one)");
	assert_int_equal(result.nb_flows, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dice),
		cmocka_unit_test(test_same_seed_same_flows),
		cmocka_unit_test(test_all_kinds_come),
		cmocka_unit_test(test_only_what_can_be_done),
		cmocka_unit_test(test_without_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
