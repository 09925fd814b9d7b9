/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: frames and the bytes that the PRM has for them; every frame is also cut
 * short at every length, in a buffer of just that length, so that the address sanitizer sees a
 * look beyond the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prm_field.h"
#include "vnet_flow.h"

#define GET(flow, f) PRM_GET(fte_match_set_lyr_2_4, (flow).match, f)

static const uint8_t udp4_vlan[] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x02, 0xaa, 0xbb, 0xcc,
	0xdd, 0xee, 0x81, 0x00, 0xb0, 0x64, 0x08, 0x00, 0x46, 0xb9, 0, 36, 0, 0, 0x40, 0, 9, 17, 0,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 0, 0x30, 0x39, 0xd4, 0x31, 0, 12, 0, 0, 'a', 'b', 'c',
	'd' };

static const uint8_t tcp6_ext[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x62, 0x80, 0,
	0, 0, 36, 0, 63, 0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 2, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 2, 60, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11,
	0x22, 0x22, 0, 0, 0, 0, 0, 0, 0, 0, 0x51, 0x12, 0, 0, 0, 0, 0, 0 };

/* Parses a frame of which the first @p head bytes are in the head. */
static void
parse_head(const uint8_t *f, size_t head, size_t len, struct vnet_flow *flow)
{
	struct wire_frame frame;

	wire_frame_init(&frame, f, len);
	frame.head_len = (uint32_t)head;
	vnet_flow_parse(&frame, flow);
}

static void
parse(const uint8_t *f, size_t len, struct vnet_flow *flow)
{
	parse_head(f, len, len, flow);
}

static void
test_udp4_vlan(void **state)
{
	struct vnet_flow flow;

	(void)state;
	parse(udp4_vlan, sizeof(udp4_vlan), &flow);
	assert_int_equal(GET(flow, dmac_47_16), 0x02112233);
	assert_int_equal(GET(flow, dmac_15_0), 0x4455);
	assert_int_equal(GET(flow, smac_47_16), 0x02aabbcc);
	assert_int_equal(GET(flow, smac_15_0), 0xddee);
	assert_int_equal(GET(flow, ethertype), 0x0800);
	assert_int_equal(GET(flow, cvlan_tag), 1);
	assert_int_equal(GET(flow, svlan_tag), 0);
	assert_int_equal(GET(flow, first_prio), 5);
	assert_int_equal(GET(flow, first_cfi), 1);
	assert_int_equal(GET(flow, first_vid), 100);
	assert_int_equal(GET(flow, ip_version), 4);
	assert_int_equal(GET(flow, ipv4_ihl), 6);
	assert_int_equal(GET(flow, ip_dscp), 0x2e);
	assert_int_equal(GET(flow, ip_ecn), 1);
	assert_int_equal(GET(flow, ttl_hoplimit), 9);
	assert_int_equal(GET(flow, frag), 0); /* "don't fragment" is none */
	assert_int_equal(GET(flow, ip_protocol), 17);
	assert_int_equal(GET(flow, udp_sport), 12345);
	assert_int_equal(GET(flow, udp_dport), 54321);
	assert_int_equal(GET(flow, tcp_sport), 0);
	/* an IPv4 address is the end of the 16-byte field */
	assert_memory_equal(flow.match + 32 + 12, "\1\2\3\4", 4);
	assert_memory_equal(flow.match + 48 + 12, "\5\6\7\10", 4);
	/* as a driver writes it: byte 0x12 is 0x08 for IPv4 under mask 0x1e */
	assert_int_equal(flow.match[0x12] & 0x1e, 0x08);
	assert_int_equal(flow.match[0x10], 17);
	assert_int_equal(flow.l2_len, 18);
	assert_int_equal(flow.l4_len, 12);
	assert_true(flow.has_ports);
}

static void
test_tcp6_ext(void **state)
{
	struct vnet_flow flow;

	(void)state;
	parse(tcp6_ext, sizeof(tcp6_ext), &flow);
	assert_int_equal(GET(flow, ethertype), 0x86dd);
	assert_int_equal(flow.match[0x12] & 0x1e, 0x0c);
	assert_int_equal(GET(flow, ip_dscp), 0x0a);
	assert_int_equal(GET(flow, ip_protocol), 6);
	assert_int_equal(GET(flow, tcp_sport), 0x1111);
	assert_int_equal(GET(flow, tcp_dport), 0x2222);
	assert_int_equal(GET(flow, tcp_flags), 0x112);
	assert_int_equal(GET(flow, ttl_hoplimit), 63);
	assert_memory_equal(flow.match + 32, tcp6_ext + 22, 16);
	assert_memory_equal(flow.match + 48, tcp6_ext + 38, 16);
}

static void
test_fragments(void **state)
{
	struct vnet_flow flow;
	uint8_t f[sizeof(udp4_vlan)];

	(void)state;
	memcpy(f, udp4_vlan, sizeof(f));
	f[24] = 0x20; /* the first of several: has the ports, but the others have not */
	parse(f, sizeof(f), &flow);
	assert_int_equal(GET(flow, frag), 1);
	assert_int_equal(GET(flow, ip_protocol), 17);
	assert_int_equal(GET(flow, udp_sport), 0);
	assert_false(flow.has_ports);
	f[24] = 0;
	f[25] = 1; /* a later one */
	parse(f, sizeof(f), &flow);
	assert_int_equal(GET(flow, frag), 1);
}

static void
cut(const uint8_t *frame, size_t full)
{
	struct vnet_flow flow;
	size_t len;

	for (len = 0; len < full; len++) {
		uint8_t *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy + 1, frame, len);
		parse(copy + 1, len, &flow);
		assert_false(flow.has_ports);
		assert_int_equal(flow.l4_proto, 0);
		/* the whole frame, but only so much of it in the head */
		parse_head(copy + 1, len, full, &flow);
		assert_true(flow.l4_off <= len);
		assert_true(!flow.has_ports || flow.l4_off + 8 <= len);
		free(copy);
	}
}

static void
test_cut_short(void **state)
{
	(void)state;
	cut(udp4_vlan, sizeof(udp4_vlan));
	cut(tcp6_ext, sizeof(tcp6_ext));
}

static void
test_tags(void **state)
{
	uint8_t f[sizeof(udp4_vlan) + 4];
	struct wire_frame frame;
	struct vnet_flow flow;

	(void)state;
	memcpy(f, udp4_vlan, 12);
	memcpy(f + 12, "\x88\xa8\x20\x07", 4);
	memcpy(f + 16, udp4_vlan + 12, sizeof(udp4_vlan) - 12);
	parse(f, sizeof(f), &flow);
	assert_int_equal(GET(flow, svlan_tag), 1);
	assert_int_equal(GET(flow, cvlan_tag), 0);
	assert_int_equal(GET(flow, first_vid), 7);
	assert_int_equal(GET(flow, first_prio), 1);
	assert_int_equal(GET(flow, ethertype), 0x0800);
	assert_int_equal(flow.l2_len, 22);
	wire_frame_init(&frame, f, sizeof(f));
	assert_int_equal(vnet_flow_l2_len(&frame), 22);
	/* a tag that is not whole is no tag */
	wire_frame_init(&frame, f, 17);
	assert_int_equal(vnet_flow_l2_len(&frame), 14);
	parse(f, 17, &flow);
	assert_int_equal(GET(flow, ethertype), 0x88a8);
	assert_int_equal(GET(flow, svlan_tag), 0);
	assert_int_equal(flow.l2_len, 14);
}

/* Until it is segmented a frame may be longer or shorter than its IP header says. */
static void
test_to_be_segmented(void **state)
{
	static const uint16_t totals[] = { 0, 36, 20, 0xffff };
	uint8_t f[sizeof(udp4_vlan)];
	struct wire_frame frame;
	struct vnet_flow flow;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		memcpy(f, udp4_vlan, sizeof(f));
		f[20] = (uint8_t)(totals[i] >> 8);
		f[21] = (uint8_t)totals[i];
		wire_frame_init(&frame, f, sizeof(f));
		frame.gso = WIRE_GSO_TCPV4;
		vnet_flow_parse(&frame, &flow);
		assert_true(flow.has_ports);
		assert_int_equal(flow.l4_len, 12);
	}
}

/* Field by field from the frame, the slow way. */
static bool
reference_matches(const struct vnet_flow *flow, const struct vnet_rule_attr *rule)
{
	unsigned int bit;

	for (bit = 0; bit < VNET_MATCH_SIZE * 8; bit++) {
		if (prm_get(rule->mask, bit, 1) != 0 &&
				prm_get(rule->value, bit, 1) != prm_get(flow->match, bit, 1))
			return false;
	}
	return true;
}

/* A mask of random width on random fields; the value is the frame's, often spoilt by one bit. */
static void
random_rule(const struct vnet_flow *flow, struct vnet_rule_attr *rule)
{
	unsigned int i, bit;

	memset(rule, 0, sizeof(*rule));
	rule->match_outer = true;
	for (i = 0; i < VNET_MATCH_SIZE; i++) {
		rule->mask[i] = rand() % 4 == 0 ? (uint8_t)rand() : 0;
		rule->value[i] = (uint8_t)((flow->match[i] & rule->mask[i]) |
				((uint8_t)rand() & ~rule->mask[i]));
	}
	if (rand() % 2 != 0) {
		bit = (unsigned int)rand() % (VNET_MATCH_SIZE * 8);
		rule->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void
test_masks_against_reference(void **state)
{
	struct vnet_rule_attr rule;
	unsigned int round, yes = 0, no = 0;
	struct vnet_flow flow;

	(void)state;
	srand(5);
	for (round = 0; round < 20000; round++) {
		if (round % 2 != 0)
			parse(tcp6_ext, sizeof(tcp6_ext), &flow);
		else
			parse(udp4_vlan, sizeof(udp4_vlan), &flow);
		random_rule(&flow, &rule);
		if (reference_matches(&flow, &rule))
			yes++;
		else
			no++;
		assert_int_equal(vnet_flow_matches(&flow, &rule), reference_matches(&flow, &rule));
	}
	assert_true(yes > 1000 && no > 1000);
}

static void
test_random(void **state)
{
	struct vnet_flow flow;
	unsigned int round;
	size_t i, len;

	(void)state;
	srand(2);
	for (round = 0; round < 50000; round++) {
		const uint8_t *base = round % 2 ? tcp6_ext : udp4_vlan;
		uint8_t *f;

		len = round % 2 ? sizeof(tcp6_ext) : sizeof(udp4_vlan);
		f = malloc(len);
		assert_non_null(f);
		memcpy(f, base, len);
		for (i = 0; i < 4; i++)
			f[12 + (size_t)rand() % (len - 12)] = (uint8_t)rand();
		parse(f, len, &flow);
		assert_true(!flow.has_ports || flow.l4_off + flow.l4_len <= len);
		assert_true(flow.addr_off + 2 * flow.addr_len <= len);
		free(f);
	}
}

static void
test_matches(void **state)
{
	struct vnet_rule_attr rule = { .match_outer = true };
	struct vnet_flow flow;

	(void)state;
	parse(udp4_vlan, sizeof(udp4_vlan), &flow);
	assert_true(vnet_flow_matches(&flow, &rule)); /* empty mask */
	PRM_SET(fte_match_set_lyr_2_4, rule.mask, first_vid, 0xfff);
	PRM_SET(fte_match_set_lyr_2_4, rule.value, first_vid, 100);
	assert_true(vnet_flow_matches(&flow, &rule));
	PRM_SET(fte_match_set_lyr_2_4, rule.value, first_vid, 101);
	assert_false(vnet_flow_matches(&flow, &rule));
	PRM_SET(fte_match_set_lyr_2_4, rule.mask, first_vid, 0xffe);
	assert_true(vnet_flow_matches(&flow, &rule));
	rule.match_outer = false;
	memset(rule.mask, 0xff, sizeof(rule.mask));
	assert_true(vnet_flow_matches(&flow, &rule));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp4_vlan),
		cmocka_unit_test(test_tcp6_ext),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_to_be_segmented),
		cmocka_unit_test(test_masks_against_reference),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
