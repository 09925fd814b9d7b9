/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A guest's physical memory: regions of shared memory files at guest physical addresses (GPA), laid
 * out as QEMU's q35 machine does, with an allocator for rings and buffers.
 *
 * Regions come and go while traffic runs (memory hot-plug). All functions may be called by any
 * thread; an address that was handed out stays mapped until its region is removed, which is refused
 * while anything in it is allocated.
 */
#ifndef GUEST_MEM_H
#define GUEST_MEM_H

#include <stdint.h>

#include "base_log.h"
#include "guest_dirty.h"

/** What a vhost-user memory table holds at most (rte_vhost, QEMU without CONFIGURE_MEM_SLOTS). */
#define GUEST_MEM_MAX_REGIONS 8

#define GUEST_MEM_VGA_START 0xa0000ULL /**< end of the lowest RAM region */
#define GUEST_MEM_VGA_END 0xc0000ULL /**< RAM goes on here */
#define GUEST_MEM_PCI_HOLE 0x80000000ULL /**< below 4 GiB no RAM from here on (q35) */
#define GUEST_MEM_HIGH 0x100000000ULL /**< RAM above the hole and hot-plugged memory */
#define GUEST_MEM_DIMM_ALIGN 0x200000ULL /**< alignment of hot-plugged regions */
#define GUEST_MEM_ANY UINT64_MAX /**< "whichever region has room" */

struct guest_mem;

/** One row of the memory table; a copy, @c fd is borrowed from the struct guest_mem. */
struct guest_mem_region {
	uint64_t gpa; /**< first guest physical address */
	uint64_t size; /**< bytes */
	uint64_t fd_offset; /**< where in the file the region begins */
	int fd; /**< shared memory file */
	uint8_t *hva; /**< our mapping; its value is also the "user address" of the protocol */
};

/** Makes an empty memory; @p log must live as long. @return 0 or -ENOMEM. */
int guest_mem_create(const struct base_log *log, struct guest_mem **mem);

/** Unmaps and closes all regions, allocated or not; NULL is fine. */
void guest_mem_destroy(struct guest_mem *mem);

/**
 * Adds @p size bytes of RAM from one file as QEMU lays it out: [0, 640 KiB), [768 KiB, 2 GiB) and
 * the rest from 4 GiB on. @p size: at least 1 MiB, a multiple of the page size.
 * @return 0, -EINVAL, -EEXIST (overlap), -ENOSPC (more than 8 regions), -errno of the system.
 */
int guest_mem_add_ram(struct guest_mem *mem, uint64_t size);

/** Adds one region at @p gpa, both page aligned, with its own file; returns as above. */
int guest_mem_add(struct guest_mem *mem, uint64_t gpa, uint64_t size);

/** Where the next hot-plugged region belongs: at or above 4 GiB, above all that is there. */
uint64_t guest_mem_hotplug_gpa(struct guest_mem *mem);

/**
 * Removes the region that starts at @p gpa.
 * @return 0, -ENOENT (none starts there), -EBUSY (something in it is allocated).
 */
int guest_mem_remove(struct guest_mem *mem, uint64_t gpa);

/** What to allocate. */
struct guest_mem_want {
	uint64_t size; /**< bytes, not 0 */
	uint64_t align; /**< power of two */
	uint64_t region; /**< GPA where the region starts, or GUEST_MEM_ANY: the roomiest */
};

/** Allocates zeroed memory, contiguous in one region. @return 0, -EINVAL, -ENOENT, -ENOMEM. */
int guest_mem_alloc(struct guest_mem *mem, const struct guest_mem_want *want, uint64_t *gpa);

/** Gives back what guest_mem_alloc() gave; @p gpa must be such an address (assert). */
void guest_mem_free(struct guest_mem *mem, uint64_t gpa);

/** Our address of [@p gpa, @p gpa + @p len), NULL when it is not inside one region. */
void *guest_mem_hva(struct guest_mem *mem, uint64_t gpa, uint64_t len);

/** Copies the memory table, in the order of addition. @return number of rows. */
unsigned int
guest_mem_table(struct guest_mem *mem, struct guest_mem_region table[GUEST_MEM_MAX_REGIONS]);

/**
 * From now on what the guest writes itself is noted in @p dirty (its driver tells of each write);
 * NULL: nowhere. @p dirty must live until then, and until the guest's threads stand still.
 */
void guest_mem_watch(struct guest_mem *mem, struct guest_dirty *dirty);
/** The guest has written [gpa, gpa + len). */
void guest_mem_wrote(struct guest_mem *mem, uint64_t gpa, uint64_t len);

/**
 * The region that starts at @p gpa is backed by the file @p fd from now on (taken over, but
 * for an error), at the same address of ours. Nobody may be using it. @return 0, -ENOENT, -errno.
 */
int guest_mem_replace(struct guest_mem *mem, uint64_t gpa, int fd);

#endif /* GUEST_MEM_H */
