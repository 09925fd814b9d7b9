/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a guest's header is a wish. First comes what was negotiated (5.1.6.2: a
 * driver must not ask for anything else), then whether the wish makes sense for this frame. A queue
 * whose guest breaks either rule fails with "bad descriptor":
 *
 *	gso_type		unknown (UDP included), or not negotiated, ECN too
 *	flags			NEEDS_CSUM without CSUM; a gso_type without NEEDS_CSUM
 *	csum_start, _offset	the field does not lie in the frame's head, or begins in the Ethernet
 *				header or its tags (which a switch may take away), or is not TCP's
 *				although the frame is to be segmented
 *	the frame		to be segmented, but not a whole TCP header of that IP version in the head,
 *				or an IPv6 routing header on its way: the checksum is about another
 *				destination than that of the IP header (RFC 8200, 8.1)
 *	gso_size		0, or such that a segment would be longer than an IP packet can be
 *	hdr_len			of a frame to segment: longer than the frame (shorter or longer than the
 *				headers is fine: it is a hint, 5.1.6.2.1)
 *
 * Towards the guest the same table is read the other way: what it did not negotiate has to be
 * finished before it gets the frame.
 */
#include <endian.h>
#include <string.h>

#include "base_math.h"
#include "prm_cmd.h"
#include "vnet_csum.h"
#include "vnet_gso.h"
#include "vnet_hdr.h"

#define ETH_HEADER 14u
#define IP_TCP 6u
#define TCP_CSUM_OFFSET 16u
#define IP_PACKET_MAX 65535u

/* Kinds of segmentation: what stands for them in the header, and what they have to be paid with. */
static const struct {
	enum wire_gso gso;
	uint8_t gso_type;
	uint8_t ip_version;
	uint32_t host, guest; /* the feature for sending, for receiving */
} gso_kinds[] = {
	{ WIRE_GSO_TCPV4, VNET_HDR_GSO_TCPV4, 4, PRM_VIRTQ_F_HOST_TSO4, PRM_VIRTQ_F_GUEST_TSO4 },
	{ WIRE_GSO_TCPV6, VNET_HDR_GSO_TCPV6, 6, PRM_VIRTQ_F_HOST_TSO6, PRM_VIRTQ_F_GUEST_TSO6 },
};

static uint16_t
le16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static void
le16_put(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

void
vnet_hdr_load(const uint8_t *bytes, struct vnet_hdr *hdr)
{
	*hdr = (struct vnet_hdr){
		.flags = bytes[0],
		.gso_type = bytes[1],
		.hdr_len = le16_at(bytes + 2),
		.gso_size = le16_at(bytes + 4),
		.csum_start = le16_at(bytes + 6),
		.csum_offset = le16_at(bytes + 8),
	};
}

void
vnet_hdr_store(const struct vnet_hdr *hdr, uint8_t *bytes)
{
	bytes[0] = hdr->flags;
	bytes[1] = hdr->gso_type;
	le16_put(bytes + 2, hdr->hdr_len);
	le16_put(bytes + 4, hdr->gso_size);
	le16_put(bytes + 6, hdr->csum_start);
	le16_put(bytes + 8, hdr->csum_offset);
}

static bool
hdr_refuse(struct vnet_hdr_fault *fault, const char *what, uint64_t value)
{
	*fault = (struct vnet_hdr_fault){ .what = what, .value = value };
	return false;
}

static bool
hdr_to_csum(const struct vnet_hdr *hdr, uint32_t features, struct wire_frame *frame,
		struct vnet_hdr_fault *fault)
{
	if ((features & PRM_VIRTQ_F_CSUM) == 0)
		return hdr_refuse(fault, "header flags without checksum offload", hdr->flags);
	if ((uint32_t)hdr->csum_start + hdr->csum_offset + 2 > frame->head_len)
		return hdr_refuse(fault, "csum_start of a checksum outside of the frame's head",
				hdr->csum_start);
	if (hdr->csum_start < ETH_HEADER || hdr->csum_start < vnet_flow_l2_len(frame))
		return hdr_refuse(fault, "csum_start of a checksum in the Ethernet header",
				hdr->csum_start);
	frame->csum_partial = true;
	frame->csum_start = hdr->csum_start;
	frame->csum_offset = hdr->csum_offset;
	return true;
}

/* Looks for the headers that each segment will get a copy of. */
static bool
hdr_to_gso_headers(const struct vnet_hdr *hdr, uint8_t ip_version, struct wire_frame *frame,
		struct vnet_hdr_fault *fault)
{
	struct vnet_flow flow;
	uint32_t end;

	vnet_flow_parse(frame, &flow);
	if (flow.ip_version != ip_version)
		return hdr_refuse(fault, "IP version of a frame to segment", flow.ip_version);
	if (flow.l4_proto != IP_TCP || !flow.has_ports)
		return hdr_refuse(fault, "transport of a frame to segment", flow.l4_proto);
	if (flow.is_routed)
		return hdr_refuse(fault, "routing header of a frame to segment", ip_version);
	end = (frame->head[flow.l4_off + 12] >> 4) * 4u;
	if (end < 20 || end > flow.l4_len || flow.l4_off + end > frame->head_len)
		return hdr_refuse(fault, "TCP header length of a frame to segment", end);
	end += flow.l4_off;
	if (hdr->csum_start != flow.l4_off || hdr->csum_offset != TCP_CSUM_OFFSET)
		return hdr_refuse(fault, "csum_start and csum_offset of a frame to segment",
				(uint64_t)hdr->csum_start << 16 | hdr->csum_offset);
	if (hdr->hdr_len > frame->len)
		return hdr_refuse(fault, "hdr_len of a frame to segment", hdr->hdr_len);
	frame->gso_size = hdr->gso_size;
	frame->gso_hdr_len = (uint16_t)end;
	if (hdr->gso_size == 0 || vnet_gso_packet_max(frame) > IP_PACKET_MAX)
		return hdr_refuse(fault, "gso_size", hdr->gso_size);
	return true;
}

static bool
hdr_to_gso(const struct vnet_hdr *hdr, uint32_t features, struct wire_frame *frame,
		struct vnet_hdr_fault *fault)
{
	uint8_t type = hdr->gso_type & (uint8_t)~VNET_HDR_GSO_ECN;
	bool ecn = type != hdr->gso_type;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(gso_kinds); i++) {
		if (gso_kinds[i].gso_type == type)
			break;
	}
	if (i == BASE_ARRAY_SIZE(gso_kinds) || (features & gso_kinds[i].host) == 0 ||
			(ecn && (features & PRM_VIRTQ_F_HOST_ECN) == 0))
		return hdr_refuse(fault, "gso_type", hdr->gso_type);
	if (!frame->csum_partial)
		return hdr_refuse(fault, "header flags of a frame to segment", hdr->flags);
	frame->gso = gso_kinds[i].gso;
	frame->ecn = ecn;
	return hdr_to_gso_headers(hdr, gso_kinds[i].ip_version, frame, fault);
}

bool
vnet_hdr_to_frame(const struct vnet_hdr *hdr, uint32_t features, struct wire_frame *frame,
		struct vnet_hdr_fault *fault)
{
	struct wire_frame wish = *frame;

	if ((hdr->flags & VNET_HDR_F_NEEDS_CSUM) != 0 && !hdr_to_csum(hdr, features, &wish, fault))
		return false;
	if (hdr->gso_type != VNET_HDR_GSO_NONE && !hdr_to_gso(hdr, features, &wish, fault))
		return false;
	*frame = wish;
	return true;
}

enum wire_answer
vnet_hdr_answer(const struct wire_frame *frame, uint32_t features)
{
	uint32_t need = 0;
	size_t i;

	if (frame->csum_partial)
		need |= PRM_VIRTQ_F_GUEST_CSUM;
	for (i = 0; i < BASE_ARRAY_SIZE(gso_kinds); i++) {
		if (gso_kinds[i].gso == frame->gso)
			need |= gso_kinds[i].guest;
	}
	if (frame->gso != WIRE_GSO_NONE && frame->ecn)
		need |= PRM_VIRTQ_F_GUEST_ECN;
	return (features & need) == need ? WIRE_YES : WIRE_FINISHED_ONLY;
}

void
vnet_hdr_from_frame(const struct wire_frame *frame, const struct vnet_flow *flow, uint32_t features,
		struct vnet_hdr *hdr)
{
	size_t i;

	*hdr = (struct vnet_hdr){ .gso_type = VNET_HDR_GSO_NONE };
	if (frame->csum_partial) {
		hdr->flags = VNET_HDR_F_NEEDS_CSUM;
		hdr->csum_start = frame->csum_start;
		hdr->csum_offset = frame->csum_offset;
	} else if ((features & PRM_VIRTQ_F_GUEST_CSUM) != 0 && vnet_csum_good(frame, flow)) {
		hdr->flags = VNET_HDR_F_DATA_VALID;
	}
	for (i = 0; i < BASE_ARRAY_SIZE(gso_kinds); i++) {
		if (gso_kinds[i].gso != frame->gso)
			continue;
		hdr->gso_type = gso_kinds[i].gso_type;
		if (frame->ecn)
			hdr->gso_type |= VNET_HDR_GSO_ECN;
		hdr->gso_size = frame->gso_size;
		hdr->hdr_len = frame->gso_hdr_len;
	}
}
