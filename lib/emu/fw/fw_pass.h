/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A command on its way through the hooks (fw_hook.h). Where there is no hook, it costs one load and
 * one branch. The card's lock must not be held.
 *
 *     ret = fw_pass_kernel(&pass, uctx, FW_OP_REG_MR, 0, bytes);
 *     if (ret == 0)
 *             ... execute, set ret and id ...
 *     return fw_pass_end(&pass, ret, id);
 */
#ifndef FW_PASS_H
#define FW_PASS_H

#include "fw_card.h"
#include "fw_cmd.h"
#include "fw_uctx.h"

struct fw_pass {
	struct fw_uctx *uctx;
	uint32_t hooks; /**< enum fw_hook as they were at the start; 0: what follows is not set */
	const uint8_t *in; /**< NULL: a command of the kernel */
	size_t inlen;
	uint8_t *out;
	size_t outlen;
	/* Below: only with hooks. */
	struct fw_op op;
	const struct prm_obj_kind *kind; /**< the object's, or NULL */
	uint32_t id;
	int32_t queue;
	uint64_t bytes;
	uint64_t start_ns, wait_ns;
	bool has_place; /**< in the function's gate */
	bool faulted; /**< @c fault acts */
	struct fw_fault fault;
};

int fw_pass_begin(struct fw_pass *pass);
int fw_pass_finish(struct fw_pass *pass, int ret, uint32_t id);

/** Before a command of the user. @return 0: execute it; else the answer, and out is written. */
static inline int
fw_pass_command(struct fw_pass *pass, const struct fw_cmd *cmd)
{
	pass->uctx = cmd->uctx;
	pass->hooks = __atomic_load_n(&cmd->uctx->func->hooks, __ATOMIC_ACQUIRE);
	if (__builtin_expect(pass->hooks == 0, 1))
		return 0;
	pass->in = cmd->in;
	pass->inlen = cmd->inlen;
	pass->out = cmd->out;
	pass->outlen = cmd->outlen;
	return fw_pass_begin(pass);
}

/** Before a command of the kernel; @p id: the object's when it exists, @p bytes: its memory. */
static inline int
fw_pass_kernel(struct fw_pass *pass, struct fw_uctx *uctx, enum fw_op_kernel opcode, uint32_t id,
		uint64_t bytes)
{
	pass->uctx = uctx;
	pass->hooks = __atomic_load_n(&uctx->func->hooks, __ATOMIC_ACQUIRE);
	if (__builtin_expect(pass->hooks == 0, 1))
		return 0;
	pass->in = NULL;
	pass->op = (struct fw_op){ opcode, 0 };
	pass->id = id;
	pass->bytes = bytes;
	return fw_pass_begin(pass);
}

/** After it; @p id: of the object that the kernel's command made, else 0. @return the answer. */
static inline int
fw_pass_end(struct fw_pass *pass, int ret, uint32_t id)
{
	return __builtin_expect(pass->hooks == 0, 1) ? ret : fw_pass_finish(pass, ret, id);
}

#endif /* FW_PASS_H */
