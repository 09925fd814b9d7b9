/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The direct key of one piece of guest memory, with what keeps that memory there: a mapping of its
 * own and the file. Several tables may share it; it goes with the last of them.
 */
#ifndef MVDPA_MEM_KEY_H
#define MVDPA_MEM_KEY_H

#include "devx_mr.h"
#include "mvdpa_mem_plan.h"

struct mvdpa_mem_key {
	struct mvdpa_mem_region region; /**< file.known is false if the file is not held */
	unsigned int users; /**< tables that name it; counted by the caller */
	struct devx_mr *mr;
	int fd; /**< holds the inode, -1: none */
	void *map; /**< own mapping or what is left of it, NULL: vhost's is used */
	size_t map_len;
	uint64_t granule; /**< page size of the file, if it is a matter of whole pages */
};

/**
 * Maps and registers a region, from its file, or where vhost has mapped it if that is not possible.
 * May run beside others.
 * @return 0 (with no user yet) or -errno, logged.
 */
int mvdpa_mem_key_create(struct devx_dev *devx, const struct base_log *log,
		const struct mvdpa_mem_region *region, struct mvdpa_mem_key **key);
/** May run beside others. NULL is fine. */
void mvdpa_mem_key_destroy(struct mvdpa_mem_key *key);

#endif /* MVDPA_MEM_KEY_H */
