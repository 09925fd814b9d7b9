/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Everything that a device can do wrong in the rings of a guest's driver, by name. Pure.
 */
#ifndef GUEST_NET_FAULT_H
#define GUEST_NET_FAULT_H

#include "guest_net.h"

#define GUEST_NET_NB_FAULTS (GUEST_VRING_NB_ERRORS - 1u + 4u)

/** One kind. */
struct guest_net_fault {
	const char *what; /**< as it stands behind "3 x": "returned twice" */
	uint64_t nb;
};

/** All kinds with their counts in the account of one queue, always in the same order. */
void guest_net_faults(const struct guest_net_stats *stats,
		struct guest_net_fault faults[GUEST_NET_NB_FAULTS]);

#endif /* GUEST_NET_FAULT_H */
