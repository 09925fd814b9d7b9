/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the list of everything that the driver offers; nothing else is reachable.
 */
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>

#include "base_math.h"
#include "mib_ctx.h"

static const struct uv_object_def *const mib_objects[] = {
	&mib_device_def,
	&mib_pd_def,
	&mib_mr_def,
	&mib_flow_def,
	&mib_async_def,
	&mib_devx_def,
	&mib_devx_obj_def,
	&mib_umem_def,
	&mib_matcher_def,
	&mib_async_cmd_def,
	&mib_event_fd_def,
	&mib_var_def,
	&mib_uar_def,
};

#define MIB_EX(cmd) (IB_USER_VERBS_CMD_FLAG_EXTENDED | (cmd))

/* The extended query may be cut to what a caller knows; its base part must fit. */
static const struct uv_write_def mib_writes[] = {
	{ IB_USER_VERBS_CMD_QUERY_DEVICE, sizeof(struct ib_uverbs_query_device),
			sizeof(struct ib_uverbs_query_device_resp), mib_cmd_query_device,
			"QUERY_DEVICE" },
	{ MIB_EX(IB_USER_VERBS_EX_CMD_QUERY_DEVICE), sizeof(struct ib_uverbs_ex_query_device),
			sizeof(struct ib_uverbs_query_device_resp) + 8, mib_cmd_ex_query_device,
			"EX_QUERY_DEVICE" },
	{ IB_USER_VERBS_CMD_ALLOC_PD, sizeof(struct ib_uverbs_alloc_pd),
			sizeof(struct ib_uverbs_alloc_pd_resp), mib_cmd_alloc_pd, "ALLOC_PD" },
	{ IB_USER_VERBS_CMD_DEALLOC_PD, sizeof(struct ib_uverbs_dealloc_pd), 0, mib_cmd_dealloc_pd,
			"DEALLOC_PD" },
	{ IB_USER_VERBS_CMD_REG_MR, sizeof(struct ib_uverbs_reg_mr),
			sizeof(struct ib_uverbs_reg_mr_resp), mib_cmd_reg_mr, "REG_MR" },
	{ IB_USER_VERBS_CMD_DEREG_MR, sizeof(struct ib_uverbs_dereg_mr), 0, mib_cmd_dereg_mr,
			"DEREG_MR" },
};

const struct uv_api mib_api = {
	.driver_id = RDMA_DRIVER_MLX5,
	.objects = mib_objects,
	.nb_objects = BASE_ARRAY_SIZE(mib_objects),
	.writes = mib_writes,
	.nb_writes = BASE_ARRAY_SIZE(mib_writes),
};
