/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what a driver may ask about its function without having an object: the
 * virtual port (address, MTU, state) and the numbers of special memory keys. Other functions'
 * ports are the e-switch manager's business, which no function of this card is. Of a change of the
 * link (wire.h) all user contexts of the function are told at once; no rule holds that back.
 *
 * The port's MTU counts the whole frame, as the field does: Linux' drivers take 22 bytes off it
 * for Ethernet header, VLAN tag and FCS (mlx5_vdpa's net device does, too).
 */
#include "fw_card.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_uctx.h"
#include "prm_field.h"
#include "wire.h"

#define FRAME_OVERHEAD 22u
#define VPORT_DOWN 0u
#define VPORT_UP 1u
#define OP_MOD_VNIC_VPORT 0u

enum fw_syndrome
fw_vport_query_context(struct fw_cmd *cmd)
{
	uint8_t *ctx = PRM_PTR(query_nic_vport_context_out, cmd->out, nic_vport_context);
	uint8_t *mac = PRM_PTR(nic_vport_context, ctx, permanent_address);
	const struct fw_func *func = cmd->uctx->func;

	if (PRM_GET(query_nic_vport_context_in, cmd->in, other_vport) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_CAP_FUNCTION, "vport_number",
				PRM_GET(query_nic_vport_context_in, cmd->in, vport_number));
	/* min_wqe_inline_mode 0: none; roce_en 0; no lists of addresses: all are let in. */
	PRM_SET(nic_vport_context, ctx, mtu, func->mtu + FRAME_OVERHEAD);
	PRM_SET(mac_address_layout, mac, mac_addr_47_32, prm_get(func->mac, 0, 16));
	PRM_SET(mac_address_layout, mac, mac_addr_31_0, prm_get(func->mac, 16, 32));
	return FW_SYN_OK;
}

bool
fw_func_link(struct fw_func *func)
{
	bool up;

	vnet_lock(func->card->vnet);
	up = wire_link(func->card->wire, func->index);
	vnet_unlock(func->card->vnet);
	return up;
}

/* Ports behind those of the functions lead out of the process and are nobody's here. */
void
fw_vport_link_changed(void *arg, unsigned int port, bool up)
{
	struct fw_func *func = fw_card_func(arg, port);
	struct fw_uctx *uctx;

	if (func == NULL || fw_func_is_gone(func))
		return;
	TAILQ_FOREACH(uctx, &func->uctxs, link) {
		if (uctx->ops->link != NULL)
			uctx->ops->link(uctx->arg, up);
	}
}

enum fw_syndrome
fw_vport_query_state(struct fw_cmd *cmd)
{
	uint64_t op_mod = PRM_GET(query_vport_state_in, cmd->in, op_mod);
	const struct fw_func *func = cmd->uctx->func;

	if (op_mod != OP_MOD_VNIC_VPORT)
		return fw_refuse(cmd->uctx, FW_SYN_OP_MOD, "op_mod", op_mod);
	if (PRM_GET(query_vport_state_in, cmd->in, other_vport) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_CAP_FUNCTION, "vport_number",
				PRM_GET(query_vport_state_in, cmd->in, vport_number));
	PRM_SET(query_vport_state_out, cmd->out, admin_state, VPORT_UP);
	PRM_SET(query_vport_state_out, cmd->out, state,
			wire_link(func->card->wire, func->index) ? VPORT_UP : VPORT_DOWN);
	return FW_SYN_OK;
}

enum fw_syndrome
fw_vport_query_special(struct fw_cmd *cmd)
{
	/* One key for both: it reads as zeros, and what is written to it is gone. */
	PRM_SET(query_special_contexts_out, cmd->out, dump_fill_mkey, FW_NULL_MKEY);
	PRM_SET(query_special_contexts_out, cmd->out, null_mkey, FW_NULL_MKEY);
	return FW_SYN_OK;
}
