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

static unsigned int
be16_at(const uint8_t *buf, size_t at)
{
	return (unsigned int)buf[at] << 8 | buf[at + 1];
}

/* RFC 1071, the slow way: the folded sum of a part with its check sum in it is 0xffff. */
static unsigned int
words_sum(const uint8_t *buf, size_t from, size_t end, unsigned int sum)
{
	for (; from < end; from += 2) {
		sum += (unsigned int)buf[from] << 8 | (from + 1 < end ? buf[from + 1] : 0);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static void
test_headers_are_ipv4_and_udp(void **state)
{
	static const uint8_t addresses[] = { 198, 18, 0, 2, 198, 18, 0, 1 };
	uint8_t buf[GUEST_FRAME_MAX];

	for (size_t len = GUEST_FRAME_MIN; len <= GUEST_FRAME_MAX; len++) {
		guest_frame_build(buf, len, &sample);
		assert_int_equal(be16_at(buf, 12), 0x0800);
		assert_int_equal(buf[14], 0x45);
		assert_int_equal(be16_at(buf, 16), len - 14);
		assert_int_equal(buf[23], 17);
		assert_int_equal(words_sum(buf, 14, 34, 0), 0xffff);
		assert_memory_equal(buf + 26, addresses, sizeof(addresses));
		assert_int_equal(be16_at(buf, 34), guest_frame_port(sample.stream));
		assert_int_equal(be16_at(buf, 36), GUEST_FRAME_PORT);
		assert_int_equal(be16_at(buf, 38), len - 34);
		assert_int_not_equal(be16_at(buf, 40), 0);
		assert_int_equal(words_sum(buf, 26, len, 17 + (unsigned int)len - 34), 0xffff);
	}
}

static void
test_each_stream_has_its_port(void **state)
{
	static bool taken[65536];

	for (uint32_t stream = 0; stream < GUEST_FRAME_MAX_STREAMS; stream++) {
		uint16_t port = guest_frame_port(stream);

		assert_true(port >= GUEST_FRAME_PORT_FIRST);
		assert_false(taken[port]);
		taken[port] = true;
	}
}

/* Toeplitz over IPv4 addresses and ports; bit 0 is the first of the key and of the input. */
static uint32_t
toeplitz(const uint8_t *key, const uint8_t *input, size_t len)
{
	uint32_t hash = 0;

	for (size_t bit = 0; bit < len * 8; bit++)
		for (size_t i = 0; i < 32 && (input[bit / 8] >> (7 - bit % 8) & 1) != 0; i++)
			hash ^= (uint32_t)(key[(bit + i) / 8] >> (7 - (bit + i) % 8) & 1)
					<< (31 - i);
	return hash;
}

static unsigned int
queues_hit(const uint8_t *key, uint32_t first, unsigned int nb)
{
	uint8_t buf[GUEST_FRAME_MIN];
	struct guest_frame frame = sample;
	uint32_t hit = 0;

	for (uint32_t i = 0; i < nb; i++) {
		frame.stream = first + i;
		guest_frame_build(buf, sizeof(buf), &frame);
		/* addresses and ports lie one after the other */
		hit |= 1u << toeplitz(key, buf + 26, 12) % nb;
	}
	return (unsigned int)__builtin_popcount(hit);
}

static void
test_streams_spread_over_all_queues(void **state)
{
	/* as many bytes as 96 bits of input look at */
	static const uint8_t keys[][16] = {
		{ 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d,
				0x5a, 0x6d, 0x5a },
		{ 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43,
				0xa3, 0x8f, 0xb0 },
		{ 0x2c, 0xc6, 0x81, 0xd1, 0x5b, 0xdb, 0xf4, 0xf7, 0xfc, 0xa2, 0x83, 0x19, 0xdb,
				0x1a, 0x3e, 0x94 },
	};

	for (size_t key = 0; key < sizeof(keys) / sizeof(keys[0]); key++)
		for (unsigned int nb = 1; nb <= 16; nb *= 2)
			for (uint32_t first = 0; first < 128; first += nb)
				assert_int_equal(queues_hit(keys[key], first, nb), nb);
}

/* A check sum of 0 would say that there is none: it is sent as 0xffff, and some packet needs that. */
static void
test_udp_sum_is_never_zero(void **state)
{
	uint8_t buf[GUEST_FRAME_MIN];
	struct guest_frame frame = sample, got;
	unsigned int nb_ones = 0;

	for (frame.seq = 0; frame.seq < 1000000; frame.seq++) {
		guest_frame_build(buf, sizeof(buf), &frame);
		assert_int_not_equal(be16_at(buf, 40), 0);
		if (be16_at(buf, 40) != 0xffff)
			continue;
		assert_int_equal(guest_frame_check(buf, sizeof(buf), &got), GUEST_FRAME_OK);
		nb_ones++;
	}
	assert_int_not_equal(nb_ones, 0);
}

static enum guest_frame_verdict
verdict_of_damage_at(size_t byte)
{
	if (byte == 12 || byte == 13 || byte == 23 || byte == 36 || byte == 37)
		return GUEST_FRAME_ALIEN; /* EtherType, protocol, destination port */
	if (byte == 40 || byte == 41)
		return GUEST_FRAME_TORN; /* the UDP check sum */
	return byte < GUEST_FRAME_MIN ? GUEST_FRAME_WRECK : GUEST_FRAME_TORN;
}

/* Every single bit that is turned over is noticed, wherever it is. */
static void
test_every_bit_counts(void **state)
{
	uint8_t buf[200];
	struct guest_frame got;

	guest_frame_build(buf, sizeof(buf), &sample);
	for (size_t bit = 0; bit < sizeof(buf) * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(guest_frame_check(buf, sizeof(buf), &got),
				verdict_of_damage_at(bit / 8));
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
	assert_int_equal(guest_frame_check(buf, GUEST_FRAME_MIN - 1, &got), GUEST_FRAME_WRECK);
	assert_int_equal(guest_frame_check(buf, 38, &got), GUEST_FRAME_WRECK);
	assert_int_equal(guest_frame_check(buf, 37, &got), GUEST_FRAME_ALIEN);
	assert_int_equal(guest_frame_check(buf, 0, &got), GUEST_FRAME_ALIEN);
	assert_true(guest_frame_ours(buf, 38));
	assert_false(guest_frame_ours(buf, 37));
	buf[42] ^= 1; /* the magic: somebody else's, or damaged */
	assert_int_equal(guest_frame_check(buf, sizeof(buf), &got), GUEST_FRAME_WRECK);
	buf[42] ^= 1;
	buf[13] = 0x06; /* ARP */
	assert_int_equal(guest_frame_check(buf, sizeof(buf), &got), GUEST_FRAME_ALIEN);
	buf[13] = 0x00;
	buf[23] = 6; /* TCP */
	assert_int_equal(guest_frame_check(buf, sizeof(buf), &got), GUEST_FRAME_ALIEN);
	buf[23] = 17;
	buf[37] ^= 1; /* another port */
	assert_int_equal(guest_frame_check(buf, sizeof(buf), &got), GUEST_FRAME_ALIEN);
}

/* What goes back is judged like what came: whole or torn, the same stream and number. */
static void
test_turned_round(void **state)
{
	static const size_t damage[] = { 41, 100 }; /* UDP check sum, pattern */
	static const uint8_t addresses[] = { 198, 18, 0, 1, 198, 18, 0, 2 };
	struct guest_frame frame = sample, got;
	uint8_t buf[128];

	for (unsigned int i = 0; i < 3000; i++) {
		unsigned int torn = i % 3;

		frame.seq = i;
		guest_frame_build(buf, sizeof(buf), &frame);
		if (torn != 0)
			buf[damage[torn - 1]] ^= 1;
		guest_frame_turn(buf, sizeof(buf));
		assert_int_equal(guest_frame_check(buf, sizeof(buf), &got),
				torn != 0 ? GUEST_FRAME_TORN : GUEST_FRAME_OK);
		assert_memory_equal(got.dst, sample.src, sizeof(got.dst));
		assert_memory_equal(got.src, sample.dst, sizeof(got.src));
		assert_int_equal(got.stream, sample.stream);
		assert_int_equal(got.seq, i);
		assert_int_equal(words_sum(buf, 14, 34, 0), 0xffff);
		assert_memory_equal(buf + 26, addresses, sizeof(addresses));
		assert_int_equal(be16_at(buf, 34), guest_frame_port(sample.stream));
		guest_frame_turn(buf, sizeof(buf));
		if (torn != 0)
			buf[damage[torn - 1]] ^= 1;
		assert_int_equal(guest_frame_check(buf, sizeof(buf), &got), GUEST_FRAME_OK);
		assert_memory_equal(&got, &frame, sizeof(got));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip_of_all_lengths),
		cmocka_unit_test(test_headers_are_ipv4_and_udp),
		cmocka_unit_test(test_each_stream_has_its_port),
		cmocka_unit_test(test_streams_spread_over_all_queues),
		cmocka_unit_test(test_udp_sum_is_never_zero),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_another_frames_payload_is_torn),
		cmocka_unit_test(test_cut_and_foreign_frames),
		cmocka_unit_test(test_turned_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
