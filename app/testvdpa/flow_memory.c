/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: memory comes and goes while traffic runs. The guest's list of regions
 * (vm->dimms) is kept here: only flows change it. The last region that came is the one that new
 * buffers are taken from, and the one that goes or is replaced.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "flow.h"

#define FLOW_DIMM_STEP (2ULL << 20) /* as QEMU's DIMMs */

static void
flow_memory_what(struct flow_record *record, uint64_t size)
{
	if (size % (1ULL << 30) == 0)
		snprintf(record->what, sizeof(record->what), "%" PRIu64 " GiB", size >> 30);
	else
		snprintf(record->what, sizeof(record->what), "%" PRIu64 " MiB", size >> 20);
}

static int
flow_hot_add_act(struct vm *vm, struct flow_record *record, void *arg)
{
	uint64_t size = *(uint64_t *)arg;
	int ret;

	flow_memory_what(record, size);
	ret = guest_vm_hot_add(vm->guest, size, &vm->dimms[vm->nb_dimms]);
	if (ret == 0)
		vm->dimm_sizes[vm->nb_dimms++] = size;
	return ret;
}

/* What the guest itself would refuse is no flow. */
static int
flow_hot_add_check(const struct vm *vm, uint64_t size, const struct base_log *log)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];

	if (size == 0 || size % FLOW_DIMM_STEP != 0 || size > VM_MEM_MAX) {
		base_err(log,
				"hot-add: %" PRIu64 " bytes are no multiple of 2 MiB up to %" PRIu64
				" GiB",
				size, (uint64_t)(VM_MEM_MAX >> 30));
		return -EINVAL;
	}
	if (size < vm_buffer_bytes(vm)) {
		base_err(log, "hot-add: the buffers of guest %s need %" PRIu64 " MiB, not %" PRIu64,
				vm->name,
				(uint64_t)(vm_buffer_bytes(vm) + FLOW_DIMM_STEP - 1) >> 20,
				size >> 20);
		return -EINVAL;
	}
	if (guest_mem_table(guest_vm_mem(vm->guest), table) < GUEST_MEM_MAX_REGIONS)
		return 0;
	base_err(log, "hot-add: guest %s has %u memory regions, more are not possible", vm->name,
			GUEST_MEM_MAX_REGIONS);
	return -ENOSPC;
}

int
flow_hot_add(const struct flow_call *call, uint64_t size)
{
	const struct flow_act act = { FLOW_HOT_ADD, flow_hot_add_act, &size };
	int ret = flow_hot_add_check(call->vm, size, call->log);

	return ret == 0 ? flow_run(call, &act) : ret;
}

/* The buffers come back only if traffic runs; a guest that gets and sends nothing keeps them. */
static int
flow_memory_failed(struct flow_record *record, int ret)
{
	if (ret == -EBUSY)
		snprintf(record->text, sizeof(record->text),
				"its buffers are in use and do not come back without traffic");
	return ret;
}

static int
flow_unplug_act(struct vm *vm, struct flow_record *record, void *arg)
{
	unsigned int last = vm->nb_dimms - 1;
	int ret;

	flow_memory_what(record, vm->dimm_sizes[last]);
	ret = guest_vm_hot_remove(vm->guest, vm->dimms[last]);
	if (ret == 0)
		vm->nb_dimms--;
	return flow_memory_failed(record, ret);
}

static int
flow_remap_act(struct vm *vm, struct flow_record *record, void *arg)
{
	unsigned int last = vm->nb_dimms - 1;

	flow_memory_what(record, vm->dimm_sizes[last]);
	return flow_memory_failed(record, guest_vm_hot_swap(vm->guest, vm->dimms[last]));
}

static int
flow_memory_last(const struct flow_call *call, const struct flow_act *act)
{
	if (call->vm->nb_dimms != 0)
		return flow_run(call, act);
	base_err(call->log, "%s: guest %s has no memory that was hot-added",
			flow_kind_name(act->kind), call->vm->name);
	return -ENOENT;
}

int
flow_unplug(const struct flow_call *call)
{
	return flow_memory_last(call, &(struct flow_act){ FLOW_UNPLUG, flow_unplug_act, NULL });
}

int
flow_remap(const struct flow_call *call)
{
	return flow_memory_last(call, &(struct flow_act){ FLOW_REMAP, flow_remap_act, NULL });
}
