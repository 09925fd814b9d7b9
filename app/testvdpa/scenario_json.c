/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one function an object of the schema in doc/guides/testvdpa.md, which
 * tests/integration/scenario.py holds against a real report. What is not known (a driver without
 * the statistics) is null, never 0.
 */
#include "report_json.h"
#include "scenario_report.h"

#define NS_PER_MS 1e6

static void
write_direction(struct json *json, const struct scenario_direction *dir)
{
	const struct guest_ledger_count *c = &dir->count;
	char name[] = { dir->from, '-', '>', dir->to, '\0' };

	json_open(json, NULL, '{');
	json_text(json, "direction", name);
	report_json_count(json, c);
	report_json_gap(json, (double)dir->gap_median_ns / NS_PER_MS,
			(double)c->longest_gap_ns / NS_PER_MS);
	json_close(json, '}');
}

static void
write_queue(struct json *json, const struct scenario_queue *queue)
{
	char guest[] = { queue->guest, '\0' };

	json_open(json, NULL, '{');
	json_text(json, "guest", guest);
	json_u64(json, "queue", queue->queue);
	report_json_index(json, "before", &queue->before);
	report_json_index(json, "saved", &queue->saved);
	report_json_index(json, "resumed", &queue->resumed);
	json_u64(json, "passed_over", queue->passed_over);
	json_u64(json, "never_returned", queue->never_returned);
	json_u64(json, "returned_twice", queue->returned_twice);
	json_close(json, '}');
}

static void
write_flow(struct json *json, const struct scenario_flow *flow)
{
	char guest[] = { flow->guest, '\0' };

	json_open(json, NULL, '{');
	json_text(json, "kind", flow->kind);
	json_text(json, "title", flow->title);
	json_text(json, "guest", guest);
	json_real(json, "begin", flow->begin);
	json_real(json, "ms", flow->ms);
	json_int(json, "result", flow->result);
	report_json_gap(json, flow->gap_median_ms, flow->gap_max_ms);
	json_close(json, '}');
}

static void
write_remarks(struct json *json, const struct scenario_step *step)
{
	json_open(json, "notes", '{');
	for (unsigned int i = 0; i < step->nb_notes; i++)
		json_real(json, step->notes[i].name, step->notes[i].value);
	json_close(json, '}');
	report_json_faults(json, step->nb_faults, step->faults, SCENARIO_FAULTS_MAX);
}

static void
write_lists(struct json *json, const struct scenario_step *step)
{
	json_open(json, "directions", '[');
	for (unsigned int i = 0; i < step->nb_directions; i++)
		write_direction(json, &step->directions[i]);
	json_close(json, ']');
	json_open(json, "queues", '[');
	for (unsigned int i = 0; i < step->nb_queues; i++)
		write_queue(json, &step->queues[i]);
	json_close(json, ']');
	json_u64(json, "nb_flows", step->nb_flows);
	json_open(json, "flows", '[');
	for (unsigned int i = 0; i < step->nb_flows && i < SCENARIO_FLOWS_MAX; i++)
		write_flow(json, &step->flows[i]);
	json_close(json, ']');
}

static void
write_step(struct json *json, const struct scenario_step *step)
{
	json_open(json, NULL, '{');
	json_text(json, "scenario", step->scenario);
	json_text(json, "name", step->name);
	json_bool(json, "pass", step->nb_faults == 0);
	json_text(json, "skipped", step->skipped[0] != '\0' ? step->skipped : NULL);
	json_real(json, "begin", step->begin);
	json_real(json, "seconds", step->seconds);
	report_json_commands(json, step->commands_known ? &step->commands : NULL);
	report_json_gap(json, (double)step->gap_median_ns / NS_PER_MS,
			(double)step->gap_max_ns / NS_PER_MS);
	write_lists(json, step);
	write_remarks(json, step);
	json_close(json, '}');
}

static void
write_head(struct json *json, const struct scenario_report *report)
{
	json_text(json, "scenario", report->scenario);
	json_text(json, "guest", "builtin");
	json_open(json, "devices", '[');
	for (unsigned int i = 0; i < report->nb_devices; i++)
		json_text(json, NULL, report->devices[i]);
	json_close(json, ']');
	json_u64(json, "queue_pairs", report->queue_pairs);
	json_text(json, "layout", report->layout);
	json_u64(json, "seed", report->seed);
	json_bool(json, "pass", scenario_report_passed(report));
	json_real(json, "seconds", report->seconds);
	json_u64(json, "skipped", scenario_report_skipped(report));
	json_open(json, "faults", '[');
	if (report->fault[0] != '\0')
		json_text(json, NULL, report->fault);
	json_close(json, ']');
}

void
scenario_report_json(const struct scenario_report *report, FILE *out)
{
	struct json json = { .out = out };

	json_open(&json, NULL, '{');
	write_head(&json, report);
	json_open(&json, "steps", '[');
	for (unsigned int i = 0; i < report->nb_steps; i++)
		write_step(&json, report->steps[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	fputc('\n', out);
}
