/* SPDX-License-Identifier: BSD-3-Clause */
/* What is a fault of a step: one packet each, with a plan that excuses nothing, and one that does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <base_math.h>

#include "scenario_judge.h"

#define SENT 4u

/* Two guests with one queue pair, of which only the streams are there. */
static struct judged {
	struct scenario_attr attr;
	struct vm vms[SCENARIO_GUESTS];
	struct scenario_play play;
	struct scenario_step step;
	unsigned int phase;
} judged;

static const struct scenario_plan strict = { .name = "strict" };
static const struct scenario_plan lenient = { .name = "lenient",
	.may_excuse = true,
	.may_duplicate = true };

static int
setup(void **state)
{
	int phase;

	memset(&judged, 0, sizeof(judged));
	judged.attr.queue_pairs = 1;
	judged.play.attr = &judged.attr;
	for (unsigned int g = 0; g < SCENARIO_GUESTS; g++) {
		judged.vms[g].tx_stream = g;
		judged.play.guests[g].vm = &judged.vms[g];
		judged.play.guests[g].name[0] = (char)('A' + g);
	}
	if (guest_ledger_create(SCENARIO_GUESTS, &judged.play.ledger) != 0)
		return -1;
	phase = guest_ledger_phase_open(judged.play.ledger, "step");
	judged.phase = (unsigned int)phase;
	return phase < 0 ? phase : 0;
}

static int
teardown(void **state)
{
	guest_ledger_destroy(judged.play.ledger);
	return 0;
}

static void
send_all(void)
{
	uint64_t seq;

	for (uint32_t stream = 0; stream < SCENARIO_GUESTS; stream++)
		for (unsigned int i = 0; i < SENT; i++)
			assert_int_equal(guest_ledger_send(judged.play.ledger, stream, &seq), 0);
}

static struct guest_ledger_arrival
arrival(uint32_t stream, uint64_t seq)
{
	return (struct guest_ledger_arrival){ .stream = stream, .seq = seq, .now_ns = 1 + seq };
}

static void
arrive(uint32_t stream, uint64_t seq)
{
	const struct guest_ledger_arrival a = arrival(stream, seq);

	guest_ledger_receive(judged.play.ledger, &a);
}

/* All packets of both streams arrive, but for number 2 from A. */
static void
arrive_but_one(void)
{
	for (uint32_t stream = 0; stream < SCENARIO_GUESTS; stream++)
		for (uint64_t seq = 0; seq < SENT; seq++)
			if (stream != 0 || seq != 2)
				arrive(stream, seq);
}

static void
make_none(void)
{
	arrive(0, 2);
}

static void
make_lost(void)
{
}

static void
make_duplicated(void)
{
	arrive(0, 2);
	arrive(0, 2);
}

static void
make_torn(void)
{
	const struct guest_ledger_arrival a = arrival(0, 2);

	guest_ledger_torn(judged.play.ledger, &a);
}

static void
make_invented(void)
{
	arrive(0, 2);
	arrive(0, SENT + 1);
}

static void
make_excused(void)
{
	guest_ledger_abandon(judged.play.ledger, 0, 2);
}

/* What arrives behind number 3 is reordered, too, so that one is told beside most others. */
static const struct {
	void (*make)(void);
	const char *fault; /* or NULL */
	bool forgiven; /* by the lenient plan */
} rows[] = {
	{ make_none, NULL, false },
	{ make_lost, "A->B: 1 lost", false },
	{ make_duplicated, "A->B: 1 duplicated", true },
	{ make_torn, "A->B: 1 torn", false },
	{ make_invented, "A->B: 1 invented", false },
	{ make_excused, "A->B: 1 excused", true },
};

static bool
has_fault(const char *text)
{
	for (unsigned int i = 0; i < judged.step.nb_faults; i++)
		if (strcmp(judged.step.faults[i], text) == 0)
			return true;
	return false;
}

static void
judge_all(const struct scenario_plan *plan)
{
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		bool fault = rows[i].fault != NULL && !(plan->may_excuse && rows[i].forgiven);
		bool late = rows[i].make != make_lost && rows[i].make != make_excused;

		assert_int_equal(setup(NULL), 0);
		send_all();
		arrive_but_one();
		rows[i].make();
		guest_ledger_phase_close(judged.play.ledger);
		scenario_judge_traffic(&judged.play, &judged.step, judged.phase, plan);
		assert_int_equal(judged.step.nb_faults, fault + late);
		if (fault)
			assert_true(has_fault(rows[i].fault));
		assert_int_equal(has_fault("A->B: 1 reordered"), late);
		assert_int_equal(judged.step.directions[1].count.received, SENT);
		teardown(NULL);
	}
}

static void
test_strict(void **state)
{
	judge_all(&strict);
}

static void
test_lenient(void **state)
{
	judge_all(&lenient);
}

static void
test_nothing_sent_is_a_fault(void **state)
{
	guest_ledger_phase_close(judged.play.ledger);
	scenario_judge_traffic(&judged.play, &judged.step, judged.phase, &strict);
	assert_int_equal(judged.step.nb_faults, 2);
	assert_true(has_fault("A->B: nothing was sent"));
	assert_true(has_fault("B->A: nothing was sent"));
}

static void
test_wrecks_are_told_once(void **state)
{
	send_all();
	arrive_but_one();
	arrive(0, 2);
	guest_ledger_wreck(judged.play.ledger);
	scenario_judge_traffic(&judged.play, &judged.step, judged.phase, &strict);
	assert_true(has_fault("1 packets with a damaged header"));
	judged.step.nb_faults = 0;
	scenario_judge_traffic(&judged.play, &judged.step, judged.phase, &strict);
	assert_false(has_fault("1 packets with a damaged header"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_lenient),
		cmocka_unit_test_setup_teardown(test_nothing_sent_is_a_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrecks_are_told_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
