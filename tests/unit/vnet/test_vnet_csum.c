/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: RFC 1071's own example, the virtio way to complete a checksum, and the
 * verdict on frames, each bit of which is flipped once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vnet_csum.h"

static void
test_rfc1071(void **state)
{
	/* 00 01 f2 03 f4 f5 f6 f7: sum ddf2 (RFC 1071, section 3); checksum is its complement */
	uint8_t frame[] = { 0xee, 0, 0, 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_true(vnet_csum_complete(frame, sizeof(frame), 1, 0));
	assert_int_equal(frame[1], 0x22);
	assert_int_equal(frame[2], 0x0d);
	assert_int_equal(frame[0], 0xee);
}

static void
test_bounds(void **state)
{
	uint8_t frame[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, copy[8];

	(void)state;
	memcpy(copy, frame, 8);
	assert_false(vnet_csum_complete(frame, 8, 9, 0));
	assert_false(vnet_csum_complete(frame, 8, 7, 0));
	assert_false(vnet_csum_complete(frame, 8, 8, 0));
	assert_false(vnet_csum_complete(frame, 8, 0, 7));
	assert_false(vnet_csum_complete(frame, 8, 4, SIZE_MAX - 3));
	assert_false(vnet_csum_complete(frame, 1, 0, 0));
	assert_memory_equal(frame, copy, 8);
	assert_true(vnet_csum_complete(frame, 8, 0, 6));
}

static void
test_never_zero(void **state)
{
	uint8_t frame[4] = { 0xff, 0xff, 0, 0 };

	(void)state;
	assert_true(vnet_csum_complete(frame, 4, 0, 2));
	assert_int_equal(frame[2], 0xff);
	assert_int_equal(frame[3], 0xff);
}

/* TCP over IPv4 with an odd number of data bytes; the guest leaves the pseudo header's sum. */
static size_t
tcp4(uint8_t f[64])
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 43, 0,
		0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0, 80, 0, 0, 0, 1, 0, 0,
		0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0, 'o', 'd', 'd' };
	uint32_t sum = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 23;

	memcpy(f, head, sizeof(head));
	f[50] = (uint8_t)(sum >> 8);
	f[51] = (uint8_t)sum;
	return sizeof(head);
}

static bool
good(const uint8_t *f, size_t len)
{
	struct wire_frame frame;
	struct vnet_flow flow;

	wire_frame_init(&frame, f, len);
	vnet_flow_parse(&frame, &flow);
	return vnet_csum_good(&frame, &flow);
}

static void
test_complete_then_good(void **state)
{
	uint8_t f[64];
	size_t len = tcp4(f), bit;

	(void)state;
	assert_false(good(f, len));
	assert_true(vnet_csum_complete(f, len, 34, 16));
	assert_true(good(f, len));
	for (bit = 26 * 8; bit < len * 8; bit++) { /* addresses, TCP header, data */
		f[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(good(f, len));
		f[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* bytes behind the packet (padding of short frames) do not count */
	f[len] = 0x77;
	assert_true(good(f, len + 1));
}

static void
test_fragment_is_not_judged(void **state)
{
	uint8_t f[64];
	size_t len = tcp4(f);

	(void)state;
	assert_true(vnet_csum_complete(f, len, 34, 16));
	f[20] = 0x20; /* more fragments */
	assert_false(good(f, len));
}

/* The same sum, whatever the pieces, odd ones and empty ones too. */
static void
test_pieces(void **state)
{
	uint8_t f[64 + 200];
	struct wire_frame frame;
	struct iovec body[3];
	struct vnet_flow flow;
	size_t len = tcp4(f), a, b;

	(void)state;
	assert_true(vnet_csum_complete(f, len, 34, 16));
	wire_frame_init(&frame, f, len);
	frame.body = body;
	frame.nb_body = 3;
	for (a = 54; a <= len; a++) {
		for (b = a; b <= len; b++) {
			frame.head_len = (uint32_t)a;
			body[0] = (struct iovec){ f + a, b - a };
			body[1] = (struct iovec){ f, 0 };
			body[2] = (struct iovec){ f + b, len - b };
			vnet_flow_parse(&frame, &flow);
			assert_true(vnet_csum_good(&frame, &flow));
			f[len - 1] ^= 1;
			assert_false(vnet_csum_good(&frame, &flow));
			f[len - 1] ^= 1;
		}
	}
}

/* Against the two bytes at a time of the RFC, at all lengths and alignments. */
static void
test_add(void **state)
{
	uint8_t bytes[80];
	size_t off, len, i;
	uint32_t slow;
	uint16_t word;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(0xff - i * i);
	for (off = 0; off < 8; off++) {
		for (len = 0; off + len <= sizeof(bytes); len++) {
			for (slow = 0, i = 0; i < len; i += 2) {
				word = 0;
				memcpy(&word, bytes + off + i, len - i < 2 ? 1 : 2);
				slow += word;
			}
			slow = (slow & 0xffff) + (slow >> 16);
			slow = (slow & 0xffff) + (slow >> 16);
			assert_int_equal(vnet_csum_fold(vnet_csum_add(0, bytes + off, len)), slow);
		}
	}
	assert_int_equal(vnet_csum_fold(vnet_csum_add(UINT64_MAX, "\1\1\1\1\1\1\1\1", 8)), 0x0404);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc1071),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_never_zero),
		cmocka_unit_test(test_complete_then_good),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_fragment_is_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
