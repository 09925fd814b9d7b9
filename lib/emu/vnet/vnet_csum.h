/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The internet checksum (RFC 1071), as virtio-net leaves it to the device. Pure.
 */
#ifndef VNET_CSUM_H
#define VNET_CSUM_H

#include "vnet_flow.h"

/**
 * Ones' complement sums: words as the host has them, so the folded result goes back to memory as
 * it is; to be begun with 0. Only the last piece of several may have an odd length.
 */
uint64_t vnet_csum_add(uint64_t sum, const void *data, size_t len);
uint16_t vnet_csum_fold(uint64_t sum);
/**
 * Sum of the pseudo header (RFC 9293 3.1, RFC 8200 8.1) of a packet whose source and destination
 * addresses, @p addr_len bytes each, are at @p addrs; @p len is that of the transport's part.
 */
uint64_t vnet_csum_pseudo(const void *addrs, uint32_t addr_len, uint8_t proto, uint32_t len);
/** Writes the complement of the folded sum to @p field; never zero, which UDP takes for "none". */
void vnet_csum_store(void *field, uint64_t sum);

/**
 * Completes a checksum (VIRTIO_NET_HDR_F_NEEDS_CSUM, virtio 1.2, 5.1.6.2): sums the frame from
 * @p start to its end and stores the result @p offset bytes behind @p start; the field holds the
 * sum of the pseudo header already.
 * @return false, and the frame untouched, when the field does not lie in the frame.
 */
bool vnet_csum_complete(void *frame, size_t len, size_t start, size_t offset);

/** Has the finished frame a TCP or UDP checksum, and is it right? */
bool vnet_csum_good(const struct wire_frame *frame, const struct vnet_flow *flow);

#endif /* VNET_CSUM_H */
