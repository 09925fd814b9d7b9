/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a switch with four owners; who got what is counted after each frame.
 */
#include "wire_peer.h"

#include <errno.h>
#include <stdlib.h>

#include "base_clock.h"

struct fixture {
	struct wire *wire;
	struct wire_peer peers[4];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	unsigned int i;

	assert_non_null(f);
	assert_int_equal(wire_switch_create(4, 1000, NULL, &f->wire), 0);
	for (i = 0; i < 4; i++) {
		wire_plug(f->wire, i, &wire_peer_ops, &f->peers[i]);
		wire_port_wake(f->wire, i);
	}
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	wire_destroy(f->wire);
	free(f);
	return 0;
}

/* Sends from a port; @return the set of ports that got the frame. */
static unsigned int
reach(struct fixture *f, unsigned int port, uint8_t dst, uint8_t src)
{
	struct wire_hold hold = { 0 };
	unsigned int before[4], i, got = 0;
	uint8_t frame[60];

	for (i = 0; i < 4; i++)
		before[i] = f->peers[i].frames;
	wire_peer_frame(frame, dst, src);
	assert_int_equal(wire_peer_send(f->wire, port, frame, sizeof(frame), &hold), 0);
	for (i = 0; i < 4; i++) {
		assert_in_range(f->peers[i].frames - before[i], 0, 1);
		got |= (f->peers[i].frames - before[i]) << i;
	}
	return got;
}

static void
test_learning(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reach(f, 0, 0x20, 0x10), 0xe); /* unknown: flooded */
	assert_int_equal(reach(f, 2, 0x10, 0x20), 0x1); /* learned from the first */
	assert_int_equal(reach(f, 0, 0x20, 0x10), 0x4);
	assert_int_equal(reach(f, 1, 0xff, 0x11), 0xd); /* broadcast */
	assert_int_equal(reach(f, 0, 0x10, 0x12), 0x0); /* back where it came from */
}

static void
test_move(void **state)
{
	struct fixture *f = *state;

	reach(f, 0, 0xff, 0x10);
	assert_int_equal(reach(f, 3, 0x10, 0x30), 0x1);
	reach(f, 1, 0xff, 0x10); /* the station speaks from another port */
	assert_int_equal(reach(f, 3, 0x10, 0x30), 0x2);
}

static void
test_unplug_forgets(void **state)
{
	struct fixture *f = *state;

	reach(f, 1, 0xff, 0x11);
	wire_plug(f->wire, 1, NULL, NULL);
	assert_int_equal(reach(f, 0, 0x11, 0x10), 0xc);
	wire_plug(f->wire, 1, &wire_peer_ops, &f->peers[1]);
	assert_int_equal(reach(f, 0, 0x11, 0x10), 0xe);
}

static void
test_group_source_is_not_learned(void **state)
{
	struct fixture *f = *state;
	struct wire_hold hold = { 0 };
	uint8_t frame[60];

	/* from a group address on port 1, then to that address from port 0: flooded */
	wire_peer_frame(frame, 0x20, 0x10);
	frame[6] = 0x03;
	assert_int_equal(wire_peer_send(f->wire, 1, frame, sizeof(frame), &hold), 0);
	wire_peer_frame(frame, 0x10, 0x21);
	frame[0] = 0x03;
	f->peers[2].frames = 0;
	assert_int_equal(wire_peer_send(f->wire, 0, frame, sizeof(frame), &hold), 0);
	assert_int_equal(f->peers[2].frames, 1);
}

static void
test_table_overflow_floods(void **state)
{
	struct fixture *f = *state;
	struct wire_hold hold = { 0 };
	uint8_t frame[60];
	unsigned int i;

	/* 64 Ki made-up addresses cost nothing; a station that speaks after them is known, one
	 * that was pushed out is flooded to and so still reached */
	reach(f, 3, 0xff, 0x13);
	for (i = 0; i < 65536; i++) {
		wire_peer_frame(frame, 0xff, 0);
		frame[8] = 1;
		frame[9] = (uint8_t)(i >> 8);
		frame[10] = (uint8_t)i;
		assert_int_equal(wire_peer_send(f->wire, 0, frame, sizeof(frame), &hold), 0);
	}
	reach(f, 1, 0xff, 0x11);
	assert_int_equal(reach(f, 2, 0x11, 0x12), 0x2);
	assert_int_equal(reach(f, 2, 0x13, 0x12), 0xb);
}

static void
test_unicast_waits_for_its_port_only(void **state)
{
	struct fixture *f = *state;
	struct wire_hold hold = { 0 };
	uint8_t frame[60];

	reach(f, 1, 0xff, 0x11);
	reach(f, 2, 0xff, 0x12);
	f->peers[2].full = true;
	assert_int_equal(reach(f, 0, 0x11, 0x10), 0x2);
	wire_peer_frame(frame, 0x12, 0x10);
	assert_int_equal(wire_peer_send(f->wire, 0, frame, sizeof(frame), &hold), -EAGAIN);
	f->peers[2].full = false;
	assert_int_equal(wire_peer_send(f->wire, 0, frame, sizeof(frame), &hold), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_learning, setup, teardown),
		cmocka_unit_test_setup_teardown(test_move, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unplug_forgets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_group_source_is_not_learned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_overflow_floods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unicast_waits_for_its_port_only, setup,
				teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
