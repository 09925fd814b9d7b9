/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the real kernel pins pages, so DMA after the owner's munmap hits the old
 * pages, not whatever was mapped there since. Here the card is a thread of the same process, and
 * an address of the user would stop working, or worse, at munmap. So memory is mapped a second
 * time: mremap(addr, 0, len) makes another mapping of the same shared pages (memfd, shmem, files:
 * guest memory and DPDK's heap without huge pages), and that alias is ours.
 *
 * A range may consist of several areas of the address space (ibv_fork_init cuts them with
 * madvise); the alias is put together piece by piece in one reserved range.
 *
 * Private memory (malloc) and hugetlb pages cannot be mapped twice. There the user's address is
 * used as it is: an owner who unmaps such memory while the card uses it gets a fault where the
 * real card would go on with the old pages. Drivers unmap after they have destroyed; a fault tells
 * of one that does not.
 *
 * Before anything else the whole range must be mapped with the right access: PROCMAP_QUERY where
 * the kernel has it (6.11), else the text of /proc/self/maps.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mib_pin.h"

/* linux uapi (linux/fs.h of 6.11), for headers that are older. */
struct mib_procmap_query {
	uint64_t size;
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags;
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size;
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
};
#define MIB_PROCMAP_QUERY _IOWR('f', 17, struct mib_procmap_query)

enum {
	MIB_VMA_READ = 1,
	MIB_VMA_WRITE = 2,
	MIB_VMA_SHARED = 8
}; /* as PROCMAP_QUERY has them */

struct mib_vma {
	uint64_t start, end; /* end: behind the last byte */
	unsigned int flags;
};

/* The area that has @p addr; 0, -ENOENT, or -ENOTTY: this kernel cannot be asked so. */
static int
mib_vma_query(int fd, uint64_t addr, struct mib_vma *vma)
{
	struct mib_procmap_query q = { .size = sizeof(q), .query_addr = addr };

	if (ioctl(fd, MIB_PROCMAP_QUERY, &q) != 0)
		return errno == ENOENT ? -ENOENT : -ENOTTY;
	*vma = (struct mib_vma){ q.vma_start, q.vma_end, (unsigned int)q.vma_flags };
	return 0;
}

static int
mib_vma_scan(uint64_t addr, struct mib_vma *vma)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], r, w, x, s;
	int ret = -ENOENT;

	if (maps == NULL)
		return -errno;
	while (ret == -ENOENT && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %c%c%c%c", &vma->start, &vma->end, &r, &w,
				    &x, &s) != 6 ||
				addr < vma->start || addr >= vma->end)
			continue;
		vma->flags = (r == 'r' ? MIB_VMA_READ : 0) | (w == 'w' ? MIB_VMA_WRITE : 0) |
				(s == 's' ? MIB_VMA_SHARED : 0);
		ret = 0;
	}
	fclose(maps);
	return ret;
}

static int
mib_vma_find(int fd, uint64_t addr, struct mib_vma *vma)
{
	int ret = fd >= 0 ? mib_vma_query(fd, addr, vma) : -ENOTTY;

	return ret == -ENOTTY ? mib_vma_scan(addr, vma) : ret;
}

/* Makes the piece of the alias that lies in @p vma; 1: it cannot have an alias. */
static int
mib_pin_piece(struct mib_pin *pin, uint64_t addr, uint64_t start, uint64_t end)
{
	void *want = (char *)pin->map + (addr - start);

	if (mremap((void *)(uintptr_t)addr, 0, end - addr, MREMAP_MAYMOVE | MREMAP_FIXED, want) ==
			MAP_FAILED)
		return 1;
	return 0;
}

static void
mib_pin_drop(struct mib_pin *pin)
{
	if (pin->map != NULL)
		munmap(pin->map, pin->map_len);
	pin->map = NULL;
}

/* Walks the areas of [start, end), pages, and maps them again as long as that works. */
static int
mib_pin_walk(int fd, uint64_t start, uint64_t end, unsigned int need, struct mib_pin *pin)
{
	struct mib_vma vma = { 0 };
	uint64_t addr, stop;

	for (addr = start; addr < end; addr = stop) {
		if (mib_vma_find(fd, addr, &vma) != 0 || (vma.flags & need) != need)
			return -EFAULT;
		stop = vma.end < end ? vma.end : end;
		if (pin->map != NULL &&
				((vma.flags & MIB_VMA_SHARED) == 0 ||
						mib_pin_piece(pin, addr, start, stop) != 0))
			mib_pin_drop(pin);
	}
	return 0;
}

int
mib_pin(uint64_t addr, uint64_t len, bool write, struct mib_pin *pin)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned int need = MIB_VMA_READ | (write ? MIB_VMA_WRITE : 0);
	uint64_t start = addr & ~(page - 1), end;
	int fd, ret;

	if (len == 0 || __builtin_add_overflow(addr, len, &end) ||
			__builtin_add_overflow(end, page - 1, &end))
		return -EINVAL;
	end &= ~(page - 1);
	if (end > UINTPTR_MAX)
		return -EFAULT;
	pin->map_len = (size_t)(end - start);
	pin->map = mmap(NULL, pin->map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
	if (pin->map == MAP_FAILED)
		pin->map = NULL; /* too long for an alias; the walk will tell if it exists at all */
	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	ret = mib_pin_walk(fd, start, end, need, pin);
	if (fd >= 0)
		close(fd);
	if (ret != 0) {
		mib_pin_drop(pin);
		return ret;
	}
	pin->addr = pin->map != NULL ? (char *)pin->map + (addr - start) : (void *)(uintptr_t)addr;
	return 0;
}

void
mib_unpin(struct mib_pin *pin)
{
	mib_pin_drop(pin);
}
