/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Areas of this process's address space, as the kernel tells about them.
 */
#ifndef MIB_VMA_H
#define MIB_VMA_H

#include <stdint.h>

enum mib_vma_flag {
	MIB_VMA_READ = 1,
	MIB_VMA_WRITE = 2,
	MIB_VMA_SHARED = 8,
}; /* the values of PROCMAP_QUERY */

struct mib_vma {
	uint64_t start, end; /**< end: behind the last byte */
	uint32_t flags; /**< enum mib_vma_flag */
	uint64_t offset; /**< of @c start in its file, bytes */
	uint64_t page_size; /**< bytes; of a huge page in hugetlb areas */
	uint64_t inode; /**< 0: no file */
	uint32_t dev_major, dev_minor;
};

/** A descriptor for mib_vma_find(), or -1, which does as well. */
int mib_vma_open(void);
/** The area that has @p addr; @return 0, -ENOENT when there is none, or why it cannot be told. */
int mib_vma_find(int maps, uint64_t addr, struct mib_vma *vma);
/**
 * Opens the file that a shared area shows, for a second mapping of it.
 * @return a descriptor, or -errno: there is no way to it.
 */
int mib_vma_open_file(const struct mib_vma *vma);

#endif /* MIB_VMA_H */
