/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a report is filled by the scenario step by step and judged here; it is
 * written by scenario_text.c and scenario_json.c. Steps are allocated one by one, so that a pointer
 * to one stays good while others are added.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "scenario_report.h"

struct scenario_step *
scenario_report_step(struct scenario_report *report, const char *name)
{
	struct scenario_step *step = NULL;

	if (report->nb_steps < SCENARIO_STEPS_MAX)
		step = calloc(1, sizeof(*step));
	if (step == NULL) {
		snprintf(report->fault, sizeof(report->fault), "no room for step %u, '%s'",
				report->nb_steps + 1, name);
		return NULL;
	}
	report->steps[report->nb_steps++] = step;
	snprintf(step->name, sizeof(step->name), "%s", name);
	return step;
}

void
scenario_report_clear(struct scenario_report *report)
{
	while (report->nb_steps > 0)
		free(report->steps[--report->nb_steps]);
}

void
scenario_step_fault(struct scenario_step *step, const char *fmt, ...)
{
	va_list ap;

	if (step->nb_faults < SCENARIO_FAULTS_MAX) {
		va_start(ap, fmt);
		vsnprintf(step->faults[step->nb_faults], SCENARIO_TEXT_MAX, fmt, ap);
		va_end(ap);
	}
	step->nb_faults++;
}

void
scenario_step_note(struct scenario_step *step, const char *name, double value)
{
	for (unsigned int i = 0; i < step->nb_notes; i++)
		if (strcmp(step->notes[i].name, name) == 0) {
			step->notes[i].value += value;
			return;
		}
	if (step->nb_notes < SCENARIO_NOTES_MAX)
		step->notes[step->nb_notes++] = (struct scenario_note){ name, value };
}

void
scenario_step_flow(struct scenario_step *step, const struct scenario_flow *flow)
{
	if (step->nb_flows < SCENARIO_FLOWS_MAX)
		step->flows[step->nb_flows] = *flow;
	step->nb_flows++;
}

static int
report_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t
scenario_median(uint64_t *values, unsigned int nb)
{
	if (nb == 0)
		return 0;
	qsort(values, nb, sizeof(*values), report_compare);
	return values[nb / 2];
}

const char *
scenario_step_verdict(const struct scenario_step *step)
{
	if (step->nb_faults != 0)
		return "FAIL";
	return step->skipped[0] != '\0' ? "skipped" : "PASS";
}

unsigned int
scenario_report_skipped(const struct scenario_report *report)
{
	unsigned int nb = 0;

	for (unsigned int i = 0; i < report->nb_steps; i++)
		nb += report->steps[i]->skipped[0] != '\0';
	return nb;
}

bool
scenario_report_passed(const struct scenario_report *report)
{
	if (report->fault[0] != '\0' || report->nb_steps == scenario_report_skipped(report))
		return false;
	for (unsigned int i = 0; i < report->nb_steps; i++)
		if (report->steps[i]->nb_faults != 0)
			return false;
	return true;
}
