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

static void
test_complete_then_good(void **state)
{
	struct vnet_flow flow;
	uint8_t f[64];
	size_t len = tcp4(f), bit;

	(void)state;
	vnet_flow_parse(f, len, &flow);
	assert_false(vnet_csum_good(f, &flow));
	assert_true(vnet_csum_complete(f, len, 34, 16));
	vnet_flow_parse(f, len, &flow);
	assert_true(vnet_csum_good(f, &flow));
	for (bit = 26 * 8; bit < len * 8; bit++) { /* addresses, TCP header, data */
		f[bit / 8] ^= (uint8_t)(1u << bit % 8);
		vnet_flow_parse(f, len, &flow);
		assert_false(vnet_csum_good(f, &flow));
		f[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* bytes behind the packet (padding of short frames) do not count */
	f[len] = 0x77;
	vnet_flow_parse(f, len + 1, &flow);
	assert_true(vnet_csum_good(f, &flow));
}

static void
test_fragment_is_not_judged(void **state)
{
	struct vnet_flow flow;
	uint8_t f[64];
	size_t len = tcp4(f);

	(void)state;
	assert_true(vnet_csum_complete(f, len, 34, 16));
	f[20] = 0x20; /* more fragments */
	vnet_flow_parse(f, len, &flow);
	assert_false(vnet_csum_good(f, &flow));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc1071),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_never_zero),
		cmocka_unit_test(test_complete_then_good),
		cmocka_unit_test(test_fragment_is_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
