/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the ring walk against rings that no driver would write. Guest memory is
 * allocated to the byte, so that an access outside of what is granted is also one that the address
 * sanitizer sees.
 */
#include "vring_driver.h"

#include "vq.h"

#define SIZE 8u
#define BUF 64u
#define GPA 0x100000ull
#define KEY 0x700u

struct fixture {
	struct vmem mem;
	struct vring vr;
	struct vq vq;
	struct vq_chain chain;
};

static int
setup_at(void **state, uint16_t start)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct vnet_queue_attr attr;

	assert_non_null(f);
	vring_init(&f->vr, GPA, SIZE, BUF, start);
	vring_grant(&f->vr, &f->mem, KEY);
	vring_attr(&f->vr, &f->mem, &attr);
	assert_int_equal(vq_init(&f->vq, &attr), 0);
	f->chain.segs = calloc(SIZE, sizeof(*f->chain.segs));
	assert_non_null(f->chain.segs);
	*state = f;
	return 0;
}

static int
setup(void **state)
{
	return setup_at(state, 0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	vring_fini(&f->vr);
	free(f->chain.segs);
	free(f);
	return 0;
}

/* Asks the ring anew how much is available behind @avail. */
static enum vnet_error
pending(struct fixture *f, uint16_t avail, uint32_t *nb)
{
	enum vnet_error error;

	f->vq.avail = f->vq.avail_end = avail;
	error = vq_fetch(&f->vq, &f->chain);
	*nb = (uint16_t)(f->vq.avail_end - avail);
	return error;
}

/* Offers the chain at descriptor @head and walks it. */
static enum vnet_error
walk(struct fixture *f, uint16_t head)
{
	uint16_t avail = f->vr.avail_idx;
	enum vnet_error error;

	f->vq.avail = f->vq.avail_end = avail;
	vring_offer(&f->vr, head);
	vq_begin(&f->vq);
	error = vq_fetch(&f->vq, &f->chain);
	assert_int_equal((uint16_t)(f->vq.avail_end - avail), 1);
	assert_int_equal(f->vq.avail, (uint16_t)(avail + (error == VNET_ERR_NONE)));
	assert_true(f->chain.nb_segs <= SIZE);
	if (error != VNET_ERR_NONE) {
		assert_int_equal(f->vq.fault.error, error);
		assert_non_null(f->vq.fault.what);
	}
	return error;
}

/* Gives the chain that was walked back; the guest sees it only when it is published. */
static void
push(struct fixture *f, uint32_t len)
{
	uint32_t id, got;

	vq_push(&f->vq, (struct vq_elem){ f->chain.id, (uint16_t)f->chain.nb_desc, len });
	assert_true(vq_has_unpublished(&f->vq));
	assert_false(vring_take_used(&f->vr, &id, &got));
	assert_int_equal(vq_publish(&f->vq), VNET_ERR_NONE);
	assert_false(vq_has_unpublished(&f->vq));
}

static void
desc(struct fixture *f, uint32_t i, uint32_t len, uint16_t flags, uint16_t next)
{
	vring_desc(&f->vr, i, (struct vring_desc){ vring_buf_gpa(&f->vr, i), len, flags, next });
}

static void
test_init_checks(void **state)
{
	struct fixture *f = *state;
	struct vnet_queue_attr good, attr;
	struct vq vq;
	const uint32_t sizes[] = { 0, 3, 65536, 65537 };
	unsigned int i;

	vring_attr(&f->vr, &f->mem, &good);
	for (i = 0; i < 4; i++) {
		attr = good;
		attr.size = sizes[i];
		assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	}
	attr = good;
	attr.desc_addr += 8;
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	attr = good;
	attr.driver_addr += 1;
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	attr = good;
	attr.device_addr += 2;
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	attr = good;
	attr.desc_addr = UINT64_MAX - 15; /* would wrap */
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	attr = good;
	attr.size = 32768;
	assert_int_equal(vq_init(&vq, &attr), 0);
	attr.size = 1;
	assert_int_equal(vq_init(&vq, &attr), 0);
}

static void
test_chain(void **state)
{
	struct fixture *f = *state;
	struct vq_cursor cursor = { 0 };
	uint8_t data[40];
	unsigned int i;

	desc(f, 3, 10, VRING_F_NEXT, 5);
	desc(f, 5, 0, VRING_F_NEXT, 0); /* empty: allowed, skipped */
	desc(f, 0, 20, VRING_F_NEXT, 7);
	desc(f, 7, 30, VRING_F_WRITE, 3); /* next without NEXT is not looked at */
	for (i = 0; i < 10; i++)
		vring_buf(&f->vr, 3)[i] = (uint8_t)i;
	for (i = 0; i < 20; i++)
		vring_buf(&f->vr, 0)[i] = (uint8_t)(10 + i);
	assert_int_equal(walk(f, 3), VNET_ERR_NONE);
	assert_int_equal(f->chain.id, 3);
	assert_int_equal(f->chain.nb_desc, 4);
	assert_int_equal(f->chain.nb_segs, 3);
	assert_int_equal(f->chain.read_len, 30);
	assert_int_equal(f->chain.write_len, 30);
	assert_int_equal(vq_chain_read(&f->vq, &f->chain, &cursor, data, 5), VNET_ERR_NONE);
	assert_int_equal(vq_chain_read(&f->vq, &f->chain, &cursor, data + 5, 25), VNET_ERR_NONE);
	for (i = 0; i < 30; i++)
		assert_int_equal(data[i], i);
	cursor = (struct vq_cursor){ 0 };
	assert_int_equal(vq_chain_write(&f->vq, &f->chain, &cursor, data, 30), VNET_ERR_NONE);
	assert_memory_equal(vring_buf(&f->vr, 7), data, 30);
}

static void
test_loops(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	desc(f, 0, 1, VRING_F_NEXT, 0); /* to itself */
	assert_int_equal(walk(f, 0), VNET_ERR_CHAIN_TOO_LONG);
	desc(f, 0, 0, VRING_F_NEXT, 0); /* empty, to itself */
	assert_int_equal(walk(f, 0), VNET_ERR_CHAIN_TOO_LONG);
	for (i = 0; i < SIZE; i++)
		desc(f, i, 1, VRING_F_NEXT, (uint16_t)((i + 1) % SIZE));
	assert_int_equal(walk(f, 5), VNET_ERR_CHAIN_TOO_LONG);
	/* the longest chain there is */
	desc(f, 4, 1, 0, 5);
	assert_int_equal(walk(f, 5), VNET_ERR_NONE);
	assert_int_equal(f->chain.nb_desc, SIZE);
}

static void
test_index_out_of_range(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(walk(f, SIZE), VNET_ERR_BAD_DESC);
	assert_int_equal(walk(f, 0xffff), VNET_ERR_BAD_DESC);
	desc(f, 0, 1, VRING_F_NEXT, SIZE);
	assert_int_equal(walk(f, 0), VNET_ERR_BAD_DESC);
	assert_int_equal(f->vq.fault.value, SIZE);
}

static void
test_flags(void **state)
{
	struct fixture *f = *state;
	unsigned int bit;

	for (bit = 2; bit < 16;
			bit++) { /* INDIRECT is bit 2, AVAIL and USED of packed rings 7, 15 */
		desc(f, 0, 16, (uint16_t)(1u << bit), 0);
		assert_int_equal(walk(f, 0), VNET_ERR_BAD_DESC);
		assert_int_equal(f->vq.fault.value, 1u << bit);
	}
	desc(f, 0, 16, VRING_F_INDIRECT | VRING_F_NEXT, 1);
	assert_int_equal(walk(f, 0), VNET_ERR_BAD_DESC);
}

static void
test_order_and_length(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	desc(f, 0, 1, VRING_F_NEXT | VRING_F_WRITE, 1);
	desc(f, 1, 1, 0, 0);
	assert_int_equal(walk(f, 0), VNET_ERR_BAD_DESC);
	/* 2^32 bytes are the limit */
	desc(f, 0, UINT32_MAX, VRING_F_NEXT, 1);
	desc(f, 1, 1, VRING_F_NEXT, 2);
	desc(f, 2, 0, 0, 0);
	assert_int_equal(walk(f, 0), VNET_ERR_NONE);
	assert_true(f->chain.read_len == 1ull << 32);
	desc(f, 2, 1, 0, 0);
	assert_int_equal(walk(f, 0), VNET_ERR_BAD_DESC);
	for (i = 0; i < SIZE; i++)
		desc(f, i, UINT32_MAX, VRING_F_NEXT, (uint16_t)(i + 1));
	assert_int_equal(walk(f, 0), VNET_ERR_BAD_DESC);
}

static void
test_buffer_crosses_entries(void **state)
{
	struct fixture *f = *state;
	struct vq_cursor cursor = { 0 };
	uint8_t a[7], b[9], out[16], in[16];
	unsigned int i;

	/* two pieces of memory that the key puts side by side */
	vmem_grant(&f->mem, KEY, 0x1000, sizeof(a), a);
	vmem_grant(&f->mem, KEY, 0x1000 + sizeof(a), sizeof(b), b);
	vring_desc(&f->vr, 0, (struct vring_desc){ 0x1000, 16, VRING_F_WRITE, 0 });
	assert_int_equal(walk(f, 0), VNET_ERR_NONE);
	for (i = 0; i < 16; i++)
		in[i] = (uint8_t)(i * 7);
	assert_int_equal(vq_chain_write(&f->vq, &f->chain, &cursor, in, 16), VNET_ERR_NONE);
	vring_desc(&f->vr, 0, (struct vring_desc){ 0x1000, 16, 0, 0 });
	assert_int_equal(walk(f, 0), VNET_ERR_NONE);
	cursor = (struct vq_cursor){ 0 };
	assert_int_equal(vq_chain_read(&f->vq, &f->chain, &cursor, out, 16), VNET_ERR_NONE);
	assert_memory_equal(in, out, 16);
	assert_memory_equal(in, a, 7);
	assert_memory_equal(in + 7, b, 9);
}

static void
test_buffer_outside(void **state)
{
	struct fixture *f = *state;
	struct vq_cursor cursor = { 0 };
	uint8_t a[8], out[64];
	const struct vring_desc bad[] = {
		{ 0x2000, 9, 0, 0 }, /* one byte past the end */
		{ 0x1fff, 2, 0, 0 }, /* one byte before the beginning */
		{ UINT64_MAX - 3, 8, 0, 0 }, /* wraps */
		{ 0, 64, 0, 0 },
	};
	unsigned int i;

	vmem_grant(&f->mem, KEY, 0x2000, sizeof(a), a);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		vring_desc(&f->vr, 0, bad[i]);
		assert_int_equal(walk(f, 0), VNET_ERR_NONE);
		cursor = (struct vq_cursor){ 0 };
		memset(a, 0, sizeof(a));
		assert_int_equal(vq_chain_read(&f->vq, &f->chain, &cursor, out, bad[i].len),
				VNET_ERR_INVALID_BUFFER);
	}
	f->mem.ranges[1].read_only = true;
	vring_desc(&f->vr, 0, (struct vring_desc){ 0x2000, 8, VRING_F_WRITE, 0 });
	assert_int_equal(walk(f, 0), VNET_ERR_NONE);
	cursor = (struct vq_cursor){ 0 };
	assert_int_equal(vq_chain_write(&f->vq, &f->chain, &cursor, out, 8),
			VNET_ERR_INVALID_BUFFER);
}

static void
test_avail_jump(void **state)
{
	struct fixture *f = *state;
	uint32_t nb;

	f->vr.avail->idx = htole16(SIZE);
	assert_int_equal(pending(f, 0, &nb), VNET_ERR_NONE);
	assert_int_equal(nb, SIZE);
	f->vr.avail->idx = htole16(SIZE + 1);
	assert_int_equal(pending(f, 0, &nb), VNET_ERR_AVAIL_INDEX);
	f->vr.avail->idx = htole16(0xffff); /* backwards */
	assert_int_equal(pending(f, 0, &nb), VNET_ERR_AVAIL_INDEX);
}

static void
test_wrap(void **state)
{
	struct fixture *f = *state;
	uint32_t id, len, i;

	(void)teardown(state);
	(void)setup_at(state, 65530);
	f = *state;
	for (i = 0; i < 20; i++) {
		desc(f, i % SIZE, 8, VRING_F_WRITE, 0);
		assert_int_equal(walk(f, (uint16_t)(i % SIZE)), VNET_ERR_NONE);
		assert_int_equal(vq_reserve(&f->vq, 1), VNET_ERR_NONE);
		push(f, i);
		assert_true(vring_take_used(&f->vr, &id, &len));
		assert_int_equal(id, i % SIZE);
		assert_int_equal(len, i);
		assert_false(vring_take_used(&f->vr, &id, &len));
	}
	assert_int_equal(f->vr.used_idx, (uint16_t)(65530 + 20));
}

static void
test_rings_unreachable(void **state)
{
	struct fixture *f = *state;
	struct vmem_range all = f->mem.ranges[0];
	uint32_t nb;

	desc(f, 0, 8, 0, 0);
	assert_int_equal(walk(f, 0), VNET_ERR_NONE);
	/* the descriptor table alone */
	f->mem.ranges[0].len = f->vr.avail_gpa - GPA;
	vq_begin(&f->vq);
	assert_int_equal(pending(f, 0, &nb), VNET_ERR_RING_ACCESS);
	/* without the used ring's last byte of entry 1 */
	f->mem.ranges[0].len = f->vr.used_gpa - GPA + 4 + 8 + 7;
	vq_begin(&f->vq);
	assert_int_equal(vq_reserve(&f->vq, 1), VNET_ERR_NONE);
	assert_int_equal(vq_reserve(&f->vq, 2), VNET_ERR_RING_ACCESS);
	/* read-only used ring */
	f->mem.ranges[0] = all;
	f->mem.ranges[0].read_only = true;
	vq_begin(&f->vq);
	assert_int_equal(vq_reserve(&f->vq, 1), VNET_ERR_RING_ACCESS);
	/* nothing at all */
	f->mem.nb = 0;
	vq_begin(&f->vq);
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_RING_ACCESS);
	assert_true(vq_wants_interrupt(&f->vq));
}

static void
test_rings_cross_entries(void **state)
{
	struct fixture *f = *state;
	uint32_t id, len, i;

	/* a piece every 20 bytes, so that used entries (8 bytes) lie across borders */
	f->mem.nb = 0;
	vmem_grant(&f->mem, KEY, GPA, f->vr.used_gpa - GPA, f->vr.mem);
	for (i = 0; i < 3; i++)
		vmem_grant(&f->mem, KEY, f->vr.used_gpa + i * 20, 20,
				vring_ptr(&f->vr, f->vr.used_gpa + i * 20));
	vmem_grant(&f->mem, KEY, f->vr.used_gpa + 60, 8, vring_ptr(&f->vr, f->vr.used_gpa + 60));
	for (i = 0; i < SIZE; i++) {
		desc(f, i, 8, 0, 0);
		assert_int_equal(walk(f, (uint16_t)i), VNET_ERR_NONE);
		assert_int_equal(vq_reserve(&f->vq, 1), VNET_ERR_NONE);
		push(f, 100 + i);
		assert_true(vring_take_used(&f->vr, &id, &len));
		assert_int_equal(id, i);
		assert_int_equal(len, 100 + i);
	}
}

static void
test_interrupt_flag(void **state)
{
	struct fixture *f = *state;

	assert_true(vq_wants_interrupt(&f->vq));
	f->vr.avail->flags = htole16(1);
	assert_false(vq_wants_interrupt(&f->vq));
	f->vr.avail->flags = htole16(2); /* unknown flags say nothing */
	assert_true(vq_wants_interrupt(&f->vq));
}

static void
test_windows_end_with_begin(void **state)
{
	struct fixture *f = *state;
	uint8_t *moved = malloc(f->vr.total);
	uint32_t nb;

	assert_non_null(moved);
	memcpy(moved, f->vr.mem, f->vr.total);
	assert_int_equal(pending(f, 0, &nb), VNET_ERR_NONE);
	f->mem.ranges[0].ptr = moved;
	((struct vring_avail *)(moved + (f->vr.avail_gpa - GPA)))->idx = htole16(2);
	vq_begin(&f->vq);
	assert_int_equal(pending(f, 0, &nb), VNET_ERR_NONE);
	assert_int_equal(nb, 2);
	free(moved);
}

/* Random rings: whatever they hold, the walk ends, stays inside, and keeps its promises. */
static void
test_random(void **state)
{
	struct fixture *f = *state;
	uint8_t out[4096];
	unsigned int round, i;

	srand(1);
	for (round = 0; round < 20000; round++) {
		struct vq_cursor cursor = { 0 };
		size_t rings = f->vr.buf_gpa - GPA;

		for (i = 0; i < SIZE; i++) {
			desc(f, i, (uint32_t)rand() % 100, (uint16_t)(rand() % 4),
					(uint16_t)(rand() % (SIZE + 1)));
			if (rand() % 8 == 0)
				f->vr.mem[(size_t)rand() % rings] = (uint8_t)rand();
		}
		vq_begin(&f->vq);
		f->vq.avail = (uint16_t)round;
		f->vq.avail_end = (uint16_t)(round + 1);
		if (vq_fetch(&f->vq, &f->chain) != VNET_ERR_NONE)
			continue;
		assert_true(f->chain.nb_desc >= 1 && f->chain.nb_desc <= SIZE);
		if (f->chain.read_len <= sizeof(out))
			(void)vq_chain_read(&f->vq, &f->chain, &cursor, out, f->chain.read_len);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_init_checks),
		T(test_chain),
		T(test_loops),
		T(test_index_out_of_range),
		T(test_flags),
		T(test_order_and_length),
		T(test_buffer_crosses_entries),
		T(test_buffer_outside),
		T(test_avail_jump),
		T(test_wrap),
		T(test_rings_unreachable),
		T(test_rings_cross_entries),
		T(test_interrupt_flag),
		T(test_windows_end_with_begin),
		T(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
