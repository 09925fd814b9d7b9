/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what the device says about itself. One Ethernet port without RoCE (the
 * GID table is empty): vDPA needs the card's virtio engine, not its RDMA.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/mlx5-abi.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include "base_math.h"
#include "mib_ctx.h"
#include "uv_write.h"

/* The vendor's IEEE number, as the kernel reports it; PCI's is another one (0x15b3). */
#define MIB_VENDOR_OUI 0x02c9u
#define MIB_PCI_DEVICE 0x101eu
#define MIB_FW_VER (22ull << 32 | 99ull << 16)

/* Numbers of the InfiniBand architecture: port state and physical state, link layer, MTU, speed. */
enum {
	MIB_PORT_DOWN = 1,
	MIB_PORT_ACTIVE = 4,
	MIB_PHYS_DISABLED = 3,
	MIB_PHYS_LINK_UP = 5,
	MIB_LINK_ETHERNET = 2
};
enum {
	MIB_MTU_1024 = 3,
	MIB_MTU_4096 = 5
};
enum {
	MIB_WIDTH_4X = 2,
	MIB_SPEED_EDR = 32
};

static void
mib_device_attr(const struct mib_ctx *ctx, struct ib_uverbs_query_device_resp *resp)
{
	*resp = (struct ib_uverbs_query_device_resp){
		.fw_ver = MIB_FW_VER,
		.node_guid = htobe64(ctx->attr.guid),
		.sys_image_guid = htobe64(ctx->attr.guid),
		.max_mr_size = UINT64_MAX,
		.page_size_cap = ~(uint64_t)(ctx->page_size - 1),
		.vendor_id = MIB_VENDOR_OUI,
		.vendor_part_id = MIB_PCI_DEVICE,
		.max_qp = 1u << 18,
		.max_qp_wr = 1u << 15,
		.max_sge = 30,
		.max_sge_rd = 30,
		.max_cq = 1u << 20,
		.max_cqe = (1u << 22) - 1,
		.max_mr = 1u << 24,
		.max_pd = 1u << 24,
		.max_qp_rd_atom = 16,
		.max_res_rd_atom = 1u << 22,
		.max_qp_init_rd_atom = 16,
		.max_pkeys = 1,
		.local_ca_ack_delay = 16,
		.phys_port_cnt = 1,
	};
}

int
mib_cmd_query_device(struct uv_call *call)
{
	struct ib_uverbs_query_device_resp resp;

	mib_device_attr(mib_ctx(call), &resp);
	return uv_out_struct(call, UVERBS_ATTR_CORE_OUT, &resp, sizeof(resp));
}

int
mib_cmd_ex_query_device(struct uv_call *call)
{
	const struct ib_uverbs_ex_query_device *cmd = uv_in(call, UVERBS_ATTR_CORE_IN, NULL);
	struct ib_uverbs_ex_query_device_resp resp = { 0 };
	size_t outlen = uv_out_len(call, UVERBS_ATTR_CORE_OUT);

	if (cmd->comp_mask != 0 || cmd->reserved != 0)
		return -EINVAL;
	mib_device_attr(mib_ctx(call), &resp.base);
	resp.response_length = (uint32_t)(outlen < sizeof(resp) ? outlen : sizeof(resp));
	return uv_out_struct(call, UVERBS_ATTR_CORE_OUT, &resp, sizeof(resp));
}

static int
mib_query_port(struct uv_call *call)
{
	bool up = fw_func_link(mib_ctx(call)->attr.func);
	struct ib_uverbs_query_port_resp_ex resp = {
		.legacy_resp = {
			.max_msg_sz = 1u << 30,
			.pkey_tbl_len = 1,
			.state = up ? MIB_PORT_ACTIVE : MIB_PORT_DOWN,
			.max_mtu = MIB_MTU_4096,
			.active_mtu = MIB_MTU_1024,
			.max_vl_num = 1,
			.active_width = MIB_WIDTH_4X,
			.active_speed = MIB_SPEED_EDR,
			.phys_state = up ? MIB_PHYS_LINK_UP : MIB_PHYS_DISABLED,
			.link_layer = MIB_LINK_ETHERNET,
		},
	};

	if (uv_in_u64(call, UVERBS_ATTR_QUERY_PORT_PORT_NUM) != MIB_PORT)
		return -EINVAL;
	return uv_out_struct(call, UVERBS_ATTR_QUERY_PORT_RESP, &resp, sizeof(resp));
}

/* What a port is in the eswitch: this one's function is no manager of any, so nothing is told. */
static int
mib_query_vport(struct uv_call *call)
{
	struct mlx5_ib_uapi_query_port resp = { .flags = 0 };

	if (!uv_has_context(call) || uv_in_u32(call, MLX5_IB_ATTR_QUERY_PORT_PORT_NUM) != MIB_PORT)
		return -EINVAL;
	return uv_out_struct(call, MLX5_IB_ATTR_QUERY_PORT, &resp, sizeof(resp));
}

static const struct uv_attr_def query_vport_attrs[] = {
	UV_ATTR_IN(MLX5_IB_ATTR_QUERY_PORT_PORT_NUM, 4, 4),
	UV_ATTR_OUT(MLX5_IB_ATTR_QUERY_PORT,
			offsetof(struct mlx5_ib_uapi_query_port, reg_c0) +
					sizeof(struct mlx5_ib_uapi_reg),
			UINT16_MAX),
};

static const struct uv_attr_def query_port_attrs[] = {
	UV_ATTR_CONST(UVERBS_ATTR_QUERY_PORT_PORT_NUM),
	UV_ATTR_OUT(UVERBS_ATTR_QUERY_PORT_RESP, sizeof(struct ib_uverbs_query_port_resp),
			sizeof(struct ib_uverbs_query_port_resp_ex), .zero_tail = true),
};

static const struct uv_attr_def get_context_attrs[] = {
	UV_ATTR_OUT(UVERBS_ATTR_GET_CONTEXT_NUM_COMP_VECTORS, 4, 4, .optional = true),
	UV_ATTR_OUT(UVERBS_ATTR_GET_CONTEXT_CORE_SUPPORT, 8, 8, .optional = true),
	UV_ATTR_IN(UVERBS_ATTR_UHW_IN, 0, UINT16_MAX, .optional = true),
	UV_ATTR_OUT(UVERBS_ATTR_UHW_OUT, 0, UINT16_MAX, .optional = true),
};

static const struct uv_method_def device_methods[] = {
	UV_METHOD_INVOKE_WRITE,
	{ .id = UVERBS_METHOD_QUERY_PORT,
			.name = "QUERY_PORT",
			.attrs = query_port_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(query_port_attrs),
			.handler = mib_query_port },
	{ .id = MLX5_IB_METHOD_QUERY_PORT,
			.name = "MLX5_QUERY_PORT",
			.attrs = query_vport_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(query_vport_attrs),
			.handler = mib_query_vport },
	{ .id = UVERBS_METHOD_GET_CONTEXT,
			.name = "GET_CONTEXT",
			.attrs = get_context_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(get_context_attrs),
			.handler = mib_get_context },
};

const struct uv_object_def mib_device_def = {
	.id = UVERBS_OBJECT_DEVICE,
	.name = "DEVICE",
	.methods = device_methods,
	.nb_methods = BASE_ARRAY_SIZE(device_methods),
};
