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

/* The frame and how far the walk has come. */
struct flow_walk {
	const uint8_t *frame;
	size_t len;
	size_t off;
};

static uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static bool
flow_has(const struct flow_walk *w, size_t len)
{
	return len <= w->len - w->off;
}

static uint16_t
flow_ethernet(struct flow_walk *w, struct vnet_flow *flow)
{
	void *m = flow->match;
	uint16_t type;
	bool tagged = false;

	PRM_SET(fte_match_set_lyr_2_4, m, dmac_47_16, be32(w->frame));
	PRM_SET(fte_match_set_lyr_2_4, m, dmac_15_0, be16(w->frame + 4));
	PRM_SET(fte_match_set_lyr_2_4, m, smac_47_16, be32(w->frame + 6));
	PRM_SET(fte_match_set_lyr_2_4, m, smac_15_0, be16(w->frame + 10));
	type = be16(w->frame + 12);
	w->off = 14;
	while ((type == ETH_CVLAN || type == ETH_SVLAN) && flow_has(w, 4)) {
		uint16_t tci = be16(w->frame + w->off);

		if (!tagged) {
			PRM_SET(fte_match_set_lyr_2_4, m, cvlan_tag, type == ETH_CVLAN);
			PRM_SET(fte_match_set_lyr_2_4, m, svlan_tag, type == ETH_SVLAN);
			PRM_SET(fte_match_set_lyr_2_4, m, first_prio, tci >> 13);
			PRM_SET(fte_match_set_lyr_2_4, m, first_cfi, tci >> 12 & 1);
			PRM_SET(fte_match_set_lyr_2_4, m, first_vid, tci & 0xfff);
			tagged = true;
		}
		type = be16(w->frame + w->off + 2);
		w->off += 4;
	}
	PRM_SET(fte_match_set_lyr_2_4, m, ethertype, type);
	return type;
}

static void
flow_set_ip(struct vnet_flow *flow, uint8_t version, uint8_t tclass, uint8_t ttl)
{
	void *m = flow->match;

	flow->ip_version = version;
	PRM_SET(fte_match_set_lyr_2_4, m, ip_version, version);
	PRM_SET(fte_match_set_lyr_2_4, m, ip_dscp, tclass >> 2);
	PRM_SET(fte_match_set_lyr_2_4, m, ip_ecn, tclass & 3);
	PRM_SET(fte_match_set_lyr_2_4, m, ttl_hoplimit, ttl);
}

static void
flow_set_addr(const struct flow_walk *w, struct vnet_flow *flow, size_t off, uint32_t len)
{
	uint8_t *src = PRM_PTR(fte_match_set_lyr_2_4, flow->match, src_ipv4_src_ipv6);
	uint8_t *dst = PRM_PTR(fte_match_set_lyr_2_4, flow->match, dst_ipv4_dst_ipv6);

	/* An IPv4 address is the last four bytes of the field. */
	memcpy(src + 16 - len, w->frame + off, len);
	memcpy(dst + 16 - len, w->frame + off + len, len);
	flow->addr_off = (uint32_t)off;
	flow->addr_len = len;
}

/* Parses IPv4; @return whether a transport header may follow at w->off. */
static bool
flow_ipv4(struct flow_walk *w, struct vnet_flow *flow)
{
	const uint8_t *ip = w->frame + w->off;
	size_t head, total;
	bool frag;

	if (!flow_has(w, 20) || ip[0] >> 4 != 4)
		return false;
	head = (ip[0] & 15u) * 4u;
	total = be16(ip + 2);
	if (head < 20 || total < head || !flow_has(w, total))
		return false;
	frag = (be16(ip + 6) & 0x3fff) != 0; /* more fragments, or an offset */
	flow_set_ip(flow, 4, ip[1], ip[8]);
	flow_set_addr(w, flow, w->off + 12, 4);
	PRM_SET(fte_match_set_lyr_2_4, flow->match, ipv4_ihl, ip[0] & 15u);
	PRM_SET(fte_match_set_lyr_2_4, flow->match, ip_protocol, ip[9]);
	PRM_SET(fte_match_set_lyr_2_4, flow->match, frag, frag);
	flow->l4_proto = frag ? 0 : ip[9];
	flow->l4_len = (uint32_t)(total - head);
	w->off += head;
	return !frag;
}

/* Skips extension headers; @return the protocol behind them, the end of the packet is @p end. */
static uint8_t
flow_ipv6_ext(struct flow_walk *w, uint8_t proto, size_t end, bool *frag)
{
	unsigned int i;

	for (i = 0; i < IP6_MAX_EXT; i++) {
		const uint8_t *ext = w->frame + w->off;
		size_t len = 8;

		if (proto != IP6_HOP && proto != IP6_ROUTING && proto != IP6_FRAGMENT &&
				proto != IP6_DSTOPTS)
			break;
		if (end - w->off < len)
			break;
		if (proto == IP6_FRAGMENT)
			*frag = true;
		else
			len = (ext[1] + 1u) * 8u;
		if (end - w->off < len)
			break;
		proto = ext[0];
		w->off += len;
	}
	return proto;
}

static bool
flow_ipv6(struct flow_walk *w, struct vnet_flow *flow)
{
	const uint8_t *ip = w->frame + w->off;
	size_t end;
	bool frag = false;
	uint8_t proto;

	if (!flow_has(w, 40) || ip[0] >> 4 != 6 || !flow_has(w, 40u + be16(ip + 4)))
		return false;
	flow_set_ip(flow, 6, (uint8_t)(be16(ip) >> 4), ip[7]);
	flow_set_addr(w, flow, w->off + 8, 16);
	end = w->off + 40u + be16(ip + 4);
	w->off += 40;
	proto = flow_ipv6_ext(w, ip[6], end, &frag);
	PRM_SET(fte_match_set_lyr_2_4, flow->match, ip_protocol, proto);
	PRM_SET(fte_match_set_lyr_2_4, flow->match, frag, frag);
	flow->l4_proto = frag ? 0 : proto;
	flow->l4_len = (uint32_t)(end - w->off);
	return !frag;
}

static void
flow_l4(struct flow_walk *w, struct vnet_flow *flow)
{
	const uint8_t *l4 = w->frame + w->off;
	void *m = flow->match;

	flow->l4_off = (uint32_t)w->off;
	if (flow->l4_proto == IP_TCP && flow->l4_len >= 20) {
		flow->has_ports = true;
		PRM_SET(fte_match_set_lyr_2_4, m, tcp_sport, be16(l4));
		PRM_SET(fte_match_set_lyr_2_4, m, tcp_dport, be16(l4 + 2));
		PRM_SET(fte_match_set_lyr_2_4, m, tcp_flags, be16(l4 + 12) & 0x1ff);
	} else if (flow->l4_proto == IP_UDP && flow->l4_len >= 8) {
		flow->has_ports = true;
		PRM_SET(fte_match_set_lyr_2_4, m, udp_sport, be16(l4));
		PRM_SET(fte_match_set_lyr_2_4, m, udp_dport, be16(l4 + 2));
	}
}

void
vnet_flow_parse(const void *frame, size_t len, struct vnet_flow *flow)
{
	struct flow_walk w = { .frame = frame, .len = len };
	uint16_t type;
	bool more = false;

	memset(flow, 0, sizeof(*flow));
	if (len < 14)
		return;
	type = flow_ethernet(&w, flow);
	if (type == ETH_IPV4)
		more = flow_ipv4(&w, flow);
	else if (type == ETH_IPV6)
		more = flow_ipv6(&w, flow);
	if (more)
		flow_l4(&w, flow);
}

bool
vnet_flow_matches(const struct vnet_flow *flow, const struct vnet_rule_attr *rule)
{
	unsigned int i;

	if (!rule->match_outer)
		return true;
	for (i = 0; i < VNET_MATCH_SIZE; i++) {
		if (((flow->match[i] ^ rule->value[i]) & rule->mask[i]) != 0)
			return false;
	}
	return true;
}
