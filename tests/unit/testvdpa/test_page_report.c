/* SPDX-License-Identifier: BSD-3-Clause */
/* What a scenario's report becomes on the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "a_report.h"
#include "page_report.h"

static char *text;

static int
teardown(void **state)
{
	free(text);
	text = NULL;
	return a_report_teardown(state);
}

static void
write_page(const struct scenario_report *report)
{
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(page_report_write(report, NULL, out), 0);
	fclose(out);
}

static struct scenario_step *
add_step(struct scenario_report *report, const char *name)
{
	struct scenario_step *step = scenario_report_step(report, name);

	assert_non_null(step);
	step->begin = 1.5;
	step->seconds = 0.25;
	step->gap_max_ns = 12300000;
	step->gap_median_ns = 4500000;
	step->nb_directions = 2;
	step->directions[0] = (struct scenario_direction){ .from = 'A',
		.to = 'B',
		.count = { .sent = 1000, .received = 990, .lost = 10 } };
	step->directions[1] = (struct scenario_direction){ .from = 'B',
		.to = 'A',
		.count = { .sent = 711, .received = 711, .duplicated = 2 } };
	step->nb_queues = 1;
	step->queues[0].guest = 'B';
	step->queues[0].queue = 3;
	step->queues[0].saved = (struct ring_index){ true, 77, 66 };
	return step;
}

static void
assert_has(const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("'%s' is not on the page", what);
}

static void
test_a_step_with_a_flow(void **state)
{
	struct scenario_report *report = *state;
	struct scenario_step *step = add_step(report, "reset of A");
	const struct scenario_flow flow = { .kind = "disable",
		.title = "disable of queue 3 of A",
		.guest = 'A',
		.begin = 1.6,
		.ms = 20,
		.result = -5,
		.gap_max_ms = 33.3,
		.gap_median_ms = 22.2 };

	scenario_step_flow(step, &flow);
	scenario_step_note(step, "kicks", 17);
	step->nb_faults = 0;
	write_page(report);
	assert_has(">PASS</span>");
	assert_has("nothing lost in 1 step");
	assert_has("<span>reset of A</span><small>kicks 17.0</small>");
	assert_has("<td class=\"sent n\">1711</td>"); /* of both directions */
	assert_has("<td class=\"lost n bad\">10</td>");
	assert_has("<td class=\"duplicated n bad\">2</td>");
	assert_has("<span>12.3</span>");
	assert_has("<span>33.3</span></td><td class=\"gap_median_ms n\">22.2</td>");
	assert_has("<span>disable of queue 3 of A</span><small>Input/output error</small>");
	assert_has("<td class=\"at n\">1.50 s</td><td class=\"took n\">250 ms</td>");
	assert_has("<th scope=\"row\">B tx 1</th>");
	assert_has("77,&#160;66");
}

static void
test_faults_are_told(void **state)
{
	struct scenario_report *report = *state;
	struct scenario_step *step = add_step(report, "hot-add");

	for (unsigned int i = 0; i < SCENARIO_FAULTS_MAX + 3; i++)
		scenario_step_fault(step, "fault <%u>", i);
	add_step(report, "unplug");
	write_page(report);
	assert_has(">FAIL</span>");
	assert_has("1 of 2 steps failed");
	assert_has("fault &#60;0&#62;");
	assert_has("and 3 more");
}

static void
test_skipped_steps_and_an_early_end(void **state)
{
	struct scenario_report *report = *state;

	snprintf(add_step(report, "migrate")->skipped, SCENARIO_TEXT_MAX, "no third device");
	add_step(report, "traffic");
	write_page(report);
	assert_has("nothing lost in 1 step; 1 skipped");
	assert_has(">skipped</td>");
	assert_has("<small>no third device</small>");
	free(text);
	text = NULL;
	snprintf(report->fault, sizeof(report->fault), "the end came early");
	write_page(report);
	assert_has("the end came early; 1 skipped");
	assert_has(">FAIL</span>");
}

static void
test_an_empty_report(void **state)
{
	write_page(*state);
	assert_has(">FAIL</span>");
}

int
main(void)
{
#define PAGE_TEST(f) cmocka_unit_test_setup_teardown(f, a_report_setup, teardown)
	const struct CMUnitTest tests[] = {
		PAGE_TEST(test_a_step_with_a_flow),
		PAGE_TEST(test_faults_are_told),
		PAGE_TEST(test_skipped_steps_and_an_early_end),
		PAGE_TEST(test_an_empty_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
