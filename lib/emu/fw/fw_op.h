/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Names and numbers of what reaches the firmware: the PRM's opcodes, and the commands that the
 * kernel's driver sends by itself on behalf of a system call. Pure functions.
 */
#ifndef FW_OP_H
#define FW_OP_H

#include <stdbool.h>
#include <stdint.h>

/** Not of the PRM's 16 bits: the kernel's own command; below it is the opcode that it sends. */
#define FW_OP_KERNEL 0x10000u

enum fw_op_kernel {
	FW_OP_REG_MR = FW_OP_KERNEL | 0x200, /**< CREATE_MKEY */
	FW_OP_DEREG_MR = FW_OP_KERNEL | 0x202, /**< DESTROY_MKEY */
	FW_OP_ALLOC_UAR = FW_OP_KERNEL | 0x802,
	FW_OP_DEALLOC_UAR = FW_OP_KERNEL | 0x803,
	FW_OP_CREATE_FLOW = FW_OP_KERNEL | 0x936, /**< SET_FLOW_TABLE_ENTRY */
	FW_OP_DESTROY_FLOW = FW_OP_KERNEL | 0x938, /**< DELETE_FLOW_TABLE_ENTRY */
	FW_OP_REG_UMEM = FW_OP_KERNEL | 0xa08, /**< CREATE_UMEM */
	FW_OP_DEREG_UMEM = FW_OP_KERNEL | 0xa0a, /**< DESTROY_UMEM */
};

/** A kind of command. */
struct fw_op {
	uint32_t opcode; /**< PRM opcode or enum fw_op_kernel; 0: any */
	uint16_t obj_type; /**< of the general object commands; 0: any, or none */
};

/** "CREATE_CQ", "REG_MR", "opcode?"; never NULL. */
const char *fw_op_name(uint32_t opcode);
/** "VIRTIO_NET_Q"; NULL for 0 and for what this project does not know. */
const char *fw_op_type_name(uint16_t obj_type);
/**
 * Reads "CREATE_CQ", "REG_MR", "MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q" or "MODIFY_GENERAL_OBJECT"
 * (then of any type). @return 0, -ENOENT: there is no such command.
 */
int fw_op_parse(const char *text, struct fw_op *op);
/** Does it give something back? Such commands succeed on a function that is gone, as in Linux. */
bool fw_op_destroys(uint32_t opcode);
/** Does @p op fall under @p pattern (0: any)? */
bool fw_op_matches(const struct fw_op *pattern, const struct fw_op *op);

#endif /* FW_OP_H */
