/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: whether a number was seen is one bit, so lost (what the sender sent minus
 * unique), duplicated and reordered are exact however the frames come. A frame of another epoch
 * is one that was under way when its sender was reset: it is counted apart and nothing else.
 */
#include <string.h>

#include "agent_count.h"

void
agent_count_reset(struct agent_count *count, uint32_t epoch)
{
	memset(count, 0, sizeof(*count));
	count->epoch = epoch;
}

void
agent_count_mark(struct agent_count *count, uint64_t now_ns)
{
	count->gap_ns = 0;
	count->last_ns = now_ns;
}

static void
agent_count_gap(struct agent_count *count, uint64_t now_ns)
{
	if (count->last_ns != 0 && now_ns - count->last_ns > count->gap_ns)
		count->gap_ns = now_ns - count->last_ns;
	count->last_ns = now_ns;
}

void
agent_count_frame(struct agent_count *count, uint32_t epoch, uint64_t number, uint64_t now_ns)
{
	uint8_t bit = (uint8_t)(1u << (number % 8));
	uint64_t *stream_next = &count->stream_next[number % AGENT_COUNT_STREAMS];

	if (epoch != count->epoch) {
		count->stale++;
		return;
	}
	if (number >= AGENT_COUNT_MAX) {
		count->beyond++;
		return;
	}
	agent_count_gap(count, now_ns);
	if ((count->seen[number / 8] & bit) != 0) {
		count->duplicated++;
		return;
	}
	count->seen[number / 8] |= bit;
	count->unique++;
	if (number < count->next)
		count->reordered++;
	else
		count->next = number + 1;
	if (number < *stream_next)
		count->reordered_in_stream++;
	else
		*stream_next = number + 1;
}

uint64_t
agent_count_missing(const struct agent_count *count, uint64_t from, uint64_t to)
{
	uint64_t missing = 0;

	for (; from < to; from++) {
		if (from >= AGENT_COUNT_MAX || (count->seen[from / 8] & 1u << (from % 8)) == 0)
			missing++;
	}
	return missing;
}
