/* SPDX-License-Identifier: BSD-3-Clause */
/* What the report says, and that nothing but a faultless story passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scenario_report.h"

static char text[16384];

static int
setup(void **state)
{
	*state = calloc(1, sizeof(struct scenario_report));
	return *state != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

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
	step->commands_known = known;
	step->commands = 59;
	step->nb_queues = 1;
	step->queues[0] = (struct scenario_queue){ 'A', 1, { known, 50, 20 }, { known, 20, 20 } };
	step->nb_directions = 1;
	step->directions[0] = (struct scenario_direction){ 'A', 'B',
		{ .sent = 10, .received = 7, .lost = 3, .longest_gap_ns = 2500000 } };
	return step;
}

static void
test_only_a_faultless_story_passes(void **state)
{
	struct scenario_report *report = *state;
	struct scenario_step *step;

	assert_false(scenario_report_passed(report)); /* nothing was played */
	step = add_step(report, "one", true);
	assert_true(scenario_report_passed(report));
	scenario_step_fault(step, "%d lost", 3);
	assert_string_equal(step->faults[0], "3 lost");
	assert_false(scenario_report_passed(report));
	step->nb_faults = 0;
	strcpy(report->fault, "ended early");
	assert_false(scenario_report_passed(report));
	assert_non_null(strstr(written(report, scenario_report_text), "FAULT: ended early\nFAIL"));
}

static void
test_more_faults_than_are_kept(void **state)
{
	struct scenario_report *report = *state;
	struct scenario_step *step = add_step(report, "one", true);

	for (int i = 0; i < SCENARIO_FAULTS_MAX + 2; i++)
		scenario_step_fault(step, "fault %d", i);
	assert_int_equal(step->nb_faults, SCENARIO_FAULTS_MAX + 2);
	assert_non_null(strstr(written(report, scenario_report_text), "and 2 more"));
	for (int i = 0; i < SCENARIO_NOTES_MAX + 1; i++)
		scenario_step_note(step, "n", i);
	assert_int_equal(step->nb_notes, SCENARIO_NOTES_MAX);
}

static void
test_too_many_steps(void **state)
{
	struct scenario_report *report = *state;

	for (int i = 0; i < SCENARIO_STEPS_MAX; i++)
		add_step(report, "s", true);
	assert_null(scenario_report_step(report, "s"));
	assert_false(scenario_report_passed(report));
}

static void
test_text(void **state)
{
	struct scenario_report *report = *state;
	const char *second;

	add_step(report, "one", true);
	add_step(report, "two", true);
	written(report, scenario_report_text);
	assert_non_null(strstr(text, "A->B        10         7     3"));
	assert_non_null(strstr(text, "2.5  PASS"));
	assert_non_null(strstr(text, "A.tx0            (50,20)         (20,20)"));
	/* the second step changed nothing about the queue */
	second = strstr(strstr(text, "resumed (A,U)"), "two");
	assert_non_null(second);
	assert_null(strstr(second, "A.tx0"));
}

static void
test_unknown_is_not_zero(void **state)
{
	struct scenario_report *report = *state;

	add_step(report, "one", false);
	assert_non_null(strstr(written(report, scenario_report_text),
			"-  A.tx0                  -               -"));
	written(report, scenario_report_json);
	assert_non_null(strstr(text, "\"firmware_commands\":null"));
	assert_non_null(strstr(text, "\"saved\":null,\"resumed\":null"));
}

static void
test_json(void **state)
{
	struct scenario_report *report = *state;

	strcpy(report->backend, "x");
	report->seconds = 1.5;
	scenario_step_note(add_step(report, "one", true), "hot_add_ms", 2.25);
	assert_string_equal(written(report, scenario_report_json),
			"{\"backend\":\"x\",\"guest\":\"builtin\",\"pass\":true,\"seconds\":1.500,"
			"\"faults\":[],\"steps\":[{\"name\":\"one\",\"pass\":true,\"seconds\":0.000,"
			"\"firmware_commands\":59,\"directions\":[{\"direction\":\"A->B\",\"sent\":10,"
			"\"received\":7,\"lost\":3,\"excused\":0,\"duplicated\":0,\"reordered\":0,"
			"\"corrupt\":0,\"invented\":0,\"gap_ms\":2.500}],\"queues\":[{\"guest\":\"A\","
			"\"queue\":1,\"saved\":[50,20],\"resumed\":[20,20]}],"
			"\"notes\":{\"hot_add_ms\":2.250},\"faults\":[]}]}\n");
}

int
main(void)
{
#define REPORT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		REPORT_TEST(test_only_a_faultless_story_passes),
		REPORT_TEST(test_more_faults_than_are_kept),
		REPORT_TEST(test_too_many_steps),
		REPORT_TEST(test_text),
		REPORT_TEST(test_unknown_is_not_zero),
		REPORT_TEST(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
