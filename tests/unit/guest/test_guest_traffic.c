/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two guests' threads on a device that sleeps: A sends, B gives back. Every layout and every set of
 * features, as a wake-up that gets lost shows only where both sides sleep.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base_clock.h"
#include "base_math.h"
#include "guest_traffic.h"
#include "soft_switch.h"

#define NB_PAIRS 2u
#define SIZE 64u
#define WAIT_MS 20000u

struct side {
	struct guest_mem *mem;
	struct guest_pool *pool;
	struct guest_net *net;
	struct guest_traffic *traffic;
	int call_fds[2 * NB_PAIRS];
};

static struct side sides[2];
static int deaf_fds[2 * NB_PAIRS]; /* that nobody writes */
static bool is_deaf; /* the sides to be made sleep on these */
static struct soft_switch *card;
static struct guest_ledger *ledger;

static void
on_kick(void *arg, unsigned int queue)
{
	soft_switch_kick(card);
}

static void
make_side(unsigned int i, bool packed, uint64_t features)
{
	struct side *s = &sides[i];
	struct guest_net_attr net = {
		.name = i == 0 ? "A" : "B",
		.nb_pairs = NB_PAIRS,
		.ring_size = SIZE,
		.packed = packed,
		.features = features,
		.rx_buffer = 64,
		.ring_region = GUEST_MEM_ANY,
		.kick = on_kick,
	};
	struct guest_traffic_attr traffic = {
		.name = net.name,
		.nb_pairs = NB_PAIRS,
		.call_fds = s->call_fds,
		.ledger = ledger,
		.tx_stream = i * NB_PAIRS,
		.mac = { 2, 0, 0, 0, 0, (uint8_t)(i + 1) },
	};

	assert_int_equal(guest_mem_create(NULL, &s->mem), 0);
	assert_int_equal(guest_mem_add_ram(s->mem, 4 << 20), 0);
	assert_int_equal(guest_pool_create(s->mem, GUEST_MEM_ANY, 2 * NB_PAIRS * SIZE, &s->pool),
			0);
	net.mem = s->mem;
	assert_int_equal(guest_net_create(&net, &s->net), 0);
	guest_net_use_pool(s->net, s->pool);
	for (unsigned int q = 0; q < 2 * NB_PAIRS; q++)
		s->call_fds[q] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (unsigned int pair = 0; pair < NB_PAIRS; pair++)
		guest_net_rx_fill(s->net, pair);
	traffic.net = s->net;
	if (is_deaf)
		traffic.call_fds = deaf_fds;
	assert_int_equal(guest_traffic_create(&traffic, &s->traffic), 0);
}

static void
begin(bool packed, uint64_t features, uint64_t tear_at)
{
	struct soft_switch_attr attr = {
		.nb_pairs = NB_PAIRS,
		.packed = packed,
		.features = features,
		.tear_at = tear_at,
	};

	card = NULL;
	assert_int_equal(guest_ledger_create(2 * NB_PAIRS, &ledger), 0);
	for (unsigned int i = 0; i < 2; i++) {
		make_side(i, packed, features);
		attr.sides[i] = (struct soft_switch_side){
			.net = sides[i].net,
			.mem = sides[i].mem,
			.call_fds = sides[i].call_fds,
		};
	}
	card = soft_switch_start(&attr);
	for (unsigned int i = 0; i < 2; i++)
		guest_traffic_unpark(sides[i].traffic);
}

static void
end(void)
{
	for (unsigned int i = 0; i < 2; i++)
		guest_traffic_park(sides[i].traffic);
	soft_switch_stop(card);
	card = NULL;
	for (unsigned int i = 0; i < 2; i++) {
		struct side *s = &sides[i];

		guest_traffic_destroy(s->traffic);
		guest_net_destroy(s->net);
		guest_pool_destroy(s->pool);
		guest_mem_destroy(s->mem);
		for (unsigned int q = 0; q < 2 * NB_PAIRS; q++)
			close(s->call_fds[q]);
	}
	guest_ledger_destroy(ledger);
}

static void
send_from(unsigned int i, uint32_t window, uint64_t count)
{
	struct guest_traffic_load load = {
		.peer = { 2, 0, 0, 0, 0, (uint8_t)(2 - i) },
		.frame_len = 200,
		.window = window,
		.count = count,
		.probe_ms = WAIT_MS,
	};

	assert_int_equal(guest_traffic_start(sides[i].traffic, &load), 0);
}

static struct guest_traffic_stats
stats_of(unsigned int i)
{
	struct guest_traffic_stats stats;

	guest_traffic_stats(sides[i].traffic, &stats);
	return stats;
}

/* All @nb packets of each of A's streams have come once, whole and in order, but for @torn. */
static void
check_account(uint64_t nb, uint64_t torn)
{
	uint64_t torn_seen = 0;

	for (uint32_t i = 0; i < NB_PAIRS; i++) {
		struct guest_ledger_count c;

		assert_int_equal(guest_ledger_wait(ledger, i, nb, WAIT_MS), 0);
		guest_ledger_count(ledger, i, &c);
		assert_int_equal(c.sent, nb);
		assert_int_equal(c.lost + c.duplicated + c.reordered + c.invented, 0);
		torn_seen += c.torn;
	}
	assert_int_equal(torn_seen, torn);
}

static uint64_t
device_errors(unsigned int i)
{
	struct guest_net_stats s;
	uint64_t errors = 0;

	guest_traffic_park(sides[i].traffic);
	for (unsigned int q = 0; q < 2 * NB_PAIRS; q++) {
		guest_net_stats(sides[i].net, q, &s);
		errors += s.odd_header + s.merge_errors + s.short_used + s.ring.passed_over;
		for (unsigned int e = GUEST_VRING_OK + 1; e < GUEST_VRING_NB_ERRORS; e++)
			errors += s.ring.errors[e];
	}
	guest_traffic_unpark(sides[i].traffic);
	return errors;
}

static const uint64_t sets[] = {
	0,
	GUEST_VRING_F_EVENT_IDX,
	GUEST_NET_F_MRG_RXBUF,
	GUEST_VRING_F_INDIRECT_DESC,
	GUEST_VRING_F_EVENT_IDX | GUEST_NET_F_MRG_RXBUF | GUEST_VRING_F_INDIRECT_DESC,
};

/* One packet at a time wakes everybody each time; many at a time fill rings and merge wake-ups. */
static void
test_echo(void **state)
{
	for (unsigned int i = 0; i < 2 * BASE_ARRAY_SIZE(sets); i++) {
		uint64_t raised, spared, sent = 0;

		begin(i % 2 != 0, sets[i / 2], 0);
		guest_traffic_echo_on(sides[1].traffic);
		for (uint32_t window = 1; window <= 100; window = window == 1 ? 5 : window * 20) {
			send_from(0, window, 500);
			sent += 500;
			check_account(sent, 0);
		}
		assert_int_equal(stats_of(1).echoed, NB_PAIRS * sent);
		assert_int_equal(stats_of(0).unannounced + stats_of(1).unannounced, 0);
		assert_int_equal(device_errors(0) + device_errors(1), 0);
		soft_switch_interrupts(card, &raised, &spared);
		assert_true(raised > 0 && spared > 0);
		end();
	}
}

/* While B's transmit ring is full frames wait, and none is dropped. */
static void
test_echo_waits_for_room(void **state)
{
	for (unsigned int i = 0; i < 2 * BASE_ARRAY_SIZE(sets); i++) {
		uint64_t deadline = base_clock_ns() + WAIT_MS * BASE_NS_PER_MS;

		begin(i % 2 != 0, sets[i / 2], 0);
		guest_traffic_echo_on(sides[1].traffic);
		soft_switch_hold(card, 1);
		send_from(0, 0, 4 * SIZE);
		while (stats_of(1).echo_waits == 0) {
			assert_true(base_clock_ns() < deadline);
			usleep(100);
		}
		assert_true(stats_of(1).echoed < NB_PAIRS * 4 * SIZE);
		assert_int_equal(guest_ledger_arrived(ledger, 0), 0);
		soft_switch_release(card);
		check_account(4 * SIZE, 0);
		assert_int_equal(stats_of(1).echoed, NB_PAIRS * 4 * SIZE);
		assert_int_equal(device_errors(0) + device_errors(1), 0);
		end();
	}
}

/* Damage on the way there is booked where the frame is from. */
static void
test_echo_of_a_torn_frame(void **state)
{
	begin(false, 0, 10);
	guest_traffic_echo_on(sides[1].traffic);
	send_from(0, 4, 50);
	check_account(50, 1);
	assert_int_equal(stats_of(1).echoed, NB_PAIRS * 50);
	end();
}

/* Two echoes do not play ball: what is one's own is booked. And an end to it is an end. */
static void
test_echo_of_both_and_of_none(void **state)
{
	begin(true, GUEST_VRING_F_EVENT_IDX, 0);
	guest_traffic_echo_on(sides[0].traffic);
	guest_traffic_echo_on(sides[1].traffic);
	send_from(0, 8, 200);
	check_account(200, 0);
	assert_int_equal(stats_of(0).echoed, 0);
	guest_traffic_echo_off(sides[1].traffic);
	send_from(0, 8, 100);
	check_account(300, 0); /* booked by B */
	assert_int_equal(stats_of(1).echoed, NB_PAIRS * 200);
	end();
}

/* Soon nobody has anything to do for 200 ms: there are the timers of 100 ms, and a few wake-ups
 * beside them. A thread that spins makes thousands, for ever. */
static void
check_idle(void)
{
	uint64_t deadline = base_clock_ns() + WAIT_MS * BASE_NS_PER_MS, before, nb;

	do {
		assert_true(base_clock_ns() < deadline);
		before = stats_of(0).sleeps + stats_of(1).sleeps;
		usleep(200000);
		nb = stats_of(0).sleeps + stats_of(1).sleeps - before;
	} while (nb > 40);
}

/* After traffic, with an echo, with a full ring, and with one that waits for it: all sleep. */
static void
test_idle_threads_sleep(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		begin(i % 2 != 0, i < 2 ? 0 : sets[BASE_ARRAY_SIZE(sets) - 1], 0);
		guest_traffic_echo_on(sides[1].traffic);
		send_from(0, 10, 100);
		check_account(100, 0);
		check_idle();
		soft_switch_hold(card, 1);
		send_from(0, 0, UINT64_MAX - 1);
		while (stats_of(1).echo_waits == 0 || stats_of(0).tx_no_room == 0)
			usleep(1000);
		check_idle(); /* A's ring is full, and so is the one in which B gives back */
		guest_traffic_stop(sides[0].traffic);
		soft_switch_release(card);
		end();
	}
}

/* What the device breaks is no work: nobody looks at it again and again. */
static void
test_broken_rings_do_not_spin(void **state)
{
	for (unsigned int queue = 0; queue < 2; queue++) {
		struct guest_vring_addr addr;
		uint64_t one = 1, before;

		begin(false, 0, 0);
		soft_switch_hold(card, 0);
		send_from(0, 0, UINT64_MAX - 1);
		while (stats_of(0).tx_no_room == 0)
			usleep(1000);
		guest_vring_addr(guest_net_ring(sides[0].net, queue), &addr);
		__atomic_store_n(&((struct vring_used *)addr.used)->idx, htole16(20000),
				__ATOMIC_RELEASE);
		before = stats_of(0).sleeps;
		assert_int_equal(write(sides[0].call_fds[queue], &one, sizeof(one)), sizeof(one));
		while (stats_of(0).sleeps == before)
			usleep(1000);
		check_idle();
		assert_int_equal(device_errors(0), 1);
		end();
	}
}

/* An interrupt that was asked for and never comes is not covered up by the thread's timer. (What
 * comes while the thread is awake needs none: then there is another packet.) */
static void
test_lost_wake_up_is_counted(void **state)
{
	uint64_t nb = 0;

	for (unsigned int q = 0; q < 2 * NB_PAIRS; q++)
		deaf_fds[q] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	is_deaf = true;
	begin(false, 0, 0);
	is_deaf = false;
	while (stats_of(1).unannounced == 0) {
		assert_true(nb < 20);
		send_from(0, 1, 1);
		check_account(++nb, 0);
	}
	assert_int_equal(stats_of(0).unannounced, 0);
	end();
	for (unsigned int q = 0; q < 2 * NB_PAIRS; q++)
		close(deaf_fds[q]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_echo_waits_for_room),
		cmocka_unit_test(test_echo_of_a_torn_frame),
		cmocka_unit_test(test_echo_of_both_and_of_none),
		cmocka_unit_test(test_lost_wake_up_is_counted),
		cmocka_unit_test(test_idle_threads_sleep),
		cmocka_unit_test(test_broken_rings_do_not_spin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
