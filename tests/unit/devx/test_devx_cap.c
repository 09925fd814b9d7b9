/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: capability pages are built byte by byte from the published offsets and
 * decoded; an empty page must decode to "can do nothing".
 *
 * Of the checklist: K11.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "devx_cap.h"
#include "devx_counters.h"
#include "devx_dev.h"
#include "prm_cmd.h"

static void
test_empty_pages(void **state)
{
	uint8_t page[4096] = { 0 };
	struct devx_cap cap = { 0 };

	devx_cap_decode_general(page, &cap);
	devx_cap_decode_virtio(page, &cap);
	assert_false(cap.virtq || cap.virtq_counters || cap.roce || cap.version_1_0);
	assert_false(cap.freeze_to_rdy || cap.modify_ext || cap.addr_modify || cap.index_modify);
	assert_int_equal(cap.nb_lag_ports, 1);
	assert_int_equal(cap.features, 0);
	assert_int_equal(cap.max_virtqs, 0);
}

static void
test_general(void **state)
{
	uint8_t page[4096] = { 0 };
	struct devx_cap cap = { 0 };

	page[0x80 + 6] = 1 << (13 - 8); /* general_obj_types bit 13 */
	page[0x80 + 4] = 1 << (28 - 24); /* bit 28 */
	page[28 * 4 + 2] = 9; /* dword 28 [12:8] */
	page[19 * 4 + 3] = 2; /* dword 19 [3:0] */
	page[16 * 4 + 3] = 1 << 2; /* dword 16 [2] */
	devx_cap_decode_general(page, &cap);
	assert_true(cap.virtq && cap.virtq_counters && cap.roce);
	assert_int_equal(cap.rqt_max_size, 512);
	assert_int_equal(cap.nb_lag_ports, 2);
}

/* The field counts 22 bytes around an IP packet; one that has no room for them says nothing. */
static void
test_mtu(void **state)
{
	uint8_t context[256] = { 0 };

	assert_int_equal(devx_cap_decode_mtu(context), 0);
	context[39] = 22; /* dword 9 [15:0] */
	assert_int_equal(devx_cap_decode_mtu(context), 0);
	context[38] = (1500 + 22) >> 8;
	context[39] = (1500 + 22) & 0xff;
	assert_int_equal(devx_cap_decode_mtu(context), 1500);
	memset(context, 0xff, sizeof(context));
	assert_int_equal(devx_cap_decode_mtu(context), 65535 - 22);
}

static void
test_virtio(void **state)
{
	uint8_t page[4096] = { 0 };
	struct devx_cap cap = { 0 };

	page[0] = 0x3e; /* version 1.0, both TSO, both checksums */
	page[2] = 0x02;
	page[3] = 0x01;
	page[7] = 0xe0 | 12;
	page[15] = 0x40;
	page[19] = 16;
	page[0xd4 / 8] = 0x80 >> (0xd4 % 8);
	page[8 * 4 + 3] = 64;
	page[9 * 4 + 2] = 0x10;
	page[12 * 4 + 3] = 16;
	devx_cap_decode_virtio(page, &cap);
	assert_true(cap.version_1_0 && cap.modify_ext && cap.addr_modify && cap.index_modify);
	assert_true(cap.freeze_to_rdy);
	assert_int_equal(cap.features,
			PRM_VIRTQ_F_HOST_TSO4 | PRM_VIRTQ_F_HOST_TSO6 | PRM_VIRTQ_F_CSUM |
					PRM_VIRTQ_F_GUEST_CSUM);
	assert_int_equal(cap.event_modes, 1u << PRM_VIRTQ_EVENT_QP);
	assert_int_equal(cap.queue_types, 1u << PRM_VIRTQ_SPLIT);
	assert_int_equal(cap.doorbell_offset, 0x40);
	assert_int_equal(cap.max_virtqs, 16);
	assert_int_equal(cap.umem[0].a, 64);
	assert_int_equal(cap.umem[0].b, 4096);
	assert_int_equal(cap.umem[2].a, 16);
}

static void
test_counters(void **state)
{
	uint8_t c[64] = { 0 };
	struct devx_counters v;

	c[0x17] = 1;
	c[0x1f] = 2;
	c[0x23] = 3;
	c[0x27] = 4;
	c[0x2b] = 5;
	c[0x2f] = 6;
	devx_counters_decode(c, &v);
	assert_int_equal(v.received_desc, 1);
	assert_int_equal(v.completed_desc, 2);
	assert_int_equal(v.error_cqes, 3);
	assert_int_equal(v.bad_desc_errors, 4);
	assert_int_equal(v.exceed_max_chain, 5);
	assert_int_equal(v.invalid_buffer, 6);
}

static void
test_uevent(void **state)
{
	static const char text[] =
			"DRIVER=mlx5_core\nXPCI_SLOT_NAME=no\nPCI_SLOT_NAME=0000:03:00.2\n";

	assert_memory_equal(devx_uevent_find(text, "PCI_SLOT_NAME"), "0000:03:00.2\n", 13);
	assert_null(devx_uevent_find(text, "PCI_SLOT"));
	assert_null(devx_uevent_find("", "PCI_SLOT_NAME"));
	assert_null(devx_uevent_find("PCI_SLOT_NAME", "PCI_SLOT_NAME"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_pages),
		cmocka_unit_test(test_general),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_virtio),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_uevent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
