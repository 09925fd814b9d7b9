/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the act's own questions to the device cost firmware commands, too, so the
 * count is taken last before the act and first after it, and asked twice: the difference is what a
 * question costs.
 */
#include <string.h>

#include "flow_look.h"

/* Where the rings stand; into .before or .after is the caller's matter. */
static struct ring_index
flow_look_place(struct vm *vm, unsigned int queue)
{
	struct guest_vm_place place;

	guest_vm_place(vm->guest, queue, &place);
	return (struct ring_index){ true, place.avail, place.used };
}

void
flow_look_now(struct vm *vm, struct flow_look *look)
{
	static struct guest_vm_stats stats; /* large; one thread */

	memset(look, 0, sizeof(*look));
	guest_vm_stats(vm->guest, &stats);
	look->device_errors = stats.device_errors;
	look->base_errors = stats.base_errors;
	look->has_device = vm_device(vm, look->device);
	for (unsigned int i = 0; i < vm_nb_queues(vm); i++) {
		look->queues[i].base = stats.bases[i];
		guest_net_faults(&stats.queues[i], look->faults[i]);
		look->queues[i].after = flow_look_place(vm, i);
		if (look->has_device)
			flow_device_queue(look->device, i, &look->queues[i]);
	}
}

void
flow_look_before(struct vm *vm, struct flow_look *look)
{
	flow_look_now(vm, look);
	look->commands_known = look->has_device &&
			flow_device_commands(look->device, &look->commands);
}

/* The commands of the act: those since @before, without what the question costs. */
void
flow_look_commands(struct vm *vm, const struct flow_look *before, struct flow_record *record)
{
	char device[DEVICE_NAME_MAX];
	uint64_t now, again;

	record->commands_known = before->commands_known && vm_device(vm, device) &&
			strcmp(device, before->device) == 0 && flow_device_commands(device, &now) &&
			flow_device_commands(device, &again);
	if (record->commands_known)
		record->commands = now - before->commands - (again - now);
}

void
flow_look_compare(const struct vm *vm, const struct flow_look *before, const struct flow_look *now,
		struct flow_record *record)
{
	record->device_errors = now->device_errors - before->device_errors;
	record->base_errors = now->base_errors - before->base_errors;
	record->nb_queues = vm_nb_queues(vm);
	for (unsigned int i = 0; i < record->nb_queues; i++) {
		struct flow_queue *q = &record->queues[i];

		*q = now->queues[i];
		q->before = before->queues[i].after;
		q->restarted = !ring_index_same(&q->saved, &before->queues[i].saved) ||
				!ring_index_same(&q->resumed, &before->queues[i].resumed);
	}
}
