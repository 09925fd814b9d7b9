/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the engine with its thread. Guests are threads that post, ring and receive
 * numbered frames and check that each number comes once and in order, while the test stops and
 * rebuilds their queues. (Also the test to run under the thread sanitizer.)
 */
#include "vnet_bed.h"

#include <sched.h>
#include <unistd.h>

#define NB_FRAMES 20000u

static void
test_create_checks(void **state)
{
	struct vnet_attr attr = { 0 };
	struct vnet *vnet;

	(void)state;
	assert_int_equal(wire_loop_create(2, 0, NULL, &attr.wire), 0);
	assert_int_equal(vnet_create(&attr, &vnet), -EINVAL);
	attr.nb_ports = 3;
	assert_int_equal(vnet_create(&attr, &vnet), -EINVAL);
	attr.nb_ports = 2;
	assert_int_equal(vnet_create(&attr, &vnet), 0);
	vnet_destroy(vnet);
	vnet_destroy(NULL);
	wire_destroy(attr.wire);
}

static void
test_pacing(void **state)
{
	const struct vnet_pacing pacing = { .spin_us = 7,
		.sleep_min_us = 11,
		.idle_after_ms = 3,
		.sleep_max_us = 900 };
	static const struct vnet_pacing bad[] = {
		{ .spin_us = 1 }, /* no sleep is not offered: spin_us says how long to spin */
		{ .sleep_min_us = 2, .sleep_max_us = 1 },
		{ .sleep_min_us = 1, .sleep_max_us = 1000001 },
		{ .sleep_min_us = 1, .sleep_max_us = 1, .spin_us = 1000001 },
		{ .sleep_min_us = 1, .sleep_max_us = 1, .idle_after_ms = 1000001 },
	};
	struct vnet_attr attr = { .nb_ports = 1 };
	struct vnet *vnet;
	unsigned int i;

	(void)state;
	assert_int_equal(vnet_pacing_ns(&pacing, 0), 0);
	assert_int_equal(vnet_pacing_ns(&pacing, 6999), 0);
	assert_int_equal(vnet_pacing_ns(&pacing, 7000), 11000);
	assert_int_equal(vnet_pacing_ns(&pacing, 2999999), 11000);
	assert_int_equal(vnet_pacing_ns(&pacing, 3000000), 900000);
	assert_int_equal(vnet_pacing_ns(&pacing, UINT64_MAX), 900000);
	assert_int_equal(wire_loop_create(1, 0, NULL, &attr.wire), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		attr.pacing = bad[i];
		assert_int_equal(vnet_create(&attr, &vnet), -EINVAL);
	}
	wire_destroy(attr.wire);
}

static bool
count_poll(void *arg)
{
	unsigned int *nb = arg;

	__atomic_fetch_add(nb, 1, __ATOMIC_RELAXED);
	return true;
}

/* Nothing changes by itself in what it looks at. */
static bool
count_poll_once(void *arg)
{
	(void)count_poll(arg);
	return false;
}

static void
test_poll(void **state)
{
	struct vnet_attr attr = { .nb_ports = 1, .poll = count_poll };
	unsigned int nb = 0;
	struct vnet *vnet;

	(void)state;
	attr.poll_arg = &nb;
	assert_int_equal(wire_loop_create(1, 0, NULL, &attr.wire), 0);
	assert_int_equal(vnet_create(&attr, &vnet), 0);
	while (__atomic_load_n(&nb, __ATOMIC_RELAXED) < 100) /* goes on when idle, too */
		sched_yield();
	vnet_destroy(vnet);
	wire_destroy(attr.wire);
}

static void
await_more(const unsigned int *nb, unsigned int than)
{
	while (__atomic_load_n(nb, __ATOMIC_RELAXED) <= than)
		sched_yield();
}

/* Without a queue that runs a pass comes when it is asked for, and seldom otherwise. */
static void
test_rest(void **state)
{
	struct vnet_attr attr = { .nb_ports = 1, .poll = count_poll_once };
	const struct timespec while_ms = { .tv_nsec = 100000000 };
	unsigned int nb = 0, before, i;
	struct vnet *vnet;

	(void)state;
	attr.poll_arg = &nb;
	assert_int_equal(wire_loop_create(1, 0, NULL, &attr.wire), 0);
	assert_int_equal(vnet_create(&attr, &vnet), 0);
	await_more(&nb, 0);
	before = __atomic_load_n(&nb, __ATOMIC_RELAXED);
	nanosleep(&while_ms, NULL);
	/* 100 with the longest sleep of an engine that is idle, which is less than a millisecond */
	assert_true(__atomic_load_n(&nb, __ATOMIC_RELAXED) - before < 50);
	for (i = 0; i < 100; i++) {
		before = __atomic_load_n(&nb, __ATOMIC_RELAXED);
		vnet_wake(vnet);
		await_more(&nb, before);
	}
	vnet_destroy(vnet);
	wire_destroy(attr.wire);
}

/* Who is at rest, and who is not. */
static void
test_sleep(void **state)
{
	struct bed *bed = bed_create(wire_switch_create, 16, 0);
	struct vnet *vnet = bed->vnet;
	const uint64_t idle_ns = vnet_pacing_ns(&vnet->pacing, UINT64_MAX),
		       hour_ns = 3600 * BASE_NS_PER_S;
	unsigned int i;

	(void)state;
	assert_int_equal(vnet->nb_running, 4);
	assert_int_equal(vnet_sleep_ns_locked(vnet, hour_ns), idle_ns);
	assert_int_equal(vnet_sleep_ns_locked(vnet, 0), 0);
	for (i = 0; i < BED_PORTS; i++) {
		vnet_queue_suspend_locked(bed->ports[i].rx.q);
		assert_int_equal(vnet_sleep_ns_locked(vnet, hour_ns), idle_ns);
		vnet_queue_fail_locked(bed->ports[i].tx.q, VNET_ERR_BAD_DESC);
	}
	assert_int_equal(vnet->nb_running, 0);
	assert_true(vnet_sleep_ns_locked(vnet, 0) > 10 * idle_ns);
	vnet->must_poll = true;
	assert_int_equal(vnet_sleep_ns_locked(vnet, hour_ns), idle_ns);
	vnet->must_poll = false;
	vnet->wire->held = 1; /* the wire holds a frame back */
	assert_true(vnet_sleep_ns_locked(vnet, hour_ns) < idle_ns);
	vnet->wire->held = 0;
	assert_int_equal(vnet_queue_start_locked(bed->ports[0].rx.q), 0);
	assert_int_equal(vnet_sleep_ns_locked(vnet, hour_ns), idle_ns);
	bed_destroy(bed);
}

struct guest {
	struct bed_port *bp;
	uint32_t sent, received;
	bool wrong;
	bool done; /**< atomic */
};

static void
guest_send(struct guest *g)
{
	struct vring *vr = &g->bp->tx.vr;
	uint32_t id, len;

	while (vring_take_used(vr, &id, &len))
		;
	while (g->sent < NB_FRAMES && bed_post(g->bp, g->sent))
		g->sent++;
	bed_ring(g->bp);
}

static void
guest_receive(struct guest *g)
{
	struct vring *vr = &g->bp->rx.vr;
	uint32_t number = 0, len = 0;

	while (bed_receive(g->bp, &number, &len))
		g->wrong |= number != g->received++ || len != 60;
	while (vring_in_flight(vr) < vr->size)
		vring_offer_rx(vr);
}

static void *
guest_run(void *arg)
{
	struct guest *g = arg;

	while ((g->received < NB_FRAMES || g->sent < NB_FRAMES) && !g->wrong) {
		guest_send(g);
		guest_receive(g);
		sched_yield();
	}
	__atomic_store_n(&g->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Suspends, destroys and makes anew one queue of a port, with the lock let go in between. */
static void
rebuild(struct bed *bed, struct bed_port *bp, struct bed_queue *bq, uint16_t index)
{
	uint16_t avail, used;

	vnet_lock(bed->vnet);
	vnet_queue_suspend_locked(bq->q);
	vnet_queue_indices_locked(bq->q, &avail, &used);
	assert_int_equal(avail, used);
	bq->vr.start = used;
	vnet_unlock(bed->vnet);
	vnet_lock(bed->vnet);
	if (index == 0)
		bed_unsteer(bp);
	vnet_queue_destroy_locked(bq->q);
	vnet_unlock(bed->vnet);
	vnet_lock(bed->vnet);
	bed_queue_create(bed, bp, bq, index, NULL);
	vnet_unlock(bed->vnet);
	vnet_lock(bed->vnet);
	assert_int_equal(vnet_queue_start_locked(bq->q), 0);
	if (index == 0)
		bed_steer(bp);
	vnet_unlock(bed->vnet);
	bed_ring(bp);
}

static bool
all_done(struct guest *guests)
{
	return __atomic_load_n(&guests[0].done, __ATOMIC_ACQUIRE) &&
			__atomic_load_n(&guests[1].done, __ATOMIC_ACQUIRE);
}

static void
test_traffic_and_rebuilds(void **state)
{
	struct bed *bed = bed_wire(wire_switch_create, 32, 65500);
	struct guest guests[BED_PORTS];
	pthread_t threads[BED_PORTS];
	struct wire_port_stats stats;
	struct vnet_attr attr;
	unsigned int i;

	(void)state;
	bed_attr(bed, &attr);
	assert_int_equal(vnet_create(&attr, &bed->vnet), 0);
	vnet_lock(bed->vnet);
	bed_queues(bed);
	vnet_unlock(bed->vnet);
	for (i = 0; i < BED_PORTS; i++) {
		guests[i] = (struct guest){ .bp = &bed->ports[i] };
		assert_int_equal(pthread_create(&threads[i], NULL, guest_run, &guests[i]), 0);
	}
	for (i = 0; i < 4 || !all_done(guests); i++) {
		struct bed_port *bp = &bed->ports[i % 2];

		if (i / 2 % 2)
			rebuild(bed, bp, &bp->rx, 0);
		else
			rebuild(bed, bp, &bp->tx, 1);
		sched_yield();
	}
	for (i = 0; i < BED_PORTS; i++) {
		pthread_join(threads[i], NULL);
		assert_false(guests[i].wrong);
		assert_int_equal(guests[i].received, NB_FRAMES);
	}
	vnet_lock(bed->vnet);
	for (i = 0; i < BED_PORTS; i++) {
		wire_port_stats(bed->wire, i, &stats);
		assert_int_equal(stats.tx_frames, NB_FRAMES);
		assert_int_equal(stats.rx_frames, NB_FRAMES);
		assert_int_equal(stats.rx_dropped, 0);
	}
	bed_clear(bed);
	vnet_unlock(bed->vnet);
	vnet_destroy(bed->vnet);
	assert_int_equal(bed->nb_log_errors, 0);
	bed_free(bed);
}

static void
test_bell_wakes_idle_engine(void **state)
{
	struct bed *bed = bed_wire(wire_switch_create, 32, 0);
	struct bed_port *a = &bed->ports[0], *b = &bed->ports[1];
	struct timespec pause = {
		.tv_nsec = 3000000
	}; /* long enough for the engine to fall asleep */
	uint32_t i, number = 0, len = 0;
	struct vnet_attr attr;

	(void)state;
	bed_attr(bed, &attr);
	assert_int_equal(vnet_create(&attr, &bed->vnet), 0);
	vnet_lock(bed->vnet);
	bed_queues(bed);
	vnet_unlock(bed->vnet);
	for (i = 0; i < 5; i++) {
		nanosleep(&pause, NULL);
		vring_offer_rx(&b->rx.vr);
		assert_true(bed_post(a, i));
		bed_ring(a);
		while (!bed_receive(b, &number, &len))
			sched_yield();
		assert_int_equal(number, i);
	}
	vnet_lock(bed->vnet);
	bed_clear(bed);
	vnet_unlock(bed->vnet);
	vnet_destroy(bed->vnet);
	bed_free(bed);
}

/*
 * An engine that has just begun hands the listening socket to the wire's thread, at about the time
 * of the end. The thread sanitizer sees a hand-over to a thread that is gone.
 */
static void
test_end_while_ports_are_handed_over(void **state)
{
	char path[64];
	unsigned int i;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_vnet.%d", (int)getpid());
	for (i = 0; i < 100; i++) {
		struct bed *bed = bed_wire(wire_switch_create, 2, 0);
		struct timespec pause = { .tv_nsec = 3000 * (i % 25) };
		struct vnet_attr attr;

		assert_true(wire_unix_add(bed->wire, 0, "out", path, WIRE_UNIX_LISTEN) >= 0);
		bed_attr(bed, &attr);
		assert_int_equal(vnet_create(&attr, &bed->vnet), 0);
		nanosleep(&pause, NULL);
		vnet_destroy(bed->vnet);
		bed_free(bed);
	}
	assert_int_not_equal(access(path, F_OK), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_checks),
		cmocka_unit_test(test_pacing),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_sleep),
		cmocka_unit_test(test_traffic_and_rebuilds),
		cmocka_unit_test(test_bell_wakes_idle_engine),
		cmocka_unit_test(test_end_while_ports_are_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
