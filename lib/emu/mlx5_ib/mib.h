/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What mlx5_ib.ko adds to the generic uverbs ABI: user contexts, protection domains, memory
 * regions, DevX commands and objects, umems, doorbell pages, event channels, matchers and flows
 * (linux uapi: rdma/mlx5-abi.h, rdma/mlx5_user_ioctl_cmds.h).
 */
#ifndef MIB_H
#define MIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base_log.h"
#include "fw.h"
#include "uv.h"

struct mib_open_attr {
	struct fw_func *func;
	const char *name; /**< "uverbs0" */
	uint64_t guid; /**< EUI-64 of the function, host byte order */
	const struct base_log *log;
	/** See struct uv_file_attr; event descriptors are announced here. */
	int (*fd_publish)(void *arg, int fd, struct uv_obj *obj);
	void *arg;
	const struct uv_trace *trace; /**< must outlive the file; NULL: none */
};

/**
 * Opens the device file of a function. *@p fd is a sealed memfd whose pages are the doorbell pages
 * of the file, for mmap at the offsets that calls return; it belongs to the caller. uv_ioctl()
 * serves @p file until uv_file_close().
 * @return 0 or -errno.
 */
int mib_open(const struct mib_open_attr *attr, struct uv_file **file, int *fd);

/*
 * What the program does with its address space, as far as it matters for pinned memory. Registered
 * memory that has no second mapping is used where it is (mib_pin.h); these keep it there. Any
 * thread; addresses and lengths as the program gave them to the system call.
 */

/** Does the card use a page of the range in place? Costs nothing while there is no such page. */
bool mib_keeps(uint64_t addr, uint64_t len);
/** munmap(), but pages that the card uses stay until it does not. @return 0 or -errno. */
int mib_keep_unmap(uint64_t addr, uint64_t len);
/** Something else was mapped over the range (MAP_FIXED): it is the program's again. */
void mib_keep_replaced(uint64_t addr, uint64_t len);
/**
 * Moves pages away, as mremap() does, and leaves zeros where the card looks.
 * @return 0 with the new place, or -errno.
 */
int mib_keep_move(uint64_t addr, uint64_t len, void **to);

#endif /* MIB_H */
