/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The internet checksum (RFC 1071), as virtio-net leaves it to the device. Pure.
 */
#ifndef VNET_CSUM_H
#define VNET_CSUM_H

#include "vnet_flow.h"

/**
 * Completes a checksum (VIRTIO_NET_HDR_F_NEEDS_CSUM, virtio 1.2, 5.1.6.2): sums the frame from
 * @p start to its end and stores the result @p offset bytes behind @p start; the field holds the
 * sum of the pseudo header already.
 * @return false, and the frame untouched, when the field does not lie in the frame.
 */
bool vnet_csum_complete(void *frame, size_t len, size_t start, size_t offset);

/** Has the frame a TCP or UDP checksum, and is it right? */
bool vnet_csum_good(const void *frame, const struct vnet_flow *flow);

#endif /* VNET_CSUM_H */
