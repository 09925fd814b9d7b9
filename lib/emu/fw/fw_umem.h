/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * User memory that queues live in, for the firmware's own files.
 */
#ifndef FW_UMEM_H
#define FW_UMEM_H

#include "fw.h"
#include "fw_obj.h"

struct fw_umem {
	struct fw_obj obj;
	struct fw_pages pages;
};

/** A place in user memory as a command names it. */
struct fw_umem_ref {
	uint32_t id;
	uint64_t offset, len;
	uint32_t align; /**< of the place, a power of two */
	/** Layout of a queue: pages of 4096 << log_page_size bytes, 0 where the command has none; it
	 * begins page_offset / 64 of a page behind @c offset. */
	uint8_t log_page_size, page_offset;
	const char *id_field, *offset_field; /**< for the log */
};

/**
 * Finds the place; @p umem is for fw_obj_use().
 * @param ptr first byte, aligned; stays valid as long as the umem does.
 */
enum fw_syndrome
fw_umem_find(struct fw_uctx *uctx, const struct fw_umem_ref *ref, struct fw_obj **umem, void **ptr);

#endif /* FW_UMEM_H */
