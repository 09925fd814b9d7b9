/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a TIS says which transport domain and LAG port a queue sends through. The
 * card has one way out, so it is checked and then only counted as used.
 */
#include "fw_card.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_uctx.h"
#include "prm_field.h"

enum fw_syndrome
fw_tis_create(struct fw_cmd *cmd)
{
	const uint8_t *tisc = PRM_PTR(create_tis_in, cmd->in, ctx);
	uint32_t nb_ports = cmd->uctx->func->card->caps.num_lag_ports;
	uint64_t port = PRM_GET(tisc, tisc, lag_tx_port_affinity);
	struct fw_obj *td, *pd = NULL, *obj;
	enum fw_syndrome syn;

	/* Port 0 lets the card choose; a card that says 0 ports has one. */
	if (port > (nb_ports == 0 ? 1 : nb_ports))
		return fw_refuse(cmd->uctx, FW_SYN_TIS_PORT, "tisc.lag_tx_port_affinity", port);
	if (PRM_GET(tisc, tisc, tls_en) != 0 || PRM_GET(tisc, tisc, underlay_qpn) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_TIS_FEATURE, "tisc.tls_en/underlay_qpn", 1);
	syn = fw_obj_get(cmd->uctx, FW_CLASS_TD, (uint32_t)PRM_GET(tisc, tisc, transport_domain),
			"tisc.transport_domain", &td);
	if (syn == FW_SYN_OK && PRM_GET(tisc, tisc, pd) != 0)
		syn = fw_obj_get(cmd->uctx, FW_CLASS_PD, (uint32_t)PRM_GET(tisc, tisc, pd),
				"tisc.pd", &pd);
	if (syn == FW_SYN_OK)
		syn = fw_obj_new(cmd->uctx, FW_CLASS_TIS, sizeof(*obj), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	fw_obj_use(obj, td);
	fw_obj_use(obj, pd);
	fw_cmd_reply_id(cmd, obj);
	return FW_SYN_OK;
}
