/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a ring of the last arrivals. Who knows when something happened (a migration's
 * end, by the host's clock) asks afterwards for the longest silence around it; the longest
 * of all may be another one, of a machine that was busy.
 */
#include <errno.h>

#include "agent_arrival.h"

void
agent_arrival_enter(struct agent_arrivals *log, const struct agent_arrival *arrival)
{
	log->last[log->nb++ % AGENT_ARRIVAL_MAX] = *arrival;
}

int
agent_arrival_silence(const struct agent_arrivals *log, uint64_t from_ns, uint64_t to_ns,
		struct agent_arrival *before, struct agent_arrival *after)
{
	uint64_t i = log->nb > AGENT_ARRIVAL_MAX ? log->nb - AGENT_ARRIVAL_MAX : 0;
	int rc = -ENOENT;

	for (; i + 1 < log->nb; i++) {
		const struct agent_arrival *a = &log->last[i % AGENT_ARRIVAL_MAX];
		const struct agent_arrival *b = &log->last[(i + 1) % AGENT_ARRIVAL_MAX];

		if (a->ns > to_ns || b->ns < from_ns)
			continue;
		if (rc == 0 && b->ns - a->ns <= after->ns - before->ns)
			continue;
		*before = *a;
		*after = *b;
		rc = 0;
	}
	return rc;
}
