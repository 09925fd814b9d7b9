/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: see flow.h for the four parts of a flow. This is the order of them; what they
 * do is elsewhere: flow_look (before and after), flow_streams (waiting and counting), flow_judge,
 * flow_history, and flow_*.c with the acts.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <base_clock.h>

#include "flow_history.h"
#include "flow_judge.h"
#include "flow_kind.h"

void
flow_fault(struct flow_record *record, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (record->nb_faults < FLOW_FAULTS_MAX)
		vsnprintf(record->faults[record->nb_faults], FLOW_TEXT_MAX, fmt, ap);
	va_end(ap);
	record->nb_faults++;
}

bool
flow_passed(const struct flow_record *record)
{
	return record->result == 0 && record->nb_faults == 0;
}

/* May it happen to the guest as it is? */
static int
flow_check(const struct flow_call *call, enum flow_kind kind)
{
	const struct flow_kind_row *row = flow_kind_row(kind);
	enum vm_state state = vm_state(call->vm);

	if (state == row->needs || (kind == FLOW_KILL && state == VM_LOST))
		return 0;
	base_err(call->log, "%s: guest %s is %s%s", row->name, call->vm->name,
			state == VM_UP ? "not stopped" : vm_state_name(state),
			state == VM_NEW ? " ('guest start' does that)" : "");
	return state == VM_UP ? -EALREADY : -ENOTCONN;
}

/* The act, with a reason in words where it failed. */
static void
flow_do(struct vm *vm, const struct flow_act *act, struct flow_record *record)
{
	record->begin_ns = base_clock_ns();
	record->result = act->run(vm, record, act->arg);
	record->duration_ns = base_clock_ns() - record->begin_ns;
	if (record->result == 0 || record->text[0] != '\0')
		return;
	snprintf(record->text, sizeof(record->text), "%s", vm_why(vm, record->result));
}

/* The act between its two questions, with the span that its packets are counted in. */
static int
flow_measure(struct vm *vm, const struct flow_act *act, struct flow_entry *entry)
{
	static struct flow_look before, now; /* large; one thread */
	struct flow_streams *streams = &entry->streams;
	struct flow_record *record = &entry->record;
	int ret;

	flow_streams_wait(streams, record, vm->attr.settle_ms, "before");
	flow_look_before(vm, &before);
	ret = guest_ledger_span_open(vm_ledger(), &streams->span);
	if (ret != 0)
		return ret;
	flow_do(vm, act, record);
	flow_streams_wait(streams, record, vm->attr.settle_ms, "after");
	guest_ledger_span_close(streams->span);
	flow_streams_settle(streams, vm->attr.settle_ms);
	flow_look_commands(vm, &before, record);
	flow_look_now(vm, &now);
	flow_look_compare(vm, &before, &now, record);
	flow_streams_measure(streams, record);
	flow_streams_count(streams, &record->account);
	flow_judge(record, vm);
	if (record->result == 0)
		flow_judge_rings(record, &before, &now);
	return record->result;
}

int
flow_run(const struct flow_call *call, const struct flow_act *act)
{
	struct flow_entry *entry;
	int ret = flow_check(call, act->kind);

	if (ret != 0)
		return ret;
	entry = flow_history_begin(call, act->kind);
	if (entry == NULL)
		return -ENOMEM;
	ret = flow_measure(call->vm, act, entry);
	entry->record.result = ret;
	if (call->record != NULL)
		*call->record = entry->record;
	return ret;
}
