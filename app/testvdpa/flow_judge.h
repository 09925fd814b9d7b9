/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What of a record is a fault. Pure but for the record; for flow.c.
 */
#ifndef FLOW_JUDGE_H
#define FLOW_JUDGE_H

#include "flow_look.h"

/** Packets, indices and answers; nothing of a flow that did not work. */
void flow_judge(struct flow_record *record, const struct vm *vm);
/** What the guest's driver saw its device do wrong between the two looks, by name. */
void flow_judge_rings(struct flow_record *record, const struct flow_look *before,
		const struct flow_look *now);

#endif /* FLOW_JUDGE_H */
