/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a device of a few lines stands on the other side of a packed ring (virtio
 * 1.2, 2.8) and returns what it is given, in order, or something that cannot be.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest_vring.h"

#define SIZE 8u
#define FIRST 0x8000u /* index 0, wrap counter 1 */
#define AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define USED (1u << VRING_PACKED_DESC_F_USED)

static struct guest_mem *mem;
static struct guest_vring *ring;
static struct vring_packed_desc *descs;
static unsigned int device_at, device_wrap; /* the device's place and its wrap counter */

static int
setup(void **state)
{
	static const struct base_log log;
	struct guest_vring_attr attr = { .size = SIZE, .region = GUEST_MEM_ANY, .packed = true };
	struct guest_vring_addr addr;

	if (guest_mem_create(&log, &mem) != 0 || guest_mem_add_ram(mem, 1 << 20) != 0)
		return -1;
	attr.mem = mem;
	if (guest_vring_create(&attr, &ring) != 0)
		return -1;
	guest_vring_addr(ring, &addr);
	descs = addr.desc;
	device_at = 0;
	device_wrap = 1;
	return 0;
}

static int
teardown(void **state)
{
	guest_vring_destroy(ring);
	guest_mem_destroy(mem);
	return 0;
}

static bool
device_sees(void)
{
	unsigned int flags = le16toh(descs[device_at].flags);

	return !!(flags & AVAIL) == device_wrap && !!(flags & USED) != device_wrap;
}

static void
device_advance(unsigned int nb)
{
	device_at += nb;
	if (device_at >= SIZE) {
		device_at -= SIZE;
		device_wrap ^= 1;
	}
}

/* Returns the chain that is next. */
static void
device_return(uint32_t len)
{
	unsigned int at = device_at, wrap = device_wrap, nb = 1;
	uint16_t id;

	assert_true(device_sees());
	while (le16toh(descs[(at + nb - 1) % SIZE].flags) & VRING_DESC_F_NEXT)
		nb++;
	id = descs[(at + nb - 1) % SIZE].id;
	descs[at].id = id;
	descs[at].len = htole32(len);
	descs[at].flags = htole16((
			uint16_t)((wrap ? AVAIL | USED : 0) | (len != 0 ? VRING_DESC_F_WRITE : 0)));
	device_advance(nb);
}

static void
post(unsigned int nb_in, void *cookie)
{
	const struct guest_vring_seg segs[] = { { 0x1000, 100 }, { 0x2000, 200 }, { 0x3000, 300 } };
	const struct guest_vring_chain chain = {
		.segs = segs,
		.nb_in = (uint16_t)nb_in,
		.cookie = cookie,
	};

	assert_int_equal(guest_vring_add(ring, &chain), 0);
}

static void
test_round_and_round(void **state)
{
	struct guest_vring_used used;
	struct guest_vring_stats stats;
	char cookies[100];
	uint16_t avail, taken;

	assert_int_equal(guest_vring_device_used(ring), FIRST);
	for (unsigned int i = 0; i < 100; i++) {
		post(1 + i % 3, &cookies[i]);
		assert_false(device_sees());
		guest_vring_publish(ring);
		assert_int_equal(guest_vring_get(ring, &used), 0);
		device_return(100);
		assert_true(guest_vring_has_used(ring));
		guest_vring_indices(ring, &avail, &taken);
		assert_int_equal(guest_vring_device_used(ring), avail);
		assert_int_equal(avail, device_at | device_wrap << 15);
		assert_int_equal(guest_vring_get(ring, &used), 1);
		assert_ptr_equal(used.cookie, &cookies[i]);
		assert_int_equal(used.serial, i + 1);
		assert_int_equal(guest_vring_room(ring), SIZE);
	}
	guest_vring_stats(ring, &stats);
	assert_int_equal(stats.returned, 100);
	assert_int_equal(stats.passed_over, 0);
}

/* Several chains become visible at once, and the device's place is known without taking them. */
static void
test_batch(void **state)
{
	struct guest_vring_used used;
	uint16_t avail, taken;
	char cookies[3];

	for (unsigned int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < 3; i++)
			post(2, &cookies[i]);
		assert_false(device_sees());
		assert_true(guest_vring_publish(ring));
		device_return(0);
		device_return(0);
		guest_vring_indices(ring, &avail, &taken);
		assert_int_equal(guest_vring_device_used(ring), device_at | device_wrap << 15);
		assert_int_equal(guest_vring_distance(ring, taken, avail), 6);
		assert_int_equal(guest_vring_distance(ring, taken, guest_vring_device_used(ring)),
				4);
		device_return(0);
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(guest_vring_get(ring, &used), 1);
	}
}

static void
test_full_ring(void **state)
{
	const struct guest_vring_seg seg = { 0x1000, 100 };
	char cookie;
	const struct guest_vring_chain chain = { .segs = &seg, .nb_in = 1, .cookie = &cookie };
	uint16_t avail, taken;

	for (unsigned int i = 0; i < SIZE; i++)
		post(1, &cookie);
	assert_int_equal(guest_vring_add(ring, &chain), -ENOSPC);
	guest_vring_publish(ring);
	guest_vring_indices(ring, &avail, &taken);
	assert_int_equal(avail, 0); /* place 0 of the second round */
	assert_int_equal(guest_vring_distance(ring, taken, avail), SIZE);
	for (unsigned int i = 0; i < SIZE; i++)
		device_return(0);
	assert_int_equal(guest_vring_device_used(ring), avail);
}

static void
test_bad_ids(void **state)
{
	struct guest_vring_used used;
	char cookie;

	post(1, &cookie);
	guest_vring_publish(ring);
	device_return(101);
	assert_int_equal(guest_vring_get(ring, &used), -EPROTO);
	assert_int_equal(used.error, GUEST_VRING_LENGTH);
	assert_ptr_equal(used.cookie, &cookie);
	post(1, &cookie);
	guest_vring_publish(ring);
	device_return(10);
	descs[1].id = htole16(SIZE);
	assert_int_equal(guest_vring_get(ring, &used), -EPROTO);
	assert_int_equal(used.error, GUEST_VRING_ID_RANGE);
	assert_int_equal(guest_vring_get(ring, &used), -EPROTO);
	assert_int_equal(used.error, GUEST_VRING_INDEX_JUMP);
}

/* A length without the WRITE flag means nothing (2.8.4), whatever it says. */
static void
test_length_without_write(void **state)
{
	struct guest_vring_used used;
	char cookie;

	post(1, &cookie);
	guest_vring_publish(ring);
	device_return(0);
	descs[0].len = htole32(5000);
	assert_int_equal(guest_vring_get(ring, &used), 1);
	assert_int_equal(used.len, 0);
}

static void
test_notifications(void **state)
{
	struct guest_vring_addr addr;
	struct vring_packed_desc_event *driver, *device;
	char cookie;

	guest_vring_addr(ring, &addr);
	driver = addr.avail;
	device = addr.used;
	assert_false(guest_vring_irq_on(ring));
	assert_int_equal(driver->flags, VRING_PACKED_EVENT_FLAG_ENABLE);
	guest_vring_irq_off(ring);
	assert_int_equal(le16toh(driver->flags), VRING_PACKED_EVENT_FLAG_DISABLE);
	device->flags = htole16(VRING_PACKED_EVENT_FLAG_DISABLE);
	post(1, &cookie);
	assert_false(guest_vring_publish(ring));
	device->flags = VRING_PACKED_EVENT_FLAG_ENABLE;
	post(1, &cookie);
	assert_true(guest_vring_publish(ring));
	device_return(0);
	assert_true(guest_vring_irq_on(ring));
}

/* A chain in a table of its own takes one place; in the table only WRITE counts (2.8.7). */
static void
test_indirect_chains(void **state)
{
	struct guest_vring_attr attr = {
		.mem = mem,
		.size = SIZE,
		.region = GUEST_MEM_ANY,
		.packed = true,
		.indirect = true,
	};
	const struct guest_vring_seg segs[] = { { 0x1000, 12 }, { 0x2000, 100 }, { 0x3000, 200 } };
	char cookie;
	struct guest_vring_chain chain = {
		.segs = segs,
		.nb_out = 1,
		.nb_in = 2,
		.cookie = &cookie,
		.indirect = true,
	};
	struct vring_packed_desc *table;
	struct guest_vring_used used;
	struct guest_vring_addr addr;

	guest_vring_destroy(ring);
	assert_int_equal(guest_vring_create(&attr, &ring), 0);
	guest_vring_addr(ring, &addr);
	descs = addr.desc;
	for (unsigned int i = 0; i < 5 * SIZE; i++) {
		assert_int_equal(guest_vring_add(ring, &chain), 0);
		assert_int_equal(guest_vring_room(ring), SIZE - 1);
		guest_vring_publish(ring);
		assert_true(device_sees());
		assert_int_equal(le16toh(descs[device_at].flags) & ~(AVAIL | USED),
				VRING_DESC_F_INDIRECT);
		assert_int_equal(le32toh(descs[device_at].len), 3 * sizeof(*table));
		table = guest_mem_hva(mem, le64toh(descs[device_at].addr), 3 * sizeof(*table));
		assert_non_null(table);
		assert_int_equal(table[0].flags, 0);
		assert_int_equal(le16toh(table[1].flags), VRING_DESC_F_WRITE);
		assert_int_equal(le16toh(table[2].flags), VRING_DESC_F_WRITE);
		assert_int_equal(le64toh(table[2].addr), 0x3000);
		device_return(i % 2 ? 300 : 301);
		assert_int_equal(guest_vring_get(ring, &used), i % 2 ? 1 : -EPROTO);
		assert_ptr_equal(used.cookie, &cookie);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_and_round, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(test_length_without_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notifications, setup, teardown),
		cmocka_unit_test_setup_teardown(test_indirect_chains, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
