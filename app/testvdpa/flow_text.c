/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one line about a flow, in pieces: what it was, what it took, what became of
 * queues and packets. What is not known, or nothing to speak of, has no piece.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "flow_kind.h"

/* A text that grows in a buffer of its caller's. */
struct flow_line {
	char *text;
	size_t size, len;
};

static void __attribute__((format(printf, 2, 3)))
flow_line_add(struct flow_line *line, const char *fmt, ...)
{
	va_list ap;
	int nb;

	va_start(ap, fmt);
	nb = vsnprintf(&line->text[line->len], line->size - line->len, fmt, ap);
	va_end(ap);
	if (nb > 0)
		line->len += (size_t)nb < line->size - line->len ? (size_t)nb :
								   line->size - line->len - 1;
}

static void
flow_line_costs(struct flow_line *line, const struct flow_record *record)
{
	unsigned int nb = 0;

	flow_line_add(line, "%.1f ms", (double)record->duration_ns / BASE_NS_PER_MS);
	if (record->nb_streams != 0)
		flow_line_add(line, ", gap %.1f ms",
				(double)record->gap_median_ns / BASE_NS_PER_MS);
	if (record->nb_streams > 1)
		flow_line_add(line, " (at most %.1f)", (double)record->gap_max_ns / BASE_NS_PER_MS);
	if (record->commands_known)
		flow_line_add(line, ", %" PRIu64 " commands", record->commands);
	if (record->nb_slow != 0)
		flow_line_add(line, ", %u slow streams", record->nb_slow);
	for (unsigned int i = 0; i < record->nb_queues; i++)
		nb += record->queues[i].restarted;
	if (nb != 0)
		flow_line_add(line, ", %u queues %s", nb,
				record->kind == FLOW_STOP || record->kind == FLOW_DISABLE ?
						"stopped" :
						"resumed");
}

static void
flow_line_packets(struct flow_line *line, const struct flow_record *record)
{
	const struct guest_ledger_count *c = &record->account.count;
	const struct {
		uint64_t nb;
		const char *what;
	} rows[] = {
		{ c->lost, "lost" },
		{ c->duplicated, "duplicated" },
		{ c->reordered, "reordered" },
		{ c->torn, "torn" },
		{ c->invented, "invented" },
		{ c->excused, "excused" },
		{ record->account.pending, "pending" },
	};

	if (c->sent != 0 && c->lost == 0)
		flow_line_add(line, ", nothing lost");
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++)
		if (rows[i].nb != 0)
			flow_line_add(line, ", %" PRIu64 " %s", rows[i].nb, rows[i].what);
}

static void
flow_line_title(struct flow_line *line, const struct flow_record *record)
{
	const struct flow_kind_row *kind = flow_kind_row(record->kind);

	flow_line_add(line, "%s", kind->name);
	if (record->what[0] != '\0')
		flow_line_add(line, " %s %s", kind->about, record->what);
	flow_line_add(line, " %s %s", kind->whom, record->guest);
}

void
flow_title(const struct flow_record *record, char *text, size_t size)
{
	flow_line_title(&(struct flow_line){ .text = text, .size = size }, record);
}

void
flow_sentence(const struct flow_record *record, char *text, size_t size)
{
	struct flow_line line = { .text = text, .size = size };

	flow_line_title(&line, record);
	flow_line_add(&line, ": ");
	if (record->result != 0)
		flow_line_add(&line, "FAILED: %s, ", record->text);
	flow_line_costs(&line, record);
	flow_line_packets(&line, record);
	if (record->nb_faults != 0)
		flow_line_add(&line, "; FAULT: %s", record->faults[0]);
	if (record->nb_faults > 1)
		flow_line_add(&line, " (and %u more)", record->nb_faults - 1);
}
