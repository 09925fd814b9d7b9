/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the card sees in a frame: the fields that rules match, the fields that are hashed, and
 * where the checksum is. Pure.
 */
#ifndef VNET_FLOW_H
#define VNET_FLOW_H

#include "vnet.h"
#include "wire.h"

struct vnet_flow {
	uint8_t match[VNET_MATCH_SIZE]; /**< PRM fte_match_set_lyr_2_4; absent fields are zero */
	uint8_t ip_version; /**< 4, 6, or 0: not IP, or not whole */
	uint8_t l4_proto; /**< of a packet that is no fragment and whole; else 0 */
	uint32_t l2_len; /**< Ethernet header and VLAN tags: where the network header begins */
	uint32_t addr_len; /**< bytes of an address: 4, 16 or 0 */
	uint32_t addr_off; /**< of the source address; destination follows it */
	uint32_t l4_off, l4_len; /**< transport header and payload as IP says; if l4_proto */
	/** IPv6 with a routing header that is not used up: the address in the IP header is not the
	 * destination that the transport's checksum is about (RFC 8200, 8.1). */
	bool is_routed;
	bool has_ports; /**< TCP or UDP ports at l4_off */
};

/**
 * Looks at a frame; any content is fine. Only the frame's head is read: headers that go on behind
 * it count as not whole. Of a frame that is still to be segmented the lengths in the IP header do
 * not count (each segment gets its own): the packet ends where the frame ends.
 */
void vnet_flow_parse(const struct wire_frame *frame, struct vnet_flow *flow);

/** Does the flow have what the rule wants? */
bool vnet_flow_matches(const struct vnet_flow *flow, const struct vnet_rule_attr *rule);

/** Bytes of Ethernet header and VLAN tags, 14 or more; the frame has at least those 14. */
uint32_t vnet_flow_l2_len(const struct wire_frame *frame);

#endif /* VNET_FLOW_H */
