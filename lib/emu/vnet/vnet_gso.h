/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Finishing a frame: from one with work left over to what goes over a cable. Pure.
 */
#ifndef VNET_GSO_H
#define VNET_GSO_H

#include "vnet_flow.h"

/** A frame that is being finished, as one segment or many. */
struct vnet_gso {
	const struct wire_frame *frame;
	struct vnet_flow flow; /**< of a frame to segment */
	uint32_t payload; /**< bytes of it that are shared out */
	uint32_t nb_segs; /**< at least 1 */
};

/** @p frame: its offload state was judged by vnet_hdr_to_frame(); it must stay while in use. */
void vnet_gso_begin(struct vnet_gso *gso, const struct wire_frame *frame);

/**
 * Writes segment @p i (< nb_segs) to @p buf, with all lengths and checksums right. A frame that is
 * not to be segmented is its own only segment. Segments are not longer than gso_hdr_len + gso_size,
 * frames not longer than WIRE_FRAME_MAX.
 * @return bytes of the segment.
 */
uint32_t vnet_gso_segment(const struct vnet_gso *gso, uint32_t i, uint8_t *buf);

/**
 * Bytes of the longest packet (Ethernet header and VLAN tags not counted) that a frame becomes:
 * what an MTU is compared with. The frame has a whole Ethernet header.
 */
uint32_t vnet_gso_packet_max(const struct wire_frame *frame);

/** Would a packet of this frame be longer than @p mtu? Most need no look at their headers. */
static inline bool
vnet_gso_exceeds(const struct wire_frame *frame, uint32_t mtu)
{
	if (frame->gso == WIRE_GSO_NONE && frame->len <= mtu)
		return false;
	return vnet_gso_packet_max(frame) > mtu;
}

#endif /* VNET_GSO_H */
