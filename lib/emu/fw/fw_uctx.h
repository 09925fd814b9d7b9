/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A user context, for the firmware's own files; guarded by the card's lock.
 */
#ifndef FW_UCTX_H
#define FW_UCTX_H

#include "fw.h"
#include "fw_obj.h"

struct fw_uctx {
	struct fw_func *func;
	const struct fw_uctx_ops *ops;
	void *arg; /**< for @c ops */
	uint32_t number; /**< counts up per function, for the log */
	const char *doing; /**< command or request in progress, for the log */
	struct fw_obj_list objs[FW_NB_CLASSES];
	TAILQ_ENTRY(fw_uctx) link; /**< fw_func.uctxs */
};

/** Takes the card's lock for a request with this name; fw_uctx_leave() gives it back. */
void fw_uctx_enter(struct fw_uctx *uctx, const char *doing);
/** @return the errno that stands for @p syn. */
int fw_uctx_leave(struct fw_uctx *uctx, enum fw_syndrome syn);

#endif /* FW_UCTX_H */
