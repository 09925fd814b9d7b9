/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A look at a guest and its device, before and after an act: where rings stand, what the driver
 * tells, what was found wrong so far, commands. For flow*.c.
 */
#ifndef FLOW_LOOK_H
#define FLOW_LOOK_H

#include <guest_net_fault.h>

#include "flow.h"

struct flow_look {
	bool has_device;
	char device[DEVICE_NAME_MAX];
	uint64_t device_errors, base_errors;
	bool commands_known;
	uint64_t commands;
	struct guest_net_fault faults[VM_QUEUES_MAX][GUEST_NET_NB_FAULTS];
	struct flow_queue queues[VM_QUEUES_MAX];
};

void flow_look_now(struct vm *vm, struct flow_look *look);
/** The same and, last, the commands so far. */
void flow_look_before(struct vm *vm, struct flow_look *look);

/** The commands since @p before go into the record, where they are known. */
void flow_look_commands(struct vm *vm, const struct flow_look *before, struct flow_record *record);

/** What has changed goes into the record. */
void flow_look_compare(const struct vm *vm, const struct flow_look *before,
		const struct flow_look *now, struct flow_record *record);

#endif /* FLOW_LOOK_H */
