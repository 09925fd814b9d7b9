/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: names of the PRM's commands come from lib/prm; here is only what it does
 * not have, the commands that mlx5_core and mlx5_ib send by themselves. They are kept apart from
 * the user's commands of the same opcode, because faults and latencies are set for one or the
 * other: a memory region takes longer than an indirect key.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base_math.h"
#include "fw_op.h"
#include "prm_cmd.h"

#define FW_OP_MAX_PRM 0xfffu
#define FW_OP_NAME_MAX 48

static const struct {
	uint32_t opcode;
	const char *name;
	bool destroys;
} fw_op_kernels[] = {
	{ FW_OP_REG_MR, "REG_MR", false },
	{ FW_OP_DEREG_MR, "DEREG_MR", true },
	{ FW_OP_ALLOC_UAR, "ALLOC_UAR", false },
	{ FW_OP_DEALLOC_UAR, "DEALLOC_UAR", true },
	{ FW_OP_CREATE_FLOW, "CREATE_FLOW", false },
	{ FW_OP_DESTROY_FLOW, "DESTROY_FLOW", true },
	{ FW_OP_REG_UMEM, "REG_UMEM", false },
	{ FW_OP_DEREG_UMEM, "DEREG_UMEM", true },
};

static const struct {
	uint16_t type;
	const char *name;
} fw_op_types[] = {
	{ PRM_OBJ_VIRTIO_NET_Q, "VIRTIO_NET_Q" },
	{ PRM_OBJ_VIRTIO_Q_COUNTERS, "VIRTIO_Q_COUNTERS" },
};

const char *
fw_op_name(uint32_t opcode)
{
	size_t i;

	if (opcode < FW_OP_KERNEL)
		return prm_opcode_name((uint16_t)opcode);
	for (i = 0; i < BASE_ARRAY_SIZE(fw_op_kernels); i++) {
		if (fw_op_kernels[i].opcode == opcode)
			return fw_op_kernels[i].name;
	}
	return "opcode?";
}

const char *
fw_op_type_name(uint16_t obj_type)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fw_op_types); i++) {
		if (fw_op_types[i].type == obj_type)
			return fw_op_types[i].name;
	}
	return NULL;
}

static int
fw_op_parse_name(const char *name, uint32_t *opcode)
{
	uint32_t op;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fw_op_kernels); i++) {
		if (strcmp(name, fw_op_kernels[i].name) == 0) {
			*opcode = fw_op_kernels[i].opcode;
			return 0;
		}
	}
	if (strcmp(name, prm_opcode_name(0)) == 0)
		return -ENOENT; /* the name of all that have none */
	for (op = 1; op <= FW_OP_MAX_PRM; op++) {
		if (strcmp(name, prm_opcode_name((uint16_t)op)) == 0) {
			*opcode = op;
			return 0;
		}
	}
	return -ENOENT;
}

static bool
fw_op_has_type(uint32_t opcode)
{
	return opcode >= PRM_OP_CREATE_GENERAL_OBJECT && opcode <= PRM_OP_DESTROY_GENERAL_OBJECT;
}

int
fw_op_parse(const char *text, struct fw_op *op)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text), i;
	char name[FW_OP_NAME_MAX];
	int ret;

	op->obj_type = 0;
	if (len >= sizeof(name))
		return -ENOENT;
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	ret = fw_op_parse_name(name, &op->opcode);
	if (ret != 0 || slash == NULL)
		return ret;
	for (i = 0; fw_op_has_type(op->opcode) && i < BASE_ARRAY_SIZE(fw_op_types); i++) {
		if (strcmp(slash + 1, fw_op_types[i].name) == 0) {
			op->obj_type = fw_op_types[i].type;
			return 0;
		}
	}
	return -ENOENT;
}

bool
fw_op_destroys(uint32_t opcode)
{
	const struct prm_obj_kind *kind;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fw_op_kernels); i++) {
		if (fw_op_kernels[i].opcode == opcode)
			return fw_op_kernels[i].destroys;
	}
	for (i = 0; (kind = prm_obj_kind_at(i)) != NULL; i++) {
		if (kind->destroy_op == opcode)
			return true;
	}
	return false;
}

bool
fw_op_matches(const struct fw_op *pattern, const struct fw_op *op)
{
	return (pattern->opcode == 0 || pattern->opcode == op->opcode) &&
			(pattern->obj_type == 0 || pattern->obj_type == op->obj_type);
}
