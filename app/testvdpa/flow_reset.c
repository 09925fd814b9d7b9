/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: flows that end a life of the device, or interrupt it: reset, rebind, stop and
 * start. Each is one call of the guest library, which speaks as QEMU does.
 */
#include "flow.h"

static int
flow_reset_act(struct vm *vm, struct flow_record *record, void *arg)
{
	return guest_vm_reset(vm->guest);
}

static int
flow_rebind_act(struct vm *vm, struct flow_record *record, void *arg)
{
	return guest_vm_rebind(vm->guest);
}

/* A guest that could not be stopped in an orderly way is not paused, but lost. */
static int
flow_stop_act(struct vm *vm, struct flow_record *record, void *arg)
{
	int ret = guest_vm_pause(vm->guest);

	vm->paused = ret == 0;
	return ret;
}

static int
flow_start_act(struct vm *vm, struct flow_record *record, void *arg)
{
	vm->paused = false;
	return guest_vm_resume(vm->guest);
}

int
flow_reset(const struct flow_call *call)
{
	return flow_run(call, &(struct flow_act){ FLOW_RESET, flow_reset_act, NULL });
}

int
flow_rebind(const struct flow_call *call)
{
	return flow_run(call, &(struct flow_act){ FLOW_REBIND, flow_rebind_act, NULL });
}

int
flow_stop(const struct flow_call *call)
{
	return flow_run(call, &(struct flow_act){ FLOW_STOP, flow_stop_act, NULL });
}

int
flow_start(const struct flow_call *call)
{
	return flow_run(call, &(struct flow_act){ FLOW_START, flow_start_act, NULL });
}
