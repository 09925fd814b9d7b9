/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the story fills the report, these functions only write it down. What is not
 * known (a driver without the statistics) is "-" or null, never 0.
 *
 * The table of indices shows a queue only in the steps that changed something about it.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "json.h"
#include "scenario_report.h"

#define NS_PER_MS 1e6

struct scenario_step *
scenario_report_step(struct scenario_report *report, const char *name)
{
	struct scenario_step *step;

	if (report->nb_steps == SCENARIO_STEPS_MAX) {
		snprintf(report->fault, sizeof(report->fault), "more than %u steps",
				SCENARIO_STEPS_MAX);
		return NULL;
	}
	step = &report->steps[report->nb_steps++];
	memset(step, 0, sizeof(*step));
	snprintf(step->name, sizeof(step->name), "%s", name);
	return step;
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
	if (step->nb_notes < SCENARIO_NOTES_MAX)
		step->notes[step->nb_notes++] = (struct scenario_note){ name, value };
}

bool
scenario_report_passed(const struct scenario_report *report)
{
	if (report->fault[0] != '\0' || report->nb_steps == 0)
		return false;
	for (unsigned int i = 0; i < report->nb_steps; i++)
		if (report->steps[i].nb_faults != 0)
			return false;
	return true;
}

/* --- text ----------------------------------------------------------------------------------- */

static void
report_direction_text(const char *name, const char *verdict, const struct scenario_direction *dir,
		FILE *out)
{
	const struct guest_ledger_count *c = &dir->count;

	fprintf(out,
			"  %-16s %c->%c %9" PRIu64 " %9" PRIu64 " %5" PRIu64 " %8" PRIu64
			" %11" PRIu64 " %10" PRIu64 " %5" PRIu64 " %8.1f  %s\n",
			name, dir->from, dir->to, c->sent, c->received, c->lost, c->excused,
			c->duplicated, c->reordered, c->torn + c->invented,
			(double)c->longest_gap_ns / NS_PER_MS, verdict);
}

static void
report_traffic_text(const struct scenario_report *report, FILE *out)
{
	fprintf(out, "  %-16s %-4s %9s %9s %5s %8s %11s %10s %5s %8s\n", "step", "", "sent",
			"received", "lost", "excused", "duplicated", "reordered", "torn", "gap_ms");
	for (unsigned int i = 0; i < report->nb_steps; i++) {
		const struct scenario_step *step = &report->steps[i];
		const char *verdict = step->nb_faults == 0 ? "PASS" : "FAIL";

		for (unsigned int k = 0; k < step->nb_directions; k++)
			report_direction_text(k == 0 ? step->name : "", k == 0 ? verdict : "",
					&step->directions[k], out);
		if (step->nb_directions == 0)
			fprintf(out, "  %-16s %77s  %s\n", step->name, "", verdict);
	}
}

static void
report_indices_text(const struct scenario_indices *indices, char text[16])
{
	if (indices->known)
		snprintf(text, 16, "(%u,%u)", indices->avail, indices->used);
	else
		snprintf(text, 16, "-");
}

static bool
report_same_indices(const struct scenario_indices *a, const struct scenario_indices *b)
{
	return a->known == b->known && a->avail == b->avail && a->used == b->used;
}

/* Did the step change the queue in row @row? */
static bool
report_queue_changed(const struct scenario_report *report, unsigned int step, unsigned int row)
{
	const struct scenario_queue *now = &report->steps[step].queues[row], *before;

	if (step == 0 || report->steps[step - 1].nb_queues <= row)
		return true;
	before = &report->steps[step - 1].queues[row];
	return !report_same_indices(&now->saved, &before->saved) ||
			!report_same_indices(&now->resumed, &before->resumed);
}

static void
report_queues_text(const struct scenario_report *report, FILE *out)
{
	fprintf(out, "\n  %-16s %9s  %-7s %15s %15s\n", "step", "commands", "queue", "saved (A,U)",
			"resumed (A,U)");
	for (unsigned int i = 0; i < report->nb_steps; i++) {
		const struct scenario_step *step = &report->steps[i];
		char commands[24] = "-", saved[16], resumed[16];
		bool first = true;

		if (step->commands_known)
			snprintf(commands, sizeof(commands), "%" PRIu64, step->commands);
		for (unsigned int k = 0; k < step->nb_queues; k++) {
			const struct scenario_queue *q = &step->queues[k];

			if (!report_queue_changed(report, i, k))
				continue;
			report_indices_text(&q->saved, saved);
			report_indices_text(&q->resumed, resumed);
			fprintf(out, "  %-16s %9s  %c.%s%-4u %15s %15s\n", first ? step->name : "",
					first ? commands : "", q->guest,
					q->queue % 2 == 0 ? "rx" : "tx", q->queue / 2, saved,
					resumed);
			first = false;
		}
		if (first)
			fprintf(out, "  %-16s %9s\n", step->name, commands);
	}
	fputc('\n', out);
}

static void
report_step_remarks_text(const struct scenario_step *step, FILE *out)
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
	fprintf(out, "back-end: %s\n\n", report->backend);
	report_traffic_text(report, out);
	report_queues_text(report, out);
	for (unsigned int i = 0; i < report->nb_steps; i++)
		report_step_remarks_text(&report->steps[i], out);
	if (report->fault[0] != '\0')
		fprintf(out, "  FAULT: %s\n", report->fault);
	fprintf(out, "%s (%.1f s)\n", scenario_report_passed(report) ? "PASS" : "FAIL",
			report->seconds);
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void
report_direction_json(struct json *json, const struct scenario_direction *dir)
{
	const struct guest_ledger_count *c = &dir->count;
	char name[] = { dir->from, '-', '>', dir->to, '\0' };

	json_open(json, NULL, '{');
	json_text(json, "direction", name);
	json_u64(json, "sent", c->sent);
	json_u64(json, "received", c->received);
	json_u64(json, "lost", c->lost);
	json_u64(json, "excused", c->excused);
	json_u64(json, "duplicated", c->duplicated);
	json_u64(json, "reordered", c->reordered);
	json_u64(json, "corrupt", c->torn);
	json_u64(json, "invented", c->invented);
	json_real(json, "gap_ms", (double)c->longest_gap_ns / NS_PER_MS);
	json_close(json, '}');
}

static void
report_indices_json(struct json *json, const char *name, const struct scenario_indices *indices)
{
	if (!indices->known) {
		json_text(json, name, NULL);
		return;
	}
	json_open(json, name, '[');
	json_u64(json, NULL, indices->avail);
	json_u64(json, NULL, indices->used);
	json_close(json, ']');
}

static void
report_queue_json(struct json *json, const struct scenario_queue *queue)
{
	char guest[] = { queue->guest, '\0' };

	json_open(json, NULL, '{');
	json_text(json, "guest", guest);
	json_u64(json, "queue", queue->queue);
	report_indices_json(json, "saved", &queue->saved);
	report_indices_json(json, "resumed", &queue->resumed);
	json_close(json, '}');
}

static void
report_remarks_json(struct json *json, const struct scenario_step *step)
{
	json_open(json, "notes", '{');
	for (unsigned int i = 0; i < step->nb_notes; i++)
		json_real(json, step->notes[i].name, step->notes[i].value);
	json_close(json, '}');
	json_open(json, "faults", '[');
	for (unsigned int i = 0; i < step->nb_faults && i < SCENARIO_FAULTS_MAX; i++)
		json_text(json, NULL, step->faults[i]);
	json_close(json, ']');
}

static void
report_step_json(struct json *json, const struct scenario_step *step)
{
	json_open(json, NULL, '{');
	json_text(json, "name", step->name);
	json_bool(json, "pass", step->nb_faults == 0);
	json_real(json, "seconds", step->seconds);
	if (step->commands_known)
		json_u64(json, "firmware_commands", step->commands);
	else
		json_text(json, "firmware_commands", NULL);
	json_open(json, "directions", '[');
	for (unsigned int i = 0; i < step->nb_directions; i++)
		report_direction_json(json, &step->directions[i]);
	json_close(json, ']');
	json_open(json, "queues", '[');
	for (unsigned int i = 0; i < step->nb_queues; i++)
		report_queue_json(json, &step->queues[i]);
	json_close(json, ']');
	report_remarks_json(json, step);
	json_close(json, '}');
}

void
scenario_report_json(const struct scenario_report *report, FILE *out)
{
	struct json json = { .out = out };

	json_open(&json, NULL, '{');
	json_text(&json, "backend", report->backend);
	json_text(&json, "guest", "builtin");
	json_bool(&json, "pass", scenario_report_passed(report));
	json_real(&json, "seconds", report->seconds);
	json_open(&json, "faults", '[');
	if (report->fault[0] != '\0')
		json_text(&json, NULL, report->fault);
	json_close(&json, ']');
	json_open(&json, "steps", '[');
	for (unsigned int i = 0; i < report->nb_steps; i++)
		report_step_json(&json, &report->steps[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	fputc('\n', out);
}
