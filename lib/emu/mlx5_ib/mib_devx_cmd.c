/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: DevX lets a user send raw commands, but not any: the method says what a
 * command may do, and commands on an object must name the very object whose handle was given.
 * Kinds come from the table of lib/prm; here is only what that table does not say: the general
 * commands, and state arcs of QPs, which are several modify commands of one kind.
 *
 * All kinds have their number at the same place in create output and in the input of modify, query
 * and destroy (prm_obj_kind.id_off).
 */
#include <string.h>

#include "base_math.h"
#include "mib_devx_cmd.h"
#include "prm_field.h"

/* Commands without an object of the user. */
static const uint16_t mib_general[] = {
	PRM_OP_QUERY_HCA_CAP,
	PRM_OP_QUERY_SPECIAL_CONTEXTS,
	PRM_OP_QUERY_NIC_VPORT_CONTEXT,
	PRM_OP_QUERY_VPORT_STATE,
};

/* Modify commands beyond prm_obj_kind.modify_op, by the create command of their kind. */
static const struct {
	uint16_t opcode, create_op;
} mib_modify[] = {
	{ PRM_OP_RST2INIT_QP, PRM_OP_CREATE_QP },
	{ PRM_OP_INIT2RTR_QP, PRM_OP_CREATE_QP },
	{ PRM_OP_RTR2RTS_QP, PRM_OP_CREATE_QP },
	{ PRM_OP_2RST_QP, PRM_OP_CREATE_QP },
};

/* Shortest command that names an object. */
#define MIB_CMD_MIN 16u

uint16_t
mib_cmd_opcode(const void *cmd)
{
	return (uint16_t)PRM_GET(cmd_in, cmd, opcode);
}

bool
mib_cmd_is_general(const void *cmd, size_t len)
{
	size_t i;

	for (i = 0; len >= PRM_SIZE(cmd_in) && i < BASE_ARRAY_SIZE(mib_general); i++) {
		if (mib_general[i] == mib_cmd_opcode(cmd))
			return true;
	}
	return false;
}

const struct prm_obj_kind *
mib_cmd_created_kind(const void *cmd, size_t len)
{
	if (len < MIB_CMD_MIN)
		return NULL;
	return prm_obj_kind(mib_cmd_opcode(cmd), (uint16_t)PRM_GET(cmd_in, cmd, op_mod));
}

/* Does the command name this object? General objects carry their type where others have op_mod. */
static bool
mib_cmd_names(const void *cmd, const struct prm_obj_kind *kind, uint32_t id)
{
	if (kind->obj_type != 0 && PRM_GET(cmd_in, cmd, op_mod) != kind->obj_type)
		return false;
	return prm_get(cmd, kind->id_off, kind->id_bits) == id;
}

bool
mib_cmd_modifies(const void *cmd, size_t len, const struct prm_obj_kind *kind, uint32_t id)
{
	uint16_t opcode;
	bool known;
	size_t i;

	if (len < MIB_CMD_MIN)
		return false;
	opcode = mib_cmd_opcode(cmd);
	known = opcode != 0 && opcode == kind->modify_op;
	for (i = 0; i < BASE_ARRAY_SIZE(mib_modify); i++)
		known |= mib_modify[i].opcode == opcode &&
				mib_modify[i].create_op == kind->create_op;
	return known && mib_cmd_names(cmd, kind, id);
}

bool
mib_cmd_queries(const void *cmd, size_t len, const struct prm_obj_kind *kind, uint32_t id)
{
	return len >= MIB_CMD_MIN && kind->query_op != 0 && mib_cmd_opcode(cmd) == kind->query_op &&
			mib_cmd_names(cmd, kind, id);
}

uint32_t
mib_cmd_new_id(const struct prm_obj_kind *kind, const void *out)
{
	return (uint32_t)prm_get(out, kind->id_off, kind->id_bits);
}

void
mib_cmd_destroy(const struct prm_obj_kind *kind, uint32_t id, uint8_t cmd[MIB_DESTROY_LEN])
{
	memset(cmd, 0, MIB_DESTROY_LEN);
	PRM_SET(cmd_in, cmd, opcode, kind->destroy_op);
	PRM_SET(cmd_in, cmd, op_mod, kind->obj_type);
	prm_set(cmd, kind->id_off, kind->id_bits, id);
}
