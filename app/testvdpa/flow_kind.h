/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What is different between kinds of flows: words, when they may happen, how they are judged. For
 * flow*.c.
 */
#ifndef FLOW_KIND_H
#define FLOW_KIND_H

#include "flow.h"

/** What resumed indices must be. */
enum flow_rule {
	FLOW_ANY, /**< nothing is known of them */
	FLOW_KEPT, /**< the used index that was saved */
	FLOW_ANEW, /**< 0 */
};

struct flow_kind_row {
	const char *name;
	const char *about; /**< word before record->what: "hot-add *of* 64 MiB" */
	const char *whom; /**< word before the guest's name: "*to* A" */
	enum vm_state needs;
	enum flow_rule rule;
	bool excuses; /**< the guest is down for a while, or gives packets up */
};

/** @p kind is one. */
const struct flow_kind_row *flow_kind_row(enum flow_kind kind);

#endif /* FLOW_KIND_H */
