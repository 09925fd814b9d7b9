/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What is done to the guest that the agent runs in, as its administrator would do it: through
 * sysfs and ioctls. All return 0 or a negative errno.
 */
#ifndef AGENT_GUEST_H
#define AGENT_GUEST_H

#include <stdbool.h>

/**
 * Unbinds and binds the driver of a network interface, and brings the interface up again.
 * @param driver "virtio_net" or "virtio-pci"
 */
int agent_guest_rebind(const char *interface, const char *driver);

/** Where memory that is added from now on goes: "online_kernel", "online_movable". */
int agent_guest_online(const char *policy);

/** Pairs of queues, as `ethtool -L INTERFACE combined N` sets them. */
int agent_guest_channels(const char *interface, unsigned int pairs);

/** What `ip link` and `ethtool -l` show of an interface. */
struct agent_guest_interface {
	int mtu; /**< bytes behind the Ethernet header */
	unsigned int pairs; /**< of queues in use */
	unsigned int max_pairs; /**< that could be */
};

int agent_guest_interface(const char *interface, struct agent_guest_interface *found);

/** Whether the interface is up and has a carrier. */
bool agent_guest_has_carrier(const char *interface);

/**
 * From now on the kernel takes received frames from the ring in a thread, and the caller runs before
 * all threads: as long as it does not sleep, what the device has written stays as it is.
 */
int agent_guest_freeze(const char *interface);

/**
 * Which place the machine is at: what the rig's debug port reads as (isa-debugcon's readback, which
 * QEMU does not migrate). Can be asked while frozen.
 */
int agent_guest_place(void);

/** The end of being frozen: the caller is a process like others. */
int agent_guest_thaw(void);

/** Restarts the machine at once; does not return unless that fails. */
int agent_guest_reboot(void);

#endif /* AGENT_GUEST_H */
