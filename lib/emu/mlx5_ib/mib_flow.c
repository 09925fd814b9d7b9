/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a matcher is a mask with a priority, a flow is a matcher with a value and a
 * destination. The matcher is the kernel's own, the firmware sees whole rules only. Supported is
 * what receive steering of virtio queues needs: normal flows of the NIC receive table that end in
 * a TIR made by DevX.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include "base_math.h"
#include "mib_devx.h"

#define MIB_MATCH_MAX sizeof(struct mlx5_ib_match_params)

struct mib_matcher {
	uint8_t mask[MIB_MATCH_MAX];
	size_t mask_len;
	uint8_t criteria;
	uint16_t priority;
	atomic_uint nb_flows;
};

struct mib_flow {
	struct mib_matcher *matcher;
	uint32_t id;
};

/* --- matcher -------------------------------------------------------------------------------- */

static int
mib_matcher_check(struct uv_call *call)
{
	uint64_t flags, table;

	if (uv_has(call, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_FLAGS) &&
			uv_has(call, MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE))
		return -EINVAL;
	if (uv_in_flags(call, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_FLAGS, 0, &flags) != 0)
		return -EINVAL;
	if (uv_in_const(call, MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE,
			    MLX5_IB_UAPI_FLOW_TABLE_TYPE_RDMA_TX, &table) != 0)
		return -EINVAL;
	if (table != MLX5_IB_UAPI_FLOW_TABLE_TYPE_NIC_RX ||
			uv_in_elem(call, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE) !=
					MLX5_IB_FLOW_TYPE_NORMAL) {
		mib_err(mib_ctx(call), "matcher: flow table %u, flow type %u are not supported",
				(unsigned int)table,
				uv_in_elem(call, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE));
		return -EOPNOTSUPP;
	}
	return 0;
}

static int
mib_matcher_create(struct uv_call *call)
{
	struct mib_matcher *matcher;
	const void *mask;
	int ret = mib_matcher_check(call);

	if (ret != 0)
		return ret;
	matcher = calloc(1, sizeof(*matcher));
	if (matcher == NULL)
		return -ENOMEM;
	mask = uv_in(call, MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK, &matcher->mask_len);
	memcpy(matcher->mask, mask, matcher->mask_len);
	matcher->criteria = *(
			const uint8_t *)uv_in(call, MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, NULL);
	memcpy(&matcher->priority, uv_in(call, MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE, NULL),
			sizeof(matcher->priority));
	uv_attr_obj(call, MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE)->priv = matcher;
	return 0;
}

static int
mib_matcher_destroy(struct uv_obj *obj)
{
	struct mib_matcher *matcher = obj->priv;

	if (atomic_load(&matcher->nb_flows) != 0)
		return -EBUSY;
	free(matcher);
	return 0;
}

/* --- flow ----------------------------------------------------------------------------------- */

static int
mib_flow_check(struct uv_call *call)
{
	static const uint16_t unsupported[] = {
		MLX5_IB_ATTR_CREATE_FLOW_DEST_QP,
		MLX5_IB_ATTR_CREATE_FLOW_ARR_FLOW_ACTIONS,
		MLX5_IB_ATTR_CREATE_FLOW_TAG,
		MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX,
		MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX_OFFSET,
	};
	struct uv_obj *dest = uv_attr_obj(call, MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX);
	uint64_t flags;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(unsupported); i++) {
		if (uv_has(call, unsupported[i])) {
			mib_err(mib_ctx(call), "flow: attribute %#x is not supported",
					unsupported[i]);
			return -EOPNOTSUPP;
		}
	}
	if (uv_in_flags(call, MLX5_IB_ATTR_CREATE_FLOW_FLAGS, 0, &flags) != 0)
		return -EOPNOTSUPP;
	if (dest == NULL || mib_devx_obj_kind(dest)->create_op != PRM_OP_CREATE_TIR) {
		mib_err(mib_ctx(call), "flow: the destination must be a TIR, it is %s",
				dest == NULL ? "missing" : mib_devx_obj_kind(dest)->name);
		return -EINVAL;
	}
	return 0;
}

static int
mib_flow_make(struct uv_call *call, struct mib_matcher *matcher, struct mib_flow *flow)
{
	uint8_t value[MIB_MATCH_MAX] = { 0 };
	size_t len;
	const void *in = uv_in(call, MLX5_IB_ATTR_CREATE_FLOW_MATCH_VALUE, &len);
	struct fw_flow_attr attr = {
		.priority = matcher->priority,
		.criteria = matcher->criteria,
		.mask = matcher->mask,
		.value = value,
		.match_len = len > matcher->mask_len ? len : matcher->mask_len,
		.tirn = mib_devx_obj_id(uv_attr_obj(call, MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX)),
	};

	memcpy(value, in, len);
	flow->matcher = matcher;
	return fw_flow_create(mib_ctx(call)->uctx, &attr, &flow->id);
}

static int
mib_flow_create(struct uv_call *call)
{
	struct mib_matcher *matcher = uv_attr_obj(call, MLX5_IB_ATTR_CREATE_FLOW_MATCHER)->priv;
	struct mib_flow *flow;
	int ret = mib_flow_check(call);

	if (ret != 0)
		return ret;
	flow = calloc(1, sizeof(*flow));
	if (flow == NULL)
		return -ENOMEM;
	ret = mib_flow_make(call, matcher, flow);
	if (ret != 0) {
		free(flow);
		return ret;
	}
	atomic_fetch_add(&matcher->nb_flows, 1);
	uv_attr_obj(call, MLX5_IB_ATTR_CREATE_FLOW_HANDLE)->priv = flow;
	return 0;
}

static int
mib_flow_destroy(struct uv_obj *obj)
{
	struct mib_flow *flow = obj->priv;
	int ret = fw_flow_destroy(mib_obj_ctx(obj)->uctx, flow->id);

	if (ret != 0 && !uv_obj_is_forced(obj))
		return ret;
	atomic_fetch_sub(&flow->matcher->nb_flows, 1);
	free(flow);
	return 0;
}

/* --- tables --------------------------------------------------------------------------------- */

static const struct uv_attr_def flow_types[] = {
	[MLX5_IB_FLOW_TYPE_NORMAL] = { .kind = UV_IN, .min_len = 2, .max_len = 2 },
	[MLX5_IB_FLOW_TYPE_SNIFFER] = { .kind = UV_IN },
	[MLX5_IB_FLOW_TYPE_ALL_DEFAULT] = { .kind = UV_IN },
	[MLX5_IB_FLOW_TYPE_MC_DEFAULT] = { .kind = UV_IN },
};
static const struct uv_attr_def matcher_create_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_FLOW_MATCHER_CREATE_HANDLE, MLX5_IB_OBJECT_FLOW_MATCHER, UV_NEW),
	UV_ATTR_IN(MLX5_IB_ATTR_FLOW_MATCHER_MATCH_MASK, 1, MIB_MATCH_MAX),
	UV_ATTR_ENUM(MLX5_IB_ATTR_FLOW_MATCHER_FLOW_TYPE, flow_types),
	UV_ATTR_IN(MLX5_IB_ATTR_FLOW_MATCHER_MATCH_CRITERIA, 1, 1),
	UV_ATTR_FLAGS(MLX5_IB_ATTR_FLOW_MATCHER_FLOW_FLAGS, .optional = true),
	UV_ATTR_CONST(MLX5_IB_ATTR_FLOW_MATCHER_FT_TYPE, .optional = true),
};
static const struct uv_attr_def matcher_destroy_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_FLOW_MATCHER_DESTROY_HANDLE, MLX5_IB_OBJECT_FLOW_MATCHER,
			UV_DESTROY),
};
static const struct uv_method_def matcher_methods[] = {
	{ .id = MLX5_IB_METHOD_FLOW_MATCHER_CREATE,
			.name = "MATCHER_CREATE",
			.attrs = matcher_create_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(matcher_create_attrs),
			.handler = mib_matcher_create },
	{ .id = MLX5_IB_METHOD_FLOW_MATCHER_DESTROY,
			.name = "MATCHER_DESTROY",
			.attrs = matcher_destroy_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(matcher_destroy_attrs) },
};

const struct uv_object_def mib_matcher_def = {
	.id = MLX5_IB_OBJECT_FLOW_MATCHER,
	.name = "MATCHER",
	.methods = matcher_methods,
	.nb_methods = BASE_ARRAY_SIZE(matcher_methods),
	.destroy = mib_matcher_destroy,
};

/* Arrays of handles travel as input bytes; none is supported, so only their presence matters. */
#define MIB_UNSUPPORTED(attr) UV_ATTR_IN(attr, 0, UINT16_MAX, .optional = true)

static const struct uv_attr_def flow_create_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_CREATE_FLOW_HANDLE, UVERBS_OBJECT_FLOW, UV_NEW),
	UV_ATTR_IN(MLX5_IB_ATTR_CREATE_FLOW_MATCH_VALUE, 1, MIB_MATCH_MAX),
	UV_ATTR_IDR(MLX5_IB_ATTR_CREATE_FLOW_MATCHER, MLX5_IB_OBJECT_FLOW_MATCHER, UV_READ),
	UV_ATTR_IDR(MLX5_IB_ATTR_CREATE_FLOW_DEST_DEVX, MLX5_IB_OBJECT_DEVX_OBJ, UV_READ,
			.optional = true),
	UV_ATTR_FLAGS(MLX5_IB_ATTR_CREATE_FLOW_FLAGS, .optional = true),
	MIB_UNSUPPORTED(MLX5_IB_ATTR_CREATE_FLOW_DEST_QP),
	MIB_UNSUPPORTED(MLX5_IB_ATTR_CREATE_FLOW_ARR_FLOW_ACTIONS),
	MIB_UNSUPPORTED(MLX5_IB_ATTR_CREATE_FLOW_TAG),
	MIB_UNSUPPORTED(MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX),
	MIB_UNSUPPORTED(MLX5_IB_ATTR_CREATE_FLOW_ARR_COUNTERS_DEVX_OFFSET),
};
static const struct uv_attr_def flow_destroy_attrs[] = {
	UV_ATTR_IDR(UVERBS_ATTR_DESTROY_FLOW_HANDLE, UVERBS_OBJECT_FLOW, UV_DESTROY),
};
static const struct uv_attr_def flow_destroy2_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_DESTROY_FLOW_HANDLE, UVERBS_OBJECT_FLOW, UV_DESTROY),
};
static const struct uv_method_def flow_methods[] = {
	{ .id = MLX5_IB_METHOD_CREATE_FLOW,
			.name = "FLOW_CREATE",
			.attrs = flow_create_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(flow_create_attrs),
			.handler = mib_flow_create },
	{ .id = UVERBS_METHOD_FLOW_DESTROY,
			.name = "FLOW_DESTROY",
			.attrs = flow_destroy_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(flow_destroy_attrs) },
	{ .id = MLX5_IB_METHOD_DESTROY_FLOW,
			.name = "FLOW_DESTROY",
			.attrs = flow_destroy2_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(flow_destroy2_attrs) },
};

const struct uv_object_def mib_flow_def = {
	.id = UVERBS_OBJECT_FLOW,
	.name = "FLOW",
	.methods = flow_methods,
	.nb_methods = BASE_ARRAY_SIZE(flow_methods),
	.destroy = mib_flow_destroy,
};
