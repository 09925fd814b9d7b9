/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: an object in INIT, which is what queues that are made beforehand are in the
 * receive table as. It needs buffers, and a memory key even in INIT on cards that do not take one
 * later. That is a key of its own, over a page that nobody uses: the guest's would have to live as
 * long as this object. It has no event objects where the card can do without.
 */
#include "mvdpa_park.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

/* Of a ring that fits into a page, at places that any ring can have. */
#define PARK_SIZE 64
#define PARK_AVAIL 1024
#define PARK_USED 2048

static int
park_make_key(struct mvdpa_park *park, const struct mvdpa_virtq_env *env)
{
	size_t page = devx_dev_page_size(env->devx);
	struct devx_mr_attr attr = { .len = page, .iova = page };

	park->mem = rte_zmalloc("mvdpa", page, (unsigned int)page);
	if (park->mem == NULL)
		return -ENOMEM;
	attr.addr = park->mem;
	return devx_mr_create(env->devx, &attr, &park->mr);
}

static int
park_make_res(struct mvdpa_park *park, const struct mvdpa_virtq_env *env)
{
	const struct mvdpa_res_attr attr = {
		.devx = env->devx,
		.cap = env->cap,
		.log = env->log,
		.completion = env->completion,
		.error = env->error,
		.size = PARK_SIZE,
		.learned = &env->learned->res,
		.events = (env->cap->event_modes >> PRM_VIRTQ_EVENT_NO_MSIX & 1) == 0,
	};

	park->res.index = park->index;
	return mvdpa_res_prepare(&park->res, &attr);
}

static int
park_make_object(struct mvdpa_park *park, const struct mvdpa_virtq_env *env)
{
	uint64_t at = devx_dev_page_size(env->devx);
	const struct mvdpa_ring ring = {
		.type = PRM_VIRTQ_SPLIT,
		.size = PARK_SIZE,
		.desc = at,
		.avail = at + PARK_AVAIL,
		.used = at + PARK_USED,
	};
	struct mvdpa_virtq_parts parts = {
		.index = park->index,
		.ring = &ring,
		.features = env->features,
		.mkey = devx_mr_key(park->mr),
		.pd = devx_dev_pd(env->devx),
		.period = env->period,
		.tisn = env->tis[0],
		.event_qpn = park->res.qp != NULL ? devx_qp_fw_id(park->res.qp) : 0,
	};
	struct devx_virtq_attr attr;

	mvdpa_res_umems(&park->res, parts.umem);
	mvdpa_virtq_attr_make(&parts, &attr);
	return devx_virtq_create(env->devx, &attr, &park->obj);
}

int
mvdpa_park_make(struct mvdpa_park *park, const struct mvdpa_virtq_env *env, uint16_t index)
{
	int ret;

	if (park->obj != NULL)
		return 0;
	park->index = index;
	ret = park_make_res(park, env);
	if (ret == 0)
		ret = park_make_key(park, env);
	if (ret == 0)
		ret = park_make_object(park, env);
	if (ret == 0)
		base_info(env->log, "%s: packets wait at queue %u while another one is replaced",
				env->name, index);
	else
		mvdpa_park_destroy(park);
	return ret;
}

uint32_t
mvdpa_park_id(const struct mvdpa_park *park)
{
	return devx_obj_id(park->obj);
}

void
mvdpa_park_destroy(struct mvdpa_park *park)
{
	devx_obj_destroy(park->obj);
	devx_mr_destroy(park->mr);
	rte_free(park->mem); /* a queue in INIT does not touch it */
	mvdpa_res_release(&park->res);
	memset(park, 0, sizeof(*park));
}
