/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what all wires share, tried on a wire of its own kind whose routes are set
 * by the test: all or nothing, waiting, the watchdog, counters, port states.
 */
#include "wire_peer.h"

#include <errno.h>
#include <stdlib.h>

#include "base_clock.h"
#include "base_math.h"

#define PAUSE_MS 3u

static uint64_t test_to; /* where every frame goes */

static uint64_t
test_route(struct wire_net *net, unsigned int port, uint16_t vid, const uint8_t *frame)
{
	(void)net;
	(void)port;
	(void)vid;
	(void)frame;
	return test_to;
}

static const struct wire_kind test_kind = { .name = "test", .route = test_route };

struct fixture {
	struct wire *wire;
	struct wire_peer peers[4];
	struct wire_hold hold;
	uint8_t frame[60];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	unsigned int i;

	assert_non_null(f);
	assert_int_equal(wire_create_one(&test_kind, 4, &f->wire), 0);
	f->wire->pause_ns = PAUSE_MS * BASE_NS_PER_MS;
	for (i = 0; i < 4; i++) {
		wire_plug(f->wire, i, &wire_peer_ops, &f->peers[i]);
		wire_port_wake(f->wire, i);
	}
	wire_peer_frame(f->frame, 2, 1);
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

static int
send(struct fixture *f, uint64_t to)
{
	test_to = to;
	return wire_peer_send(f->wire, 0, f->frame, sizeof(f->frame), &f->hold);
}

static void
test_create_checks_ports(void **state)
{
	struct wire *wire = NULL;

	(void)state;
	assert_int_equal(wire_create_one(&test_kind, 0, &wire), -EINVAL);
	assert_int_equal(wire_create_one(&test_kind, WIRE_MAX_PORTS + 1, &wire), -EINVAL);
	assert_int_equal(wire_create_one(&test_kind, WIRE_MAX_PORTS, &wire), 0);
	assert_int_equal(wire_nb_ports(wire), WIRE_MAX_PORTS);
	wire_destroy(wire);
	wire_destroy(NULL);
}

static void
test_all_or_nothing(void **state)
{
	struct fixture *f = *state;

	f->peers[2].full = true;
	assert_int_equal(send(f, 0xe), -EAGAIN);
	assert_int_equal(f->peers[1].frames + f->peers[2].frames + f->peers[3].frames, 0);
	f->peers[2].full = false;
	assert_int_equal(send(f, 0xe), 0);
	assert_int_equal(f->peers[1].frames, 1);
	assert_int_equal(f->peers[2].frames, 1);
	assert_int_equal(f->peers[3].frames, 1);
	assert_int_equal(f->hold.since_ns, 0);
	assert_memory_equal(f->peers[3].last, f->frame, sizeof(f->frame));
}

static void
test_watchdog(void **state)
{
	struct fixture *f = *state;
	struct wire_port_stats stats;
	uint64_t begin = base_clock_ns();

	f->peers[1].full = true;
	f->peers[2].full = true;
	while (send(f, 0xe) == -EAGAIN)
		assert_true(base_clock_ns() - begin < BASE_NS_PER_S);
	assert_true(base_clock_ns() - begin >= PAUSE_MS * BASE_NS_PER_MS);
	assert_int_equal(f->peers[3].frames, 1);
	wire_port_stats(f->wire, 2, &stats);
	assert_int_equal(stats.rx_dropped, 1);
	/* both are down now: nobody waits for them */
	assert_int_equal(send(f, 0xe), 0);
	wire_port_stats(f->wire, 1, &stats);
	assert_int_equal(stats.rx_dropped, 2);
	/* one takes a frame again: others wait for it again, from zero */
	f->peers[1].full = false;
	assert_int_equal(send(f, 0x2), 0);
	f->peers[1].full = true;
	assert_int_equal(send(f, 0x2), -EAGAIN);
	/* the other one is woken by its owner */
	f->hold.since_ns = 0;
	assert_int_equal(send(f, 0x4), 0);
	wire_port_wake(f->wire, 2);
	assert_int_equal(send(f, 0x4), -EAGAIN);
}

static void
test_wait_belongs_to_the_frame(void **state)
{
	struct fixture *f = *state;
	struct wire_hold other = { 0 };
	uint64_t begin = base_clock_ns();
	unsigned int taken = 0;

	/* A port that refuses one sender's frame and takes another's must not starve the first. */
	for (;;) {
		f->peers[1].full = true;
		if (send(f, 0x2) == 0)
			break;
		f->peers[1].full = false;
		assert_int_equal(wire_peer_send(f->wire, 3, f->frame, sizeof(f->frame), &other), 0);
		taken++;
		assert_true(base_clock_ns() - begin < BASE_NS_PER_S);
	}
	assert_true(taken > 0);
	assert_int_equal(f->peers[1].frames, taken);
}

static void
test_new_port_is_down(void **state)
{
	struct fixture *f = *state;
	struct wire_port_stats stats;

	wire_plug(f->wire, 1, NULL, NULL);
	wire_port_wake(f->wire, 1); /* nobody is there */
	assert_int_equal(send(f, 0x2), 0);
	wire_plug(f->wire, 1, &wire_peer_ops, &f->peers[1]);
	f->peers[1].full = true;
	assert_int_equal(send(f, 0x2), 0);
	wire_port_stats(f->wire, 1, &stats);
	assert_int_equal(stats.rx_dropped, 2);
	assert_int_equal(f->peers[1].frames, 0);
}

static void
test_no_pause_drops(void **state)
{
	struct fixture *f = *state;

	f->wire->pause_ns = 0;
	f->peers[1].full = true;
	assert_int_equal(send(f, 0x2), 0);
	wire_port_wake(f->wire, 1);
	assert_int_equal(send(f, 0x2), 0);
}

static void
test_lengths(void **state)
{
	struct fixture *f = *state;
	uint8_t *big = calloc(1, WIRE_FRAME_MAX + 1);
	struct wire_port_stats stats;

	assert_non_null(big);
	test_to = 0x2;
	assert_int_equal(wire_peer_send(f->wire, 0, f->frame, 13, &f->hold), -EINVAL);
	assert_int_equal(wire_peer_send(f->wire, 0, big, WIRE_FRAME_MAX + 1, &f->hold), -EINVAL);
	assert_int_equal(f->peers[1].frames, 0);
	assert_int_equal(wire_peer_send(f->wire, 0, f->frame, 14, &f->hold), 0);
	assert_int_equal(wire_peer_send(f->wire, 0, big, WIRE_FRAME_MAX, &f->hold), 0);
	wire_port_stats(f->wire, 0, &stats);
	assert_int_equal(stats.tx_frames, 2);
	assert_int_equal(stats.tx_bytes, 14 + WIRE_FRAME_MAX);
	assert_int_equal(stats.tx_size, 2);
	wire_port_stats(f->wire, 1, &stats);
	assert_int_equal(stats.rx_frames, 2);
	assert_int_equal(stats.rx_bytes, 14 + WIRE_FRAME_MAX);
	free(big);
}

static void
test_unfinished(void **state)
{
	struct fixture *f = *state;
	struct wire_frame frame;

	wire_frame_init(&frame, f->frame, sizeof(f->frame));
	frame.csum_partial = true;
	f->peers[2].plain = true;
	test_to = 0xe;
	assert_int_equal(wire_send(f->wire, 0, &frame, &f->hold), -EMSGSIZE);
	assert_int_equal(f->peers[1].frames + f->peers[2].frames + f->peers[3].frames, 0);
	frame.csum_partial = false;
	assert_int_equal(wire_send(f->wire, 0, &frame, &f->hold), 0);
	assert_int_equal(f->peers[2].frames, 1);
	frame.csum_partial = true;
	test_to = 0xa;
	assert_int_equal(wire_send(f->wire, 0, &frame, &f->hold), 0);
	assert_int_equal(f->peers[1].frames, 2);
}

/* A recorder wants finished frames, which does not make more frames of those that get lost. */
static void
test_lost_once(void **state)
{
	struct fixture *f = *state;
	struct wire_port_stats stats;
	struct wire_frame frame;

	f->wire->ports[3].mirrors = UINT64_MAX;
	wire_net_refresh(f->wire, 0);
	wire_frame_init(&frame, f->frame, sizeof(f->frame));
	frame.csum_partial = true;
	f->peers[3].plain = true;
	test_to = 0;
	assert_int_equal(wire_send(f->wire, 0, &frame, &f->hold), -EMSGSIZE);
	frame.csum_partial = false;
	f->peers[3].full = true;
	assert_int_equal(wire_send(f->wire, 0, &frame, &f->hold), -EAGAIN);
	f->peers[3].full = false;
	assert_int_equal(wire_send(f->wire, 0, &frame, &f->hold), 0);
	assert_int_equal(f->peers[3].frames, 1);
	wire_port_stats(f->wire, 0, &stats);
	assert_int_equal(stats.tx_nowhere, 1);
}

static void
test_port_arcs(void **state)
{
	(void)state;
	assert_false(wire_port_arc(WIRE_PORT_DOWN, WIRE_PORT_DOWN));
	assert_true(wire_port_arc(WIRE_PORT_DOWN, WIRE_PORT_UP));
	assert_true(wire_port_arc(WIRE_PORT_UP, WIRE_PORT_DOWN));
	assert_false(wire_port_arc(WIRE_PORT_UP, WIRE_PORT_UP));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_checks_ports),
		cmocka_unit_test_setup_teardown(test_all_or_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_watchdog, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wait_belongs_to_the_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_port_is_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_pause_drops, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lengths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unfinished, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_once, setup, teardown),
		cmocka_unit_test(test_port_arcs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
