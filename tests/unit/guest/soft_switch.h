/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A device in a thread, for tests: joins two virtio-net drivers, so that what one sends on a pair the
 * other receives on the same pair. It knows both layouts, indirect tables, mergeable buffers and
 * the event index, sleeps until it is kicked, and interrupts only where that is wished; a frame that
 * finds no room stays in its sender's ring. Written apart from lib/guest, whose other side it is:
 * places of a ring are compared one by one.
 */
#ifndef SOFT_SWITCH_H
#define SOFT_SWITCH_H

#include "guest_net.h"

#define SOFT_SWITCH_MAX_QUEUES 4

struct soft_switch;

struct soft_switch_side {
	struct guest_net *net;
	struct guest_mem *mem;
	const int *call_fds; /**< one for each virtqueue */
};

struct soft_switch_attr {
	struct soft_switch_side sides[2];
	unsigned int nb_pairs;
	bool packed;
	uint64_t features; /**< as for guest_net_negotiated() */
	uint64_t tear_at; /**< number of the frame, of all, of which a byte is turned over; 0: none */
};

struct soft_switch *soft_switch_start(const struct soft_switch_attr *attr);
void soft_switch_stop(struct soft_switch *sw);

/** What guest_net_attr.kick does. Any thread, also before soft_switch_start(). */
void soft_switch_kick(struct soft_switch *sw);

/** Leaves the transmit rings of @p side alone, or lets them go on. */
void soft_switch_hold(struct soft_switch *sw, unsigned int side);
void soft_switch_release(struct soft_switch *sw);

/** Interrupts that were raised, and that were spared, of all queues. */
void soft_switch_interrupts(struct soft_switch *sw, uint64_t *raised, uint64_t *spared);

#endif /* SOFT_SWITCH_H */
