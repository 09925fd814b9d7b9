/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The virtio-net header (virtio 1.2, 5.1.6): what a guest asks for, judged against its frame, and
 * what a guest is told. Pure.
 */
#ifndef VNET_HDR_H
#define VNET_HDR_H

#include "vnet_flow.h"

#define VNET_HDR_F_NEEDS_CSUM 1u
#define VNET_HDR_F_DATA_VALID 2u

#define VNET_HDR_GSO_NONE 0u
#define VNET_HDR_GSO_TCPV4 1u
#define VNET_HDR_GSO_TCPV6 4u
#define VNET_HDR_GSO_ECN 0x80u

#define VNET_HDR_SIZE 10u /**< without num_buffers */

/** struct virtio_net_hdr without num_buffers, in the host's byte order. */
struct vnet_hdr {
	uint8_t flags; /**< VNET_HDR_F_* */
	uint8_t gso_type; /**< VNET_HDR_GSO_* */
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start, csum_offset;
};

/** From and to the bytes in a ring: VNET_HDR_SIZE, little endian (VIRTIO_F_VERSION_1). */
void vnet_hdr_load(const uint8_t *bytes, struct vnet_hdr *hdr);
void vnet_hdr_store(const struct vnet_hdr *hdr, uint8_t *bytes);

/** The field that is wrong, for the one message about it. */
struct vnet_hdr_fault {
	const char *what;
	uint64_t value;
};

/**
 * Judges a header that a guest put before @p frame, under the offloads (PRM_VIRTQ_F_*) that it
 * negotiated, and notes in the frame what is left to do. Nothing of the header is believed: the
 * lengths come from the frame's own headers, and what contradicts them is refused. Unknown flags
 * are ignored (5.1.6.2.1 reserves them).
 * @return false, with @p fault and the frame unchanged, when the queue must fail.
 */
bool vnet_hdr_to_frame(const struct vnet_hdr *hdr, uint32_t features, struct wire_frame *frame,
		struct vnet_hdr_fault *fault);

/** May a guest that negotiated @p features get the frame as it is? Never WIRE_NO. */
enum wire_answer vnet_hdr_answer(const struct wire_frame *frame, uint32_t features);

/**
 * The header for a frame that vnet_hdr_answer() said yes to. DATA_VALID needs a look at the whole
 * frame, and is only given where VIRTIO_NET_F_GUEST_CSUM was negotiated.
 */
void vnet_hdr_from_frame(const struct wire_frame *frame, const struct vnet_flow *flow,
		uint32_t features, struct vnet_hdr *hdr);

#endif /* VNET_HDR_H */
