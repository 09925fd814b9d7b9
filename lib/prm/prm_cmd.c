/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: tables only. A kind of object is one row; whoever creates, names or
 * destroys objects asks the row, so no second list of opcodes exists.
 */
#include "prm_cmd.h"

#include "prm_field.h"

#define ID24 72, 24 /* cqn, qpn, rqtn, tirn, tisn, pd, mkey_index, transport_domain */
#define ID32 64, 32 /* obj_id */

static const struct prm_obj_kind kinds[] = {
	{ "PD", PRM_OP_ALLOC_PD, 0, 0, PRM_OP_DEALLOC_PD, 0, ID24, 16, 16 },
	{ "TD", PRM_OP_ALLOC_TRANSPORT_DOMAIN, 0, 0, PRM_OP_DEALLOC_TRANSPORT_DOMAIN, 0, ID24, 16,
			16 },
	{ "MKEY", PRM_OP_CREATE_MKEY, 0, 0, PRM_OP_DESTROY_MKEY, 0, ID24, PRM_SIZE(create_mkey_in),
			16 },
	{ "CQ", PRM_OP_CREATE_CQ, PRM_OP_MODIFY_CQ, PRM_OP_QUERY_CQ, PRM_OP_DESTROY_CQ, 0, ID24,
			PRM_SIZE(create_cq_in), 16 },
	/* The extension and the page list behind it are optional. */
	{ "QP", PRM_OP_CREATE_QP, 0, PRM_OP_QUERY_QP, PRM_OP_DESTROY_QP, 0, ID24, 272, 16 },
	{ "TIS", PRM_OP_CREATE_TIS, PRM_OP_MODIFY_TIS, PRM_OP_QUERY_TIS, PRM_OP_DESTROY_TIS, 0,
			ID24, PRM_SIZE(create_tis_in), 16 },
	{ "RQT", PRM_OP_CREATE_RQT, PRM_OP_MODIFY_RQT, 0, PRM_OP_DESTROY_RQT, 0, ID24,
			PRM_SIZE(create_rqt_in), 16 },
	{ "TIR", PRM_OP_CREATE_TIR, PRM_OP_MODIFY_TIR, 0, PRM_OP_DESTROY_TIR, 0, ID24,
			PRM_SIZE(create_tir_in), 16 },
	{ "VIRTQ", PRM_OP_CREATE_GENERAL_OBJECT, PRM_OP_MODIFY_GENERAL_OBJECT,
			PRM_OP_QUERY_GENERAL_OBJECT, PRM_OP_DESTROY_GENERAL_OBJECT,
			PRM_OBJ_VIRTIO_NET_Q, ID32, PRM_SIZE(create_virtq_in), 16 },
	{ "VIRTQ_COUNTERS", PRM_OP_CREATE_GENERAL_OBJECT, 0, PRM_OP_QUERY_GENERAL_OBJECT,
			PRM_OP_DESTROY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_Q_COUNTERS, ID32, 16, 16 },
};

const struct prm_obj_kind *
prm_obj_kind_at(size_t i)
{
	return i < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[i] : NULL;
}

const struct prm_obj_kind *
prm_obj_kind(uint16_t create_op, uint16_t obj_type)
{
	const struct prm_obj_kind *kind;
	size_t i;

	for (i = 0; (kind = prm_obj_kind_at(i)) != NULL; i++) {
		if (kind->create_op == create_op &&
				(create_op != PRM_OP_CREATE_GENERAL_OBJECT ||
						kind->obj_type == obj_type))
			return kind;
	}
	return NULL;
}

struct prm_name {
	uint16_t value;
	const char *name;
};

static const char *
prm_name_find(const struct prm_name *names, size_t nb, uint16_t value, const char *unknown)
{
	size_t i;

	for (i = 0; i < nb; i++) {
		if (names[i].value == value)
			return names[i].name;
	}
	return unknown;
}

#define PRM_NAME_FIND(names, value, unknown) \
	prm_name_find(names, sizeof(names) / sizeof((names)[0]), value, unknown)

const char *
prm_opcode_name(uint16_t opcode)
{
	static const struct prm_name names[] = {
		{ PRM_OP_QUERY_HCA_CAP, "QUERY_HCA_CAP" },
		{ PRM_OP_CREATE_MKEY, "CREATE_MKEY" },
		{ PRM_OP_DESTROY_MKEY, "DESTROY_MKEY" },
		{ PRM_OP_QUERY_SPECIAL_CONTEXTS, "QUERY_SPECIAL_CONTEXTS" },
		{ PRM_OP_CREATE_CQ, "CREATE_CQ" },
		{ PRM_OP_DESTROY_CQ, "DESTROY_CQ" },
		{ PRM_OP_QUERY_CQ, "QUERY_CQ" },
		{ PRM_OP_MODIFY_CQ, "MODIFY_CQ" },
		{ PRM_OP_CREATE_QP, "CREATE_QP" },
		{ PRM_OP_DESTROY_QP, "DESTROY_QP" },
		{ PRM_OP_RST2INIT_QP, "RST2INIT_QP" },
		{ PRM_OP_INIT2RTR_QP, "INIT2RTR_QP" },
		{ PRM_OP_RTR2RTS_QP, "RTR2RTS_QP" },
		{ PRM_OP_2RST_QP, "2RST_QP" },
		{ PRM_OP_QUERY_QP, "QUERY_QP" },
		{ PRM_OP_QUERY_VPORT_STATE, "QUERY_VPORT_STATE" },
		{ PRM_OP_QUERY_NIC_VPORT_CONTEXT, "QUERY_NIC_VPORT_CONTEXT" },
		{ PRM_OP_ALLOC_PD, "ALLOC_PD" },
		{ PRM_OP_DEALLOC_PD, "DEALLOC_PD" },
		{ PRM_OP_ALLOC_TRANSPORT_DOMAIN, "ALLOC_TRANSPORT_DOMAIN" },
		{ PRM_OP_DEALLOC_TRANSPORT_DOMAIN, "DEALLOC_TRANSPORT_DOMAIN" },
		{ PRM_OP_CREATE_TIR, "CREATE_TIR" },
		{ PRM_OP_MODIFY_TIR, "MODIFY_TIR" },
		{ PRM_OP_DESTROY_TIR, "DESTROY_TIR" },
		{ PRM_OP_CREATE_TIS, "CREATE_TIS" },
		{ PRM_OP_MODIFY_TIS, "MODIFY_TIS" },
		{ PRM_OP_DESTROY_TIS, "DESTROY_TIS" },
		{ PRM_OP_QUERY_TIS, "QUERY_TIS" },
		{ PRM_OP_CREATE_RQT, "CREATE_RQT" },
		{ PRM_OP_MODIFY_RQT, "MODIFY_RQT" },
		{ PRM_OP_DESTROY_RQT, "DESTROY_RQT" },
		{ PRM_OP_CREATE_GENERAL_OBJECT, "CREATE_GENERAL_OBJECT" },
		{ PRM_OP_MODIFY_GENERAL_OBJECT, "MODIFY_GENERAL_OBJECT" },
		{ PRM_OP_QUERY_GENERAL_OBJECT, "QUERY_GENERAL_OBJECT" },
		{ PRM_OP_DESTROY_GENERAL_OBJECT, "DESTROY_GENERAL_OBJECT" },
	};

	return PRM_NAME_FIND(names, opcode, "opcode?");
}

const char *
prm_status_name(uint8_t status)
{
	static const struct prm_name names[] = {
		{ PRM_STATUS_OK, "OK" },
		{ PRM_STATUS_INT_ERR, "INT_ERR" },
		{ PRM_STATUS_BAD_OP, "BAD_OP" },
		{ PRM_STATUS_BAD_PARAM, "BAD_PARAM" },
		{ PRM_STATUS_BAD_SYS_STATE, "BAD_SYS_STATE" },
		{ PRM_STATUS_BAD_RES, "BAD_RES" },
		{ PRM_STATUS_RES_BUSY, "RES_BUSY" },
		{ PRM_STATUS_LIM_ERR, "LIM_ERR" },
		{ PRM_STATUS_BAD_RES_STATE, "BAD_RES_STATE" },
		{ PRM_STATUS_BAD_INDEX, "BAD_INDEX" },
		{ PRM_STATUS_NO_RES, "NO_RES" },
		{ PRM_STATUS_BAD_INP_LEN, "BAD_INP_LEN" },
		{ PRM_STATUS_BAD_OUTP_LEN, "BAD_OUTP_LEN" },
		{ PRM_STATUS_BAD_QP_STATE, "BAD_QP_STATE" },
	};

	return PRM_NAME_FIND(names, status, "status?");
}

const char *
prm_virtq_state_name(uint8_t state)
{
	static const struct prm_name names[] = {
		{ PRM_VIRTQ_INIT, "INIT" },
		{ PRM_VIRTQ_RDY, "RDY" },
		{ PRM_VIRTQ_SUSPEND, "SUSPEND" },
		{ PRM_VIRTQ_ERR, "ERR" },
	};

	return PRM_NAME_FIND(names, state, "state?");
}
