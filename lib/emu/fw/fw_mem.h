/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * How the engine reaches guest memory through memory keys, for the firmware's own files.
 */
#ifndef FW_MEM_H
#define FW_MEM_H

#include "fw_obj.h"
#include "vnet.h"

struct fw_func;

/** On whose behalf memory is accessed: the argument of fw_mem_map(). */
struct fw_mem_user {
	const struct fw_func *func;
	const struct fw_uctx *uctx;
	uint32_t pd;
};

/**
 * vnet_mem.map; @p arg is a struct fw_mem_user. The whole range must lie in the key; what is
 * returned may be shorter where the memory behind it is not in one piece.
 */
int64_t fw_mem_map(void *arg, uint32_t mkey, uint64_t addr, uint64_t len, enum vnet_access access,
		void **ptr);

/** vnet_mem.window; @p arg as above. -EFAULT where only fw_mem_map() can tell, too. */
int fw_mem_window(void *arg, uint32_t mkey, uint64_t addr, enum vnet_access access,
		struct vnet_window *window);

#endif /* FW_MEM_H */
