/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Receive-side scaling: the Toeplitz hash (Microsoft's "RSS Hashing Functions") of a flow. Pure.
 */
#ifndef VNET_RSS_H
#define VNET_RSS_H

#include "vnet_flow.h"

#define VNET_RSS_INPUT_MAX 36u /* two IPv6 addresses, two ports */

/** What is hashed and how, with the key in the form that is fast to use. */
struct vnet_rss {
	bool symmetric;
	uint32_t fields; /**< VNET_HASH_* */
	uint8_t ip_version, l4_proto; /**< packets that the fields are meant for */
	/** Hash of a lone half byte of each value at each place of the input. */
	uint32_t nibbles[2 * VNET_RSS_INPUT_MAX][16];
};

void vnet_rss_init(struct vnet_rss *rss, const struct vnet_tir_attr *attr);

/** Hash of @p len bytes, at most VNET_RSS_INPUT_MAX. */
uint32_t vnet_rss_toeplitz(const struct vnet_rss *rss, const uint8_t *data, size_t len);

/**
 * Hash of the selected fields that the packet has: source address, destination address, source
 * port, destination port. Addresses count if it is of the selected IP version, ports if it is of
 * the selected transport besides. No field at all: 0. @p head is the frame's.
 */
uint32_t
vnet_rss_hash(const struct vnet_rss *rss, const uint8_t *head, const struct vnet_flow *flow);

#endif /* VNET_RSS_H */
