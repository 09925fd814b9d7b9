/* SPDX-License-Identifier: BSD-3-Clause */
/* The device's side is written by hand here: honest first, then hostile in every way that has a name. */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "guest_vring.h"

#define SIZE 8

struct fixture {
	struct guest_mem *mem;
	struct guest_vring *vring;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
};

static int
setup(void **state)
{
	static struct fixture f;
	struct guest_vring_attr attr = { .size = SIZE, .region = GUEST_MEM_ANY };
	struct guest_vring_addr addr;

	if (guest_mem_create(NULL, &f.mem) != 0 || guest_mem_add_ram(f.mem, 1 << 20) != 0)
		return -1;
	attr.mem = f.mem;
	if (guest_vring_create(&attr, &f.vring) != 0)
		return -1;
	guest_vring_addr(f.vring, &addr);
	f.desc = addr.desc;
	f.avail = addr.avail;
	f.used = addr.used;
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	guest_vring_destroy(f->vring);
	guest_mem_destroy(f->mem);
	return 0;
}

/* Posts a chain of nb_out + nb_in buffers of 100 bytes. */
static int
post(struct fixture *f, uint16_t nb_out, uint16_t nb_in, void *cookie)
{
	struct guest_vring_seg segs[SIZE + 1];
	struct guest_vring_chain chain = { segs, nb_out, nb_in, cookie };
	int ret;

	for (unsigned int i = 0; i < nb_out + nb_in; i++)
		segs[i] = (struct guest_vring_seg){ 0x1000 * (i + 1), 100 };
	ret = guest_vring_add(f->vring, &chain);
	guest_vring_publish(f->vring);
	return ret;
}

/* What the device does: returns @id. */
static void
give_back(struct fixture *f, uint32_t id, uint32_t len)
{
	uint16_t idx = le16toh(f->used->idx);

	f->used->ring[idx % SIZE].id = htole32(id);
	f->used->ring[idx % SIZE].len = htole32(len);
	__atomic_store_n(&f->used->idx, htole16((uint16_t)(idx + 1)), __ATOMIC_RELEASE);
}

static uint64_t
errors(struct fixture *f, enum guest_vring_error error)
{
	struct guest_vring_stats stats;

	guest_vring_stats(f->vring, &stats);
	return stats.errors[error];
}

static void
expect_error(struct fixture *f, enum guest_vring_error error)
{
	struct guest_vring_used used;
	uint64_t before = errors(f, error);

	assert_int_equal(guest_vring_get(f->vring, &used), -EPROTO);
	assert_int_equal(used.error, error);
	assert_int_equal(errors(f, error), before + 1);
}

static void
test_layout_of_a_chain(void **state)
{
	struct fixture *f = *state;
	int cookie;
	uint16_t head, second, third;

	assert_int_equal(post(f, 1, 2, &cookie), 0);
	assert_int_equal(le16toh(f->avail->idx), 1);
	head = le16toh(f->avail->ring[0]);
	assert_int_equal(le64toh(f->desc[head].addr), 0x1000);
	assert_int_equal(le32toh(f->desc[head].len), 100);
	assert_int_equal(le16toh(f->desc[head].flags), VRING_DESC_F_NEXT);
	second = le16toh(f->desc[head].next);
	assert_int_equal(le16toh(f->desc[second].flags), VRING_DESC_F_NEXT | VRING_DESC_F_WRITE);
	third = le16toh(f->desc[second].next);
	assert_int_equal(le16toh(f->desc[third].flags), VRING_DESC_F_WRITE);
	assert_int_equal(le64toh(f->desc[third].addr), 0x3000);
	assert_int_equal(guest_vring_room(f->vring), SIZE - 3);
	assert_int_equal(guest_vring_in_flight(f->vring), 1);
}

static void
test_many_rounds_in_any_order(void **state)
{
	struct fixture *f = *state;
	struct guest_vring_used used;
	struct guest_vring_stats stats;
	uint16_t avail, next_used;
	int cookies[SIZE];

	/* 70000 chains: the 16-bit indices wrap */
	for (unsigned int round = 0; round < 17500; round++) {
		for (unsigned int i = 0; i < 4; i++)
			assert_int_equal(post(f, (uint16_t)(i % 2), 1, &cookies[i]), 0);
		for (unsigned int i = 0; i < 4; i++) {
			unsigned int at = (i + round) % 4;

			give_back(f, le16toh(f->avail->ring[(round * 4 + at) % SIZE]), 60 + at);
			assert_int_equal(guest_vring_get(f->vring, &used), 1);
			assert_ptr_equal(used.cookie, &cookies[at]);
			assert_int_equal(used.len, 60 + at);
			assert_int_equal(used.serial, round * 4 + at + 1);
		}
		assert_int_equal(guest_vring_get(f->vring, &used), 0);
		assert_int_equal(guest_vring_room(f->vring), SIZE);
	}
	guest_vring_stats(f->vring, &stats);
	assert_int_equal(stats.posted, 70000);
	assert_int_equal(stats.returned, 70000);
	assert_int_equal(stats.passed_over, 0);
	guest_vring_indices(f->vring, &avail, &next_used);
	assert_int_equal(avail, 70000 % 65536);
	assert_int_equal(next_used, 70000 % 65536);
}

static void
test_full_ring(void **state)
{
	struct fixture *f = *state;
	int cookie;

	assert_int_equal(post(f, 0, SIZE + 1, &cookie), -ENOSPC);
	assert_int_equal(post(f, 0, 0, &cookie), -EINVAL);
	assert_int_equal(post(f, 0, 1, NULL), -EINVAL);
	assert_int_equal(post(f, 0, SIZE - 1, &cookie), 0);
	assert_int_equal(post(f, 1, 1, &cookie), -ENOSPC);
	assert_int_equal(post(f, 1, 0, &cookie), 0);
	assert_int_equal(post(f, 1, 0, &cookie), -ENOSPC);
	assert_int_equal(guest_vring_in_flight(f->vring), 2);
}

static void
test_hostile_ids(void **state)
{
	struct fixture *f = *state;
	struct guest_vring_used used;
	int cookie;
	uint16_t head;

	assert_int_equal(post(f, 0, 2, &cookie), 0);
	head = le16toh(f->avail->ring[0]);
	give_back(f, SIZE, 0);
	expect_error(f, GUEST_VRING_ID_RANGE);
	give_back(f, UINT32_MAX, 0);
	expect_error(f, GUEST_VRING_ID_RANGE);
	give_back(f, le16toh(f->desc[head].next), 0); /* inside the chain, not its head */
	expect_error(f, GUEST_VRING_NOT_POSTED);
	give_back(f, (head + 5u) % SIZE, 0);
	expect_error(f, GUEST_VRING_NOT_POSTED);
	give_back(f, head, 10);
	assert_int_equal(guest_vring_get(f->vring, &used), 1);
	assert_ptr_equal(used.cookie, &cookie);
	give_back(f, head, 10);
	expect_error(f, GUEST_VRING_TWICE);
	assert_int_equal(guest_vring_room(f->vring), SIZE);
}

static void
test_absurd_length_returns_the_chain(void **state)
{
	struct fixture *f = *state;
	struct guest_vring_used used;
	int cookie;

	assert_int_equal(post(f, 0, 2, &cookie), 0);
	give_back(f, le16toh(f->avail->ring[0]), 201);
	assert_int_equal(guest_vring_get(f->vring, &used), -EPROTO);
	assert_int_equal(used.error, GUEST_VRING_LENGTH);
	assert_ptr_equal(used.cookie, &cookie);
	assert_int_equal(guest_vring_room(f->vring), SIZE);
	/* a device writes nothing to a chain that it only reads */
	assert_int_equal(post(f, 1, 0, &cookie), 0);
	give_back(f, le16toh(f->avail->ring[1]), 1);
	expect_error(f, GUEST_VRING_LENGTH);
}

static void
test_index_jump_breaks_the_ring(void **state)
{
	struct fixture *f = *state;
	struct guest_vring_used used;
	int cookie;

	assert_int_equal(post(f, 0, 1, &cookie), 0);
	f->used->idx = htole16(SIZE + 1);
	expect_error(f, GUEST_VRING_INDEX_JUMP);
	f->used->idx = htole16(0);
	assert_int_equal(guest_vring_get(f->vring, &used), -EPROTO);
	assert_int_equal(errors(f, GUEST_VRING_INDEX_JUMP), 1);
	/* what was posted can still be taken back */
	assert_int_equal(guest_vring_take_back(f->vring, &used), 1);
	assert_ptr_equal(used.cookie, &cookie);
	assert_int_equal(guest_vring_take_back(f->vring, &used), 0);
}

/* The device may scribble over the descriptor table and the avail ring: we never read them. */
static void
test_scribbled_table_does_no_harm(void **state)
{
	struct fixture *f = *state;
	struct guest_vring_used used;
	int cookie;
	uint16_t head;

	assert_int_equal(post(f, 1, 2, &cookie), 0);
	head = le16toh(f->avail->ring[0]);
	memset(f->desc, 0xff, sizeof(*f->desc) * SIZE);
	memset(f->avail, 0xff, sizeof(*f->avail) + 2 * SIZE);
	give_back(f, head, 200);
	assert_int_equal(guest_vring_get(f->vring, &used), 1);
	assert_int_equal(post(f, 4, 4, &cookie), 0);
}

static void
test_passed_over_descriptors_are_found(void **state)
{
	struct fixture *f = *state;
	struct guest_vring_used used;
	struct guest_vring_stats stats;
	int cookies[4];

	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(post(f, 0, 1, &cookies[i]), 0);
	give_back(f, le16toh(f->avail->ring[2]), 1); /* the device skipped two */
	assert_int_equal(guest_vring_get(f->vring, &used), 1);
	guest_vring_stats(f->vring, &stats);
	assert_int_equal(stats.passed_over, 2);
	assert_int_equal(stats.posted, 4);
	assert_int_equal(stats.returned, 1);
	while (guest_vring_take_back(f->vring, &used) == 1)
		assert_non_null(used.cookie);
	guest_vring_stats(f->vring, &stats);
	assert_int_equal(stats.reclaimed, 3);
	assert_int_equal(stats.passed_over, 2); /* a reset does not make it undone */
}

static void
test_notifications(void **state)
{
	struct fixture *f = *state;
	struct guest_vring_seg seg = { 0x1000, 100 };
	struct guest_vring_used used;
	int cookie;
	struct guest_vring_chain chain = { &seg, 1, 0, &cookie };

	assert_false(guest_vring_publish(f->vring)); /* nothing new */
	assert_int_equal(guest_vring_add(f->vring, &chain), 0);
	assert_int_equal(le16toh(f->avail->idx), 0); /* not shown yet */
	assert_true(guest_vring_publish(f->vring));
	f->used->flags = htole16(VRING_USED_F_NO_NOTIFY);
	assert_int_equal(guest_vring_add(f->vring, &chain), 0);
	assert_false(guest_vring_publish(f->vring));
	assert_int_equal(le16toh(f->avail->idx), 2);
	guest_vring_irq_off(f->vring);
	assert_int_equal(le16toh(f->avail->flags), VRING_AVAIL_F_NO_INTERRUPT);
	assert_false(guest_vring_irq_on(f->vring));
	assert_int_equal(f->avail->flags, 0);
	give_back(f, le16toh(f->avail->ring[0]), 0);
	assert_true(guest_vring_irq_on(f->vring));
	assert_int_equal(guest_vring_get(f->vring, &used), 1);
}

/* A chain in a table of its own: one descriptor of the ring, the same account otherwise. */
static void
test_indirect_chains(void **state)
{
	struct fixture *f = *state;
	struct guest_vring_attr attr = {
		.mem = f->mem,
		.size = SIZE,
		.region = GUEST_MEM_ANY,
		.indirect = true,
	};
	const struct guest_vring_seg segs[] = { { 0x1000, 12 }, { 0x2000, 100 }, { 0x3000, 200 },
		{ 0x4000, 300 }, { 0x5000, 400 } };
	struct guest_vring_chain chain = { .segs = segs, .nb_out = 1, .nb_in = 2, .cookie = f };
	struct guest_vring_stats stats;
	struct guest_vring_used used;
	struct guest_vring_addr addr;
	struct vring_desc *table;
	uint16_t head;

	guest_vring_destroy(f->vring);
	assert_int_equal(guest_vring_create(&attr, &f->vring), 0);
	guest_vring_addr(f->vring, &addr);
	f->desc = addr.desc;
	f->avail = addr.avail;
	f->used = addr.used;
	chain.indirect = true;
	for (unsigned int i = 0; i < SIZE; i++)
		assert_int_equal(guest_vring_add(f->vring, &chain), 0);
	assert_int_equal(guest_vring_add(f->vring, &chain), -ENOSPC);
	guest_vring_publish(f->vring);
	head = le16toh(f->avail->ring[3]);
	assert_int_equal(le16toh(f->desc[head].flags), VRING_DESC_F_INDIRECT);
	assert_int_equal(le32toh(f->desc[head].len), 3 * sizeof(*table));
	table = guest_mem_hva(f->mem, le64toh(f->desc[head].addr), 3 * sizeof(*table));
	assert_non_null(table);
	assert_int_equal(le16toh(table[0].flags), VRING_DESC_F_NEXT);
	assert_int_equal(le16toh(table[0].next), 1);
	assert_int_equal(le16toh(table[1].flags), VRING_DESC_F_NEXT | VRING_DESC_F_WRITE);
	assert_int_equal(le16toh(table[1].next), 2);
	assert_int_equal(le16toh(table[2].flags), VRING_DESC_F_WRITE);
	assert_int_equal(le64toh(table[2].addr), 0x3000);
	assert_int_equal(le32toh(table[2].len), 200);
	give_back(f, head, 301); /* the table's writable bytes are 300 */
	expect_error(f, GUEST_VRING_LENGTH);
	assert_int_equal(guest_vring_room(f->vring), 1);
	give_back(f, le16toh(f->avail->ring[4]), 300);
	assert_int_equal(guest_vring_get(f->vring, &used), 1);
	guest_vring_stats(f->vring, &stats);
	assert_int_equal(stats.indirect, SIZE);
	while (guest_vring_take_back(f->vring, &used) == 1)
		;
	/* what does not fit into a table lies in the ring */
	chain.nb_in = 4;
	assert_int_equal(guest_vring_add(f->vring, &chain), 0);
	assert_int_equal(guest_vring_room(f->vring), SIZE - 5);
	guest_vring_stats(f->vring, &stats);
	assert_int_equal(stats.indirect, SIZE);
}

static void
test_bad_sizes(void **state)
{
	struct fixture *f = *state;
	struct guest_vring_attr attr = { .mem = f->mem, .region = GUEST_MEM_ANY };
	struct guest_vring *vring;

	for (unsigned int i = 0; i < 4; i++) {
		attr.size = (uint16_t[]){ 0, 3, 1000, 65535 }[i];
		assert_int_equal(guest_vring_create(&attr, &vring), -EINVAL);
	}
	attr.size = GUEST_VRING_MAX_SIZE; /* 900 KiB do not fit beside the other ring */
	assert_int_equal(guest_vring_create(&attr, &vring), -ENOMEM);
	attr.size = SIZE;
	attr.region = 0x1234000;
	assert_int_equal(guest_vring_create(&attr, &vring), -ENOENT);
}

int
main(void)
{
#define RING_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		RING_TEST(test_layout_of_a_chain),
		RING_TEST(test_many_rounds_in_any_order),
		RING_TEST(test_full_ring),
		RING_TEST(test_hostile_ids),
		RING_TEST(test_absurd_length_returns_the_chain),
		RING_TEST(test_index_jump_breaks_the_ring),
		RING_TEST(test_scribbled_table_does_no_harm),
		RING_TEST(test_passed_over_descriptors_are_found),
		RING_TEST(test_notifications),
		RING_TEST(test_indirect_chains),
		RING_TEST(test_bad_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
