/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: frames for two neighbours on a switch, many at a time. Each obstacle must
 * leave the frames to wire_send(), without a trace in any counter.
 */
#include "wire_peer.h"

#include <stdlib.h>

#include "base_math.h"

#define PORTS 4u
#define NB 8u

struct peer {
	unsigned int room; /* frames that it takes */
	unsigned int nb;
	uint8_t got[64]; /* numbers of the frames */
	unsigned int asked; /* calls */
};

struct fixture {
	struct wire *wire;
	struct peer peers[PORTS];
	uint8_t bytes[NB][60];
	struct wire_plain frames[NB];
};

static enum wire_answer
peer_can_take(void *arg, const struct wire_frame *frame)
{
	const struct peer *peer = arg;

	(void)frame;
	return peer->room != 0 ? WIRE_YES : WIRE_NO;
}

static void
peer_put(struct peer *peer, const uint8_t *data)
{
	assert_true(peer->nb < sizeof(peer->got));
	peer->got[peer->nb++] = data[14];
	peer->room--;
}

static void
peer_take(void *arg, const struct wire_frame *frame)
{
	peer_put(arg, frame->head);
}

static unsigned int
peer_take_plain(void *arg, const struct wire_plain *frames, unsigned int nb)
{
	struct peer *peer = arg;
	unsigned int i;

	peer->asked++;
	for (i = 0; i < nb && peer->room != 0; i++)
		peer_put(peer, frames[i].data);
	return i;
}

static const struct wire_port_ops peer_ops = {
	.can_take = peer_can_take,
	.take = peer_take,
	.take_plain = peer_take_plain,
};

static const struct wire_port_ops plainless_ops = {
	.can_take = peer_can_take,
	.take = peer_take,
};

/* The frames: number i from station 0x10 at port 0 to the station @p dst[i]. */
static void
address(struct fixture *f, const uint8_t dst[NB])
{
	unsigned int i;

	for (i = 0; i < NB; i++) {
		wire_peer_frame(f->bytes[i], dst[i], 0x10);
		f->bytes[i][14] = (uint8_t)i;
		f->frames[i].data = f->bytes[i];
		f->frames[i].len = 60;
		memcpy(f->frames[i].head, f->bytes[i], WIRE_PLAIN_HEAD);
	}
}

static void
address_all(struct fixture *f, uint8_t dst)
{
	uint8_t all[NB];

	memset(all, dst, sizeof(all));
	address(f, all);
}

/* Every station i + 0x10 at port i has spoken, and every port takes frames. */
static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct wire_hold hold = { 0 };
	uint8_t frame[60];
	unsigned int i;

	assert_non_null(f);
	assert_int_equal(wire_switch_create(PORTS, 1000, NULL, &f->wire), 0);
	for (i = 0; i < PORTS; i++) {
		f->peers[i].room = 100;
		wire_plug(f->wire, i, &peer_ops, &f->peers[i]);
		wire_port_wake(f->wire, i);
	}
	for (i = 0; i < PORTS; i++) {
		wire_peer_frame(frame, 0xff, (uint8_t)(0x10 + i));
		assert_int_equal(wire_peer_send(f->wire, i, frame, sizeof(frame), &hold), 0);
	}
	for (i = 0; i < PORTS; i++)
		f->peers[i].nb = 0;
	address_all(f, 0x12);
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

static unsigned int
send_all(struct fixture *f)
{
	return wire_send_plain(f->wire, 0, f->frames, NB);
}

static void
test_one_neighbour(void **state)
{
	struct fixture *f = *state;
	struct wire_port_stats before[2], after[2];
	unsigned int i;

	wire_port_stats(f->wire, 0, &before[0]);
	wire_port_stats(f->wire, 2, &before[1]);
	assert_int_equal(send_all(f), NB);
	assert_int_equal(f->peers[2].asked, 1);
	assert_int_equal(f->peers[2].nb, NB);
	for (i = 0; i < NB; i++)
		assert_int_equal(f->peers[2].got[i], i);
	wire_port_stats(f->wire, 0, &after[0]);
	wire_port_stats(f->wire, 2, &after[1]);
	assert_int_equal(after[0].tx_frames - before[0].tx_frames, NB);
	assert_int_equal(after[0].tx_bytes - before[0].tx_bytes, NB * 60);
	assert_int_equal(after[1].rx_frames - before[1].rx_frames, NB);
	assert_int_equal(after[1].rx_bytes - before[1].rx_bytes, NB * 60);
}

static void
test_runs(void **state)
{
	static const uint8_t dst[NB] = { 0x12, 0x12, 0x13, 0x13, 0x13, 0x11, 0x12, 0x12 };
	struct fixture *f = *state;

	address(f, dst);
	assert_int_equal(send_all(f), NB);
	assert_int_equal(f->peers[1].nb, 1);
	assert_int_equal(f->peers[2].nb, 4);
	assert_int_equal(f->peers[2].asked, 2);
	assert_memory_equal(f->peers[2].got, ((uint8_t[]){ 0, 1, 6, 7 }), 4);
	assert_memory_equal(f->peers[3].got, ((uint8_t[]){ 2, 3, 4 }), 3);
}

/* One run stops in the middle: nothing behind it may overtake. */
static void
test_stops_where_refused(void **state)
{
	static const uint8_t dst[NB] = { 0x12, 0x12, 0x13, 0x13, 0x13, 0x11, 0x12, 0x12 };
	struct fixture *f = *state;
	struct wire_port_stats stats;

	address(f, dst);
	f->peers[3].room = 2;
	wire_port_stats(f->wire, 3, &stats);
	assert_int_equal(send_all(f), 4);
	assert_int_equal(f->peers[2].nb, 2);
	assert_int_equal(f->peers[3].nb, 2);
	assert_int_equal(f->peers[1].nb, 0);
	assert_int_equal(wire_send_plain(f->wire, 0, f->frames + 4, NB - 4), 0);
	wire_port_stats(f->wire, 3, &stats);
	assert_int_equal(stats.rx_dropped, 0);
	f->peers[3].room = 1;
	assert_int_equal(wire_send_plain(f->wire, 0, f->frames + 4, NB - 4), NB - 4);
}

/* A station that moved is found at its new port, and what is learned here counts elsewhere. */
static void
test_learns(void **state)
{
	struct fixture *f = *state;
	unsigned int i;

	for (i = 0; i < NB; i++) {
		f->bytes[i][11] = f->frames[i].head[11] = 0x13;
	}
	assert_int_equal(send_all(f), NB);
	address_all(f, 0x13);
	assert_int_equal(send_all(f), 0); /* it is at our own port now */
	assert_int_equal(wire_send_plain(f->wire, 1, f->frames, NB), NB);
	assert_int_equal(f->peers[0].nb, NB);
}

/* --- obstacles ------------------------------------------------------------------------------ */

static void
set(struct fixture *f, unsigned int port, const char *setting, const char *value)
{
	const char *why;

	assert_int_equal(wire_port_set(f->wire, port, setting, value, &why), 0);
}

static void
block_group(struct fixture *f)
{
	address_all(f, 0xff);
}

static void
block_unknown(struct fixture *f)
{
	address_all(f, 0x77);
}

static void
block_own_link(struct fixture *f)
{
	wire_link_off(f->wire, 0);
}

static void
block_link(struct fixture *f)
{
	wire_link_off(f->wire, 2);
}

static void
block_vlan(struct fixture *f)
{
	set(f, 3, "vlan", "access:10");
}

static void
block_trouble(struct fixture *f)
{
	set(f, 0, "delay", "1000");
}

static void
block_ops(struct fixture *f)
{
	wire_plug(f->wire, 2, &plainless_ops, &f->peers[2]);
	wire_port_wake(f->wire, 2);
}

static void
block_unplugged(struct fixture *f)
{
	wire_plug(f->wire, 2, NULL, NULL);
}

static void
block_mtu(struct fixture *f)
{
	set(f, 2, "mtu", "60");
	f->frames[0].len = 60 + 14 + 4 + 1; /* with addresses, type and a tag */
}

static void
block_recorder(struct fixture *f)
{
	f->wire->nets[0].recorders = 1ULL << 3;
}

static void
block_down(struct fixture *f)
{
	f->wire->ports[2].state = WIRE_PORT_DOWN;
}

static void
test_obstacles(void **state)
{
	static void (*const blocks[])(struct fixture * f) = { block_group, block_unknown,
		block_own_link, block_link, block_vlan, block_trouble, block_ops, block_unplugged,
		block_mtu, block_recorder, block_down };
	struct wire_port_stats before[PORTS], after[PORTS];
	unsigned int i, k;

	(void)state;
	for (i = 0; i < BASE_ARRAY_SIZE(blocks); i++) {
		struct fixture *f;
		void *made;

		setup(&made);
		f = made;
		blocks[i](f);
		for (k = 0; k < PORTS; k++)
			wire_port_stats(f->wire, k, &before[k]);
		if (send_all(f) != 0)
			fail_msg("obstacle %u does not count", i);
		for (k = 0; k < PORTS; k++) {
			wire_port_stats(f->wire, k, &after[k]);
			assert_memory_equal(&before[k], &after[k], sizeof(before[k]));
			assert_int_equal(f->peers[k].nb, 0);
		}
		teardown(&made);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_neighbour, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stops_where_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_learns, setup, teardown),
		cmocka_unit_test(test_obstacles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
