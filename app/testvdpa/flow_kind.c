/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table. A kind that is added gets a row, and nothing else here changes.
 */
#include <assert.h>

#include "flow_kind.h"

static const struct flow_kind_row flow_kinds[FLOW_NB_KINDS] = {
	[FLOW_HOT_ADD] = { "hot-add", "of", "to", VM_UP, FLOW_KEPT, false },
	[FLOW_UNPLUG] = { "unplug", "of", "from", VM_UP, FLOW_KEPT, false },
	[FLOW_REMAP] = { "remap", "of", "of", VM_UP, FLOW_KEPT, false },
	[FLOW_RESET] = { "reset", "of", "of", VM_UP, FLOW_ANEW, true },
	[FLOW_REBIND] = { "rebind", "of", "of", VM_UP, FLOW_ANEW, true },
	[FLOW_DISABLE] = { "disable", "of", "of", VM_UP, FLOW_ANY, false },
	[FLOW_ENABLE] = { "enable", "of", "of", VM_UP, FLOW_KEPT, false },
	[FLOW_STOP] = { "stop", "of", "of", VM_UP, FLOW_ANY, true },
	[FLOW_START] = { "start", "of", "of", VM_PAUSED, FLOW_KEPT, true },
	[FLOW_KILL] = { "kill", "at", "of", VM_UP, FLOW_ANY, true },
	[FLOW_ERROR] = { "error", "of", "of", VM_UP, FLOW_ANY, true },
	[FLOW_MIGRATE] = { "migrate", "to", "of", VM_UP, FLOW_ANY, true },
	[FLOW_MIGRATE_FAIL] = { "migrate-fail", "to", "of", VM_UP, FLOW_ANY, true },
};

const struct flow_kind_row *
flow_kind_row(enum flow_kind kind)
{
	assert((unsigned int)kind < FLOW_NB_KINDS);
	return &flow_kinds[kind];
}

const char *
flow_kind_name(enum flow_kind kind)
{
	return (unsigned int)kind < FLOW_NB_KINDS ? flow_kinds[kind].name : "unknown";
}
