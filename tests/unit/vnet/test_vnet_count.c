/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: two guests send numbered frames to each other while everything that can lose
 * a frame happens at random. In the end each frame that left a ring was received or is in exactly
 * one counter, and nobody got one twice that the wire did not double.
 */
#include "vnet_bed.h"

#include <errno.h>

#define NB_STEPS 4000u
#define NB_NUMBERS (NB_STEPS * 8)

static uint64_t random_state;

static unsigned int
random_below(unsigned int n)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(random_state >> 33) % n;
}

/* One direction: from this port to the other one. */
struct direction {
	unsigned int from, to;
	uint32_t posted; /* numbers given out */
	uint32_t taken; /* used entries of the transmit ring */
	uint32_t received, twice;
	uint8_t seen[NB_NUMBERS];
};

static void
do_send(struct bed *bed, struct direction *d)
{
	static const uint32_t lens[] = { 60, 60, 60, 1800, 10 };
	struct bed_port *bp = &bed->ports[d->from];
	uint32_t len = lens[random_below(5)], id, used;
	uint8_t frame[1800];

	while (vring_take_used(&bp->tx.vr, &id, &used))
		d->taken++;
	bed_frame(frame, sizeof(frame), d->posted);
	assert_true(d->posted < NB_NUMBERS);
	if (vring_offer_tx(&bp->tx.vr, frame, len, BED_HDR))
		d->posted++;
	bed_ring(bp);
}

static void
do_receive(struct bed *bed, struct direction *d)
{
	struct bed_port *bp = &bed->ports[d->to];
	uint32_t number = 0, len = 0;

	while (bed_receive(bp, &number, &len)) {
		assert_true(number < d->posted);
		d->twice += d->seen[number]++ != 0;
		d->received++;
	}
	while (vring_in_flight(&bp->rx.vr) < bp->rx.vr.size && random_below(4) != 0)
		vring_offer_rx(&bp->rx.vr);
}

static void
do_queue(struct bed *bed, struct vnet_queue *queue)
{
	(void)bed;
	if (queue->state == VNET_QUEUE_STOPPED)
		assert_int_equal(vnet_queue_start_locked(queue), 0);
	else if (random_below(2) != 0)
		vnet_queue_suspend_locked(queue);
	else
		vnet_queue_suspend_early_locked(queue, random_below(5));
}

/* Something that a wire's operator may do. */
static void
do_setting(struct bed *bed, unsigned int port)
{
	static const char *const settings[][2] = {
		{ "loss", "0.2" },
		{ "loss", "0" },
		{ "duplicate", "0.2" },
		{ "duplicate", "0" },
		{ "reorder", "0.2" },
		{ "reorder", "0" },
		{ "delay", "5" },
		{ "delay", "0" },
		{ "vlan", "trunk:2" },
		{ "vlan", "none" },
		{ "vlan", "none" },
	};
	unsigned int i = random_below(sizeof(settings) / sizeof(settings[0]));
	const char *why = "";

	assert_int_equal(wire_port_set(bed->wire, port, settings[i][0], settings[i][1], &why), 0);
}

static void
do_steering(struct bed *bed, struct bed_port *bp)
{
	struct vnet_rule_attr rule = { .priority = 7, .tir = bp->tir };

	(void)bed;
	if (bp->rule != NULL) {
		vnet_rule_del_locked(bp->rule);
		bp->rule = NULL;
	} else {
		assert_int_equal(vnet_rule_add_locked(bp->port, &rule, &bp->rule), 0);
	}
}

/* Everything works again at this port. */
static void
repair(struct bed *bed, unsigned int port)
{
	static const char *const settings[][2] = { { "loss", "0" }, { "vlan", "none" } };
	struct bed_port *bp = &bed->ports[port];
	const char *why = "";
	unsigned int i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		assert_int_equal(wire_port_set(bed->wire, port, settings[i][0], settings[i][1],
						 &why),
				0);
	wire_link_on(bed->wire, port);
	bed->wire->ports[port].mtu = 0;
	assert_int_equal(vnet_port_mtu_set_locked(bp->port, 9000), 0);
	if (bp->rule == NULL)
		do_steering(bed, bp);
	if (bp->rx.q->state == VNET_QUEUE_STOPPED)
		do_queue(bed, bp->rx.q);
	if (bp->tx.q->state == VNET_QUEUE_STOPPED)
		do_queue(bed, bp->tx.q);
	bed_ring(bp);
}

static void
step(struct bed *bed, struct direction *d)
{
	unsigned int port = random_below(BED_PORTS), what = random_below(100);
	struct bed_port *bp = &bed->ports[port];

	if (what < 60)
		do_send(bed, &d[port]);
	else if (what < 85)
		do_receive(bed, &d[port]);
	else if (what < 88)
		do_queue(bed, random_below(2) != 0 ? bp->rx.q : bp->tx.q);
	else if (what < 90)
		do_steering(bed, bp);
	else if (what < 93)
		(random_below(2) != 0 ? wire_link_on : wire_link_off)(bed->wire, port);
	else if (what < 95)
		assert_int_equal(vnet_port_mtu_set_locked(bp->port, random_below(2) ? 1500 : 9000),
				0);
	else if (what < 96)
		bed->wire->ports[port].mtu = random_below(2) != 0 ? 1500 : 0;
	else
		do_setting(bed, port);
	if (random_below(40) == 0)
		repair(bed, port);
	(void)bed_pass(bed);
}

/* Until nothing moves. */
static void
settle(struct bed *bed, struct direction *d)
{
	uint64_t begin = base_clock_ns();
	unsigned int i, idle;

	for (i = 0; i < BED_PORTS; i++)
		repair(bed, i);
	for (idle = 0; idle < 20 || wire_is_busy(bed->wire); idle++) {
		if (bed_pass(bed) != 0)
			idle = 0;
		for (i = 0; i < BED_PORTS; i++)
			do_receive(bed, &d[i]);
		assert_true(base_clock_ns() - begin < 20 * BASE_NS_PER_S);
	}
}

static void
judge(struct bed *bed, struct direction *d)
{
	struct bed_port *a = &bed->ports[d->from], *b = &bed->ports[d->to];
	struct vnet_queue_stats tx_queue, rx_queue;
	struct vnet_port_stats a_port, b_port;
	struct wire_port_stats tx, rx;
	uint32_t id, len;

	while (vring_take_used(&a->tx.vr, &id, &len))
		d->taken++;
	assert_int_equal(d->taken, d->posted);
	vnet_queue_stats_locked(a->tx.q, &tx_queue);
	vnet_queue_stats_locked(b->rx.q, &rx_queue);
	vnet_port_stats_locked(a->port, &a_port);
	vnet_port_stats_locked(b->port, &b_port);
	wire_port_stats(bed->wire, d->from, &tx);
	wire_port_stats(bed->wire, d->to, &rx);
	assert_int_equal(d->taken, tx.tx_frames + tx.tx_size + a_port.tx_oversize);
	assert_int_equal(tx_queue.dropped_frames, tx.tx_size + a_port.tx_oversize);
	assert_int_equal(tx.tx_frames + tx.tx_duplicated,
			tx.tx_lost + tx.tx_link + tx.tx_vlan + tx.tx_nowhere + rx.rx_link +
					rx.rx_mtu + rx.rx_dropped + rx.rx_frames);
	assert_int_equal(rx.rx_frames,
			d->received + b_port.rx_unmatched + b_port.rx_oversize +
					rx_queue.dropped_frames);
	assert_true(d->twice <= tx.tx_duplicated);
	assert_int_equal(a->tx.nb_errors + b->rx.nb_errors, 0);
}

static void
run(struct bed *bed, uint64_t seed)
{
	struct direction *d = calloc(BED_PORTS, sizeof(*d));
	unsigned int i;

	assert_non_null(d);
	random_state = seed;
	bed->wire->pause_ns = seed % 3 * 20 * BASE_NS_PER_US;
	for (i = 0; i < BED_PORTS; i++) {
		d[i].from = i;
		d[i].to = 1 - i;
	}
	for (i = 0; i < NB_STEPS; i++)
		step(bed, d);
	settle(bed, d);
	for (i = 0; i < BED_PORTS; i++) {
		judge(bed, &d[i]);
		/* how many depends on the machine: what is held is held by the clock */
		assert_true(d[i].received > 0);
	}
	free(d);
	bed_destroy(bed);
}

static void
test_split(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 12; seed++)
		run(bed_create(wire_switch_create, 16, 65530), seed);
}

static void
test_packed(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 101; seed <= 112; seed++)
		run(bed_create_packed(13, 0x8000 | 7), seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
