/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the report for people, two tables and remarks. What is not known is "-". The
 * table of indices shows a queue only in the steps that changed something about it, and of many
 * queues the first ones: the JSON has all.
 */
#include <inttypes.h>
#include <string.h>

#include "scenario_report.h"

#define NS_PER_MS 1e6
#define TEXT_NAME (GUEST_LEDGER_NAME_LEN - 1) /* column of the steps' names */
#define TEXT_QUEUES_MAX 4 /* rows of one step */

static void
text_direction(const char *name, const char *verdict, const struct scenario_direction *dir,
		FILE *out)
{
	const struct guest_ledger_count *c = &dir->count;

	fprintf(out,
			"  %-*s %c->%c %8" PRIu64 " %8" PRIu64 " %5" PRIu64 " %7" PRIu64
			" %10" PRIu64 " %9" PRIu64 " %5" PRIu64 " %8.1f %8.1f  %s\n",
			TEXT_NAME, name, dir->from, dir->to, c->sent, c->received, c->lost,
			c->excused, c->duplicated, c->reordered, c->torn + c->invented,
			(double)dir->gap_median_ns / NS_PER_MS,
			(double)c->longest_gap_ns / NS_PER_MS, verdict);
}

static void
text_traffic(const struct scenario_report *report, FILE *out)
{
	const char *scenario = "";

	fprintf(out, "  %-*s %-4s %8s %8s %5s %7s %10s %9s %5s %8s %8s\n", TEXT_NAME, "step", "",
			"sent", "received", "lost", "excused", "duplicated", "reordered", "torn",
			"gap_ms", "max");
	for (unsigned int i = 0; i < report->nb_steps; i++) {
		const struct scenario_step *step = report->steps[i];
		const char *verdict = scenario_step_verdict(step);

		if (strcmp(scenario, step->scenario) != 0 && step->scenario[0] != '\0')
			fprintf(out, " %s\n", step->scenario);
		scenario = step->scenario;
		for (unsigned int k = 0; k < step->nb_directions; k++)
			text_direction(k == 0 ? step->name : "", k == 0 ? verdict : "",
					&step->directions[k], out);
		if (step->nb_directions == 0)
			fprintf(out, "  %-*s %83s  %s%s%s\n", TEXT_NAME, step->name, "", verdict,
					step->skipped[0] != '\0' ? ": " : "", step->skipped);
	}
}

static void
text_indices(const struct ring_index *indices, char text[16])
{
	if (indices->known)
		snprintf(text, 16, "(%u,%u)", indices->avail, indices->used);
	else
		snprintf(text, 16, "-");
}

/* The queue's row in the last step before @step that has one. */
static const struct scenario_queue *
text_former(const struct scenario_report *report, unsigned int step, unsigned int row)
{
	while (step-- > 0)
		if (report->steps[step]->nb_queues > row)
			return &report->steps[step]->queues[row];
	return NULL;
}

/* Did the step change the queue in row @row? */
static bool
text_queue_changed(const struct scenario_report *report, unsigned int step, unsigned int row)
{
	const struct scenario_queue *now = &report->steps[step]->queues[row];
	const struct scenario_queue *before = text_former(report, step, row);

	return before == NULL || !ring_index_same(&now->saved, &before->saved) ||
			!ring_index_same(&now->resumed, &before->resumed);
}

static void
text_queue(const char *step, const char *commands, const struct scenario_queue *q, FILE *out)
{
	char before[16], saved[16], resumed[16];

	text_indices(&q->before, before);
	text_indices(&q->saved, saved);
	text_indices(&q->resumed, resumed);
	fprintf(out, "  %-*s %9s  %c.%s%-4u %15s %15s %15s\n", TEXT_NAME, step, commands, q->guest,
			q->queue % 2 == 0 ? "rx" : "tx", q->queue / 2, before, saved, resumed);
}

static void
text_step_queues(const struct scenario_report *report, unsigned int i, FILE *out)
{
	const struct scenario_step *step = report->steps[i];
	char commands[24] = "-";
	unsigned int nb = 0;

	if (step->commands_known)
		snprintf(commands, sizeof(commands), "%" PRIu64, step->commands);
	for (unsigned int k = 0; k < step->nb_queues; k++) {
		if (!text_queue_changed(report, i, k))
			continue;
		if (nb < TEXT_QUEUES_MAX)
			text_queue(nb == 0 ? step->name : "", nb == 0 ? commands : "",
					&step->queues[k], out);
		nb++;
	}
	if (nb == 0)
		fprintf(out, "  %-*s %9s\n", TEXT_NAME, step->name, commands);
	else if (nb > TEXT_QUEUES_MAX)
		fprintf(out, "  %-*s %9s  and %u more\n", TEXT_NAME, "", "", nb - TEXT_QUEUES_MAX);
}

static void
text_queues(const struct scenario_report *report, FILE *out)
{
	fprintf(out, "\n  %-*s %9s  %-7s %15s %15s %15s\n", TEXT_NAME, "step", "commands", "queue",
			"before (A,U)", "saved (A,U)", "resumed (A,U)");
	for (unsigned int i = 0; i < report->nb_steps; i++)
		if (report->steps[i]->skipped[0] == '\0')
			text_step_queues(report, i, out);
	fputc('\n', out);
}

static void
text_remarks(const struct scenario_step *step, FILE *out)
{
	for (unsigned int i = 0; i < step->nb_notes; i++)
		fprintf(out, "  %s: %s %.1f\n", step->name, step->notes[i].name,
				step->notes[i].value);
	for (unsigned int i = 0; i < step->nb_faults && i < SCENARIO_FAULTS_MAX; i++)
		fprintf(out, "  %s: FAULT: %s\n", step->name, step->faults[i]);
	if (step->nb_faults > SCENARIO_FAULTS_MAX)
		fprintf(out, "  %s: FAULT: and %u more\n", step->name,
				step->nb_faults - SCENARIO_FAULTS_MAX);
}

void
scenario_report_text(const struct scenario_report *report, FILE *out)
{
	unsigned int skipped = scenario_report_skipped(report);

	fprintf(out, "scenario %s, %s rings, queue pairs: %u, devices:", report->scenario,
			report->layout, report->queue_pairs);
	for (unsigned int i = 0; i < report->nb_devices; i++)
		fprintf(out, " %s", report->devices[i]);
	fputs("\n\n", out);
	text_traffic(report, out);
	text_queues(report, out);
	for (unsigned int i = 0; i < report->nb_steps; i++)
		text_remarks(report->steps[i], out);
	if (report->fault[0] != '\0')
		fprintf(out, "  FAULT: %s\n", report->fault);
	fprintf(out, "%s (%u steps, %u skipped, %.1f s)\n",
			scenario_report_passed(report) ? "PASS" : "FAIL", report->nb_steps, skipped,
			report->seconds);
}
