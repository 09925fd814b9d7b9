/* SPDX-License-Identifier: BSD-3-Clause */
/* What the report says, and that nothing but a faultless scenario passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "a_report.h"

static char text[16384];

static const char *
written(const struct scenario_report *report, void (*write)(const struct scenario_report *, FILE *))
{
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	write(report, out);
	fclose(out);
	return text;
}

static struct scenario_step *
add_step(struct scenario_report *report, const char *name, bool known)
{
	struct scenario_step *step = scenario_report_step(report, name);

	assert_non_null(step);
	strcpy(step->scenario, "reset");
	step->commands_known = known;
	step->commands = 59;
	step->nb_queues = 1;
	step->queues[0] = (struct scenario_queue){ .guest = 'A',
		.queue = 1,
		.before = { known, 49, 19 },
		.saved = { known, 50, 20 },
		.resumed = { known, 20, 20 },
		.returned_twice = 2 };
	step->nb_directions = 1;
	step->directions[0] = (struct scenario_direction){ 'A', 'B',
		{ .sent = 10, .received = 7, .lost = 3, .longest_gap_ns = 2500000 }, 1500000 };
	return step;
}

static void
test_only_a_faultless_scenario_passes(void **state)
{
	struct scenario_report *report = *state;
	struct scenario_step *step;

	assert_false(scenario_report_passed(report)); /* nothing was played */
	step = add_step(report, "one", true);
	assert_true(scenario_report_passed(report));
	scenario_step_fault(step, "%d lost", 3);
	assert_string_equal(step->faults[0], "3 lost");
	assert_string_equal(scenario_step_verdict(step), "FAIL");
	assert_false(scenario_report_passed(report));
	step->nb_faults = 0;
	strcpy(report->fault, "ended early");
	assert_false(scenario_report_passed(report));
	assert_non_null(strstr(written(report, scenario_report_text), "FAULT: ended early\nFAIL"));
}

static void
test_skipped_is_no_fault_but_counted(void **state)
{
	struct scenario_report *report = *state;
	struct scenario_step *step = scenario_report_step(report, "migrate");

	strcpy(step->skipped, "needs a third device");
	assert_string_equal(scenario_step_verdict(step), "skipped");
	assert_false(scenario_report_passed(report)); /* nothing was played */
	add_step(report, "one", true);
	assert_true(scenario_report_passed(report));
	assert_int_equal(scenario_report_skipped(report), 1);
	written(report, scenario_report_text);
	assert_non_null(strstr(text, "skipped: needs a third device"));
	assert_non_null(strstr(text, "PASS (2 steps, 1 skipped, 0.0 s)"));
	written(report, scenario_report_json);
	assert_non_null(strstr(text, "\"skipped\":\"needs a third device\""));
	assert_non_null(strstr(text, "\"skipped\":1,"));
}

static void
test_more_than_is_kept(void **state)
{
	struct scenario_report *report = *state;
	struct scenario_step *step = add_step(report, "one", true);
	const struct scenario_flow flow = { .kind = "reset", .guest = 'A' };

	for (int i = 0; i < SCENARIO_FAULTS_MAX + 2; i++)
		scenario_step_fault(step, "fault %d", i);
	assert_int_equal(step->nb_faults, SCENARIO_FAULTS_MAX + 2);
	assert_non_null(strstr(written(report, scenario_report_text), "and 2 more"));
	for (int i = 0; i < SCENARIO_NOTES_MAX + 1; i++)
		scenario_step_note(step, &"abcdefghi"[i], 1);
	assert_int_equal(step->nb_notes, SCENARIO_NOTES_MAX);
	scenario_step_note(step, step->notes[1].name, 2); /* adds up */
	assert_int_equal(step->nb_notes, SCENARIO_NOTES_MAX);
	assert_true(step->notes[0].value < step->notes[1].value);
	for (int i = 0; i < SCENARIO_FLOWS_MAX + 1; i++)
		scenario_step_flow(step, &flow);
	assert_int_equal(step->nb_flows, SCENARIO_FLOWS_MAX + 1);
	assert_string_equal(step->flows[SCENARIO_FLOWS_MAX - 1].kind, "reset");
}

static void
test_too_many_steps(void **state)
{
	struct scenario_report *report = *state;
	const struct scenario_step *first = add_step(report, "s", true);

	for (int i = 1; i < SCENARIO_STEPS_MAX; i++)
		add_step(report, "s", true);
	assert_ptr_equal(report->steps[0], first);
	assert_null(scenario_report_step(report, "s"));
	assert_false(scenario_report_passed(report));
}

static void
test_median(void **state)
{
	uint64_t odd[] = { 9, 1, 5 }, even[] = { 4, 1, 3, 2 };

	assert_int_equal(scenario_median(odd, 3), 5);
	assert_int_equal(scenario_median(even, 4), 3);
	assert_int_equal(scenario_median(NULL, 0), 0);
}

static void
test_text(void **state)
{
	struct scenario_report *report = *state;
	const char *second;

	add_step(report, "one", true);
	add_step(report, "two", true);
	written(report, scenario_report_text);
	assert_non_null(strstr(text, "A->B       10        7     3"));
	assert_non_null(strstr(text, "1.5      2.5  PASS"));
	assert_non_null(strstr(text, "A.tx0            (49,19)         (50,20)         (20,20)"));
	/* the second step changed nothing about the queue */
	second = strstr(strstr(text, "resumed (A,U)"), "two");
	assert_non_null(second);
	assert_null(strstr(second, "A.tx0"));
}

/* A line that begins like this one, from its beginning to @word. */
static long
column_of(const char *line, const char *word)
{
	const char *at = strstr(text, line);

	assert_non_null(at);
	return strstr(at, word) - at;
}

static void
test_columns_fit_the_longest_name(void **state)
{
	const char name[] = "a name of thirty-one characters";
	struct scenario_report *report = *state;

	assert_int_equal(sizeof(name), GUEST_LEDGER_NAME_LEN);
	add_step(report, "short", true);
	add_step(report, name, true);
	written(report, scenario_report_text);
	assert_int_equal(column_of("  short", "A->B"), column_of("  a name", "A->B"));
}

static void
test_unknown_is_not_zero(void **state)
{
	struct scenario_report *report = *state;

	add_step(report, "one", false);
	assert_non_null(strstr(written(report, scenario_report_text),
			"-  A.tx0                  -               -               -"));
	written(report, scenario_report_json);
	assert_non_null(strstr(text, "\"firmware_commands\":null"));
	assert_non_null(strstr(text, "\"before\":null,\"saved\":null,\"resumed\":null"));
}

static void
test_json(void **state)
{
	struct scenario_report *report = *state;
	struct scenario_step *step = add_step(report, "one", true);
	const struct scenario_flow flow = { .kind = "reset",
		.title = "reset of A",
		.guest = 'A',
		.begin = 1,
		.ms = 2,
		.result = -5,
		.gap_median_ms = 3,
		.gap_max_ms = 4 };

	strcpy(report->scenario, "all");
	strcpy(report->layout, "packed");
	strcpy(report->devices[0], "x");
	report->nb_devices = 1;
	report->queue_pairs = 8;
	report->seed = 42;
	report->seconds = 1.5;
	step->gap_max_ns = 2500000;
	scenario_step_note(step, "kicks", 2.25);
	scenario_step_flow(step, &flow);
	scenario_step_fault(step, "bad");
	assert_string_equal(written(report, scenario_report_json),
			"{\"scenario\":\"all\",\"guest\":\"builtin\",\"devices\":[\"x\"],"
			"\"queue_pairs\":8,\"layout\":\"packed\",\"seed\":42,\"pass\":false,"
			"\"seconds\":1.500,\"skipped\":0,\"faults\":[],"
			"\"steps\":[{\"scenario\":\"reset\",\"name\":\"one\",\"pass\":false,"
			"\"skipped\":null,\"begin\":0.000,\"seconds\":0.000,"
			"\"firmware_commands\":59,\"gap_ms\":{\"median\":0.000,\"max\":2.500},"
			"\"directions\":[{\"direction\":\"A->B\",\"sent\":10,\"received\":7,"
			"\"lost\":3,\"excused\":0,\"duplicated\":0,\"reordered\":0,\"torn\":0,"
			"\"invented\":0,\"gap_ms\":{\"median\":1.500,\"max\":2.500}}],"
			"\"queues\":[{\"guest\":\"A\",\"queue\":1,\"before\":[49,19],"
			"\"saved\":[50,20],\"resumed\":[20,20],\"passed_over\":0,"
			"\"never_returned\":0,\"returned_twice\":2}],\"nb_flows\":1,"
			"\"flows\":[{\"kind\":\"reset\",\"title\":\"reset of A\",\"guest\":\"A\","
			"\"begin\":1.000,\"ms\":2.000,\"result\":-5,\"gap_ms\":{\"median\":3.000,\"max\":4.000}}],"
			"\"notes\":{\"kicks\":2.250},\"nb_faults\":1,\"faults\":[\"bad\"]}]}\n");
}

int
main(void)
{
#define REPORT_TEST(f) cmocka_unit_test_setup_teardown(f, a_report_setup, a_report_teardown)
	const struct CMUnitTest tests[] = {
		REPORT_TEST(test_only_a_faultless_scenario_passes),
		REPORT_TEST(test_skipped_is_no_fault_but_counted),
		REPORT_TEST(test_more_than_is_kept),
		REPORT_TEST(test_too_many_steps),
		REPORT_TEST(test_median),
		REPORT_TEST(test_text),
		REPORT_TEST(test_columns_fit_the_longest_name),
		REPORT_TEST(test_unknown_is_not_zero),
		REPORT_TEST(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
