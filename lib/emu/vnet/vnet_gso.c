/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: TCP segmentation (virtio 1.2, 5.1.6.2). Each segment gets a copy of all
 * headers, VLAN tags, IP options and extension headers included, and its share of the payload. In
 * the copy is changed what must be:
 *
 *	IPv4	total length, identification (one more for each segment), header checksum
 *	IPv6	payload length
 *	TCP	sequence number, checksum; FIN and PSH only in the last, CWR only in the first
 *
 * Checksums are worked out from nothing: what the guest left in the field (the sum of the pseudo
 * header, with or without a length) is not looked at.
 *
 * The headers are in the frame's head, which is the card's own copy; the payload may be memory of
 * the guest. It is copied before it is summed, so that a guest that scribbles on it while it is
 * being sent gets other bytes through, but never a wrong checksum.
 */
#include <assert.h>
#include <string.h>

#include "vnet_csum.h"
#include "vnet_gso.h"

#define IP_TCP 6u
#define IP4_TOTAL 2u /* offsets in the IPv4 header */
#define IP4_ID 4u
#define IP4_CSUM 10u
#define IP6_PAYLOAD 4u /* in the IPv6 header */
#define IP6_HEADER 40u
#define TCP_SEQ 4u /* in the TCP header */
#define TCP_FLAGS 13u
#define TCP_CSUM 16u
#define TCP_FIN 0x01u
#define TCP_PSH 0x08u
#define TCP_CWR 0x80u

static void
put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static uint32_t
get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* Copies @p len bytes of the frame from @p off on; they are there. */
static void
gso_copy(const struct wire_frame *frame, uint32_t off, uint32_t len, uint8_t *buf)
{
	struct iovec piece = { (void *)(uintptr_t)frame->head, frame->head_len };
	unsigned int next = 0;
	size_t n;

	assert(off <= frame->len && len <= frame->len - off);
	for (;;) {
		if (off < piece.iov_len) {
			n = piece.iov_len - off < len ? piece.iov_len - off : len;
			memcpy(buf, (const uint8_t *)piece.iov_base + off, n);
			buf += n;
			len -= (uint32_t)n;
			off = 0;
		} else {
			off -= (uint32_t)piece.iov_len;
		}
		if (len == 0)
			return;
		assert(next < frame->nb_body);
		piece = frame->body[next++];
	}
}

void
vnet_gso_begin(struct vnet_gso *gso, const struct wire_frame *frame)
{
	gso->frame = frame;
	gso->nb_segs = 1;
	if (frame->gso == WIRE_GSO_NONE)
		return;
	vnet_flow_parse(frame, &gso->flow);
	assert(frame->gso_size != 0 && gso->flow.l4_proto == IP_TCP &&
			gso->flow.l4_off + 20 <= frame->gso_hdr_len &&
			frame->gso_hdr_len <= frame->head_len);
	gso->payload = frame->len - frame->gso_hdr_len;
	if (gso->payload > frame->gso_size)
		gso->nb_segs = (gso->payload + frame->gso_size - 1) / frame->gso_size;
}

static void
gso_fix_ip(const struct vnet_gso *gso, uint32_t i, uint8_t *buf, uint32_t len)
{
	uint8_t *ip = buf + gso->flow.l2_len;

	if (gso->flow.ip_version == 6) {
		put16(ip + IP6_PAYLOAD, len - gso->flow.l2_len - IP6_HEADER);
		return;
	}
	put16(ip + IP4_TOTAL, len - gso->flow.l2_len);
	put16(ip + IP4_ID, get16(ip + IP4_ID) + i);
	put16(ip + IP4_CSUM, 0);
	vnet_csum_store(ip + IP4_CSUM, vnet_csum_add(0, ip, (ip[0] & 15u) * 4u));
}

static void
gso_fix_tcp(const struct vnet_gso *gso, uint32_t i, uint8_t *buf, uint32_t len)
{
	const struct vnet_flow *flow = &gso->flow;
	uint8_t *tcp = buf + flow->l4_off;
	uint32_t seq = get16(tcp + TCP_SEQ) << 16 | get16(tcp + TCP_SEQ + 2);
	uint64_t sum;

	seq += i * gso->frame->gso_size;
	put16(tcp + TCP_SEQ, seq >> 16);
	put16(tcp + TCP_SEQ + 2, seq & 0xffff);
	if (i != 0)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	if (i != gso->nb_segs - 1)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	put16(tcp + TCP_CSUM, 0);
	sum = vnet_csum_pseudo(buf + flow->addr_off, flow->addr_len, IP_TCP, len - flow->l4_off);
	vnet_csum_store(tcp + TCP_CSUM, vnet_csum_add(sum, tcp, len - flow->l4_off));
}

uint32_t
vnet_gso_segment(const struct vnet_gso *gso, uint32_t i, uint8_t *buf)
{
	const struct wire_frame *frame = gso->frame;
	uint32_t hdr_len = frame->gso_hdr_len;
	uint32_t off, len;

	assert(i < gso->nb_segs);
	if (frame->gso == WIRE_GSO_NONE) {
		gso_copy(frame, 0, frame->len, buf);
		if (frame->csum_partial &&
				!vnet_csum_complete(buf, frame->len, frame->csum_start,
						frame->csum_offset))
			assert(!"checksum outside of the frame");
		return frame->len;
	}
	off = i * frame->gso_size;
	len = gso->payload - off < frame->gso_size ? gso->payload - off : frame->gso_size;
	memcpy(buf, frame->head, hdr_len);
	gso_copy(frame, hdr_len + off, len, buf + hdr_len);
	gso_fix_ip(gso, i, buf, hdr_len + len);
	gso_fix_tcp(gso, i, buf, hdr_len + len);
	return hdr_len + len;
}

uint32_t
vnet_gso_packet_max(const struct wire_frame *frame)
{
	uint32_t len = frame->len - vnet_flow_l2_len(frame);
	uint32_t left_out;

	if (frame->gso == WIRE_GSO_NONE || frame->len - frame->gso_hdr_len <= frame->gso_size)
		return len;
	left_out = frame->len - frame->gso_hdr_len - frame->gso_size;
	return len - left_out;
}
