/* SPDX-License-Identifier: BSD-3-Clause */
/* Theory of operation: one function an object or list of the schema, or its common members. */
#include "report_json.h"

void
report_json_count(struct json *json, const struct guest_ledger_count *count)
{
	json_u64(json, "sent", count->sent);
	json_u64(json, "received", count->received);
	json_u64(json, "lost", count->lost);
	json_u64(json, "excused", count->excused);
	json_u64(json, "duplicated", count->duplicated);
	json_u64(json, "reordered", count->reordered);
	json_u64(json, "torn", count->torn);
	json_u64(json, "invented", count->invented);
}

void
report_json_gap(struct json *json, double median_ms, double max_ms)
{
	json_open(json, "gap_ms", '{');
	json_real(json, "median", median_ms);
	json_real(json, "max", max_ms);
	json_close(json, '}');
}

void
report_json_index(struct json *json, const char *name, const struct ring_index *index)
{
	if (!index->known) {
		json_text(json, name, NULL);
		return;
	}
	json_open(json, name, '[');
	json_u64(json, NULL, index->avail);
	json_u64(json, NULL, index->used);
	json_close(json, ']');
}

void
report_json_commands(struct json *json, const uint64_t *nb)
{
	if (nb != NULL)
		json_u64(json, "firmware_commands", *nb);
	else
		json_text(json, "firmware_commands", NULL);
}

void
report_json_faults(struct json *json, unsigned int nb, const char (*texts)[REPORT_JSON_TEXT_MAX],
		unsigned int kept)
{
	json_u64(json, "nb_faults", nb);
	json_open(json, "faults", '[');
	for (unsigned int i = 0; i < nb && i < kept; i++)
		json_text(json, NULL, texts[i]);
	json_close(json, ']');
}
