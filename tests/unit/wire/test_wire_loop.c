/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: two owners on a loop-back plug; each gets its own frames and only those.
 */
#include "wire_peer.h"

#include <errno.h>

static void
test_loop(void **state)
{
	struct wire_peer peers[2] = { 0 };
	struct wire_hold hold = { 0 };
	struct wire *wire;
	uint8_t frame[60];
	unsigned int i;

	(void)state;
	assert_int_equal(wire_loop_create(0, 1000, NULL, &wire), -EINVAL);
	assert_int_equal(wire_loop_create(2, 1000, NULL, &wire), 0);
	for (i = 0; i < 2; i++) {
		wire_plug(wire, i, &wire_peer_ops, &peers[i]);
		wire_port_wake(wire, i);
	}
	wire_peer_frame(frame, 0xff, 1);
	assert_int_equal(wire_peer_send(wire, 1, frame, sizeof(frame), &hold), 0);
	assert_int_equal(peers[0].frames, 0);
	assert_int_equal(peers[1].frames, 1);
	peers[0].full = true;
	assert_int_equal(wire_peer_send(wire, 0, frame, sizeof(frame), &hold), -EAGAIN);
	peers[0].full = false;
	assert_int_equal(wire_peer_send(wire, 0, frame, sizeof(frame), &hold), 0);
	assert_int_equal(peers[0].frames, 1);
	wire_destroy(wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
