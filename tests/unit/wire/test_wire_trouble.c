/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: numbered frames through a port with trouble; their owner at the other end
 * writes the numbers down.
 */
#include "wire_peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base_clock.h"

#define MAX 4096u

struct bed {
	struct wire *wire;
	struct wire_hold hold;
	bool full;
	unsigned int nb;
	unsigned int got[MAX]; /* numbers, in the order of arrival */
	unsigned int torn; /* frames with a wrong byte */
};

static enum wire_answer
bed_can_take(void *arg, const struct wire_frame *frame)
{
	struct bed *bed = arg;

	(void)frame;
	return bed->full ? WIRE_NO : WIRE_YES;
}

static void
bed_take(void *arg, const struct wire_frame *frame)
{
	struct bed *bed = arg;
	unsigned int i, wrong = 0;

	assert_true(bed->nb < MAX);
	assert_int_equal(frame->len, 60);
	for (i = 20; i < 60; i++)
		wrong += frame->head[i] != 0x5a;
	bed->torn += wrong != 0;
	bed->got[bed->nb++] = (unsigned int)frame->head[14] << 8 | frame->head[15];
}

static const struct wire_port_ops bed_ops = { .can_take = bed_can_take, .take = bed_take };

static struct bed *
bed_make(const char *settings[][2])
{
	struct bed *bed = calloc(1, sizeof(*bed));
	const char *why;
	unsigned int i;

	assert_non_null(bed);
	assert_int_equal(wire_switch_create(2, 1000, NULL, &bed->wire), 0);
	for (i = 0; i < 2; i++) {
		wire_plug(bed->wire, i, &bed_ops, bed);
		wire_port_wake(bed->wire, i);
	}
	for (i = 0; settings[i][0] != NULL; i++)
		assert_int_equal(wire_port_set(bed->wire, 0, settings[i][0], settings[i][1], &why),
				0);
	return bed;
}

static void
bed_end(struct bed *bed)
{
	wire_destroy(bed->wire);
	free(bed);
}

static int
bed_send(struct bed *bed, unsigned int number)
{
	uint8_t frame[60];

	wire_peer_frame(frame, 0xff, 1);
	memset(frame + 16, 0x5a, 44);
	frame[14] = (uint8_t)(number >> 8);
	frame[15] = (uint8_t)number;
	return wire_peer_send(bed->wire, 0, frame, sizeof(frame), &bed->hold);
}

static struct wire_port_stats
bed_stats(struct bed *bed)
{
	struct wire_port_stats stats;

	wire_port_stats(bed->wire, 0, &stats);
	return stats;
}

static void
test_lose(void **state)
{
	struct bed *bed = bed_make((const char *[][2]){ { "loss", "every:3" }, { NULL, NULL } });
	unsigned int i;

	(void)state;
	for (i = 1; i <= 9; i++)
		assert_int_equal(bed_send(bed, i), 0);
	assert_int_equal(bed->nb, 6);
	assert_int_equal(bed->got[2], 4);
	assert_int_equal(bed_stats(bed).tx_lost, 3);
	assert_int_equal(bed_stats(bed).tx_frames, 9);
	bed_end(bed);
}

static void
test_duplicate(void **state)
{
	struct bed *bed = bed_make(
			(const char *[][2]){ { "duplicate", "every:2x1" }, { NULL, NULL } });
	unsigned int i;

	(void)state;
	for (i = 1; i <= 4; i++)
		assert_int_equal(bed_send(bed, i), 0);
	assert_int_equal(bed->nb, 5);
	assert_int_equal(bed->got[1], 2);
	assert_int_equal(bed->got[2], 2);
	assert_int_equal(bed->got[4], 4);
	assert_int_equal(bed_stats(bed).tx_duplicated, 1);
	assert_false(wire_is_busy(bed->wire));
	bed_end(bed);
}

static void
test_reorder(void **state)
{
	struct bed *bed = bed_make((const char *[][2]){ { "reorder", "every:4" }, { NULL, NULL } });
	static const unsigned int order[] = { 1, 2, 3, 5, 4, 6, 7 };
	uint64_t begin;
	unsigned int i;

	(void)state;
	for (i = 1; i <= 8; i++)
		assert_int_equal(bed_send(bed, i), 0);
	assert_int_equal(bed->nb, 7);
	assert_memory_equal(bed->got, order, sizeof(order));
	/* nobody overtakes the last one: it comes all the same */
	assert_true(wire_is_busy(bed->wire));
	begin = base_clock_ns();
	while (wire_poll(bed->wire) == 0)
		assert_true(base_clock_ns() - begin < BASE_NS_PER_S);
	assert_int_equal(bed->got[7], 8);
	assert_int_equal(bed_stats(bed).tx_reordered, 2);
	bed_end(bed);
}

static void
test_corrupt(void **state)
{
	struct bed *bed = bed_make((const char *[][2]){ { "corrupt", "1x20" }, { NULL, NULL } });
	unsigned int i, changed = 0;

	(void)state;
	for (i = 1; i <= 30; i++)
		assert_int_equal(bed_send(bed, i), 0);
	assert_int_equal(bed->nb, 30);
	for (i = 1; i <= 30; i++)
		changed += bed->got[i - 1] != i;
	/* one bit each; it may be in bytes that are not looked at (16 to 19) */
	assert_in_range(bed->torn + changed, 10, 20);
	assert_int_equal(bed_stats(bed).tx_corrupted, 20);
	bed_end(bed);
}

static void
test_delay_keeps_the_order(void **state)
{
	struct bed *bed = bed_make((const char *[][2]){ { "delay", "20000" }, { NULL, NULL } });
	uint64_t begin = base_clock_ns();
	unsigned int i;

	(void)state;
	for (i = 1; i <= 50; i++)
		assert_int_equal(bed_send(bed, i), 0);
	if (base_clock_ns() - begin < 20 * BASE_NS_PER_MS)
		assert_int_equal(bed->nb, 0);
	while (bed->nb < 50) {
		wire_poll(bed->wire);
		assert_true(base_clock_ns() - begin < 5 * BASE_NS_PER_S);
	}
	assert_true(base_clock_ns() - begin >= 20 * BASE_NS_PER_MS);
	for (i = 1; i <= 50; i++)
		assert_int_equal(bed->got[i - 1], i);
	assert_int_equal(bed_stats(bed).tx_delayed, 50);
	assert_false(wire_is_busy(bed->wire));
	bed_end(bed);
}

static void
test_store_is_bounded(void **state)
{
	struct bed *bed = bed_make((const char *[][2]){ { "delay", "10000000" }, { NULL, NULL } });
	unsigned int i;

	(void)state;
	for (i = 0; bed_send(bed, i) == 0; i++)
		assert_true(i < MAX);
	assert_in_range(i, 1000, 1024);
	assert_int_equal(bed_send(bed, i), -EAGAIN); /* the sender keeps it */
	bed_end(bed); /* frees them all */
}

static void
test_rate_holds_the_sender_up(void **state)
{
	/* 60 bytes are 480 bits: 1000 frames a second */
	struct bed *bed = bed_make((const char *[][2]){ { "rate", "480k" }, { NULL, NULL } });
	uint64_t begin = base_clock_ns();
	unsigned int i;

	(void)state;
	for (i = 1; i <= 50; i++) {
		while (bed_send(bed, i) == -EAGAIN)
			assert_true(base_clock_ns() - begin < 5 * BASE_NS_PER_S);
	}
	/* less the bucket's depth of 2 ms */
	assert_true(base_clock_ns() - begin >= 46 * BASE_NS_PER_MS);
	assert_int_equal(bed->nb, 50);
	assert_true(bed_stats(bed).tx_rate_waits > 0);
	assert_int_equal(bed->hold.since_ns, 0);
	bed_end(bed);
}

static void
test_refused_frame_keeps_its_fate(void **state)
{
	struct bed *bed = bed_make((const char *[][2]){ { "duplicate", "every:2" },
			{ "loss", "every:3" }, { NULL, NULL } });
	unsigned int i, n;

	(void)state;
	for (n = 1; n <= 6; n++) {
		/* frame 3 and 6 are lost, whoever could take them */
		bed->full = n % 3 != 0;
		for (i = 0; bed->full && i < 5; i++)
			assert_int_equal(bed_send(bed, n), -EAGAIN);
		bed->full = false;
		assert_int_equal(bed_send(bed, n), 0);
	}
	assert_int_equal(bed->nb, 6); /* 1 2 2 4 4 5 */
	assert_int_equal(bed_stats(bed).tx_lost, 2);
	assert_int_equal(bed_stats(bed).tx_duplicated, 2);
	bed_end(bed);
}

static void
test_bad_cables_carry_finished_frames(void **state)
{
	struct bed *bed = bed_make((const char *[][2]){ { "loss", "every:1000" }, { NULL, NULL } });
	uint8_t data[60];
	struct wire_frame frame;

	(void)state;
	wire_peer_frame(data, 0xff, 1);
	wire_frame_init(&frame, data, sizeof(data));
	frame.csum_partial = true;
	assert_int_equal(wire_send(bed->wire, 0, &frame, &bed->hold), -EMSGSIZE);
	assert_int_equal(bed->nb, 0);
	bed_end(bed);
}

static void
test_link_off_ends_what_is_held(void **state)
{
	struct bed *bed = bed_make((const char *[][2]){ { "delay", "50000" }, { NULL, NULL } });
	uint64_t begin = base_clock_ns();

	(void)state;
	assert_int_equal(bed_send(bed, 1), 0);
	wire_link_off(bed->wire, 0);
	while (wire_poll(bed->wire) == 0)
		assert_true(base_clock_ns() - begin < BASE_NS_PER_S);
	assert_int_equal(bed->nb, 0);
	assert_int_equal(bed_stats(bed).tx_link, 1);
	bed_end(bed);
}

static void
test_each_frame_waits_for_itself(void **state)
{
	struct bed *bed = bed_make((const char *[][2]){ { "delay", "1" }, { NULL, NULL } });
	struct timespec pause = { .tv_nsec = 60 * BASE_NS_PER_MS };
	struct wire_port_stats stats;

	(void)state;
	bed->wire->pause_ns = 50 * BASE_NS_PER_MS;
	bed->full = true;
	assert_int_equal(bed_send(bed, 1), 0);
	while (STAILQ_FIRST(&bed->wire->ports[0].trouble->held)->hold.since_ns == 0)
		assert_int_equal(wire_poll(bed->wire), 0);
	wire_link_off(bed->wire, 0);
	assert_int_equal(wire_poll(bed->wire), 1);
	wire_link_on(bed->wire, 0);
	nanosleep(&pause, NULL);
	/* the first one waited for longer than anybody may, the second one has just come */
	assert_int_equal(bed_send(bed, 2), 0);
	while (STAILQ_FIRST(&bed->wire->ports[0].trouble->held)->hold.since_ns == 0)
		assert_int_equal(wire_poll(bed->wire), 0);
	bed->full = false;
	assert_int_equal(wire_poll(bed->wire), 1);
	assert_int_equal(bed->nb, 1);
	assert_int_equal(bed->got[0], 2);
	wire_port_stats(bed->wire, 1, &stats);
	assert_int_equal(stats.rx_dropped, 0);
	bed_end(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lose),
		cmocka_unit_test(test_duplicate),
		cmocka_unit_test(test_reorder),
		cmocka_unit_test(test_corrupt),
		cmocka_unit_test(test_delay_keeps_the_order),
		cmocka_unit_test(test_store_is_bounded),
		cmocka_unit_test(test_rate_holds_the_sender_up),
		cmocka_unit_test(test_refused_frame_keeps_its_fate),
		cmocka_unit_test(test_bad_cables_carry_finished_frames),
		cmocka_unit_test(test_link_off_ends_what_is_held),
		cmocka_unit_test(test_each_frame_waits_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
