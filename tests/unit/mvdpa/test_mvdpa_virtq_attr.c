/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: rings are laid into a small memory plan at places that are right and wrong
 * by one byte; then the attributes made of a ring are compared field by field.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <linux/virtio_ring.h>

#include "base_math.h"
#include "last_log.h"
#include "mvdpa_virtq_attr.h"

#define MEM 0x7f0000000000ULL

static struct mvdpa_mem_plan plan;

static int
setup(void **state)
{
	const struct mvdpa_mem_limits limits = { .page_size = 4096 };
	const struct mvdpa_mem_region r[] = {
		{ .gpa = 0, .size = 0x10000, .hva = MEM },
		{ .gpa = 0x100000, .size = 0x10000, .hva = MEM + 0x10000 },
	};

	return mvdpa_mem_plan_make(r, 2, &limits, &test_log, &plan);
}

static int
teardown(void **state)
{
	mvdpa_mem_plan_free(&plan);
	return 0;
}

static struct rte_vhost_vring
vring(uint64_t desc, uint64_t avail, uint64_t used, uint16_t size)
{
	return (struct rte_vhost_vring){ .desc = (void *)(uintptr_t)desc,
		.avail = (void *)(uintptr_t)avail,
		.used = (void *)(uintptr_t)used,
		.size = size };
}

static int
make(const struct rte_vhost_vring *v, enum prm_virtq_type type, struct mvdpa_ring *ring)
{
	const struct mvdpa_ring_place place = { .vring = v,
		.type = type,
		.mem = &plan,
		.log = &test_log,
		.who = "dev queue 3" };

	return mvdpa_ring_make(&place, ring);
}

static void
test_good_ring(void **state)
{
	/* the descriptor table at guest address 0, the used ring up to the last byte */
	struct rte_vhost_vring v = vring(MEM, MEM + 0x10000, MEM + 0x20000 - 4 - 8 * 256, 256);
	struct mvdpa_ring ring, other;

	assert_int_equal(make(&v, PRM_VIRTQ_SPLIT, &ring), 0);
	assert_true(ring.desc == 0);
	assert_true(ring.avail == 0x100000);
	assert_true(ring.used == 0x110000 - 4 - 8 * 256);
	assert_int_equal(ring.size, 256);
	assert_ptr_equal(ring.used_va, v.used);
	other = ring;
	other.used_va = NULL; /* mapped elsewhere is the same ring */
	assert_true(mvdpa_ring_same(&ring, &other));
	other.avail += 2;
	assert_false(mvdpa_ring_same(&ring, &other));
	other = ring;
	other.size = 128;
	assert_false(mvdpa_ring_same(&ring, &other));
	other = ring;
	other.type = PRM_VIRTQ_PACKED;
	assert_false(mvdpa_ring_same(&ring, &other));
}

/* Events are left out if the guest polls (-1) and the card can do without; a call file that is not
 * there yet (-2) may come any time. */
static void
test_polled(void **state)
{
	static const struct {
		bool card;
		int callfd;
		bool polled;
	} rows[] = { { false, -1, false }, { true, -1, true }, { true, -2, false },
		{ true, 0, false } };
	struct rte_vhost_vring v = vring(MEM, MEM + 0x10000, MEM + 0x11000, 256);
	struct mvdpa_ring_place place = { .vring = &v, .mem = &plan, .log = &test_log, .who = "q" };
	struct mvdpa_ring ring, other;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		place.may_be_polled = rows[i].card;
		v.callfd = rows[i].callfd;
		assert_int_equal(mvdpa_ring_make(&place, &ring), 0);
		assert_int_equal(ring.polled, rows[i].polled);
		other = ring;
		other.polled = !other.polled;
		assert_false(mvdpa_ring_same(&ring, &other));
	}
}

/* The event suppression areas are four bytes each, whatever the size. */
static void
test_good_packed_ring(void **state)
{
	struct rte_vhost_vring v = vring(MEM, MEM + 0x20000 - 8, MEM + 0x20000 - 4, 256);
	struct mvdpa_ring ring;

	assert_int_equal(make(&v, PRM_VIRTQ_PACKED, &ring), 0);
	assert_int_equal(ring.type, PRM_VIRTQ_PACKED);
	assert_true(ring.desc == 0);
	assert_true(ring.avail == 0x110000 - 8);
	assert_true(ring.used == 0x110000 - 4);
}

static void
check_bad_type(struct rte_vhost_vring v, enum prm_virtq_type type, const char *word)
{
	struct mvdpa_ring ring;

	nb_logs = 0;
	assert_int_equal(make(&v, type, &ring), -EINVAL);
	assert_int_equal(nb_logs, 1);
	assert_non_null(strstr(last_log, "dev queue 3"));
	assert_non_null(strstr(last_log, word));
}

static void
check_bad(struct rte_vhost_vring v, const char *word)
{
	check_bad_type(v, PRM_VIRTQ_SPLIT, word);
}

static void
test_bad_packed_rings(void **state)
{
	const enum prm_virtq_type packed = PRM_VIRTQ_PACKED;

	check_bad_type(vring(MEM, MEM, MEM, 255), packed, "size 255");
	check_bad_type(vring(MEM + 8, MEM, MEM, 256), packed, "descriptor ring (at");
	check_bad_type(vring(MEM, MEM + 2, MEM, 256), packed, "driver event suppression area (at");
	check_bad_type(vring(MEM, MEM, MEM + 1, 256), packed, "device event suppression area (at");
	check_bad_type(vring(MEM, MEM + 0x20000, MEM, 256), packed,
			"driver event suppression area");
	check_bad_type(vring(MEM + 0x10000 - 16, MEM, MEM, 256), packed, "descriptor ring");
	check_bad_type(vring(MEM, MEM, 0, 256), packed, "device event suppression area");
}

static void
test_bad_rings(void **state)
{
	check_bad(vring(MEM, MEM, MEM, 0), "size 0");
	check_bad(vring(MEM, MEM, MEM, 255), "size 255");
	check_bad(vring(MEM, MEM, MEM, 32769), "size 32769");
	check_bad(vring(0, MEM, MEM, 256), "descriptor table");
	check_bad(vring(MEM - 16, MEM, MEM, 256), "descriptor table");
	/* Both regions are next to each other in this process, but not for the guest. */
	check_bad(vring(MEM + 0x10000 - 16, MEM, MEM, 256), "descriptor table");
	check_bad(vring(MEM, MEM + 0x20000 - 4 - 2 * 256 + 2, MEM, 256), "available ring");
	check_bad(vring(MEM, MEM, MEM + 0x20000 - 4 - 8 * 256 + 4, 256), "used ring");
	/* Alignment (virtio 1.2, 2.7): an atomic access across a boundary can be a bus error. */
	check_bad(vring(MEM + 8, MEM, MEM, 256), "descriptor table (at");
	check_bad(vring(MEM, MEM + 1, MEM, 256), "available ring (at");
	check_bad(vring(MEM, MEM, MEM + 2, 256), "used ring (at");
	check_bad(vring(MEM, MEM, UINT64_MAX - 8, 256), "used ring");
}

static void
test_used_index(void **state)
{
	_Alignas(4) uint8_t bytes[16] = { 0x01, 0x00, 0x34, 0x12 };
	struct mvdpa_ring ring = { .used_va = (void *)bytes };

	assert_int_equal(mvdpa_ring_used_idx(&ring, 9), 0x1234); /* little endian */
	mvdpa_ring_want_kicks(&ring);
	assert_int_equal(bytes[0], 0);
	assert_int_equal(mvdpa_ring_used_idx(&ring, 9), 0x1234);
	/* no index there; the flags are the second half (2.8.10) */
	ring.type = PRM_VIRTQ_PACKED;
	bytes[0] = 7;
	bytes[2] = 1;
	assert_int_equal(mvdpa_ring_used_idx(&ring, 9), 9);
	mvdpa_ring_want_kicks(&ring);
	assert_int_equal(bytes[0], 7);
	assert_int_equal(bytes[2] | bytes[3], 0);
}

static void
test_attr(void **state)
{
	const struct mvdpa_ring ring = { .size = 512, .desc = 1, .avail = 2, .used = 3 };
	const struct mvdpa_virtq_parts parts = {
		.index = 5,
		.ring = &ring,
		.start = { 50, 20 },
		.features = 1ULL << 32 | 1ULL << 1 | 1ULL << 11,
		.mkey = 0x100,
		.pd = 7,
		.tisn = 8,
		.event_qpn = 9,
		.period = { 2, 100, 16 },
		.counters = 10,
		.umem = { { 1, 11 }, { 2, 22 }, { 3, 33 } },
	};
	struct mvdpa_virtq_parts polled = parts;
	struct devx_virtq_attr a;

	mvdpa_virtq_attr_make(&parts, &a);
	assert_int_equal(a.index, 5);
	assert_int_equal(a.size, 512);
	assert_int_equal(a.type, PRM_VIRTQ_SPLIT);
	assert_int_equal(a.state, PRM_VIRTQ_INIT);
	assert_int_equal(a.event_mode, PRM_VIRTQ_EVENT_QP);
	assert_int_equal(a.event_qpn, 9);
	assert_true(a.period_mode == 2 && a.period_us == 100 && a.max_count == 16);
	assert_true(a.desc == 1 && a.avail == 2 && a.used == 3);
	assert_int_equal(a.hw_available, 50);
	assert_int_equal(a.hw_used, 20);
	assert_true(a.version_1_0);
	assert_int_equal(a.features,
			PRM_VIRTQ_F_GUEST_CSUM | PRM_VIRTQ_F_HOST_TSO4 | PRM_VIRTQ_F_CSUM);
	assert_int_equal(a.mkey, 0x100);
	assert_int_equal(a.pd, 7);
	assert_int_equal(a.tisn, 8);
	assert_int_equal(a.counters, 10);
	assert_int_equal(a.umem[2].id, 3);
	assert_int_equal(a.umem[2].size, 33);

	polled.event_qpn = 0;
	mvdpa_virtq_attr_make(&polled, &a);
	assert_int_equal(a.event_mode, PRM_VIRTQ_EVENT_NO_MSIX);
	assert_int_equal(a.event_qpn, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_polled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_good_packed_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_packed_rings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_rings, setup, teardown),
		cmocka_unit_test(test_used_index),
		cmocka_unit_test(test_attr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
