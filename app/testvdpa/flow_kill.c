/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the guest's process dies without a word, as a QEMU that is killed, and comes
 * back with the memory that it had; the rings go on at their used index. In between it may die once
 * more, at a given message of connection and start: wherever that is, the next life must work. Each
 * life waits until a port of this process has noticed the end of the one before, or it would be
 * refused.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "flow.h"

static int
flow_kill_act(struct vm *vm, struct flow_record *record, void *arg)
{
	unsigned int at = *(unsigned int *)arg;
	uint64_t seen = vm_front_ends(vm);
	int ret = guest_vm_kill(vm->guest, 0);

	vm->paused = false;
	if (ret == 0)
		ret = vm_await_port(vm, seen);
	if (ret == 0 && at != 0)
		ret = guest_vm_kill(vm->guest, at);
	if (at != 0 && ret == 0)
		snprintf(record->what, sizeof(record->what), "message %u (%s)", at,
				guest_vm_error(vm->guest) + strlen("cut before "));
	else if (at != 0)
		snprintf(record->what, sizeof(record->what), "message %u", at);
	if (ret == -ERANGE)
		snprintf(record->text, sizeof(record->text), "its start has fewer messages than %u",
				at);
	if (ret == 0 && at != 0)
		ret = vm_await_port(vm, seen + 1);
	return ret == 0 ? guest_vm_reconnect(vm->guest) : ret;
}

int
flow_kill(const struct flow_call *call, unsigned int at)
{
	const struct flow_act act = { FLOW_KILL, flow_kill_act, &at };

	return flow_run(call, &act);
}
