/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * From a front-end's memory table to the memory keys that the card needs: checked, sorted, holes
 * found, the kind of indirect key chosen. Pure but for malloc and the log.
 */
#ifndef MVDPA_MEM_PLAN_H
#define MVDPA_MEM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base_log.h"

#define MVDPA_MEM_MAX_REGIONS 512
/** Guest-physical addresses have at most this many bits; beyond is an error of the front-end. */
#define MVDPA_MEM_ADDR_BITS 46

/** The file behind a region: the same file and place is the same memory. */
struct mvdpa_mem_file {
	bool known; /**< false: nothing is known, never the same as another */
	uint64_t dev, ino, offset;
	int fd; /**< open while a table is looked at; means nothing if not known */
};

struct mvdpa_mem_region {
	uint64_t gpa; /**< guest-physical address */
	uint64_t size; /**< bytes */
	uint64_t hva; /**< in this process; 0: not mapped yet, the file's offset stands for it */
	struct mvdpa_mem_file file;
};

struct mvdpa_mem_limits {
	uint64_t page_size; /**< of this host */
	uint32_t max_klms; /**< entries of an indirect key, 0: not told by the card */
};

/** One entry of the indirect key: a piece of a region's key, or of a hole. */
struct mvdpa_mem_entry {
	uint64_t gpa;
	uint32_t size;
	int32_t region; /**< index in regions[], -1 for a hole */
};

struct mvdpa_mem_plan {
	uint32_t nb_regions;
	struct mvdpa_mem_region *regions; /**< by ascending gpa */
	uint64_t start, size; /**< what the indirect key covers */
	uint8_t log_entry_size; /**< all entries are this big (KLM_FBS); 0: KLM */
	uint32_t nb_entries;
	struct mvdpa_mem_entry *entries;
};

/**
 * Makes a plan of @p nb regions in any order.
 * @return 0; -EINVAL the table makes no sense, -E2BIG it needs more entries than the card has,
 * both logged with the region's number and values; -ENOMEM.
 */
int mvdpa_mem_plan_make(const struct mvdpa_mem_region *regions, uint32_t nb,
		const struct mvdpa_mem_limits *limits, const struct base_log *log,
		struct mvdpa_mem_plan *plan);
/** Frees what the plan holds and makes it empty. */
void mvdpa_mem_plan_free(struct mvdpa_mem_plan *plan);

/**
 * Makes a plan that only translates addresses (mvdpa_mem_plan_gpa()) and has no entries; for a
 * table that was checked.
 * @return 0 or -ENOMEM.
 */
int mvdpa_mem_plan_map(const struct mvdpa_mem_region *regions, uint32_t nb,
		struct mvdpa_mem_plan *plan);

/**
 * Guest-physical address of [hva, hva + len), which must lie in one region.
 * @return 0 (and 0 is a legal address), -ENOENT.
 */
int
mvdpa_mem_plan_gpa(const struct mvdpa_mem_plan *plan, uint64_t hva, uint64_t len, uint64_t *gpa);

#endif /* MVDPA_MEM_PLAN_H */
