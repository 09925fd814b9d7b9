/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A guest and what its parts have in common, for guest_vm*.c.
 */
#ifndef GUEST_VM_PRIV_H
#define GUEST_VM_PRIV_H

#include "guest_vm.h"

struct guest_vm_pool {
	struct guest_pool *pool;
	uint64_t gpa; /* of its region; RAM: GUEST_MEM_VGA_END */
};

struct guest_vm {
	char name[32];
	struct guest_vm_attr attr;
	unsigned int nb_queues;
	struct guest_mem *mem;
	struct guest_vhost *vhost;
	struct guest_net *net;
	struct guest_traffic *traffic;
	struct guest_vm_pool pools[GUEST_MEM_MAX_REGIONS];
	unsigned int nb_pools;
	bool running; /* device started and traffic thread not parked, but for @held */
	bool held; /* parked, though the device runs: guest_vm_hold() */
	struct guest_dirty *dirty; /* the log in use, or used last */
	struct guest_dirty *stale; /* the one before, which nobody writes any more */
	uint64_t stale_bits;
	uint64_t base_errors;
	uint16_t bases[2 * GUEST_NET_MAX_PAIRS];
	bool enabled[2 * GUEST_NET_MAX_PAIRS]; /* queues, as the back-end was told */
	bool hears[GUEST_LEDGER_MAX_STREAMS]; /* streams that come to us */
};

/** Keeps the traffic thread away for as long as the control thread is at the rings. */
void guest_vm_freeze(struct guest_vm *vm);
void guest_vm_thaw(struct guest_vm *vm);

/** Posts receive buffers in all rings; the traffic thread is parked. */
void guest_vm_fill(struct guest_vm *vm);
/** Starts the device at the bases of @p vm with the memory of @p table; our thread is parked. */
int
guest_vm_launch(struct guest_vm *vm, const struct guest_mem_region *table, unsigned int nb_regions);
/** The device runs: the traffic thread works again. */
void guest_vm_go(struct guest_vm *vm);

#endif /* GUEST_VM_PRIV_H */
