/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: packed rings, honest ones of every size and position, and hostile ones.
 * Guest memory is allocated to the byte, so that the address sanitizer sees an access outside.
 */
#include "vring_driver.h"

#include "vq.h"

#define BUF 64u
#define GPA 0x100000ull
#define KEY 0x700u

struct fixture {
	struct vmem mem;
	struct vring vr;
	struct vq vq;
	struct vq_chain chain;
};

static struct fixture *
make(uint32_t size, uint16_t start)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct vnet_queue_attr attr;

	assert_non_null(f);
	vring_init_packed(&f->vr, GPA, size, BUF, start);
	vring_grant(&f->vr, &f->mem, KEY);
	vring_attr(&f->vr, &f->mem, &attr);
	assert_int_equal(vq_init(&f->vq, &attr), 0);
	f->chain.segs = calloc(size, sizeof(*f->chain.segs));
	assert_non_null(f->chain.segs);
	return f;
}

static void
unmake(struct fixture *f)
{
	vring_fini(&f->vr);
	free(f->chain.segs);
	free(f);
}

static int
setup(void **state)
{
	*state = make(8, 0x8000);
	return 0;
}

static int
teardown(void **state)
{
	unmake(*state);
	return 0;
}

static struct vring_desc
buffer(struct fixture *f, uint32_t i, uint32_t len, uint16_t flags)
{
	return (struct vring_desc){ vring_buf_gpa(&f->vr, i % f->vr.size), len, flags, 0 };
}

static void
test_init_checks(void **state)
{
	struct fixture *f = *state;
	struct vnet_queue_attr good, attr;
	struct vq vq;

	vring_attr(&f->vr, &f->mem, &good);
	attr = good;
	attr.size = 0;
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	attr.size = 32769;
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	attr.size = 32768;
	attr.avail_index = 0xffff;
	assert_int_equal(vq_init(&vq, &attr), 0);
	attr.size = 7; /* no power of two */
	attr.avail_index = 0x8006;
	attr.used_index = 6;
	assert_int_equal(vq_init(&vq, &attr), 0);
	attr.avail_index = 0x8007;
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	attr.avail_index = 0;
	attr.used_index = 7;
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	attr = good;
	attr.driver_addr += 2;
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	attr = good;
	attr.device_addr += 2;
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
	attr = good;
	attr.desc_addr += 8;
	assert_int_equal(vq_init(&vq, &attr), -EINVAL);
}

/* Chains of 1 to 3 descriptors through rings of every small size, from every position. */
static void
run_ring(uint32_t size, uint16_t start)
{
	struct fixture *f = make(size, start);
	struct vring_desc descs[3];
	uint32_t i, n, id, len;

	for (i = 0; i < 4 * size + 3; i++) {
		uint16_t nb = (uint16_t)(i % 3 + 1 > size ? size : i % 3 + 1);
		uint16_t head = f->vr.avail_idx % f->vr.size;

		for (n = 0; n < nb; n++)
			descs[n] = buffer(f, head + n, 10 + n, VRING_F_WRITE);
		assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
		assert_int_equal(f->chain.nb_desc, 0);
		vring_offer_chain(&f->vr, descs, nb);
		assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
		assert_int_equal(f->chain.nb_desc, nb);
		assert_int_equal(f->chain.nb_segs, nb);
		assert_int_equal(f->chain.write_len, nb == 1 ? 10 : nb == 2 ? 21 : 33);
		assert_int_equal(f->chain.id, head);
		assert_int_equal(vq_reserve(&f->vq, nb), VNET_ERR_NONE);
		vq_push(&f->vq, (struct vq_elem){ f->chain.id, nb, i });
		assert_false(vring_take_used(&f->vr, &id, &len));
		assert_int_equal(vq_publish(&f->vq), VNET_ERR_NONE);
		assert_true(vring_take_used(&f->vr, &id, &len));
		assert_int_equal(id, head);
		assert_int_equal(len, i);
		assert_int_equal(f->vq.used, f->vq.avail);
		assert_int_equal(f->vr.used_idx, f->vr.avail_idx);
		assert_int_equal(f->vq.avail & 0x7fff, f->vr.avail_idx % size);
		assert_int_equal(f->vq.avail >> 15, f->vr.avail_idx / size % 2 == 0);
	}
	unmake(f);
}

static void
test_sizes_and_positions(void **state)
{
	uint32_t size, slot;

	(void)state;
	for (size = 1; size <= 9; size++) {
		for (slot = 0; slot < size; slot++) {
			run_ring(size, (uint16_t)(slot | 0x8000));
			run_ring(size, (uint16_t)slot);
		}
	}
	run_ring(256, 0x8000 | 255);
}

/* A whole ring in one publication: the first flags come last. */
static void
test_published_together(void **state)
{
	struct fixture *f = *state;
	uint32_t i, id, len;

	for (i = 0; i < 8; i++)
		vring_offer_rx(&f->vr);
	for (i = 0; i < 8; i++) {
		assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
		assert_int_equal(f->chain.nb_desc, 1);
		vq_push(&f->vq, (struct vq_elem){ f->chain.id, 1, i + 1 });
		assert_false(vring_take_used(&f->vr, &id, &len));
	}
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
	assert_int_equal(f->chain.nb_desc, 0); /* not our own used ones */
	assert_true(vq_has_unpublished(&f->vq));
	assert_int_equal(vq_publish(&f->vq), VNET_ERR_NONE);
	assert_false(vq_has_unpublished(&f->vq));
	for (i = 0; i < 8; i++) {
		assert_true(vring_take_used(&f->vr, &id, &len));
		assert_int_equal(id, i);
		assert_int_equal(len, i + 1);
	}
	assert_false(vring_take_used(&f->vr, &id, &len));
}

static void
test_put_back(void **state)
{
	struct fixture *f = *state;
	uint16_t begin = f->vq.avail;

	vring_offer_rx(&f->vr);
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
	assert_int_equal(f->vq.avail, begin + 1);
	f->vq.avail = begin;
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
	assert_int_equal(f->chain.nb_desc, 1);
}

/* Used entries far behind the available position: chains of a former life that are not ours. */
static void
test_used_behind(void **state)
{
	struct fixture *f = *state;
	struct vnet_queue_attr attr;
	uint32_t i, id, len;

	vring_attr(&f->vr, &f->mem, &attr);
	for (i = 0; i < 5; i++)
		vring_offer_rx(&f->vr);
	attr.avail_index = 0x8003;
	attr.used_index = 0x8000;
	assert_int_equal(vq_init(&f->vq, &attr), 0);
	for (i = 3; i < 5; i++) {
		assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
		assert_int_equal(f->chain.id, i);
		vq_push(&f->vq, (struct vq_elem){ f->chain.id, 1, 9 });
	}
	assert_int_equal(vq_publish(&f->vq), VNET_ERR_NONE);
	assert_true(vring_take_used(&f->vr, &id, &len));
	assert_int_equal(id, 3);
	assert_true(vring_take_used(&f->vr, &id, &len));
	assert_int_equal(id, 4);
	assert_false(vring_take_used(&f->vr, &id, &len));
}

static void
test_chain_too_long(void **state)
{
	struct fixture *f = *state;
	uint16_t i, begin = f->vq.avail;

	for (i = 0; i < 8; i++)
		vring_packed_desc(&f->vr, i,
				(struct vring_packed_desc){ GPA, 1, 0,
						VRING_F_NEXT | VRING_F_AVAIL });
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_CHAIN_TOO_LONG);
	assert_int_equal(f->vq.avail, begin);
	/* the longest that there is */
	vring_packed_desc(&f->vr, 7, (struct vring_packed_desc){ GPA, 1, 77, VRING_F_AVAIL });
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
	assert_int_equal(f->chain.nb_desc, 8);
	assert_int_equal(f->chain.id, 77); /* of the last descriptor; any number */
	assert_int_equal(f->vq.avail, begin ^ 0x8000);
}

static void
test_bad_wrap(void **state)
{
	struct fixture *f = *state;
	const uint16_t bad[] = { 0, VRING_F_USED, VRING_F_USED | VRING_F_AVAIL };
	unsigned int i;

	/* a chain that runs into descriptors that are not the device's */
	for (i = 0; i < 3; i++) {
		vring_packed_desc(&f->vr, 1, (struct vring_packed_desc){ GPA, 1, 0, bad[i] });
		vring_packed_desc(&f->vr, 0,
				(struct vring_packed_desc){ GPA, 1, 0,
						VRING_F_NEXT | VRING_F_AVAIL });
		assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_BAD_DESC);
		assert_int_equal(f->vq.fault.value, bad[i]);
	}
	/* a first one that is not is nothing at all */
	for (i = 0; i < 3; i++) {
		vring_packed_desc(&f->vr, 0, (struct vring_packed_desc){ GPA, 1, 0, bad[i] });
		assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
		assert_int_equal(f->chain.nb_desc, 0);
	}
	/* over the end of the ring the counter must turn */
	unmake(f);
	*state = f = make(8, 0x8007);
	vring_packed_desc(&f->vr, 0, (struct vring_packed_desc){ GPA, 1, 0, VRING_F_AVAIL });
	vring_packed_desc(&f->vr, 7,
			(struct vring_packed_desc){ GPA, 1, 0, VRING_F_NEXT | VRING_F_AVAIL });
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_BAD_DESC);
	vring_packed_desc(&f->vr, 0, (struct vring_packed_desc){ GPA, 1, 0, VRING_F_USED });
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
	assert_int_equal(f->vq.avail, 1);
}

static void
test_flags(void **state)
{
	struct fixture *f = *state;
	unsigned int bit;

	for (bit = 2; bit < 15; bit++) { /* INDIRECT is bit 2 */
		if (bit == 7)
			continue;
		vring_packed_desc(&f->vr, 0,
				(struct vring_packed_desc){ GPA, 16, 0,
						(uint16_t)(VRING_F_AVAIL | 1u << bit) });
		assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_BAD_DESC);
		assert_int_equal(f->vq.fault.value, 1u << bit);
	}
	vring_packed_desc(&f->vr, 1, (struct vring_packed_desc){ GPA, 1, 0, VRING_F_AVAIL });
	vring_packed_desc(&f->vr, 0,
			(struct vring_packed_desc){ GPA, 1, 0,
					VRING_F_AVAIL | VRING_F_NEXT | VRING_F_WRITE });
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_BAD_DESC); /* wrong order */
}

static void
test_event_suppression(void **state)
{
	struct fixture *f = *state;

	assert_true(vq_wants_interrupt(&f->vq));
	*f->vr.driver_flags = htole16(1); /* DISABLE */
	assert_false(vq_wants_interrupt(&f->vq));
	*f->vr.driver_flags = htole16(2); /* DESC without EVENT_IDX */
	assert_true(vq_wants_interrupt(&f->vq));
	*f->vr.driver_flags = htole16(0xfffd); /* reserved bits say nothing */
	assert_false(vq_wants_interrupt(&f->vq));
	f->mem.nb = 0;
	vq_begin(&f->vq);
	assert_true(vq_wants_interrupt(&f->vq));
}

static void
test_ring_unreachable(void **state)
{
	struct fixture *f = *state;

	vring_offer_rx(&f->vr);
	vring_offer_rx(&f->vr);
	/* the first descriptor alone */
	f->mem.ranges[0].len = 16;
	vq_begin(&f->vq);
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
	assert_int_equal(vq_reserve(&f->vq, 1), VNET_ERR_NONE);
	assert_int_equal(vq_reserve(&f->vq, 2), VNET_ERR_RING_ACCESS);
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_RING_ACCESS);
	/* a ring that can be read only */
	f->mem.ranges[0].len = f->vr.total;
	f->mem.ranges[0].read_only = true;
	vq_begin(&f->vq);
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_RING_ACCESS);
}

/* Random rings: whatever they hold, the walk ends, stays inside, and keeps its promises. */
static void
test_random(void **state)
{
	struct fixture *f = *state;
	uint8_t out[4096];
	unsigned int round, i;

	srand(1);
	for (round = 0; round < 50000; round++) {
		struct vq_cursor cursor = { 0 };
		uint16_t begin = f->vq.avail;

		for (i = 0; i < 8; i++)
			vring_packed_desc(&f->vr, (uint16_t)i,
					(struct vring_packed_desc){ GPA + (uint64_t)rand() % 600,
							(uint32_t)rand() % 100, (uint16_t)rand(),
							(uint16_t)((rand() & 0x8083) |
									(rand() % 16 == 0 ? 4 :
											    0)) });
		vq_begin(&f->vq);
		if (vq_fetch(&f->vq, &f->chain) != VNET_ERR_NONE) {
			assert_int_equal(f->vq.avail, begin);
			continue;
		}
		assert_true(f->chain.nb_desc <= 8 && f->chain.nb_segs <= f->chain.nb_desc);
		assert_true((f->vq.avail & 0x7fff) < 8);
		if (f->chain.nb_desc == 0)
			continue;
		if (f->chain.read_len <= sizeof(out))
			(void)vq_chain_read(&f->vq, &f->chain, &cursor, out, f->chain.read_len);
		assert_int_equal(vq_reserve(&f->vq, f->chain.nb_desc), VNET_ERR_NONE);
		vq_push(&f->vq,
				(struct vq_elem){ f->chain.id, (uint16_t)f->chain.nb_desc,
						(uint32_t)rand() });
		vq_prefetch(&f->vq, (unsigned int)rand() % 10);
		if (rand() % 2 == 0)
			assert_int_equal(vq_publish(&f->vq), VNET_ERR_NONE);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_init_checks),
		cmocka_unit_test(test_sizes_and_positions),
		T(test_published_together),
		T(test_put_back),
		T(test_used_behind),
		T(test_chain_too_long),
		T(test_bad_wrap),
		T(test_flags),
		T(test_event_suppression),
		T(test_ring_unreachable),
		T(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
