/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: TD, TIS, RQT and TIR are firmware objects. A rule is made by the kernel
 * (it shares the receive table with the netdev): one matcher (mask and priority) with one flow
 * (value and destination). Masks and values are the PRM's fte_match_param; only the outer headers
 * are used, and of them ip_version and ip_protocol.
 */
#include "devx_steer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devx_priv.h"
#include "prm_field.h"

/* The part of fte_match_param that every kernel takes: up to misc_parameters_3. */
#define MATCH_SIZE (PRM_OFF(fte_match_param, misc_parameters_4) / 8)
#define MATCH_OUTER (1u << 0) /* match_criteria_enable */
#define RQT_ENTRY_SIZE PRM_SIZE(rq_num)

int
devx_td_create(struct devx_dev *dev, struct devx_obj **td)
{
	uint8_t in[PRM_SIZE(alloc_transport_domain_in)] = { 0 };
	uint8_t out[PRM_SIZE(alloc_transport_domain_out)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };

	PRM_SET(alloc_transport_domain_in, in, opcode, PRM_OP_ALLOC_TRANSPORT_DOMAIN);
	return devx_cmd_create(dev, "transport domain", &io, td);
}

int
devx_tis_create(struct devx_dev *dev, uint32_t td, uint8_t lag_port, struct devx_obj **tis)
{
	uint8_t in[PRM_SIZE(create_tis_in)] = { 0 }, out[PRM_SIZE(create_tis_out)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	void *tisc = PRM_PTR(create_tis_in, in, ctx);

	PRM_SET(create_tis_in, in, opcode, PRM_OP_CREATE_TIS);
	PRM_SET(tisc, tisc, lag_tx_port_affinity, lag_port);
	PRM_SET(tisc, tisc, transport_domain, td);
	return devx_cmd_create(dev, "TIS", &io, tis);
}

static size_t
devx_rqt_in_size(const struct devx_rqt_attr *attr)
{
	return PRM_SIZE(create_rqt_in) + (size_t)attr->size * RQT_ENTRY_SIZE;
}

/* Create and modify have the same layout but for number and bit mask. */
static void *
devx_rqt_encode(const struct devx_rqt_attr *attr, enum prm_opcode opcode)
{
	uint8_t *entry, *in;
	uint32_t i;
	void *rqtc;

	in = calloc(1, devx_rqt_in_size(attr));
	if (in == NULL)
		return NULL;
	rqtc = PRM_PTR(create_rqt_in, in, rqt_context);
	PRM_SET(create_rqt_in, in, opcode, opcode);
	PRM_SET(rqtc, rqtc, list_q_type, PRM_RQT_LIST_VIRTIO_NET_Q);
	PRM_SET(rqtc, rqtc, rqt_max_size, attr->size);
	PRM_SET(rqtc, rqtc, rqt_actual_size, attr->size);
	entry = in + PRM_SIZE(create_rqt_in);
	for (i = 0; i < attr->size; i++)
		PRM_SET(rq_num, entry + (size_t)i * RQT_ENTRY_SIZE, rq_num, attr->ids[i]);
	return in;
}

int
devx_rqt_create(struct devx_dev *dev, const struct devx_rqt_attr *attr, struct devx_obj **rqt)
{
	uint8_t out[PRM_SIZE(create_rqt_out)];
	struct devx_io io = { .in_len = devx_rqt_in_size(attr),
		.out = out,
		.out_len = sizeof(out) };
	void *in = devx_rqt_encode(attr, PRM_OP_CREATE_RQT);
	int ret;

	if (in == NULL)
		return -ENOMEM;
	io.in = in;
	ret = devx_cmd_create(dev, "RQT", &io, rqt);
	free(in);
	return ret;
}

int
devx_rqt_modify(struct devx_obj *rqt, const struct devx_rqt_attr *attr)
{
	uint8_t out[PRM_SIZE(create_rqt_out)];
	struct devx_io io = { .in_len = devx_rqt_in_size(attr),
		.out = out,
		.out_len = sizeof(out) };
	void *in = devx_rqt_encode(attr, PRM_OP_MODIFY_RQT);
	int ret;

	if (in == NULL)
		return -ENOMEM;
	PRM_SET(modify_rqt_in, in, rqtn, rqt->id);
	PRM_SET(modify_rqt_in, in, modify_bitmask, PRM_RQT_MOD_LIST);
	io.in = in;
	ret = devx_cmd_modify(rqt, &io);
	free(in);
	return ret;
}

int
devx_tir_create(struct devx_dev *dev, const struct devx_tir_attr *attr, struct devx_obj **tir)
{
	uint8_t in[PRM_SIZE(create_tir_in)] = { 0 }, out[PRM_SIZE(create_tir_out)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	void *tirc = PRM_PTR(create_tir_in, in, ctx);
	void *outer = PRM_PTR(tirc, tirc, rx_hash_field_selector_outer);

	PRM_SET(create_tir_in, in, opcode, PRM_OP_CREATE_TIR);
	PRM_SET(tirc, tirc, disp_type, PRM_TIR_INDIRECT);
	PRM_SET(tirc, tirc, indirect_table, attr->rqt);
	PRM_SET(tirc, tirc, transport_domain, attr->td);
	PRM_SET(tirc, tirc, rx_hash_fn, PRM_TIR_HASH_TOEPLITZ);
	PRM_SET(tirc, tirc, rx_hash_symmetric, 1);
	memcpy(PRM_PTR(tirc, tirc, rx_hash_toeplitz_key), attr->key, DEVX_TOEPLITZ_KEY_SIZE);
	PRM_SET(rx_hash_field_select, outer, l3_prot_type, attr->l3_prot);
	PRM_SET(rx_hash_field_select, outer, l4_prot_type, attr->l4_prot);
	PRM_SET(rx_hash_field_select, outer, selected_fields, attr->hash_fields);
	return devx_cmd_create(dev, "TIR", &io, tir);
}

struct devx_flow {
	struct devx_grave_item grave; /* first */
	struct devx_dev *dev;
	struct mlx5dv_flow_matcher *matcher;
	struct ibv_flow *flow;
};

/* One mask or value, with room for the flexible array that rdma-core wants. */
union devx_match {
	struct mlx5dv_flow_match_parameters param;
	uint8_t bytes[sizeof(struct mlx5dv_flow_match_parameters) + MATCH_SIZE];
};

static void
devx_match_fill(union devx_match *match, uint8_t ip_version, uint8_t ip_protocol)
{
	void *outer = PRM_PTR(fte_match_param, match->param.match_buf, outer_headers);

	memset(match, 0, sizeof(*match));
	match->param.match_sz = MATCH_SIZE;
	PRM_SET(fte_match_set_lyr_2_4, outer, ip_version, ip_version);
	PRM_SET(fte_match_set_lyr_2_4, outer, ip_protocol, ip_protocol);
}

static int
devx_flow_matcher(struct devx_flow *flow, const struct devx_flow_attr *attr)
{
	union devx_match mask;
	struct mlx5dv_flow_matcher_attr matcher = {
		.type = IBV_FLOW_ATTR_NORMAL,
		.priority = attr->priority,
		.match_criteria_enable = attr->ip_version != 0 ? MATCH_OUTER : 0,
		.match_mask = &mask.param,
		.comp_mask = MLX5DV_FLOW_MATCHER_MASK_FT_TYPE,
		.ft_type = MLX5DV_FLOW_TABLE_TYPE_NIC_RX,
	};

	devx_match_fill(&mask, attr->ip_version != 0 ? 0xf : 0, attr->ip_protocol != 0 ? 0xff : 0);
	errno = 0;
	flow->matcher = mlx5dv_create_flow_matcher(flow->dev->ctx, &matcher);
	return flow->matcher != NULL ? 0 : devx_errno();
}

int
devx_flow_create(struct devx_dev *dev, const struct devx_flow_attr *attr, struct devx_flow **out)
{
	struct mlx5dv_flow_action_attr action = { .type = MLX5DV_FLOW_ACTION_DEST_DEVX,
		.obj = attr->tir->dv };
	struct devx_flow *flow;
	union devx_match value;
	int ret;

	flow = calloc(1, sizeof(*flow));
	if (flow == NULL)
		return -ENOMEM;
	flow->dev = dev;
	ret = devx_flow_matcher(flow, attr);
	if (ret != 0)
		goto free_flow;
	devx_match_fill(&value, attr->ip_version, attr->ip_protocol);
	devx_cmd_counted(dev);
	errno = 0;
	flow->flow = mlx5dv_create_flow(flow->matcher, &value.param, 1, &action);
	if (flow->flow == NULL) {
		ret = devx_errno();
		goto destroy_matcher;
	}
	*out = flow;
	return 0;
destroy_matcher:
	mlx5dv_destroy_flow_matcher(flow->matcher);
free_flow:
	free(flow);
	base_err(dev->log, "%s: no receive rule (priority %u, IP version %u, protocol %u): %s",
			dev->pci_addr, attr->priority, attr->ip_version, attr->ip_protocol,
			strerror(-ret));
	return ret;
}

static int
devx_flow_try(struct devx_grave_item *item)
{
	struct devx_flow *flow = (struct devx_flow *)item;
	int error = 0;

	if (flow->flow != NULL) {
		devx_cmd_counted(flow->dev);
		error = ibv_destroy_flow(flow->flow);
	}
	if (error != 0) {
		base_log_write(flow->dev->log, devx_grave_level(item),
				"%s: cannot destroy a receive rule", flow->dev->pci_addr);
		return -EIO;
	}
	flow->flow = NULL;
	if (mlx5dv_destroy_flow_matcher(flow->matcher) != 0) {
		base_log_write(flow->dev->log, devx_grave_level(item),
				"%s: cannot destroy a receive matcher", flow->dev->pci_addr);
		return -EIO;
	}
	free(flow);
	return 0;
}

void
devx_flow_destroy(struct devx_flow *flow)
{
	if (flow != NULL)
		devx_grave_give_up(flow->dev, &flow->grave, devx_flow_try);
}
