/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one function an object of the schema in doc/guides/testvdpa.md; what a
 * scenario's report has, too, is written by the same code (report_json.h).
 */
#include <errno.h>
#include <stdlib.h>

#include <base_clock.h>

#include "flow_json.h"
#include "report_json.h"

static void
flow_json_queue(struct json *json, unsigned int number, const struct flow_queue *queue)
{
	json_open(json, NULL, '{');
	json_u64(json, "queue", number);
	json_bool(json, "restarted", queue->restarted);
	report_json_index(json, "before", &queue->before);
	report_json_index(json, "after", &queue->after);
	report_json_index(json, "saved", &queue->saved);
	report_json_index(json, "resumed", &queue->resumed);
	json_close(json, '}');
}

static void
flow_json_streams(struct json *json, const struct flow_record *record)
{
	json_u64(json, "streams", record->nb_streams);
	json_u64(json, "slow", record->nb_slow);
	json_u64(json, "dead", record->nb_dead);
	report_json_gap(json, (double)record->gap_median_ns / BASE_NS_PER_MS,
			(double)record->gap_max_ns / BASE_NS_PER_MS);
	report_json_count(json, &record->account.count);
	json_u64(json, "pending", record->account.pending);
}

void
flow_json_record(struct json *json, const struct flow_record *record)
{
	char title[2 * FLOW_TEXT_MAX];

	flow_title(record, title, sizeof(title));
	json_open(json, NULL, '{');
	json_u64(json, "id", record->id);
	json_text(json, "kind", flow_kind_name(record->kind));
	json_text(json, "title", title);
	json_text(json, "guest", record->guest);
	json_u64(json, "when", (uint64_t)record->when);
	json_real(json, "ms", (double)record->duration_ns / BASE_NS_PER_MS);
	json_bool(json, "pass", flow_passed(record));
	json_int(json, "result", record->result);
	json_text(json, "error", record->result != 0 ? record->text : NULL);
	report_json_commands(json, record->commands_known ? &record->commands : NULL);
	flow_json_streams(json, record);
	json_open(json, "queues", '[');
	for (unsigned int i = 0; i < record->nb_queues; i++)
		flow_json_queue(json, i, &record->queues[i]);
	json_close(json, ']');
	report_json_faults(json, record->nb_faults, record->faults, FLOW_FAULTS_MAX);
	json_close(json, '}');
}

int
flow_json(FILE *out)
{
	struct flow_record *record = calloc(1, sizeof(*record)); /* large */
	struct json json = { .out = out };

	if (record == NULL)
		return -ENOMEM;
	json_open(&json, NULL, '{');
	json_open(&json, "flows", '[');
	for (unsigned int i = 0; flow_history(i, record); i++)
		flow_json_record(&json, record);
	json_close(&json, ']');
	json_close(&json, '}');
	fputc('\n', out);
	free(record);
	return ferror(out) ? -EIO : 0;
}
