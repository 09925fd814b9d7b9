/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Flows: commands of one function that belong together, with a name for what they do. Pure.
 */
#ifndef TRACE_FLOW_H
#define TRACE_FLOW_H

#include "trace_read.h"

#define TRACE_FLOW_GAP_NS 50000000ull /**< default */

struct trace_flow {
	const char *name;
	uint32_t function;
	const struct trace_event **commands; /**< in order of their starts */
	size_t nb;
	size_t nb_calls; /**< of the whole program, from the first start to the last end */
	uint64_t start_ns, end_ns;
	uint64_t sum_ns; /**< of all durations */
	uint64_t wait_ns; /**< of it artificial */
	size_t chain; /**< most commands of which no two overlap */
	unsigned int nb_threads;
};

struct trace_flows {
	struct trace_flow *flows; /**< in order of their starts */
	size_t nb;
};

/**
 * Cuts the trace where a function has no command for @p gap_ns. @p trace must stay.
 * @return 0, -ENOMEM.
 */
int trace_flows_make(const struct trace *trace, uint64_t gap_ns, struct trace_flows *flows);
void trace_flows_free(struct trace_flows *flows);

#endif /* TRACE_FLOW_H */
