/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The flows that are kept. For flow.c; flow.h has what is asked of them.
 */
#ifndef FLOW_HISTORY_H
#define FLOW_HISTORY_H

#include "flow_streams.h"

struct flow_entry {
	struct flow_record record;
	struct flow_streams streams; /**< without span: the account is final */
};

/** A new record, the latest of the history. @return NULL without memory (with a complaint) */
struct flow_entry *flow_history_begin(const struct flow_call *call, enum flow_kind kind);

#endif /* FLOW_HISTORY_H */
