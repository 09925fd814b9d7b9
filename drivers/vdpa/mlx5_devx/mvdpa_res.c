/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: making these costs 11 commands, freshening 8 (destroying a queue object
 * leaves its event QP in error), so they stay until the connection ends or the ring's size
 * changes. A queue that is only suspended and resumed needs nothing of it: its QPs stay as they
 * are. A queue whose guest polls has no event objects; those of a former life are kept. Memory
 * comes from DPDK's heap, page aligned because the card maps whole pages.
 *
 * All that the card keeps in our memory (completion queue, work queue, three buffers) has its pages
 * in one piece that is registered once: the PRM has an offset beside each umem's number. Drivers
 * that are known give 0 there; so a command that is refused as invalid is tried again with each in
 * memory of its own (4 commands more a queue), which is remembered for the device.
 */
#include "mvdpa_res.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_malloc.h>

#include "base_math.h"
#include "mvdpa_event.h"

static void *
res_alloc(const struct mvdpa_res_attr *attr, uint64_t size)
{
	size_t page = devx_dev_page_size(attr->devx);
	void *mem = rte_zmalloc("mvdpa", base_align_up(size, page), (unsigned int)page);

	if (mem == NULL)
		base_err(attr->log, "no memory for %" PRIu64 " bytes of queue buffers", size);
	return mem;
}

static int
res_subscribe(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	uint64_t cookie = mvdpa_event_error_cookie(MVDPA_EVENT_OF_CQ, res->index, ++res->version);
	struct devx_obj *cq = devx_cq_obj(res->cq);

	/* Errors are rare and some kernels may not tell of them: a queue runs without. */
	if (devx_event_subscribe(attr->error, cq, PRM_EVENT_CQ_ERROR, cookie) != 0)
		base_warn(attr->log, "queue %u: an error of its completion queue would not be seen",
				res->index);
	return devx_event_subscribe(attr->completion, cq, PRM_EVENT_COMP, res->index);
}

/* Parts of the memory that all have together. */
enum {
	RES_CQ,
	RES_QP,
	RES_BUF,
	RES_END = RES_BUF + 3
};

static uint64_t
res_part_size(const struct mvdpa_res_attr *attr, unsigned int part)
{
	const struct devx_umem_param *param;

	if (part == RES_CQ)
		return devx_cq_mem_size(attr->size);
	if (part == RES_QP)
		return devx_qp_mem_size(attr->size);
	param = &attr->cap->umem[part - RES_BUF];
	return (uint64_t)param->a * attr->size + param->b;
}

/* Where a part begins; that of RES_END is the size of all. */
static uint64_t
res_part_offset(const struct mvdpa_res_attr *attr, unsigned int part)
{
	size_t page = devx_dev_page_size(attr->devx);
	uint64_t offset = 0;
	unsigned int i;

	for (i = 0; i < part; i++)
		offset += base_align_up(res_part_size(attr, i), page);
	return offset;
}

static int
res_check_sizes(const struct mvdpa_res_attr *attr)
{
	unsigned int i;
	uint64_t size;

	for (i = RES_BUF; i < RES_END; i++) {
		size = res_part_size(attr, i);
		if (size != 0 && size <= UINT32_MAX)
			continue;
		base_err(attr->log, "the card asks for a queue buffer of %" PRIu64 " bytes", size);
		return -EIO;
	}
	return 0;
}

static int
res_register(const struct mvdpa_res_attr *attr, uint64_t size, uint8_t **mem,
		struct devx_umem **umem)
{
	int ret;

	*mem = res_alloc(attr, size);
	if (*mem == NULL)
		return -ENOMEM;
	ret = devx_umem_create(attr->devx, *mem, size, umem);
	if (ret == 0)
		devx_umem_own(*umem, rte_free, *mem);
	else
		rte_free(*mem);
	return ret;
}

/* The place of a part, or memory of its own, which is then the object's. */
static void *
res_place(const struct mvdpa_res *res, const struct mvdpa_res_attr *attr, unsigned int part)
{
	if (res->umem != NULL)
		return res->mem + res_part_offset(attr, part);
	return res_alloc(attr, res_part_size(attr, part));
}

static int
res_make_cq(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	struct devx_cq_attr cq = {
		.mem = res_place(res, attr, RES_CQ),
		.depth = attr->size,
		.release = rte_free,
		.umem = res->umem,
		.offset = res->umem != NULL ? res_part_offset(attr, RES_CQ) : 0,
	};
	int ret;

	if (cq.mem == NULL)
		return -ENOMEM;
	ret = devx_cq_create(attr->devx, &cq, &res->cq);
	if (ret != 0 && res->umem == NULL)
		rte_free(cq.mem);
	return ret;
}

static int
res_make_qp(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	struct devx_qp_attr qp = {
		.mem = res_place(res, attr, RES_QP),
		.depth = attr->size,
		.cq = res->cq,
		.release = rte_free,
		.umem = res->umem,
		.offset = res->umem != NULL ? res_part_offset(attr, RES_QP) : 0,
	};
	int ret;

	if (qp.mem == NULL)
		return -ENOMEM;
	ret = devx_qp_create(attr->devx, &qp, &res->qp);
	if (ret != 0 && res->umem == NULL)
		rte_free(qp.mem);
	return ret;
}

static int
res_make_events(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	int ret;

	/* What was made owns its memory: a card that does not give it up may still write to it. */
	ret = res_make_cq(res, attr);
	if (ret == 0)
		ret = res_subscribe(res, attr);
	if (ret == 0)
		ret = res_make_qp(res, attr);
	return ret;
}

static int
res_make_bufs(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	struct mvdpa_res_buf *buf;
	unsigned int i;
	uint8_t *mem;
	int ret = 0;

	for (i = 0; ret == 0 && i < 3; i++) {
		buf = &res->buf[i];
		buf->size = (uint32_t)res_part_size(attr, RES_BUF + i);
		buf->umem = res->umem;
		buf->offset = res->umem != NULL ? res_part_offset(attr, RES_BUF + i) : 0;
		buf->owned = res->umem == NULL;
		if (buf->owned)
			ret = res_register(attr, buf->size, &mem, &buf->umem);
	}
	if (ret == 0 && res->counters == NULL && attr->counters)
		ret = devx_counters_create(attr->devx, res->index, &res->counters);
	if (ret == 0)
		res->size = attr->size;
	return ret;
}

static int
res_make(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	int ret = 0;

	if (res->size == 0) {
		ret = res_check_sizes(attr);
		if (ret == 0 && !res->apart)
			ret = res_register(attr, res_part_offset(attr, RES_END), &res->mem,
					&res->umem);
	}
	if (ret == 0 && attr->events && res->qp == NULL)
		ret = res_make_events(res, attr);
	else if (ret == 0 && attr->events && res->qp_stale)
		ret = devx_qp_reconnect(res->qp);
	if (ret == 0 && attr->events)
		res->qp_stale = false;
	if (ret == 0 && res->size == 0)
		ret = res_make_bufs(res, attr);
	return ret;
}

int
mvdpa_res_prepare(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	int ret;

	if (res->size != 0 && (res->size != attr->size || res->broken))
		mvdpa_res_release(res);
	if (res->size == 0) {
		res->broken = false; /* there is nothing */
		res->apart |= atomic_load(&attr->learned->apart);
	}
	ret = res_make(res, attr);
	if (ret == -EINVAL && res->qp == NULL && mvdpa_res_part(res)) {
		ret = res_make(res, attr);
		if (ret == 0)
			mvdpa_res_taken(res, attr->learned);
	}
	if (ret != 0)
		mvdpa_res_release(res);
	return ret;
}

bool
mvdpa_res_part(struct mvdpa_res *res)
{
	if (res->umem == NULL)
		return false;
	mvdpa_res_release(res);
	res->apart = true;
	return true;
}

void
mvdpa_res_taken(const struct mvdpa_res *res, struct mvdpa_res_learned *learned)
{
	if (res->umem != NULL)
		atomic_store(&learned->together, true);
	else if (!atomic_load(&learned->together)) /* else the refusal was an accident */
		atomic_store(&learned->apart, true);
}

void
mvdpa_res_umems(const struct mvdpa_res *res, struct devx_virtq_umem umem[3])
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		umem[i] = (struct devx_virtq_umem){
			.id = devx_umem_id(res->buf[i].umem),
			.size = res->buf[i].size,
			.offset = res->buf[i].offset,
		};
}

void
mvdpa_res_release(struct mvdpa_res *res)
{
	unsigned int i;

	devx_qp_destroy(res->qp);
	devx_cq_destroy(res->cq);
	for (i = 0; i < 3; i++) {
		if (res->buf[i].owned)
			devx_umem_destroy(res->buf[i].umem);
		memset(&res->buf[i], 0, sizeof(res->buf[i]));
	}
	devx_umem_destroy(res->umem);
	res->umem = NULL;
	res->mem = NULL;
	res->qp = NULL;
	res->cq = NULL;
	res->size = 0;
	res->apart = false;
	res->qp_stale = false;
	res->broken = false;
}

void
mvdpa_res_release_counters(struct mvdpa_res *res)
{
	devx_obj_destroy(res->counters);
	res->counters = NULL;
}
