/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest_frame.h"

static const struct guest_frame sample = {
	.dst = { 2, 0, 0, 0, 0, 1 },
	.src = { 2, 0, 0, 0, 0, 2 },
	.stream = 7,
	.seq = 0x123456789abcULL,
};

static void
test_round_trip_of_all_lengths(void **state)
{
	uint8_t buf[GUEST_FRAME_MAX];
	struct guest_frame got;

	for (size_t len = GUEST_FRAME_MIN; len <= GUEST_FRAME_MAX; len++) {
		guest_frame_build(buf, len, &sample);
		memset(&got, 0, sizeof(got));
		assert_int_equal(guest_frame_check(buf, len, &got), GUEST_FRAME_OK);
		assert_memory_equal(&got, &sample, sizeof(got));
	}
}

/* Every single bit that is turned over is noticed, wherever it is behind the EtherType. */
static void
test_every_bit_counts(void **state)
{
	uint8_t buf[200];
	struct guest_frame got;

	guest_frame_build(buf, sizeof(buf), &sample);
	for (size_t bit = 0; bit < sizeof(buf) * 8; bit++) {
		enum guest_frame_verdict verdict;

		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		verdict = guest_frame_check(buf, sizeof(buf), &got);
		if (bit / 8 == 12 || bit / 8 == 13)
			assert_int_equal(verdict, GUEST_FRAME_ALIEN);
		else if (bit / 8 < 38)
			assert_int_equal(verdict, GUEST_FRAME_WRECK);
		else
			assert_int_equal(verdict, GUEST_FRAME_TORN);
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void
test_another_frames_payload_is_torn(void **state)
{
	struct guest_frame other = sample, got;
	uint8_t a[128], b[128];

	other.seq++;
	guest_frame_build(a, sizeof(a), &sample);
	guest_frame_build(b, sizeof(b), &other);
	memcpy(a + 64, b + 64, 64);
	assert_int_equal(guest_frame_check(a, sizeof(a), &got), GUEST_FRAME_TORN);
	assert_int_equal(got.seq, sample.seq);
	assert_int_equal(got.stream, sample.stream);
}

static void
test_cut_and_foreign_frames(void **state)
{
	struct guest_frame got;
	uint8_t buf[128];

	guest_frame_build(buf, sizeof(buf), &sample);
	assert_int_equal(guest_frame_check(buf, sizeof(buf) - 1, &got), GUEST_FRAME_TORN);
	assert_int_equal(guest_frame_check(buf, 20, &got), GUEST_FRAME_WRECK);
	assert_int_equal(guest_frame_check(buf, 13, &got), GUEST_FRAME_ALIEN);
	assert_int_equal(guest_frame_check(buf, 0, &got), GUEST_FRAME_ALIEN);
	buf[12] = 0x08;
	buf[13] = 0x06;
	assert_int_equal(guest_frame_check(buf, sizeof(buf), &got), GUEST_FRAME_ALIEN);
}

/* What goes back is judged like what came: whole or torn, the same stream and number. */
static void
test_turned_round(void **state)
{
	struct guest_frame got;
	uint8_t buf[128];

	for (unsigned int torn = 0; torn < 2; torn++) {
		guest_frame_build(buf, sizeof(buf), &sample);
		buf[100] ^= (uint8_t)torn;
		guest_frame_turn(buf, sizeof(buf));
		assert_int_equal(guest_frame_check(buf, sizeof(buf), &got),
				torn ? GUEST_FRAME_TORN : GUEST_FRAME_OK);
		assert_memory_equal(got.dst, sample.src, sizeof(got.dst));
		assert_memory_equal(got.src, sample.dst, sizeof(got.src));
		assert_int_equal(got.stream, sample.stream);
		assert_int_equal(got.seq, sample.seq);
	}
	guest_frame_turn(buf, sizeof(buf));
	buf[100] ^= 1;
	guest_frame_check(buf, sizeof(buf), &got);
	assert_memory_equal(&got, &sample, sizeof(got));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip_of_all_lengths),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_another_frames_payload_is_torn),
		cmocka_unit_test(test_cut_and_foreign_frames),
		cmocka_unit_test(test_turned_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
