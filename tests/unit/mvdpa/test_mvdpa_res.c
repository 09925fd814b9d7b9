/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mvdpa_res.c on a card that is a stand-in. It counts registrations, checks
 * that what is in one registration does not overlap, and refuses offsets, or a single command, as
 * it is told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_malloc.h>

#include "mvdpa_event.h"
#include "mvdpa_res.h"

#define SIZE 256
#define PAGE 4096u

struct devx_umem {
	uint8_t *mem;
	size_t len;
	void (*release)(void *mem);
};

struct devx_cq {
	struct devx_cq_attr attr;
};

static struct {
	unsigned int umems, mems, cqs, qps, counters; /* that there are */
	unsigned int registrations;
	bool no_cq_offset, no_qp_offset;
	int cq_error; /* of the next one */
	uint8_t *end; /* of the last part */
} rig;
static const struct base_log test_log;
static const struct devx_cap cap = { .umem = { { 64, 4096 }, { 32, 4096 }, { 16, 100 } } };
static struct mvdpa_res_learned learned;

/* --- stand-ins ------------------------------------------------------------------------------- */

void *
rte_zmalloc(const char *type, size_t size, unsigned int align)
{
	assert_int_equal(size % align, 0);
	rig.mems++;
	return memset(aligned_alloc(align, size), 0, size);
}

void
rte_free(void *mem)
{
	rig.mems--;
	free(mem);
}

size_t
devx_dev_page_size(const struct devx_dev *dev)
{
	return PAGE;
}

int
devx_umem_create(struct devx_dev *dev, void *addr, size_t len, struct devx_umem **umem)
{
	*umem = calloc(1, sizeof(**umem));
	(*umem)->mem = addr;
	(*umem)->len = len;
	rig.umems++;
	rig.registrations++;
	rig.end = addr;
	return 0;
}

void
devx_umem_own(struct devx_umem *umem, void (*release)(void *mem), void *mem)
{
	umem->release = release;
}

void
devx_umem_destroy(struct devx_umem *umem)
{
	if (umem == NULL)
		return;
	rig.umems--;
	umem->release(umem->mem);
	free(umem);
}

uint32_t
devx_umem_id(const struct devx_umem *umem)
{
	return (uint32_t)(uintptr_t)umem;
}

/* A part of a registration, behind those before. */
static void
check_part(const struct devx_umem *umem, uint64_t offset, size_t len)
{
	assert_int_equal(offset % PAGE, 0);
	assert_true(umem->mem + offset >= rig.end);
	assert_true(offset + len <= umem->len);
	rig.end = umem->mem + offset + len;
}

size_t
devx_cq_mem_size(uint16_t depth)
{
	return (size_t)depth * 64 + 64;
}

int
devx_cq_create(struct devx_dev *dev, const struct devx_cq_attr *attr, struct devx_cq **cq)
{
	int ret = rig.cq_error;

	rig.cq_error = 0;
	if (ret != 0 || (rig.no_cq_offset && attr->umem != NULL))
		return ret != 0 ? ret : -EINVAL;
	if (attr->umem != NULL) {
		assert_ptr_equal(attr->mem, attr->umem->mem + attr->offset);
		check_part(attr->umem, attr->offset, devx_cq_mem_size(attr->depth));
	}
	*cq = calloc(1, sizeof(**cq));
	(*cq)->attr = *attr;
	rig.cqs++;
	return 0;
}

void
devx_cq_destroy(struct devx_cq *cq)
{
	if (cq == NULL)
		return;
	rig.cqs--;
	if (cq->attr.umem == NULL)
		cq->attr.release(cq->attr.mem);
	free(cq);
}

struct devx_obj *
devx_cq_obj(struct devx_cq *cq)
{
	return (struct devx_obj *)cq;
}

size_t
devx_qp_mem_size(uint16_t depth)
{
	return (size_t)depth * 16 + 64;
}

int
devx_qp_create(struct devx_dev *dev, const struct devx_qp_attr *attr, struct devx_qp **qp)
{
	struct devx_qp_attr *made;

	if (rig.no_qp_offset && attr->umem != NULL)
		return -EINVAL;
	if (attr->umem != NULL)
		check_part(attr->umem, attr->offset, devx_qp_mem_size(attr->depth));
	made = malloc(sizeof(*made));
	*made = *attr;
	*qp = (struct devx_qp *)made;
	rig.qps++;
	return 0;
}

void
devx_qp_destroy(struct devx_qp *qp)
{
	const struct devx_qp_attr *attr = (const struct devx_qp_attr *)qp;

	if (qp == NULL)
		return;
	rig.qps--;
	if (attr->umem == NULL)
		attr->release(attr->mem);
	free(qp);
}

int
devx_qp_reconnect(struct devx_qp *qp)
{
	return 0;
}

int
devx_event_subscribe(struct devx_event_channel *channel, struct devx_obj *obj, enum prm_event event,
		uint64_t cookie)
{
	return 0;
}

int
devx_counters_create(struct devx_dev *dev, uint16_t queue, struct devx_obj **counters)
{
	rig.counters++;
	*counters = (struct devx_obj *)&rig;
	return 0;
}

void
devx_obj_destroy(struct devx_obj *obj)
{
	if (obj != NULL)
		rig.counters--;
}

/* --- tests ----------------------------------------------------------------------------------- */

static int
setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	memset(&learned, 0, sizeof(learned));
	return 0;
}

static struct mvdpa_res_attr
attr_of(uint16_t size, bool events)
{
	return (struct mvdpa_res_attr){ .cap = &cap,
		.log = &test_log,
		.size = size,
		.events = events,
		.counters = true,
		.learned = &learned };
}

static void
prepare(struct mvdpa_res *res, uint16_t size, bool events)
{
	const struct mvdpa_res_attr attr = attr_of(size, events);

	assert_int_equal(mvdpa_res_prepare(res, &attr), 0);
	assert_int_equal(res->size, size);
	assert_int_equal(res->qp != NULL, events || rig.qps != 0);
}

static void
end(struct mvdpa_res *res)
{
	mvdpa_res_release(res);
	mvdpa_res_release_counters(res);
	assert_int_equal(rig.umems + rig.mems + rig.cqs + rig.qps + rig.counters, 0);
}

static void
test_together(void **state)
{
	struct devx_virtq_umem umem[3];
	struct mvdpa_res res = { 0 };
	unsigned int i;

	prepare(&res, SIZE, true);
	assert_int_equal(rig.registrations, 1);
	mvdpa_res_umems(&res, umem);
	for (i = 0; i < 3; i++) {
		assert_int_equal(umem[i].id, devx_umem_id(res.umem));
		assert_int_equal(umem[i].size, cap.umem[i].a * SIZE + cap.umem[i].b);
		check_part(res.umem, umem[i].offset, umem[i].size);
	}
	prepare(&res, SIZE, true); /* kept */
	assert_int_equal(rig.registrations, 1);
	prepare(&res, SIZE / 2, true);
	assert_int_equal(rig.registrations, 2);
	assert_int_equal(rig.umems, 1);
	end(&res);
}

/* A call file that comes later: event objects in the place that was left for them. */
static void
test_events_later(void **state)
{
	struct mvdpa_res res = { 0 };

	prepare(&res, SIZE, false);
	assert_int_equal(rig.cqs, 0);
	prepare(&res, SIZE, true);
	assert_int_equal(rig.cqs, 1);
	assert_int_equal(rig.registrations, 1);
	end(&res);
}

static void
check_apart(struct mvdpa_res *res)
{
	struct devx_virtq_umem umem[3];
	unsigned int i;

	assert_null(res->umem);
	mvdpa_res_umems(res, umem);
	for (i = 0; i < 3; i++)
		assert_int_equal(umem[i].offset, 0);
	assert_int_equal(rig.umems, 3); /* and those of CQ and QP, which are theirs */
	assert_int_equal(rig.mems, 5);
}

static void
test_card_without_offsets(void **state)
{
	struct mvdpa_res first = { 0 }, second = { 0 };

	rig.no_qp_offset = true;
	prepare(&first, SIZE, true);
	check_apart(&first);
	assert_true(atomic_load(&learned.apart));
	assert_int_equal(rig.registrations, 4); /* one was in vain */
	end(&first);
	prepare(&second, SIZE, true); /* not tried again */
	assert_int_equal(rig.registrations, 7);
	check_apart(&second);
	end(&second);
}

/* The queue's own object is refused, and taken with the parts apart. */
static void
test_queue_without_offsets(void **state)
{
	struct mvdpa_res res = { 0 };

	prepare(&res, SIZE, true);
	assert_true(mvdpa_res_part(&res));
	assert_int_equal(rig.umems, 0);
	prepare(&res, SIZE, true);
	check_apart(&res);
	assert_false(mvdpa_res_part(&res)); /* then it is something else */
	check_apart(&res);
	assert_false(atomic_load(&learned.apart));
	mvdpa_res_taken(&res, &learned);
	assert_true(atomic_load(&learned.apart));
	end(&res);
}

/* What the card has taken before, it takes. */
static void
test_accident(void **state)
{
	struct mvdpa_res first = { 0 }, second = { 0 };

	prepare(&first, SIZE, true);
	mvdpa_res_taken(&first, &learned);
	rig.cq_error = -EINVAL;
	prepare(&second, SIZE, true);
	assert_null(second.umem);
	assert_false(atomic_load(&learned.apart));
	mvdpa_res_release(&second);
	prepare(&second, SIZE, true);
	assert_non_null(second.umem);
	mvdpa_res_release(&second);
	mvdpa_res_release_counters(&second);
	end(&first);
}

static void
test_other_errors(void **state)
{
	const struct mvdpa_res_attr attr = attr_of(SIZE, true);
	const struct devx_cap bad = { .umem = { { 64, 4096 }, { 0, 0 }, { 16, 100 } } };
	struct mvdpa_res_attr none = attr;
	struct mvdpa_res res = { 0 };

	rig.cq_error = -EIO;
	assert_int_equal(mvdpa_res_prepare(&res, &attr), -EIO);
	assert_int_equal(rig.registrations, 1); /* tried once */
	assert_false(atomic_load(&learned.apart));
	none.cap = &bad;
	assert_int_equal(mvdpa_res_prepare(&res, &none), -EIO);
	assert_int_equal(rig.registrations, 1);
	end(&res);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_together, setup),
		cmocka_unit_test_setup(test_events_later, setup),
		cmocka_unit_test_setup(test_card_without_offsets, setup),
		cmocka_unit_test_setup(test_queue_without_offsets, setup),
		cmocka_unit_test_setup(test_accident, setup),
		cmocka_unit_test_setup(test_other_errors, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
