/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The indices that stand in a ring's memory right now, where the ring's layout has such.
 */
#ifndef PORT_LIVE_H
#define PORT_LIVE_H

#include "port.h"

/** Indices of virtio 1.2, 2.7.6 and 2.7.8: how many buffers were made available, how many used. */
struct port_live {
	uint16_t avail;
	uint16_t used;
};

/**
 * Reads them. They run on by themselves, so the two may be of different moments.
 * @return 0; -ENOENT the ring is not mapped; -EFAULT not any more; -ENOTSUP the ring is packed:
 * there, no index stands in memory; or another -errno of process_vm_readv()
 */
int port_live_read(const struct port_info *info, uint16_t index, struct port_live *live);

#endif /* PORT_LIVE_H */
