/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the encoder's bytes are compared with offsets written out here as numbers
 * (PRM virtio_net_q and virtio_q, taken from the published layouts by hand), so a wrong row of
 * lib/prm shows; then encode and decode are each other's inverse for many values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "devx_virtq.h"

#define NET 0x10 /* virtio_net_q behind the header */
#define Q 0x50 /* virtio_q behind that */

static uint64_t
be(const uint8_t *p, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | *p++;
	return v;
}

static const struct devx_virtq_attr sample = {
	.index = 3,
	.size = 256,
	.type = PRM_VIRTQ_SPLIT,
	.state = PRM_VIRTQ_RDY,
	.event_mode = PRM_VIRTQ_EVENT_QP,
	.event_qpn = 0x123456,
	.period_mode = 2,
	.period_us = 0xabc,
	.max_count = 0x4321,
	.desc = 0x1122334455667788,
	.avail = 0x2233445566778899,
	.used = 0x33445566778899aa,
	.mkey = 0xabcdef00,
	.pd = 0x654321,
	.tisn = 0xfedcba,
	.counters = 0x89abcdef,
	.features = PRM_VIRTQ_F_HOST_TSO4 | PRM_VIRTQ_F_GUEST_CSUM | PRM_VIRTQ_F_MRG_RXBUF,
	.version_1_0 = true,
	.hw_available = 50,
	.hw_used = 20,
	.umem = { { 11, 111, 0x1000 }, { 22, 222, 0x2000 }, { 33, 333, 0x123456789000 } },
	.log = { .mkey = 0x76543200, .size = 4097, .addr = 0x8877665544332211, .enabled = true },
};

static void
test_create_bytes(void **state)
{
	uint8_t in[256] = { 0 };

	devx_virtq_encode(&sample, 0, in);
	assert_int_equal(be(in, 2), 0xa00);
	assert_int_equal(be(in + 6, 2), 0x0d);
	assert_int_equal(be(in + NET, 8), 0);
	/* TSO4 is bit 31 of the dword, GUEST_CSUM (rx_csum) bit 28 */
	assert_int_equal(be(in + NET + 0x10, 4) & 0xffc00000, 0x90000000);
	assert_int_equal(be(in + NET + 0x10, 4) & 0xf, 1);
	assert_int_equal(be(in + NET + 0x14, 4), 4u << 24 | 0xfedcba);
	assert_int_equal(be(in + NET + 0x10, 4) & 0x00200000, 0x00200000); /* dump_enable */
	assert_int_equal(be(in + NET + 0x18, 4), 0x76543200);
	assert_int_equal(be(in + NET + 0x1c, 4), 4097);
	assert_int_equal(be(in + NET + 0x20, 8), 0x8877665544332211);
	assert_int_equal(be(in + NET + 0x28, 2), 50);
	assert_int_equal(be(in + NET + 0x2a, 2), 20);
	assert_int_equal(be(in + Q, 4), 0u << 24 | 1u << 16 | 3);
	assert_int_equal(be(in + Q + 4, 4), 0x40000000u | 0x123456);
	assert_int_equal(be(in + Q + 0xa, 2), 256);
	assert_int_equal(be(in + Q + 0x10, 8), 0x1122334455667788);
	assert_int_equal(be(in + Q + 0x18, 8), 0x33445566778899aa);
	assert_int_equal(be(in + Q + 0x20, 8), 0x2233445566778899);
	assert_int_equal(be(in + Q + 0x28, 4), 0xabcdef00);
	assert_int_equal(be(in + Q + 0x30, 4), 11);
	assert_int_equal(be(in + Q + 0x34, 4), 111);
	assert_int_equal(be(in + Q + 0x40, 4), 22);
	assert_int_equal(be(in + Q + 0x50, 4), 33);
	assert_int_equal(be(in + Q + 0x60, 4), 0x89abcdef);
	assert_int_equal(be(in + Q + 0x65, 3), 0x654321);
	assert_int_equal(be(in + Q + 0x68, 4), 0x2abc4321);
}

static void
test_modify_writes_only_what_is_selected(void **state)
{
	uint8_t in[208] = { 0 }, want[208] = { 0 };

	devx_virtq_encode(&sample, PRM_VIRTQ_MOD_STATE, in);
	want[0] = 0x0a; /* MODIFY_GENERAL_OBJECT */
	want[1] = 0x01;
	want[7] = 0x0d;
	want[NET + 7] = 1; /* modify_field_select */
	want[NET + 0x13] = 1; /* state */
	want[Q + 3] = 3; /* queue_index is filled in each modify */
	assert_memory_equal(in, want, sizeof(in));
}

/* Bitmap and switch in one command, and nothing else: all that a running queue takes. */
static void
test_modify_of_the_log(void **state)
{
	uint8_t in[208] = { 0 }, want[208] = { 0 };

	devx_virtq_encode(&sample,
			PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS | PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE,
			in);
	want[0] = 0x0a;
	want[1] = 0x01;
	want[7] = 0x0d;
	want[NET + 7] = 0x18;
	want[NET + 0x11] = 0x20;
	memcpy(want + NET + 0x18, "\x76\x54\x32\x00\x00\x00\x10\x01", 8);
	memcpy(want + NET + 0x20, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
	want[Q + 3] = 3;
	assert_memory_equal(in, want, sizeof(in));
}

static void
test_decode_inverts_encode(void **state)
{
	struct devx_virtq_attr attr, back;
	uint8_t in[208];
	unsigned int i;

	for (i = 0; i < 13; i++) {
		attr = sample;
		attr.features = (uint16_t)(1u << i);
		attr.hw_available = (uint16_t)(65535 - i);
		attr.hw_used = (uint16_t)(i * 5041);
		attr.type = i & 1 ? PRM_VIRTQ_PACKED : PRM_VIRTQ_SPLIT;
		memset(in, 0, sizeof(in));
		devx_virtq_encode(&attr, 0, in);
		devx_virtq_decode(in + NET, &back);
		assert_memory_equal(&attr, &back, offsetof(struct devx_virtq_attr, error_type));
		assert_memory_equal(attr.umem, back.umem, sizeof(attr.umem));
		assert_int_equal(attr.log.mkey, back.log.mkey);
		assert_int_equal(attr.log.size, back.log.size);
		assert_int_equal(attr.log.addr, back.log.addr);
		assert_int_equal(attr.log.enabled, back.log.enabled);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_bytes),
		cmocka_unit_test(test_modify_writes_only_what_is_selected),
		cmocka_unit_test(test_modify_of_the_log),
		cmocka_unit_test(test_decode_inverts_encode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
