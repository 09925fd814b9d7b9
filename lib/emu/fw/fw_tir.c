/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a TIR is how a packet finds its queue in a receive queue table: hash
 * function, key and fields. l3_prot_type and l4_prot_type of the field selector say for which
 * packets the fields are meant; packets of another kind are not hashed.
 */
#include <errno.h>
#include <string.h>

#include "base_math.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_rqt.h"
#include "fw_tir.h"
#include "fw_uctx.h"
#include "prm_field.h"

#define HASH_FIELDS_KNOWN \
	(PRM_HASH_SRC_IP | PRM_HASH_DST_IP | PRM_HASH_L4_SPORT | PRM_HASH_L4_DPORT)

static_assert(PRM_HASH_SRC_IP == (int)VNET_HASH_SRC_IP &&
				PRM_HASH_L4_DPORT == (int)VNET_HASH_L4_DPORT,
		"the engine's bits are the PRM's");

static uint64_t
fw_tir_outer_fields(const uint8_t *tirc)
{
	return PRM_GET(rx_hash_field_select, PRM_PTR(tirc, tirc, rx_hash_field_selector_outer),
			selected_fields);
}

static enum fw_syndrome
fw_tir_check_hash(struct fw_uctx *uctx, const uint8_t *tirc)
{
	uint64_t fn = PRM_GET(tirc, tirc, rx_hash_fn);

	if (fn != PRM_TIR_HASH_NONE && fn != PRM_TIR_HASH_TOEPLITZ)
		return fw_refuse(uctx, FW_SYN_TIR_HASH_FN, "tirc.rx_hash_fn", fn);
	if ((fw_tir_outer_fields(tirc) & ~(uint64_t)HASH_FIELDS_KNOWN) != 0)
		return fw_refuse(uctx, FW_SYN_TIR_HASH_FIELDS, "tirc.rx_hash_field_selector_outer",
				fw_tir_outer_fields(tirc));
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_tir_check(struct fw_uctx *uctx, const uint8_t *tirc)
{
	enum fw_syndrome syn;

	if (PRM_GET(tirc, tirc, disp_type) != PRM_TIR_INDIRECT)
		return fw_refuse(uctx, FW_SYN_TIR_DISP_TYPE, "tirc.disp_type",
				PRM_GET(tirc, tirc, disp_type));
	syn = fw_tir_check_hash(uctx, tirc);
	if (syn != FW_SYN_OK)
		return syn;
	if (PRM_GET(tirc, tirc, rx_hash_field_selector_inner) != 0 ||
			PRM_GET(tirc, tirc, tunneled_offload_en) != 0)
		return fw_refuse(uctx, FW_SYN_TIR_FEATURE, "tirc.tunneled_offload_en/inner", 1);
	if (PRM_GET(tirc, tirc, lro_enable_mask) != 0 || PRM_GET(tirc, tirc, tls_en) != 0)
		return fw_refuse(uctx, FW_SYN_TIR_FEATURE, "tirc.lro_enable_mask/tls_en", 1);
	return FW_SYN_OK;
}

static void
fw_tir_decode_hash(const uint8_t *tirc, struct vnet_tir_attr *attr)
{
	const uint8_t *outer = PRM_PTR(tirc, tirc, rx_hash_field_selector_outer);

	memset(attr, 0, sizeof(*attr));
	attr->toeplitz = PRM_GET(tirc, tirc, rx_hash_fn) == PRM_TIR_HASH_TOEPLITZ;
	attr->symmetric = PRM_GET(tirc, tirc, rx_hash_symmetric) != 0;
	attr->hash_fields = (uint32_t)fw_tir_outer_fields(tirc);
	attr->hash_l3 = PRM_GET(rx_hash_field_select, outer, l3_prot_type) != 0 ? VNET_HASH_IPV6 :
										  VNET_HASH_IPV4;
	attr->hash_l4 = PRM_GET(rx_hash_field_select, outer, l4_prot_type) != 0 ? VNET_HASH_UDP :
										  VNET_HASH_TCP;
	memcpy(attr->key, PRM_PTR(tirc, tirc, rx_hash_toeplitz_key), sizeof(attr->key));
}

enum fw_syndrome
fw_tir_create(struct fw_cmd *cmd)
{
	const uint8_t *tirc = PRM_PTR(create_tir_in, cmd->in, ctx);
	struct fw_obj *td, *rqt, *obj;
	struct vnet_tir_attr attr;
	enum fw_syndrome syn;
	struct fw_tir *tir;
	int ret;

	syn = fw_tir_check(cmd->uctx, tirc);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(cmd->uctx, FW_CLASS_TD,
				(uint32_t)PRM_GET(tirc, tirc, transport_domain),
				"tirc.transport_domain", &td);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(cmd->uctx, FW_CLASS_RQT,
				(uint32_t)PRM_GET(tirc, tirc, indirect_table),
				"tirc.indirect_table", &rqt);
	if (syn == FW_SYN_OK)
		syn = fw_obj_new(cmd->uctx, FW_CLASS_TIR, sizeof(*tir), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	fw_obj_use(obj, td);
	fw_obj_use(obj, rqt);
	tir = base_container_of(obj, struct fw_tir, obj);
	fw_tir_decode_hash(tirc, &attr);
	attr.rqt = base_container_of(rqt, struct fw_rqt, obj)->rqt;
	ret = vnet_tir_create_locked(&attr, &tir->tir);
	if (ret != 0) {
		tir->tir = NULL;
		fw_obj_delete(obj);
		return fw_refuse(cmd->uctx, ret == -ENOMEM ? FW_SYN_NO_MEMORY : FW_SYN_ENGINE,
				"tirc", 0);
	}
	fw_cmd_reply_id(cmd, obj);
	return FW_SYN_OK;
}

enum fw_syndrome
fw_tir_modify(struct fw_cmd *cmd)
{
	const uint8_t *bits = PRM_PTR(modify_tir_in, cmd->in, bitmask);
	const uint8_t *tirc = PRM_PTR(modify_tir_in, cmd->in, ctx);
	struct vnet_tir_attr attr;
	enum fw_syndrome syn;
	struct fw_obj *obj;
	struct fw_tir *tir;

	syn = fw_obj_get(cmd->uctx, FW_CLASS_TIR, (uint32_t)PRM_GET(modify_tir_in, cmd->in, tirn),
			"tirn", &obj);
	if (syn != FW_SYN_OK)
		return syn;
	if (PRM_GET(modify_tir_bitmask, bits, hash) == 0 ||
			PRM_GET(modify_tir_bitmask, bits, packet_merge) != 0 ||
			PRM_GET(modify_tir_bitmask, bits, self_lb_en) != 0)
		return fw_refuse(cmd->uctx, FW_SYN_TIR_MODIFY_BITS, "bitmask",
				prm_get(bits, 0, 64));
	syn = fw_tir_check_hash(cmd->uctx, tirc);
	if (syn != FW_SYN_OK)
		return syn;
	tir = base_container_of(obj, struct fw_tir, obj);
	fw_tir_decode_hash(tirc, &attr);
	vnet_tir_set_hash_locked(tir->tir, &attr);
	return FW_SYN_OK;
}

void
fw_tir_release(struct fw_obj *obj)
{
	vnet_tir_destroy_locked(base_container_of(obj, struct fw_tir, obj)->tir);
}
