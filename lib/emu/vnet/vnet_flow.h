/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the card sees in a frame: the fields that rules match, the fields that are hashed, and
 * where the checksum is. Pure.
 */
#ifndef VNET_FLOW_H
#define VNET_FLOW_H

#include "vnet.h"

struct vnet_flow {
	uint8_t match[VNET_MATCH_SIZE]; /**< PRM fte_match_set_lyr_2_4; absent fields are zero */
	uint8_t ip_version; /**< 4, 6, or 0: not IP, or not whole */
	uint8_t l4_proto; /**< of a packet that is no fragment and whole; else 0 */
	uint32_t addr_len; /**< bytes of an address: 4, 16 or 0 */
	uint32_t addr_off; /**< of the source address; destination follows it */
	uint32_t l4_off, l4_len; /**< transport header and payload as IP says; if l4_proto */
	bool has_ports; /**< TCP or UDP ports at l4_off */
};

/** Looks at a frame of @p len bytes; any content is fine. */
void vnet_flow_parse(const void *frame, size_t len, struct vnet_flow *flow);

/** Does the flow have what the rule wants? */
bool vnet_flow_matches(const struct vnet_flow *flow, const struct vnet_rule_attr *rule);

#endif /* VNET_FLOW_H */
