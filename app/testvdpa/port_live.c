/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: vhost unmaps guest memory in its own thread whenever the front-end says so,
 * and nothing holds the mapping for a reader. process_vm_readv() on ourselves copies and checks in
 * one step: what is not there any more is an error and no signal. Some containers forbid the call;
 * then there are no live indices to be seen.
 */
#include <endian.h>
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "port_live.h"

#define PORT_LIVE_INDEX 2u /* offset of idx in both rings, behind the flags */
#define PORT_LIVE_F_PACKED (1ULL << 34) /* VIRTIO_F_RING_PACKED */

static int
port_live_index(uint64_t ring, uint16_t *index)
{
	uint16_t le;
	struct iovec here = { .iov_base = &le, .iov_len = sizeof(le) };
	struct iovec there = { .iov_base = (void *)(uintptr_t)(ring + PORT_LIVE_INDEX),
		.iov_len = sizeof(le) };

	if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != (ssize_t)sizeof(le))
		return -errno;
	*index = le16toh(le);
	return 0;
}

int
port_live_read(const struct port_info *info, uint16_t index, struct port_live *live)
{
	const struct port_virtq *vq = &info->virtq[index];
	int ret;

	if ((info->features & PORT_LIVE_F_PACKED) != 0)
		return -ENOTSUP;
	if (vq->size == 0 || vq->driver == 0 || vq->device == 0)
		return -ENOENT;
	ret = port_live_index(vq->driver, &live->avail);
	return ret != 0 ? ret : port_live_index(vq->device, &live->used);
}
