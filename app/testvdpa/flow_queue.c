/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one virtqueue is disabled and enabled (vhost-user SET_VRING_ENABLE). What lies
 * in a disabled transmit ring is pending; a device spreads what comes over the receive queues that
 * are left.
 */
#include <errno.h>
#include <stdio.h>

#include "flow.h"

static int
flow_disable_act(struct vm *vm, struct flow_record *record, void *arg)
{
	unsigned int queue = *(unsigned int *)arg;

	snprintf(record->what, sizeof(record->what), "queue %u", queue);
	return guest_vm_disable(vm->guest, queue);
}

static int
flow_enable_act(struct vm *vm, struct flow_record *record, void *arg)
{
	unsigned int queue = *(unsigned int *)arg;

	snprintf(record->what, sizeof(record->what), "queue %u", queue);
	return guest_vm_enable(vm->guest, queue);
}

static int
flow_queue_run(const struct flow_call *call, const struct flow_act *act)
{
	unsigned int queue = *(unsigned int *)act->arg;

	if (queue < vm_nb_queues(call->vm))
		return flow_run(call, act);
	base_err(call->log, "%s: guest %s has no queue %u, its queues are 0 to %u",
			flow_kind_name(act->kind), call->vm->name, queue,
			vm_nb_queues(call->vm) - 1);
	return -EINVAL;
}

int
flow_disable(const struct flow_call *call, unsigned int queue)
{
	return flow_queue_run(call, &(struct flow_act){ FLOW_DISABLE, flow_disable_act, &queue });
}

int
flow_enable(const struct flow_call *call, unsigned int queue)
{
	return flow_queue_run(call, &(struct flow_act){ FLOW_ENABLE, flow_enable_act, &queue });
}
