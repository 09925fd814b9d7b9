/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table row per command (per command and object type for the general
 * objects) says how long input and output must be and who executes it. fw_cmd_exec() checks the
 * header and the lengths against the row, runs the handler under the card's lock, and turns the
 * handler's syndrome into the output's header. Destroy commands need no handler: the row's class
 * tells where the number is and whom it names.
 *
 * The uid field of the header is the kernel's to fill in and is not looked at: the context is
 * known by the caller.
 */
#include <errno.h>
#include <string.h>

#include "fw_card.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_pass.h"
#include "fw_reserved.h"
#include "prm_field.h"

enum fw_op_mod {
	FW_OP_MOD_ZERO, /* must be 0 */
	FW_OP_MOD_TYPE, /* chooses the type of a general object, so the row */
	FW_OP_MOD_HANDLER, /* the handler's business */
};

struct fw_cmd_row {
	uint16_t opcode;
	enum fw_op_mod op_mod_use;
	uint16_t obj_type;
	uint32_t min_in, max_in, min_out; /* bytes */
	enum fw_syndrome (*run)(struct fw_cmd *cmd);
	enum fw_class cls; /* destroy commands: what they destroy */
};

#define MAX_KLM_LIST (16u << FW_LOG_MAX_KLM_LIST)
#define MAX_RQT_LIST (4u << 15)
#define QP_IN_MIN 272u /* without extension and page list */
#define COUNTERS_IN_MIN 16u /* the object has no field that can be given */
/* The last counter is the last that is filled in; what is reserved behind it may be left out. */
#define COUNTERS_OUT_MIN 64u

static enum fw_syndrome fw_cmd_destroy(struct fw_cmd *cmd);

#define DESTROY(op, c)                                                                  \
	{                                                                               \
		PRM_OP_##op, FW_OP_MOD_ZERO, 0, 16, 16, 8, fw_cmd_destroy, FW_CLASS_##c \
	}
#define QP_ARC(op, size)                                                       \
	{                                                                      \
		PRM_OP_##op, FW_OP_MOD_ZERO, 0, size, size, 8, fw_qp_modify, 0 \
	}
#define GENERAL(op, type, in, max, out, run)                                                       \
	{                                                                                          \
		PRM_OP_##op##_GENERAL_OBJECT, FW_OP_MOD_TYPE, PRM_OBJ_##type, in, max, out, run, 0 \
	}
#define GENERAL_DESTROY(type, c)                                                          \
	{                                                                                 \
		PRM_OP_DESTROY_GENERAL_OBJECT, FW_OP_MOD_TYPE, PRM_OBJ_##type, 16, 16, 8, \
				fw_cmd_destroy, FW_CLASS_##c                              \
	}

static const struct fw_cmd_row fw_cmd_rows[] = {
	{ PRM_OP_QUERY_HCA_CAP, FW_OP_MOD_HANDLER, 0, PRM_SIZE(query_hca_cap_in),
			PRM_SIZE(query_hca_cap_in), PRM_SIZE(query_hca_cap_out), fw_cap_query, 0 },
	{ PRM_OP_QUERY_SPECIAL_CONTEXTS, FW_OP_MOD_ZERO, 0, 16, 16,
			PRM_SIZE(query_special_contexts_out), fw_vport_query_special, 0 },
	{ PRM_OP_QUERY_VPORT_STATE, FW_OP_MOD_HANDLER, 0, 16, 16, 16, fw_vport_query_state, 0 },
	{ PRM_OP_QUERY_NIC_VPORT_CONTEXT, FW_OP_MOD_ZERO, 0, 16, 16,
			PRM_SIZE(query_nic_vport_context_out), fw_vport_query_context, 0 },
	{ PRM_OP_ALLOC_PD, FW_OP_MOD_ZERO, 0, 16, 16, 16, fw_domain_alloc_pd, 0 },
	{ PRM_OP_ALLOC_TRANSPORT_DOMAIN, FW_OP_MOD_ZERO, 0, 16, 16, 16, fw_domain_alloc_td, 0 },
	DESTROY(DEALLOC_PD, PD),
	DESTROY(DEALLOC_TRANSPORT_DOMAIN, TD),
	{ PRM_OP_CREATE_MKEY, FW_OP_MOD_ZERO, 0, PRM_SIZE(create_mkey_in),
			PRM_SIZE(create_mkey_in) + MAX_KLM_LIST, 16, fw_mkey_create, 0 },
	DESTROY(DESTROY_MKEY, MKEY),
	{ PRM_OP_CREATE_CQ, FW_OP_MOD_ZERO, 0, PRM_SIZE(create_cq_in), PRM_SIZE(create_cq_in), 16,
			fw_cq_create, 0 },
	{ PRM_OP_QUERY_CQ, FW_OP_MOD_ZERO, 0, 16, 16, PRM_SIZE(query_cq_out), fw_cq_query, 0 },
	{ PRM_OP_MODIFY_CQ, FW_OP_MOD_ZERO, 0, PRM_SIZE(modify_cq_in), PRM_SIZE(modify_cq_in), 8,
			fw_cq_modify, 0 },
	DESTROY(DESTROY_CQ, CQ),
	{ PRM_OP_CREATE_QP, FW_OP_MOD_ZERO, 0, QP_IN_MIN, PRM_SIZE(create_qp_in), 16, fw_qp_create,
			0 },
	QP_ARC(RST2INIT_QP, PRM_SIZE(rst2init_qp_in)),
	QP_ARC(INIT2RTR_QP, PRM_SIZE(init2rtr_qp_in)),
	QP_ARC(RTR2RTS_QP, PRM_SIZE(rtr2rts_qp_in)),
	QP_ARC(2RST_QP, PRM_SIZE(qp_2rst_in)),
	{ PRM_OP_QUERY_QP, FW_OP_MOD_ZERO, 0, 16, 16, PRM_SIZE(query_qp_out), fw_qp_query, 0 },
	DESTROY(DESTROY_QP, QP),
	{ PRM_OP_CREATE_TIS, FW_OP_MOD_ZERO, 0, PRM_SIZE(create_tis_in), PRM_SIZE(create_tis_in),
			16, fw_tis_create, 0 },
	{ PRM_OP_MODIFY_TIS, FW_OP_MOD_ZERO, 0, PRM_SIZE(modify_tis_in), PRM_SIZE(modify_tis_in), 8,
			fw_tis_modify, 0 },
	{ PRM_OP_QUERY_TIS, FW_OP_MOD_ZERO, 0, 16, 16, PRM_SIZE(query_tis_out), fw_tis_query, 0 },
	DESTROY(DESTROY_TIS, TIS),
	{ PRM_OP_CREATE_RQT, FW_OP_MOD_ZERO, 0, PRM_SIZE(create_rqt_in),
			PRM_SIZE(create_rqt_in) + MAX_RQT_LIST, 16, fw_rqt_create, 0 },
	{ PRM_OP_MODIFY_RQT, FW_OP_MOD_ZERO, 0, PRM_SIZE(modify_rqt_in),
			PRM_SIZE(modify_rqt_in) + MAX_RQT_LIST, 8, fw_rqt_modify, 0 },
	DESTROY(DESTROY_RQT, RQT),
	{ PRM_OP_CREATE_TIR, FW_OP_MOD_ZERO, 0, PRM_SIZE(create_tir_in), PRM_SIZE(create_tir_in),
			16, fw_tir_create, 0 },
	{ PRM_OP_MODIFY_TIR, FW_OP_MOD_ZERO, 0, PRM_SIZE(modify_tir_in), PRM_SIZE(modify_tir_in), 8,
			fw_tir_modify, 0 },
	DESTROY(DESTROY_TIR, TIR),
	GENERAL(CREATE, VIRTIO_NET_Q, PRM_SIZE(create_virtq_in), PRM_SIZE(create_virtq_in), 16,
			fw_virtq_create),
	GENERAL(MODIFY, VIRTIO_NET_Q, PRM_SIZE(create_virtq_in), PRM_SIZE(create_virtq_in), 8,
			fw_virtq_modify),
	GENERAL(QUERY, VIRTIO_NET_Q, 16, 16, PRM_SIZE(query_virtq_out), fw_virtq_query),
	GENERAL_DESTROY(VIRTIO_NET_Q, VIRTQ),
	GENERAL(CREATE, VIRTIO_Q_COUNTERS, COUNTERS_IN_MIN, PRM_SIZE(create_virtio_q_counters_in),
			16, fw_counters_create),
	GENERAL(QUERY, VIRTIO_Q_COUNTERS, 16, 16, COUNTERS_OUT_MIN, fw_counters_query),
	GENERAL_DESTROY(VIRTIO_Q_COUNTERS, COUNTERS),
};

static const struct fw_cmd_row *
fw_cmd_find(uint16_t opcode, uint16_t op_mod, enum fw_syndrome *why)
{
	size_t i;

	*why = FW_SYN_OPCODE;
	for (i = 0; i < sizeof(fw_cmd_rows) / sizeof(fw_cmd_rows[0]); i++) {
		if (fw_cmd_rows[i].opcode != opcode)
			continue;
		if (fw_cmd_rows[i].op_mod_use != FW_OP_MOD_TYPE ||
				fw_cmd_rows[i].obj_type == op_mod)
			return &fw_cmd_rows[i];
		*why = FW_SYN_OBJ_TYPE;
	}
	return NULL;
}

static enum fw_syndrome
fw_cmd_destroy(struct fw_cmd *cmd)
{
	const struct prm_obj_kind *kind = fw_class_kind(cmd->row->cls);
	uint32_t id = (uint32_t)prm_get(cmd->in, kind->id_off, kind->id_bits);

	return fw_obj_destroy(cmd->uctx, cmd->row->cls, id);
}

void
fw_cmd_reply_id(struct fw_cmd *cmd, const struct fw_obj *obj)
{
	const struct prm_obj_kind *kind = fw_class_kind(obj->cls);

	prm_set(cmd->out, kind->id_off, kind->id_bits, obj->id);
}

/* What can be said before anybody knows what the command is about. */
static enum fw_syndrome
fw_cmd_check(struct fw_cmd *cmd)
{
	uint16_t opcode = (uint16_t)PRM_GET(cmd_in, cmd->in, opcode);
	uint16_t op_mod = (uint16_t)PRM_GET(cmd_in, cmd->in, op_mod);
	struct fw_uctx *uctx = cmd->uctx;
	enum fw_syndrome why;

	cmd->row = fw_cmd_find(opcode, op_mod, &why);
	if (cmd->row == NULL)
		return fw_refuse(uctx, why, why == FW_SYN_OPCODE ? "opcode" : "obj_type",
				why == FW_SYN_OPCODE ? opcode : op_mod);
	if (cmd->row->op_mod_use == FW_OP_MOD_ZERO && op_mod != 0)
		return fw_refuse(uctx, FW_SYN_OP_MOD, "op_mod", op_mod);
	if (cmd->inlen < cmd->row->min_in)
		return fw_refuse(uctx, FW_SYN_IN_SHORT, "input length", cmd->inlen);
	if (cmd->inlen > cmd->row->max_in)
		return fw_refuse(uctx, FW_SYN_IN_LONG, "input length", cmd->inlen);
	if (cmd->outlen < cmd->row->min_out)
		return fw_refuse(uctx, FW_SYN_OUT_SHORT, "output length", cmd->outlen);
	return fw_reserved_check(uctx->func->card->reserved, cmd);
}

static int
fw_cmd_run(struct fw_cmd *cmd)
{
	uint16_t opcode = (uint16_t)PRM_GET(cmd_in, cmd->in, opcode);
	struct fw_uctx *uctx = cmd->uctx;
	enum fw_syndrome syn;

	fw_uctx_enter(uctx, prm_opcode_name(opcode));
	uctx->func->nb_cmds++;
	memset(cmd->out, 0, cmd->outlen);
	/* It may have gone since the hooks were looked at; with the lock that is the last word. */
	if (fw_func_is_gone(uctx->func) && !fw_op_destroys(opcode)) {
		PRM_SET(cmd_out, cmd->out, status, PRM_STATUS_INT_ERR);
		fw_uctx_leave(uctx, FW_SYN_OK);
		return -EIO;
	}
	syn = fw_cmd_check(cmd);
	if (syn == FW_SYN_OK)
		syn = cmd->row->run(cmd);
	if (syn != FW_SYN_OK) {
		memset(cmd->out, 0, cmd->outlen);
		PRM_SET(cmd_out, cmd->out, status, fw_syndrome_status(syn));
		PRM_SET(cmd_out, cmd->out, syndrome, syn);
	}
	base_dbg(uctx->func->card->log, "fw: function %u, context %u: %s: %s", uctx->func->index,
			uctx->number, uctx->doing, prm_status_name(fw_syndrome_status(syn)));
	fw_uctx_leave(uctx, syn);
	return syn == FW_SYN_OK ? 0 : -EREMOTEIO;
}

int
fw_cmd_exec(struct fw_uctx *uctx, const void *in, size_t inlen, void *out, size_t outlen)
{
	struct fw_cmd cmd = { .uctx = uctx,
		.in = in,
		.inlen = inlen,
		.out = out,
		.outlen = outlen };
	struct fw_pass pass;
	int ret;

	if (inlen < PRM_SIZE(cmd_in) || outlen < PRM_SIZE(cmd_out))
		return -EINVAL;
	ret = fw_pass_command(&pass, &cmd);
	if (ret == 0)
		ret = fw_cmd_run(&cmd);
	return fw_pass_end(&pass, ret, 0);
}
