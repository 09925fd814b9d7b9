/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: membership is read and written back, frames are classified and rewritten;
 * then a switch with an access port, trunks and a port that nobody has set.
 */
#include "wire_peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void
test_parse(void **state)
{
	static const char *const good[] = { "none", "access:10", "trunk:10,20-29", "trunk:1-4094/1",
		"trunk:7/8" };
	static const char *const bad[] = { "", "access", "access:", "access:0", "access:4095",
		"access:10,11", "trunk:", "trunk:10,", "trunk:20-10", "trunk:10/", "trunk:10/0",
		"trunk: 10", "access:10x", "hybrid:1" };
	struct wire_vlan vlan;
	unsigned int i;
	char buf[64];

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(wire_vlan_parse(good[i], &vlan), 0);
		assert_int_equal(vlan.set, i != 0);
		assert_int_equal(wire_vlan_print(&vlan, buf, sizeof(buf)), 0);
		/* the untagged one is a member like the others */
		assert_string_equal(buf, i == 4 ? "trunk:7-8/8" : good[i]);
		assert_int_equal(wire_vlan_print(&vlan, buf, 4), -ENOSPC);
	}
	wire_vlan_parse("access:10", &vlan);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (wire_vlan_parse(bad[i], &vlan) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	}
	assert_int_equal(vlan.pvid, 10);
}

/* A frame with tag @p tci, none if it is -1. @return its length. */
static size_t
tagged_frame(uint8_t buf[64], int tci, struct wire_frame *frame)
{
	wire_peer_frame(buf, 0xff, 1);
	buf[14] = 0x45;
	if (tci >= 0) {
		memmove(buf + 16, buf + 12, 48);
		buf[12] = 0x81;
		buf[13] = 0;
		buf[14] = (uint8_t)(tci >> 8);
		buf[15] = (uint8_t)tci;
	}
	wire_frame_init(frame, buf, tci >= 0 ? 64 : 60);
	return frame->len;
}

static void
test_rewrite(void **state)
{
	uint8_t buf[64], plain[64], out[80];
	struct wire_frame frame, other;
	struct wire_vlan vlan;
	uint16_t vid;

	(void)state;
	wire_vlan_parse("trunk:10,20/10", &vlan);
	tagged_frame(plain, -1, &frame);
	frame.csum_partial = true;
	frame.csum_start = 34;
	frame.gso = WIRE_GSO_TCPV4;
	frame.gso_hdr_len = 54;
	assert_true(wire_vlan_classify(&vlan, &frame, &vid));
	assert_int_equal(vid, 10);
	assert_false(wire_vlan_must_rewrite(&vlan, &frame, 10));
	assert_true(wire_vlan_must_rewrite(&vlan, &frame, 20));
	/* in goes a tag, and all that counts from the beginning moves */
	assert_true(wire_vlan_rewrite(&frame, 20, out, &other));
	tagged_frame(buf, 20, &frame);
	assert_int_equal(other.len, 64);
	assert_memory_equal(other.head, buf, 64);
	assert_int_equal(other.csum_start, 38);
	assert_int_equal(other.gso_hdr_len, 58);
	/* out goes the tag */
	assert_true(wire_vlan_classify(&vlan, &frame, &vid));
	assert_int_equal(vid, 20);
	assert_true(wire_vlan_rewrite(&frame, 20, out, &other));
	assert_int_equal(other.len, 60);
	assert_memory_equal(other.head, plain, 60);
	/* a priority tag is completed, its priority stays */
	tagged_frame(buf, 0xa000, &frame);
	assert_true(wire_vlan_classify(&vlan, &frame, &vid));
	assert_int_equal(vid, 10);
	assert_false(wire_vlan_must_rewrite(&vlan, &frame, 10));
	assert_true(wire_vlan_rewrite(&frame, 20, out, &other));
	assert_int_equal(other.len, 64);
	assert_int_equal(out[14], 0xa0);
	assert_int_equal(out[15], 20);
	/* no member, no untagged ones */
	tagged_frame(buf, 11, &frame);
	assert_false(wire_vlan_classify(&vlan, &frame, &vid));
	wire_vlan_parse("trunk:10", &vlan);
	tagged_frame(buf, -1, &frame);
	assert_false(wire_vlan_classify(&vlan, &frame, &vid));
}

static void
test_longest_frame_gets_no_tag(void **state)
{
	static uint8_t big[WIRE_FRAME_MAX], out[WIRE_FRAME_MAX + WIRE_VLAN_TAG];
	struct wire_frame frame, other;

	(void)state;
	wire_frame_init(&frame, big, sizeof(big));
	assert_false(wire_vlan_rewrite(&frame, 20, out, &other));
	frame.len = frame.head_len = WIRE_FRAME_MAX - WIRE_VLAN_TAG;
	assert_true(wire_vlan_rewrite(&frame, 20, out, &other));
}

/* --- on a switch ---------------------------------------------------------------------------- */

static const char *const bed_vlans[] = { "access:10", "access:20", "trunk:10,20", "none" };

struct bed {
	struct wire *wire;
	struct wire_peer peers[4];
};

static void
bed_make(struct bed *bed)
{
	const char *why;
	unsigned int i;

	memset(bed, 0, sizeof(*bed));
	assert_int_equal(wire_switch_create(4, 1000, NULL, &bed->wire), 0);
	for (i = 0; i < 4; i++) {
		wire_plug(bed->wire, i, &wire_peer_ops, &bed->peers[i]);
		wire_port_wake(bed->wire, i);
		assert_int_equal(wire_port_set(bed->wire, i, "vlan", bed_vlans[i], &why), 0);
	}
}

/* Sends a frame; @return for each port a letter: '-' nothing, 'u' untagged, 't' tagged. */
static const char *
bed_send(struct bed *bed, unsigned int from, int tci, uint8_t dst, uint8_t src)
{
	static char got[5];
	struct wire_hold hold = { 0 };
	struct wire_frame frame;
	uint8_t buf[64];
	unsigned int i;

	for (i = 0; i < 4; i++)
		bed->peers[i].frames = 0;
	tagged_frame(buf, tci, &frame);
	if (dst != 0xff) {
		memset(buf, 0, 6);
		buf[0] = 2;
	}
	buf[5] = dst;
	buf[11] = src;
	assert_int_equal(wire_send(bed->wire, from, &frame, &hold), 0);
	for (i = 0; i < 4; i++) {
		struct wire_peer *peer = &bed->peers[i];

		got[i] = peer->frames == 0 ? '-' : peer->last[12] == 0x81 ? 't' : 'u';
		if (got[i] == 't')
			assert_int_equal(peer->last[15],
					tci > 0                   ? tci & 0xff :
							from == 0 ? 10 :
								    20);
	}
	return got;
}

static void
test_switch(void **state)
{
	struct wire_port_stats stats;
	struct bed bed;

	(void)state;
	bed_make(&bed);
	assert_string_equal(bed_send(&bed, 0, -1, 0xff, 1), "--tt");
	assert_string_equal(bed_send(&bed, 1, -1, 0xff, 2), "--tt");
	assert_string_equal(bed_send(&bed, 2, 10, 0xff, 3), "u--t");
	assert_string_equal(bed_send(&bed, 3, 20, 0xff, 4), "-ut-");
	/* untagged at the port that nobody set: VLAN 1, which has no other member */
	assert_string_equal(bed_send(&bed, 3, -1, 0xff, 4), "----");
	/* untagged at a trunk without an untagged VLAN, a foreign VLAN at an access port */
	assert_string_equal(bed_send(&bed, 2, -1, 0xff, 3), "----");
	assert_string_equal(bed_send(&bed, 0, 20, 0xff, 1), "----");
	wire_port_stats(bed.wire, 2, &stats);
	assert_int_equal(stats.tx_vlan, 1);
	wire_port_stats(bed.wire, 0, &stats);
	assert_int_equal(stats.tx_vlan, 1);
	/* a station is known in the VLAN that it spoke in only */
	assert_string_equal(bed_send(&bed, 2, 10, 1, 3), "u---");
	assert_string_equal(bed_send(&bed, 2, 20, 1, 3), "-u-t");
	wire_destroy(bed.wire);
}

/* The longest frame has no room for a tag; that is noted once, however long another port waits. */
static void
test_too_long_for_a_tag(void **state)
{
	struct wire_hold hold = { 0 };
	struct wire_port_stats stats;
	struct bed bed;
	uint8_t *data = calloc(1, WIRE_FRAME_MAX);
	const char *why;

	(void)state;
	assert_non_null(data);
	memset(data, 0xff, 6);
	data[6] = 2;
	bed_make(&bed);
	assert_int_equal(wire_port_set(bed.wire, 1, "vlan", "access:10", &why), 0);
	bed.peers[1].full = true;
	assert_int_equal(wire_peer_send(bed.wire, 0, data, WIRE_FRAME_MAX, &hold), -EAGAIN);
	assert_int_equal(wire_peer_send(bed.wire, 0, data, WIRE_FRAME_MAX, &hold), -EAGAIN);
	bed.peers[1].full = false;
	assert_int_equal(wire_peer_send(bed.wire, 0, data, WIRE_FRAME_MAX, &hold), 0);
	assert_int_equal(bed.peers[1].frames, 1);
	assert_int_equal(bed.peers[2].frames, 0);
	wire_port_stats(bed.wire, 2, &stats);
	assert_int_equal(stats.rx_mtu, 1);
	/* nobody left who can have it: that is no other loss */
	assert_int_equal(wire_port_set(bed.wire, 1, "vlan", "access:20", &why), 0);
	assert_int_equal(wire_peer_send(bed.wire, 0, data, WIRE_FRAME_MAX, &hold), 0);
	wire_port_stats(bed.wire, 2, &stats);
	assert_int_equal(stats.rx_mtu, 2);
	wire_port_stats(bed.wire, 0, &stats);
	assert_int_equal(stats.tx_nowhere, 0);
	wire_destroy(bed.wire);
	free(data);
}

static void
test_without_vlans_tags_pass(void **state)
{
	const char *why;
	struct bed bed;
	unsigned int i;

	(void)state;
	bed_make(&bed);
	for (i = 0; i < 4; i++)
		assert_int_equal(wire_port_set(bed.wire, i, "vlan", "none", &why), 0);
	assert_string_equal(bed_send(&bed, 0, 77, 0xff, 1), "-ttt");
	assert_string_equal(bed_send(&bed, 0, -1, 0xff, 1), "-uuu");
	wire_destroy(bed.wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_rewrite),
		cmocka_unit_test(test_longest_frame_gets_no_tag),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_too_long_for_a_tag),
		cmocka_unit_test(test_without_vlans_tags_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
