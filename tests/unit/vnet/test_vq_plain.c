/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: chains of one buffer, fetched many at a time from split and packed rings, and
 * what comes first that is not one of them. What vq_fetch() says afterwards is the witness that
 * nothing was taken too much, and that nothing is lost.
 */
#include "vring_driver.h"

#include "vq.h"

#define SIZE 16u
#define BUF 256u
#define GPA 0x100000ull
#define FAR 0x900000ull
#define KEY 0x700u
#define ODD 5u /* the chain that is different */
#define NB 9u /* chains that are offered */

struct fixture {
	struct vmem mem;
	struct vring vr;
	struct vq vq;
	struct vq_chain chain;
	struct vq_plain plain[SIZE];
	uint8_t far[BUF];
};

/* The device has looked at ring and buffers before, so it knows where they are. */
static struct fixture *
make(bool packed)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct vnet_queue_attr attr;

	assert_non_null(f);
	(packed ? vring_init_packed : vring_init)(&f->vr, GPA, SIZE, BUF, packed ? 0x8000 : 65530);
	vring_grant(&f->vr, &f->mem, KEY);
	vmem_grant(&f->mem, KEY, FAR, BUF, f->far);
	f->mem.windows = true;
	vring_attr(&f->vr, &f->mem, &attr);
	assert_int_equal(vq_init(&f->vq, &attr), 0);
	f->chain.segs = calloc(SIZE, sizeof(*f->chain.segs));
	assert_non_null(f->chain.segs);
	return f;
}

static void
end(struct fixture *f)
{
	vring_fini(&f->vr);
	free(f->chain.segs);
	free(f);
}

static void
offer(struct fixture *f, uint32_t len, uint16_t flags)
{
	uint16_t i = (uint16_t)(f->vr.avail_idx % SIZE);

	vring_offer_chain(&f->vr, &(struct vring_desc){ vring_buf_gpa(&f->vr, i), len, flags, 0 },
			1);
}

/* One chain goes round the long way, there and back. */
static void
warm(struct fixture *f, uint16_t flags)
{
	enum vnet_access access = flags == VRING_F_WRITE ? VNET_WRITE : VNET_READ;
	uint32_t id, len;
	void *ptr;

	offer(f, BUF, flags);
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
	assert_int_equal(f->chain.nb_desc, 1);
	assert_int_equal(vq_buf(&f->vq, f->chain.segs[0].addr, BUF, access, &ptr), BUF);
	assert_int_equal(vq_reserve(&f->vq, 1), VNET_ERR_NONE);
	vq_push(&f->vq, (struct vq_elem){ f->chain.id, 1, 0 });
	assert_int_equal(vq_publish(&f->vq), VNET_ERR_NONE);
	assert_true(vring_take_used(&f->vr, &id, &len));
}

static unsigned int
fetch(struct fixture *f, uint16_t flags, unsigned int nb)
{
	return vq_fetch_plain(&f->vq, flags == VRING_F_WRITE ? VNET_WRITE : VNET_READ, f->plain,
			nb);
}

static void
run_rounds(bool packed, uint16_t flags)
{
	struct fixture *f = make(packed);
	unsigned int round, i, nb;
	uint32_t id, len;

	warm(f, flags);
	for (round = 0; round < 3 * SIZE; round++) {
		uint16_t first = (uint16_t)(f->vr.avail_idx % SIZE), begin = f->vq.avail;

		for (i = 0; i < NB; i++)
			offer(f, 64 + i, flags);
		assert_int_equal(fetch(f, flags, 0), 0);
		assert_int_equal(f->vq.avail, begin);
		/* no more than were asked for; what is put back comes again */
		assert_int_equal(fetch(f, flags, 4), 4);
		assert_int_equal(f->vq.avail, f->plain[3].end);
		f->vq.avail = f->plain[1].end;
		nb = 2 + fetch(f, flags, SIZE);
		assert_int_equal(nb, NB);
		for (i = 2; i < NB; i++) {
			const struct vq_plain *plain = &f->plain[i - 2];

			assert_int_equal(plain->id, (first + i) % SIZE);
			assert_int_equal(plain->len, 64 + i);
			assert_ptr_equal(plain->ptr, vring_buf(&f->vr, plain->id));
		}
		assert_int_equal(f->vq.avail, f->plain[NB - 3].end);
		assert_int_equal(fetch(f, flags, SIZE), 0);
		assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
		assert_int_equal(f->chain.nb_desc, 0);
		for (i = 0; i < NB; i++)
			vq_push(&f->vq, (struct vq_elem){ (uint16_t)((first + i) % SIZE), 1, i });
		assert_int_equal(vq_publish(&f->vq), VNET_ERR_NONE);
		for (i = 0; i < NB; i++) {
			assert_true(vring_take_used(&f->vr, &id, &len));
			assert_int_equal(id, (first + i) % SIZE);
			assert_int_equal(len, i);
		}
	}
	end(f);
}

static void
test_rounds(void **state)
{
	(void)state;
	run_rounds(false, 0);
	run_rounds(false, VRING_F_WRITE);
	run_rounds(true, 0);
	run_rounds(true, VRING_F_WRITE);
}

/* --- chains that are different --------------------------------------------------------------- */

static void
odd_direction(struct fixture *f)
{
	offer(f, 64, VRING_F_WRITE);
}

static void
odd_chain(struct fixture *f)
{
	struct vring_desc two[2] = { { vring_buf_gpa(&f->vr, 0), 64, 0, 0 },
		{ vring_buf_gpa(&f->vr, 1), 64, 0, 0 } };

	vring_offer_chain(&f->vr, two, 2);
}

static void
odd_flags(struct fixture *f)
{
	offer(f, 64, VRING_F_INDIRECT);
}

static void
odd_place(struct fixture *f)
{
	vring_offer_chain(&f->vr, &(struct vring_desc){ FAR, 64, 0, 0 }, 1);
}

static void
odd_end(struct fixture *f)
{
	vring_offer_chain(&f->vr, &(struct vring_desc){ GPA + f->vr.total - 63, 64, 0, 0 }, 1);
}

static void
odd_wrap(struct fixture *f)
{
	vring_offer_chain(&f->vr, &(struct vring_desc){ UINT64_MAX - 10, 64, 0, 0 }, 1);
}

static void
test_stops_before(void **state)
{
	static const struct {
		void (*offer)(struct fixture *f);
		enum vnet_error error; /* of vq_fetch() */
		unsigned int nb_desc; /* if that is none */
	} odds[] = {
		{ odd_direction, VNET_ERR_NONE, 1 },
		{ odd_chain, VNET_ERR_NONE, 2 },
		{ odd_flags, VNET_ERR_BAD_DESC, 0 },
		{ odd_place, VNET_ERR_NONE, 1 },
		{ odd_end, VNET_ERR_NONE, 1 }, /* who uses the buffer finds out */
		{ odd_wrap, VNET_ERR_NONE, 1 },
	};
	unsigned int i, k;

	(void)state;
	for (i = 0; i < 2 * BASE_ARRAY_SIZE(odds); i++) {
		struct fixture *f = make(i % 2 != 0);

		warm(f, 0);
		for (k = 0; k < NB; k++) {
			if (k == ODD)
				odds[i / 2].offer(f);
			else
				offer(f, 64, 0);
		}
		assert_int_equal(fetch(f, 0, NB), ODD);
		assert_int_equal(fetch(f, 0, NB), 0);
		assert_int_equal(vq_fetch(&f->vq, &f->chain), odds[i / 2].error);
		if (odds[i / 2].error == VNET_ERR_NONE) {
			assert_int_equal(f->chain.nb_desc, odds[i / 2].nb_desc);
			assert_int_equal(fetch(f, 0, NB), NB - ODD - 1);
		}
		end(f);
	}
}

static void
test_split_indices(void **state)
{
	struct fixture *f = make(false);

	(void)state;
	warm(f, 0);
	offer(f, 64, 0);
	vring_offer(&f->vr, SIZE); /* a head that is not in the table */
	assert_int_equal(fetch(f, 0, NB), 1);
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_BAD_DESC);
	/* an available index that cannot be: known ones are taken, as by vq_fetch() */
	f->vr.avail->idx = htole16((uint16_t)(f->vq.avail + SIZE + 1));
	assert_int_equal(fetch(f, 0, NB), 0);
	f->vq.avail_end = f->vq.avail;
	assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_AVAIL_INDEX);
	end(f);
}

static void
test_needs_places(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct fixture *f = make(i != 0);

		/* nothing is known */
		offer(f, 64, 0);
		assert_int_equal(fetch(f, 0, NB), 0);
		assert_int_equal(vq_fetch(&f->vq, &f->chain), VNET_ERR_NONE);
		assert_int_equal(f->chain.nb_desc, 1);
		vq_begin(&f->vq);
		offer(f, 64, 0);
		assert_int_equal(fetch(f, 0, NB), 0);
		end(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_stops_before),
		cmocka_unit_test(test_split_indices),
		cmocka_unit_test(test_needs_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
