/* SPDX-License-Identifier: BSD-3-Clause */
/* The demo's witness inside the guests: frames that were changed or misplaced are found out, and
 * the accounts are exact. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent_arrival.h"
#include "agent_count.h"
#include "agent_frame.h"

static const uint8_t mac_a[6] = { 0x52, 0x54, 0, 0, 0, 1 };
static const uint8_t mac_b[6] = { 0x52, 0x54, 0, 0, 0, 2 };

static void
test_frame_roundtrip(void **state)
{
	uint8_t buf[AGENT_FRAME_MAX];
	struct agent_frame in = { .epoch = 7, .longest = AGENT_FRAME_USUAL };
	struct agent_frame out;
	size_t min = SIZE_MAX;
	size_t max = 0;

	for (in.number = 0; in.number < 5000; in.number++) {
		size_t len = agent_frame_make(buf, mac_a, mac_b, &in);

		assert_in_range(len, AGENT_FRAME_MIN, AGENT_FRAME_USUAL);
		min = len < min ? len : min;
		max = len > max ? len : max;
		assert_int_equal(agent_frame_check(buf, len, &out), AGENT_FRAME_OURS);
		assert_int_equal(out.epoch, 7);
		assert_int_equal(out.number, in.number);
	}
	assert_true(min < 110 && max > 1400);
}

static void
test_frame_every_byte_counts(void **state)
{
	uint8_t buf[AGENT_FRAME_MAX];
	struct agent_frame in = { .epoch = 3, .number = 12345, .longest = 1000 };
	struct agent_frame out;
	size_t len = agent_frame_make(buf, mac_a, mac_b, &in);
	size_t i;

	for (i = 12; i < len; i++) {
		buf[i] ^= 0x10;
		assert_int_not_equal(agent_frame_check(buf, len, &out), AGENT_FRAME_OURS);
		buf[i] ^= 0x10;
	}
	assert_int_equal(agent_frame_check(buf, len - 1, &out), AGENT_FRAME_CORRUPT);
	assert_int_equal(agent_frame_check(buf, 20, &out), AGENT_FRAME_FOREIGN);
	buf[12] = 0x86;
	buf[13] = 0xdd;
	assert_int_equal(agent_frame_check(buf, len, &out), AGENT_FRAME_FOREIGN);
}

static void
test_count(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 4, 2, 2, 5, 0 };
	struct agent_count *count = malloc(sizeof(*count));
	uint64_t now = 1000;
	unsigned int i;

	assert_non_null(count);
	agent_count_reset(count, 9);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		agent_count_frame(count, 9, numbers[i], now += 10);
	agent_count_frame(count, 8, 3, now += 10);
	agent_count_frame(count, 9, AGENT_COUNT_MAX, now += 10);
	assert_int_equal(count->unique, 5);
	assert_int_equal(count->duplicated, 2);
	assert_int_equal(count->reordered, 1);
	assert_int_equal(count->reordered_in_stream, 0);
	assert_int_equal(count->stale, 1);
	assert_int_equal(count->beyond, 1);
	assert_int_equal(count->next, 6);
	assert_int_equal(count->gap_ns, 10);
	assert_int_equal(agent_count_missing(count, 0, 6), 1);
	assert_int_equal(agent_count_missing(count, 3, 4), 1);
	assert_int_equal(agent_count_missing(count, 4, 6), 0);
	assert_int_equal(agent_count_missing(count, 6, 9), 3);
	assert_int_equal(agent_count_missing(count, AGENT_COUNT_MAX, AGENT_COUNT_MAX + 1), 1);
	free(count);
}

static void
test_count_streams(void **state)
{
	/* 64 and 0 are of one stream, 65 and 1 of another. */
	static const uint64_t numbers[] = { 64, 65, 0, 129, 1, 128 };
	struct agent_count *count = malloc(sizeof(*count));
	unsigned int i;

	assert_non_null(count);
	agent_count_reset(count, 1);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		agent_count_frame(count, 1, numbers[i], 1000 + i);
	assert_int_equal(count->reordered, 3);
	assert_int_equal(count->reordered_in_stream, 2);
	free(count);
}

static void
test_count_gap(void **state)
{
	struct agent_count *count = malloc(sizeof(*count));

	assert_non_null(count);
	agent_count_reset(count, 1);
	agent_count_frame(count, 1, 0, 5000);
	assert_int_equal(count->gap_ns, 0);
	agent_count_frame(count, 1, 1, 5700);
	agent_count_frame(count, 1, 2, 5800);
	assert_int_equal(count->gap_ns, 700);
	agent_count_mark(count, 6000);
	assert_int_equal(count->gap_ns, 0);
	agent_count_frame(count, 1, 3, 6300);
	assert_int_equal(count->gap_ns, 300);
	free(count);
}

static void
test_arrival_silence(void **state)
{
	struct agent_arrivals *log = calloc(1, sizeof(*log));
	struct agent_arrival before, after;
	uint64_t ns = 0;
	uint64_t i;

	assert_non_null(log);
	assert_int_equal(agent_arrival_silence(log, 0, UINT64_MAX, &before, &after), -ENOENT);
	for (i = 0; i < AGENT_ARRIVAL_MAX + 10; i++) {
		struct agent_arrival arrival = { .ns = ns, .sent = i };

		agent_arrival_enter(log, &arrival);
		ns += i == 5 ? 9000 : i == 20 ? 500 : i == 30 ? 700 : 100;
	}
	/* the longest of all is forgotten */
	assert_int_equal(agent_arrival_silence(log, 0, UINT64_MAX, &before, &after), 0);
	assert_int_equal(before.sent, 30);
	assert_int_equal(after.sent, 31);
	assert_int_equal(after.ns - before.ns, 700);
	/* that one has no moment in common with the time until frame 25 */
	assert_int_equal(agent_arrival_silence(log, 0, before.ns - 500, &before, &after), 0);
	assert_int_equal(before.sent, 20);
	assert_int_equal(after.ns - before.ns, 500);
	/* a moment in its middle will do; nothing has ended the last one */
	assert_int_equal(agent_arrival_silence(log, before.ns + 1, before.ns + 2, &before, &after),
			0);
	assert_int_equal(before.sent, 20);
	assert_int_equal(agent_arrival_silence(log, ns, ns + 1, &before, &after), -ENOENT);
	free(log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_roundtrip),
		cmocka_unit_test(test_frame_every_byte_counts),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_count_streams),
		cmocka_unit_test(test_count_gap),
		cmocka_unit_test(test_arrival_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
