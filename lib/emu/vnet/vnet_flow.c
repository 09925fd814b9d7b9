/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one walk over the headers, each layer a function that checks the frame's
 * length before it looks and puts what it finds where the PRM has it (fte_match_set_lyr_2_4), so
 * that a rule is compared by bytes and nobody needs to know the fields one by one.
 *
 * A field of a header that is not there, or not whole, is zero and cannot be told from a zero that
 * is there; so it is on hardware, which is why drivers match ethertype or ip_version as well.
 * Of several VLAN tags the outer one is matched; ethertype is the one behind the tags. Fragments
 * have addresses but no ports, also the first one: all of a packet goes to one queue.
 * IPv6 extension headers are skipped up to the transport header.
 */
#include <assert.h>
#include <string.h>

#include "prm_field.h"
#include "vnet_flow.h"

#define ETH_IPV4 0x0800u
#define ETH_IPV6 0x86ddu
#define ETH_CVLAN 0x8100u
#define ETH_SVLAN 0x88a8u
#define IP_TCP 6u
#define IP_UDP 17u
#define IP6_HOP 0u
#define IP6_ROUTING 43u
#define IP6_FRAGMENT 44u
#define IP6_DSTOPTS 60u
#define IP6_MAX_EXT 8u

static_assert(PRM_SIZE(fte_match_set_lyr_2_4) == VNET_MATCH_SIZE, "match size");

/*
 * Bytes of the PRM's structure. Some hold several fields, in the very order in which they stand in
 * the packet: the tag control information, the traffic class.
 */
enum {
	M_SMAC = PRM_OFF(fte_match_set_lyr_2_4, smac_47_16) / 8,
	M_ETHERTYPE = PRM_OFF(fte_match_set_lyr_2_4, ethertype) / 8,
	M_DMAC = PRM_OFF(fte_match_set_lyr_2_4, dmac_47_16) / 8,
	M_TCI = PRM_OFF(fte_match_set_lyr_2_4, first_prio) / 8,
	M_PROTOCOL = PRM_OFF(fte_match_set_lyr_2_4, ip_protocol) / 8,
	M_TCLASS = PRM_OFF(fte_match_set_lyr_2_4, ip_dscp) / 8,
	M_KIND = PRM_OFF(fte_match_set_lyr_2_4, cvlan_tag) / 8,
	M_TCP_PORTS = PRM_OFF(fte_match_set_lyr_2_4, tcp_sport) / 8,
	M_IHL = PRM_OFF(fte_match_set_lyr_2_4, ipv4_ihl) / 8,
	M_TTL = PRM_OFF(fte_match_set_lyr_2_4, ttl_hoplimit) / 8,
	M_UDP_PORTS = PRM_OFF(fte_match_set_lyr_2_4, udp_sport) / 8,
	M_SRC = PRM_OFF(fte_match_set_lyr_2_4, src_ipv4_src_ipv6) / 8,
	M_DST = PRM_OFF(fte_match_set_lyr_2_4, dst_ipv4_dst_ipv6) / 8,
};

/* Bits of the byte M_KIND; the one below the version is the top one of tcp_flags. */
enum {
	KIND_CVLAN = 0x80,
	KIND_SVLAN = 0x40,
	KIND_FRAG = 0x20,
	KIND_IPV4 = 4 << 1,
	KIND_IPV6 = 6 << 1,
};

#define M_BIT(f) (PRM_OFF(fte_match_set_lyr_2_4, f) - PRM_OFF(fte_match_set_lyr_2_4, cvlan_tag))
static_assert(M_BIT(svlan_tag) == 1 && M_BIT(frag) == 2 && M_BIT(ip_version) == 3 &&
				M_BIT(tcp_flags) == 7 && M_BIT(tcp_sport) == 16,
		"byte M_KIND");

/* The frame and how far the walk has come. */
struct flow_walk {
	const uint8_t *head;
	size_t head_len; /* bytes that can be looked at */
	size_t len; /* bytes that there are */
	size_t off; /* <= head_len */
	bool own_len; /* the IP header's lengths count */
};

static uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static bool
flow_has(const struct flow_walk *w, size_t len)
{
	return len <= w->head_len - w->off;
}

static bool
flow_is_tag(uint16_t type)
{
	return type == ETH_CVLAN || type == ETH_SVLAN;
}

static uint16_t
flow_ethernet(struct flow_walk *w, struct vnet_flow *flow)
{
	uint16_t type = be16(w->head + 12);

	memcpy(flow->match + M_DMAC, w->head, 6);
	memcpy(flow->match + M_SMAC, w->head + 6, 6);
	w->off = 14;
	if (flow_is_tag(type) && flow_has(w, 4)) {
		flow->match[M_KIND] = type == ETH_CVLAN ? KIND_CVLAN : KIND_SVLAN;
		memcpy(flow->match + M_TCI, w->head + 14, 2);
	}
	for (; flow_is_tag(type) && flow_has(w, 4); w->off += 4)
		type = be16(w->head + w->off + 2);
	memcpy(flow->match + M_ETHERTYPE, w->head + w->off - 2, 2);
	flow->l2_len = (uint32_t)w->off;
	return type;
}

static void
flow_set_addr(const struct flow_walk *w, struct vnet_flow *flow, size_t off, uint32_t len)
{
	/* An IPv4 address is the last four bytes of the field. */
	memcpy(flow->match + M_SRC + 16 - len, w->head + off, len);
	memcpy(flow->match + M_DST + 16 - len, w->head + off + len, len);
	flow->addr_off = (uint32_t)off;
	flow->addr_len = len;
}

/* Notes what follows the IP headers, up to @p end; @return whether it has a transport header. */
static bool
flow_set_payload(const struct flow_walk *w, struct vnet_flow *flow, uint8_t proto, size_t end)
{
	bool frag = (flow->match[M_KIND] & KIND_FRAG) != 0;

	flow->match[M_PROTOCOL] = proto;
	flow->l4_proto = frag ? 0 : proto;
	flow->l4_off = (uint32_t)w->off;
	flow->l4_len = (uint32_t)(end - w->off);
	return !frag;
}

/* Parses IPv4; @return whether a transport header may follow at w->off. */
static bool
flow_ipv4(struct flow_walk *w, struct vnet_flow *flow)
{
	const uint8_t *ip = w->head + w->off;
	size_t head, total;

	if (!flow_has(w, 20) || ip[0] >> 4 != 4)
		return false;
	head = (ip[0] & 15u) * 4u;
	total = w->own_len ? be16(ip + 2) : w->len - w->off;
	if (head < 20 || total < head || !flow_has(w, head) || total > w->len - w->off)
		return false;
	flow->ip_version = 4;
	flow->match[M_KIND] |= KIND_IPV4;
	if ((be16(ip + 6) & 0x3fff) != 0) /* more fragments, or an offset */
		flow->match[M_KIND] |= KIND_FRAG;
	flow->match[M_TCLASS] = ip[1];
	flow->match[M_TTL] = ip[8];
	flow->match[M_IHL] = (uint8_t)(ip[0] << 4);
	flow_set_addr(w, flow, w->off + 12, 4);
	total += w->off;
	w->off += head;
	return flow_set_payload(w, flow, ip[9], total);
}

/* Skips extension headers; the packet ends at @p end. @return the protocol behind them. */
static uint8_t
flow_ipv6_ext(struct flow_walk *w, struct vnet_flow *flow, uint8_t proto, size_t end)
{
	size_t seen = end < w->head_len ? end : w->head_len;
	unsigned int i;

	for (i = 0; i < IP6_MAX_EXT; i++) {
		const uint8_t *ext = w->head + w->off;
		size_t len = 8;

		if (proto != IP6_HOP && proto != IP6_ROUTING && proto != IP6_FRAGMENT &&
				proto != IP6_DSTOPTS)
			break;
		if (seen - w->off < len)
			break;
		if (proto == IP6_FRAGMENT)
			flow->match[M_KIND] |= KIND_FRAG;
		else
			len = (ext[1] + 1u) * 8u;
		if (seen - w->off < len)
			break;
		flow->is_routed |= proto == IP6_ROUTING && ext[3] != 0; /* segments left */
		proto = ext[0];
		w->off += len;
	}
	return proto;
}

static bool
flow_ipv6(struct flow_walk *w, struct vnet_flow *flow)
{
	const uint8_t *ip = w->head + w->off;
	size_t end;

	if (!flow_has(w, 40) || ip[0] >> 4 != 6)
		return false;
	end = w->own_len ? w->off + 40u + be16(ip + 4) : w->len;
	if (end > w->len)
		return false;
	flow->ip_version = 6;
	flow->match[M_KIND] |= KIND_IPV6;
	flow->match[M_TCLASS] = (uint8_t)(be16(ip) >> 4);
	flow->match[M_TTL] = ip[7];
	flow_set_addr(w, flow, w->off + 8, 16);
	w->off += 40;
	return flow_set_payload(w, flow, flow_ipv6_ext(w, flow, ip[6], end), end);
}

static void
flow_l4(struct flow_walk *w, struct vnet_flow *flow)
{
	const uint8_t *l4 = w->head + w->off;

	if (flow->l4_proto == IP_TCP && flow->l4_len >= 20 && flow_has(w, 20)) {
		flow->has_ports = true;
		memcpy(flow->match + M_TCP_PORTS, l4, 4);
		flow->match[M_KIND] |= l4[12] & 1;
		flow->match[M_KIND + 1] = l4[13];
	} else if (flow->l4_proto == IP_UDP && flow->l4_len >= 8 && flow_has(w, 8)) {
		flow->has_ports = true;
		memcpy(flow->match + M_UDP_PORTS, l4, 4);
	}
}

void
vnet_flow_parse(const struct wire_frame *frame, struct vnet_flow *flow)
{
	struct flow_walk w = {
		.head = frame->head,
		.head_len = frame->head_len,
		.len = frame->len,
		.own_len = frame->gso == WIRE_GSO_NONE,
	};
	uint16_t type;
	bool more = false;

	memset(flow, 0, sizeof(*flow));
	if (frame->head_len < 14)
		return;
	type = flow_ethernet(&w, flow);
	if (type == ETH_IPV4)
		more = flow_ipv4(&w, flow);
	else if (type == ETH_IPV6)
		more = flow_ipv6(&w, flow);
	if (more)
		flow_l4(&w, flow);
}

uint32_t
vnet_flow_l2_len(const struct wire_frame *frame)
{
	uint32_t len = 14;

	assert(frame->head_len >= 14);
	while (flow_is_tag(be16(frame->head + len - 2)) && frame->head_len - len >= 4)
		len += 4;
	return len;
}

bool
vnet_flow_matches(const struct vnet_flow *flow, const struct vnet_rule_attr *rule)
{
	uint64_t have, want, mask;
	unsigned int i;

	if (!rule->match_outer)
		return true;
	for (i = 0; i < VNET_MATCH_SIZE; i += 8) {
		memcpy(&have, flow->match + i, 8);
		memcpy(&want, rule->value + i, 8);
		memcpy(&mask, rule->mask + i, 8);
		if (((have ^ want) & mask) != 0)
			return false;
	}
	return true;
}
