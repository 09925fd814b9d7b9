/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: several nets in one wire do not hear each other; names are unique; a port can
 * move; links go off and on.
 */
#include "wire_peer.h"

#include <errno.h>

struct bed {
	struct wire *wire;
	struct wire_peer peers[4];
	unsigned int changes;
	unsigned int last_port;
	bool last_up;
};

static void
bed_changed(void *arg, unsigned int port, bool up)
{
	struct bed *bed = arg;

	bed->changes++;
	bed->last_port = port;
	bed->last_up = up;
}

static void
bed_make(struct bed *bed)
{
	unsigned int i;

	memset(bed, 0, sizeof(*bed));
	assert_int_equal(wire_create(4, 1000, NULL, &bed->wire), 0);
	for (i = 0; i < 4; i++) {
		wire_plug(bed->wire, i, &wire_peer_ops, &bed->peers[i]);
		wire_port_wake(bed->wire, i);
	}
	wire_link_watch(bed->wire, bed_changed, bed);
}

/* @return the set of ports that got a broadcast from @p from */
static unsigned int
bed_reach(struct bed *bed, unsigned int from)
{
	struct wire_hold hold = { 0 };
	unsigned int i, got = 0;
	uint8_t frame[60];

	for (i = 0; i < 4; i++)
		bed->peers[i].frames = 0;
	wire_peer_frame(frame, 0xff, 1);
	assert_int_equal(wire_peer_send(bed->wire, from, frame, sizeof(frame), &hold), 0);
	for (i = 0; i < 4; i++)
		got |= bed->peers[i].frames << i;
	return got;
}

static void
test_nets(void **state)
{
	struct wire_port_stats stats;
	struct bed bed;

	(void)state;
	bed_make(&bed);
	assert_int_equal(bed_reach(&bed, 0), 0); /* plugged into nothing */
	assert_int_equal(wire_port_net(bed.wire, 0), -ENOENT);
	assert_int_equal(wire_net_add(bed.wire, "left", "switch"), 0);
	assert_int_equal(wire_net_add(bed.wire, "right", "switch"), 1);
	assert_int_equal(wire_net_add(bed.wire, "own", "loop"), 2);
	assert_int_equal(wire_net_add(bed.wire, "sink", "null"), 3);
	wire_join(bed.wire, 0, 0);
	wire_join(bed.wire, 1, 0);
	wire_join(bed.wire, 2, 1);
	wire_join(bed.wire, 3, 1);
	assert_int_equal(bed_reach(&bed, 0), 0x2);
	assert_int_equal(bed_reach(&bed, 3), 0x4);
	wire_join(bed.wire, 1, 1); /* moves */
	assert_int_equal(bed_reach(&bed, 0), 0);
	assert_int_equal(bed_reach(&bed, 3), 0x6);
	wire_join(bed.wire, 3, 2);
	assert_int_equal(bed_reach(&bed, 3), 0x8);
	wire_join(bed.wire, 3, 3);
	assert_int_equal(bed_reach(&bed, 3), 0);
	wire_port_stats(bed.wire, 3, &stats);
	assert_int_equal(stats.tx_frames, 4);
	assert_int_equal(stats.tx_nowhere, 1);
	wire_destroy(bed.wire);
}

static void
test_names(void **state)
{
	struct bed bed;

	(void)state;
	bed_make(&bed);
	assert_int_equal(wire_net_add(bed.wire, "a", "switch"), 0);
	assert_int_equal(wire_net_add(bed.wire, "a", "loop"), -EEXIST);
	assert_int_equal(wire_net_add(bed.wire, "b", "hub"), -EINVAL);
	assert_int_equal(wire_net_add(bed.wire, "", "loop"), -EINVAL);
	assert_int_equal(wire_net_add(bed.wire, "a b", "loop"), -EINVAL);
	assert_int_equal(wire_net_add(bed.wire, "12345678901234567890123456789012", "loop"),
			-EINVAL);
	assert_int_equal(wire_net_find(bed.wire, "a"), 0);
	assert_int_equal(wire_net_find(bed.wire, "b"), -ENOENT);
	assert_string_equal(wire_port_name(bed.wire, 3), "3");
	assert_int_equal(wire_port_rename(bed.wire, 3, "2"), -EEXIST);
	assert_int_equal(wire_port_rename(bed.wire, 3, "mlx5_3"), 0);
	assert_int_equal(wire_port_find(bed.wire, "mlx5_3"), 3);
	assert_int_equal(wire_port_find(bed.wire, "3"), -ENOENT);
	assert_string_equal(wire_port_kind(bed.wire, 3), "function");
	wire_destroy(bed.wire);
}

static void
test_link(void **state)
{
	struct wire_port_stats stats;
	struct bed bed;

	(void)state;
	bed_make(&bed);
	wire_net_add(bed.wire, "a", "switch");
	wire_join(bed.wire, 0, 0);
	wire_join(bed.wire, 1, 0);
	wire_join(bed.wire, 2, 0);
	assert_true(wire_link(bed.wire, 1));
	wire_link_off(bed.wire, 1);
	wire_link_off(bed.wire, 1);
	assert_int_equal(bed.changes, 1);
	assert_int_equal(bed.last_port, 1);
	assert_false(bed.last_up);
	assert_string_equal(wire_link_text(bed.wire, 1), "off");
	/* nothing in, also when it could not take it anyway, and nothing out */
	bed.peers[1].full = true;
	assert_int_equal(bed_reach(&bed, 0), 0x4);
	bed.peers[1].full = false;
	assert_int_equal(bed_reach(&bed, 1), 0);
	wire_port_stats(bed.wire, 1, &stats);
	assert_int_equal(stats.rx_link, 1);
	assert_int_equal(stats.tx_link, 1);
	assert_int_equal(stats.rx_dropped, 0);
	/* the other end goes meanwhile, which nobody is told of */
	wire_carrier(bed.wire, 1, false);
	assert_int_equal(bed.changes, 1);
	wire_link_on(bed.wire, 1);
	assert_string_equal(wire_link_text(bed.wire, 1), "no carrier");
	assert_int_equal(bed.changes, 1);
	wire_carrier(bed.wire, 1, true);
	assert_int_equal(bed.changes, 2);
	assert_true(bed.last_up);
	assert_int_equal(bed_reach(&bed, 0), 0x6);
	wire_destroy(bed.wire);
}

static void
test_link_arcs(void **state)
{
	unsigned int from, to;

	(void)state;
	for (from = 0; from < WIRE_LINK_NB_STATES; from++) {
		for (to = 0; to < WIRE_LINK_NB_STATES; to++)
			assert_int_equal(wire_link_arc(from, to), from != to);
	}
}

static void
test_mtu(void **state)
{
	static uint8_t frame[1600];
	struct wire_hold hold = { 0 };
	struct wire_port_stats stats;
	const char *why;
	struct bed bed;

	(void)state;
	bed_make(&bed);
	wire_net_add(bed.wire, "a", "switch");
	wire_join(bed.wire, 0, 0);
	wire_join(bed.wire, 1, 0);
	assert_int_equal(wire_port_set(bed.wire, 1, "mtu", "1500", &why), 0);
	wire_peer_frame(frame, 0xff, 1);
	assert_int_equal(wire_peer_send(bed.wire, 0, frame, 1518, &hold), 0);
	assert_int_equal(wire_peer_send(bed.wire, 0, frame, 1519, &hold), 0);
	assert_int_equal(bed.peers[1].frames, 1);
	wire_port_stats(bed.wire, 1, &stats);
	assert_int_equal(stats.rx_mtu, 1);
	wire_destroy(bed.wire);
}

static void
test_settings(void **state)
{
	static const struct {
		const char *name, *value, *back;
		int ret;
	} cases[] = {
		{ "link", "down", "down", 0 },
		{ "link", "up", "up", 0 },
		{ "link", "sideways", NULL, -EINVAL },
		{ "mtu", "9000", "9000", 0 },
		{ "mtu", "70000", NULL, -EINVAL },
		{ "vlan", "access:5", "access:5", 0 },
		{ "vlan", "5", NULL, -EINVAL },
		{ "rate", "10M", "10000000", 0 },
		{ "rate", "25G", "25000000000", 0 },
		{ "rate", "10m", NULL, -EINVAL },
		{ "rate", "99999999999G", NULL, -EINVAL },
		{ "rate", "-1", NULL, -EINVAL },
		{ "frames", "1k", "1000", 0 },
		{ "burst", "500", "500", 0 },
		{ "burst", "11M", NULL, -EINVAL },
		{ "loss", "0.5", "0.500000", 0 },
		{ "loss", "5", NULL, -EINVAL },
		{ "duplicate", "every:3", "every:3", 0 },
		{ "reorder", "0.1x2", "0.100000x2", 0 },
		{ "corrupt", "1", "1.000000", 0 },
		{ "delay", "1000", "1000", 0 },
		{ "delay", "1s", NULL, -EINVAL },
		{ "seed", "99", "99", 0 },
		{ "seed", "", NULL, -EINVAL },
		{ "speed", "1", NULL, -ENOENT },
	};
	const char *why;
	struct bed bed;
	unsigned int i;
	char buf[64];

	(void)state;
	bed_make(&bed);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int ret = wire_port_set(bed.wire, 0, cases[i].name, cases[i].value, &why);

		if (ret != cases[i].ret)
			fail_msg("%s=%s: %d", cases[i].name, cases[i].value, ret);
		assert_int_equal(why == NULL, ret == 0);
		if (cases[i].back == NULL)
			continue;
		assert_int_equal(wire_port_get(bed.wire, 0, cases[i].name, buf, sizeof(buf)), 0);
		assert_string_equal(buf, cases[i].back);
		assert_int_equal(wire_port_get(bed.wire, 0, cases[i].name, buf, 1), -ENOSPC);
	}
	/* each has a row, and a value before anybody set it */
	for (i = 0; wire_setting_at(i) != NULL; i++) {
		const char *name = wire_setting_at(i)->name;

		assert_int_equal(wire_port_get(bed.wire, 1, name, buf, sizeof(buf)), 0);
		assert_int_equal(wire_port_set(bed.wire, 1, name, buf, &why), 0);
	}
	assert_int_equal(i, 12);
	wire_destroy(bed.wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nets),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_link_arcs),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
