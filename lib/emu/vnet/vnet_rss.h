/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Receive-side scaling: the Toeplitz hash (Microsoft's "RSS Hashing Functions") of a flow. Pure.
 */
#ifndef VNET_RSS_H
#define VNET_RSS_H

#include "vnet_flow.h"

#define VNET_RSS_INPUT_MAX 36u /* two IPv6 addresses, two ports */

/** Hash of @p len bytes, at most VNET_RSS_INPUT_MAX. */
uint32_t vnet_rss_toeplitz(const uint8_t key[40], const uint8_t *data, size_t len);

/**
 * Hash of the fields that @p attr selects and the frame has: source address, destination address,
 * source port, destination port. No field at all: 0.
 */
uint32_t
vnet_rss_hash(const struct vnet_tir_attr *attr, const void *frame, const struct vnet_flow *flow);

#endif /* VNET_RSS_H */
