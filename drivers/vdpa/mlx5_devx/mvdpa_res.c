/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: making these costs 15 commands, freshening 8 (destroying a queue object
 * leaves its event QP in error), so they stay until the connection ends or the ring's size
 * changes. A queue that is only suspended and resumed needs nothing of it: its QPs stay as they
 * are. A queue whose guest polls has no event objects; those of a former life are kept. Memory
 * comes from DPDK's heap, page aligned because the card maps whole pages.
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

static int
res_make_events(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	struct devx_cq_attr cq = { .depth = attr->size, .release = rte_free };
	struct devx_qp_attr qp = { .depth = attr->size, .release = rte_free };
	int ret;

	/* What was made owns its memory: a card that does not give it up may still write to it. */
	cq.mem = res_alloc(attr, devx_cq_mem_size(attr->size));
	if (cq.mem == NULL)
		return -ENOMEM;
	ret = devx_cq_create(attr->devx, &cq, &res->cq);
	if (ret != 0) {
		rte_free(cq.mem);
		return ret;
	}
	ret = res_subscribe(res, attr);
	if (ret != 0)
		return ret;
	qp.cq = res->cq;
	qp.mem = res_alloc(attr, devx_qp_mem_size(attr->size));
	if (qp.mem == NULL)
		return -ENOMEM;
	ret = devx_qp_create(attr->devx, &qp, &res->qp);
	if (ret != 0)
		rte_free(qp.mem);
	return ret;
}

static int
res_make_buf(struct mvdpa_res_buf *buf, const struct mvdpa_res_attr *attr,
		struct devx_umem_param param)
{
	uint64_t size = (uint64_t)param.a * attr->size + param.b;
	void *mem;
	int ret;

	if (size == 0 || size > UINT32_MAX) {
		base_err(attr->log, "the card asks for a queue buffer of %" PRIu64 " bytes", size);
		return -EIO;
	}
	buf->size = (uint32_t)size;
	mem = res_alloc(attr, size);
	if (mem == NULL)
		return -ENOMEM;
	ret = devx_umem_create(attr->devx, mem, size, &buf->umem);
	if (ret == 0)
		devx_umem_own(buf->umem, rte_free, mem);
	else
		rte_free(mem);
	return ret;
}

static int
res_make_bufs(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; ret == 0 && i < 3; i++)
		ret = res_make_buf(&res->buf[i], attr, attr->cap->umem[i]);
	if (ret == 0 && res->counters == NULL && attr->counters)
		ret = devx_counters_create(attr->devx, res->index, &res->counters);
	if (ret == 0)
		res->size = attr->size;
	return ret;
}

int
mvdpa_res_prepare(struct mvdpa_res *res, const struct mvdpa_res_attr *attr)
{
	int ret = 0;

	if (res->size != attr->size || res->broken)
		mvdpa_res_release(res);
	if (attr->events && res->qp == NULL)
		ret = res_make_events(res, attr);
	else if (attr->events && res->qp_stale)
		ret = devx_qp_reconnect(res->qp);
	if (ret == 0 && attr->events)
		res->qp_stale = false;
	if (ret == 0 && res->size == 0)
		ret = res_make_bufs(res, attr);
	if (ret != 0)
		mvdpa_res_release(res);
	return ret;
}

void
mvdpa_res_umems(const struct mvdpa_res *res, struct devx_virtq_umem umem[3])
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		umem[i] = (struct devx_virtq_umem){
			.id = devx_umem_id(res->buf[i].umem),
			.size = res->buf[i].size,
		};
}

void
mvdpa_res_release(struct mvdpa_res *res)
{
	unsigned int i;

	devx_qp_destroy(res->qp);
	devx_cq_destroy(res->cq);
	for (i = 0; i < 3; i++) {
		devx_umem_destroy(res->buf[i].umem);
		memset(&res->buf[i], 0, sizeof(res->buf[i]));
	}
	res->qp = NULL;
	res->cq = NULL;
	res->size = 0;
	res->qp_stale = false;
	res->broken = false;
}

void
mvdpa_res_release_counters(struct mvdpa_res *res)
{
	devx_obj_destroy(res->counters);
	res->counters = NULL;
}
