/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a ring of entries; an entry keeps the ledger's span of its flow, so that its
 * packets can be counted again, until one of the guests that it is about goes (vm_set_gone()):
 * streams are recycled then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow_history.h"

static struct flow_past {
	struct flow_entry *entries[FLOW_HISTORY_MAX]; /* oldest first */
	unsigned int nb;
	unsigned int last_id;
} flow_past;

static void
flow_history_free(struct flow_entry *entry)
{
	guest_ledger_span_free(entry->streams.span);
	free(entry);
}

static void
flow_history_drop_oldest(void)
{
	flow_history_free(flow_past.entries[0]);
	flow_past.nb--;
	memmove(&flow_past.entries[0], &flow_past.entries[1],
			flow_past.nb * sizeof(flow_past.entries[0]));
}

void
flow_history_clear(void)
{
	while (flow_past.nb > 0)
		flow_history_drop_oldest();
}

/* Counts the packets, again if that was done before. */
static void
flow_history_count(struct flow_entry *entry)
{
	if (entry->streams.span != NULL)
		flow_streams_count(&entry->streams, &entry->record.account);
}

bool
flow_history(unsigned int index, struct flow_record *record)
{
	if (index >= flow_past.nb)
		return false;
	flow_history_count(flow_past.entries[index]);
	*record = flow_past.entries[index]->record;
	return true;
}

/* A guest goes: the accounts that it is part of are final. */
static void
flow_history_gone(const struct vm *vm)
{
	for (unsigned int i = 0; i < flow_past.nb; i++) {
		struct flow_entry *entry = flow_past.entries[i];

		if (!flow_streams_are_of(&entry->streams, vm))
			continue;
		flow_history_count(entry);
		guest_ledger_span_free(entry->streams.span);
		entry->streams.span = NULL;
	}
}

struct flow_entry *
flow_history_begin(const struct flow_call *call, enum flow_kind kind)
{
	struct flow_entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL) {
		base_err(call->log, "%s of guest %s: no memory", flow_kind_name(kind),
				call->vm->name);
		return NULL;
	}
	flow_streams_note(&entry->streams, call->vm);
	vm_set_gone(flow_history_gone);
	if (flow_past.nb == FLOW_HISTORY_MAX)
		flow_history_drop_oldest();
	flow_past.entries[flow_past.nb++] = entry;
	entry->record.id = ++flow_past.last_id;
	entry->record.kind = kind;
	snprintf(entry->record.guest, sizeof(entry->record.guest), "%s", call->vm->name);
	entry->record.when = time(NULL);
	return entry;
}
