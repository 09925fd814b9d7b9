/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a TIS says which transport domain and LAG port a queue sends through. The
 * card has one way out, so it is checked, kept for QUERY and otherwise only counted as used.
 */
#include <string.h>

#include "base_math.h"
#include "fw_card.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_uctx.h"
#include "prm_field.h"

struct fw_tis {
	struct fw_obj obj;
	uint8_t tisc[PRM_SIZE(tisc)]; /* as it was given */
};

/* What CREATE and MODIFY may put in a context. */
static enum fw_syndrome
fw_tis_check(struct fw_uctx *uctx, const uint8_t *tisc)
{
	uint32_t nb_ports = uctx->func->card->caps.num_lag_ports;
	uint64_t port = PRM_GET(tisc, tisc, lag_tx_port_affinity);

	/* Port 0 lets the card choose; a card that says 0 ports has one. */
	if (port > (nb_ports == 0 ? 1 : nb_ports))
		return fw_refuse(uctx, FW_SYN_TIS_PORT, "tisc.lag_tx_port_affinity", port);
	if (PRM_GET(tisc, tisc, strict_lag_tx_port_affinity) != 0 && port == 0)
		return fw_refuse(uctx, FW_SYN_TIS_PORT, "tisc.strict_lag_tx_port_affinity", port);
	if (PRM_GET(tisc, tisc, tls_en) != 0 || PRM_GET(tisc, tisc, underlay_qpn) != 0)
		return fw_refuse(uctx, FW_SYN_TIS_FEATURE, "tisc.tls_en/underlay_qpn", 1);
	return FW_SYN_OK;
}

enum fw_syndrome
fw_tis_create(struct fw_cmd *cmd)
{
	const uint8_t *tisc = PRM_PTR(create_tis_in, cmd->in, ctx);
	struct fw_obj *td, *pd = NULL, *obj;
	enum fw_syndrome syn;

	syn = fw_tis_check(cmd->uctx, tisc);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(cmd->uctx, FW_CLASS_TD,
				(uint32_t)PRM_GET(tisc, tisc, transport_domain),
				"tisc.transport_domain", &td);
	if (syn == FW_SYN_OK && PRM_GET(tisc, tisc, pd) != 0)
		syn = fw_obj_get(cmd->uctx, FW_CLASS_PD, (uint32_t)PRM_GET(tisc, tisc, pd),
				"tisc.pd", &pd);
	if (syn == FW_SYN_OK)
		syn = fw_obj_new(cmd->uctx, FW_CLASS_TIS, sizeof(struct fw_tis), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	fw_obj_use(obj, td);
	fw_obj_use(obj, pd);
	memcpy(base_container_of(obj, struct fw_tis, obj)->tisc, tisc, PRM_SIZE(tisc));
	fw_cmd_reply_id(cmd, obj);
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_tis_get(struct fw_cmd *cmd, struct fw_tis **tis)
{
	struct fw_obj *obj;
	enum fw_syndrome syn = fw_obj_get(cmd->uctx, FW_CLASS_TIS,
			(uint32_t)PRM_GET(query_tis_in, cmd->in, tisn), "tisn", &obj);

	if (syn == FW_SYN_OK)
		*tis = base_container_of(obj, struct fw_tis, obj);
	return syn;
}

enum fw_syndrome
fw_tis_modify(struct fw_cmd *cmd)
{
	const uint8_t *bits = PRM_PTR(modify_tis_in, cmd->in, bitmask);
	const uint8_t *in = PRM_PTR(modify_tis_in, cmd->in, ctx);
	uint8_t tisc[PRM_SIZE(tisc)];
	enum fw_syndrome syn;
	struct fw_tis *tis;

	syn = fw_tis_get(cmd, &tis);
	if (syn != FW_SYN_OK)
		return syn;
	if (prm_get(bits, 0, 64) == 0)
		return fw_refuse(cmd->uctx, FW_SYN_TIS_MODIFY_BITS, "bitmask", 0);
	memcpy(tisc, tis->tisc, sizeof(tisc));
	if (PRM_GET(modify_tis_bitmask, bits, prio) != 0)
		PRM_SET(tisc, tisc, prio, PRM_GET(tisc, in, prio));
	if (PRM_GET(modify_tis_bitmask, bits, lag_tx_port_affinity) != 0)
		PRM_SET(tisc, tisc, lag_tx_port_affinity, PRM_GET(tisc, in, lag_tx_port_affinity));
	if (PRM_GET(modify_tis_bitmask, bits, strict_lag_tx_port_affinity) != 0)
		PRM_SET(tisc, tisc, strict_lag_tx_port_affinity,
				PRM_GET(tisc, in, strict_lag_tx_port_affinity));
	syn = fw_tis_check(cmd->uctx, tisc);
	if (syn == FW_SYN_OK)
		memcpy(tis->tisc, tisc, sizeof(tisc));
	return syn;
}

enum fw_syndrome
fw_tis_query(struct fw_cmd *cmd)
{
	enum fw_syndrome syn;
	struct fw_tis *tis;

	syn = fw_tis_get(cmd, &tis);
	if (syn == FW_SYN_OK)
		memcpy(PRM_PTR(query_tis_out, cmd->out, tis_context), tis->tisc, sizeof(tis->tisc));
	return syn;
}
