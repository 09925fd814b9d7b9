/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the real kernel pins pages, so DMA after the owner's munmap hits the old
 * pages, not whatever was mapped there since. Here the card is a thread of the same process, and
 * an address of the user would stop working, or worse, at munmap. Two ways out:
 *
 * Shared memory (memfd, shmem, files, huge pages: guest memory, DPDK's heap) is mapped a second
 * time, and that alias is ours: mremap(addr, 0, len) makes another mapping of the same pages;
 * where it does not work (huge pages), the file behind the area is mapped again. A range may
 * consist of several areas of the address space (ibv_fork_init cuts them with madvise); the alias
 * is put together piece by piece in one reserved range. The alias does not go to children
 * (MADV_DONTFORK), as the kernel's pins do not.
 *
 * Private memory (malloc, private file mappings, private huge pages), and shared memory whose file
 * cannot be reached, is used where it is, and kept there (mib_keep.h).
 *
 * Before anything else the whole range must be mapped with the right access.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mib_keep.h"
#include "mib_pin.h"
#include "mib_vma.h"

/* What all areas of a range have in common. */
struct mib_areas {
	bool shared;
	uint64_t page_size; /* the largest */
};

static int
mib_pin_look(int maps, const struct mib_pin *pin, unsigned int need, struct mib_areas *areas)
{
	struct mib_vma vma = { 0 };
	uint64_t addr;

	*areas = (struct mib_areas){ true, 1 };
	for (addr = pin->start; addr < pin->end; addr = vma.end) {
		if (mib_vma_find(maps, addr, &vma) != 0 || (vma.flags & need) != need)
			return -EFAULT;
		areas->shared &= (vma.flags & MIB_VMA_SHARED) != 0;
		if (vma.page_size > areas->page_size)
			areas->page_size = vma.page_size;
	}
	return 0;
}

/*
 * Reserves addresses for the alias: at the same place in a huge page as the original, with room
 * for the rest of the huge pages at both ends. @return where the alias begins, or NULL.
 */
static uint8_t *
mib_pin_reserve(struct mib_pin *pin, uint64_t page_size)
{
	uint64_t len = pin->end - pin->start + 3 * page_size;
	uint64_t base;

	pin->map = mmap(NULL, (size_t)len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
	if (pin->map == MAP_FAILED) { /* too long for an alias */
		pin->map = NULL;
		return NULL;
	}
	pin->map_len = (size_t)len;
	base = ((uintptr_t)pin->map + page_size - 1) & ~(page_size - 1);
	return (uint8_t *)(uintptr_t)(base + (pin->start & (page_size - 1)));
}

/* Maps whole (huge) pages of the file behind @p vma at @p want. */
static int
mib_pin_file(const struct mib_vma *vma, uint64_t start, uint64_t end, uint8_t *want)
{
	int fd = mib_vma_open_file(vma), ret = 0;
	int prot = PROT_READ | ((vma->flags & MIB_VMA_WRITE) != 0 ? PROT_WRITE : 0);
	uint64_t low = start & ~(vma->page_size - 1);
	uint64_t high = (end + vma->page_size - 1) & ~(vma->page_size - 1);

	if (fd < 0)
		return fd;
	if (mmap(want - (start - low), (size_t)(high - low), prot, MAP_SHARED | MAP_FIXED, fd,
			    (off_t)(vma->offset + (low - vma->start))) == MAP_FAILED)
		ret = -errno;
	close(fd);
	return ret;
}

/* Makes the alias of the whole range at @p base; else -errno. */
static int
mib_pin_alias(int maps, const struct mib_pin *pin, uint8_t *base)
{
	struct mib_vma vma = { 0 };
	uint64_t addr, stop;
	int ret;

	for (addr = pin->start; addr < pin->end; addr = stop) {
		uint8_t *want = base + (addr - pin->start);

		if (mib_vma_find(maps, addr, &vma) != 0)
			return -EFAULT;
		stop = vma.end < pin->end ? vma.end : pin->end;
		if (mremap((void *)(uintptr_t)addr, 0, stop - addr, MREMAP_MAYMOVE | MREMAP_FIXED,
				    want) != MAP_FAILED)
			continue;
		ret = mib_pin_file(&vma, addr, stop, want);
		if (ret != 0)
			return ret;
	}
	/* Refused for what is not memory only; then a child has the alias, which harms nobody. */
	(void)madvise(pin->map, pin->map_len, MADV_DONTFORK);
	return 0;
}

static int
mib_pin_make(int maps, uint64_t addr, unsigned int need, struct mib_pin *pin)
{
	struct mib_areas areas;
	uint8_t *base = NULL;
	int ret = mib_pin_look(maps, pin, need, &areas);

	if (ret != 0)
		return ret;
	if (areas.shared)
		base = mib_pin_reserve(pin, areas.page_size);
	if (base != NULL && mib_pin_alias(maps, pin, base) == 0) {
		pin->addr = base + (addr - pin->start);
		return 0;
	}
	if (pin->map != NULL)
		munmap(pin->map, pin->map_len);
	pin->map = NULL;
	pin->addr = (void *)(uintptr_t)addr;
	/* munmap() wants whole huge pages, so whole huge pages are kept. */
	pin->start &= ~(areas.page_size - 1);
	pin->end = (pin->end + areas.page_size - 1) & ~(areas.page_size - 1);
	return mib_keep_add(pin->start, pin->end);
}

int
mib_pin(uint64_t addr, uint64_t len, bool write, struct mib_pin *pin)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int maps, ret;

	*pin = (struct mib_pin){ .start = addr & ~(page - 1) };
	if (len == 0 || __builtin_add_overflow(addr, len, &pin->end) ||
			__builtin_add_overflow(pin->end, page - 1, &pin->end))
		return -EINVAL;
	pin->end &= ~(page - 1);
	if (pin->end > UINTPTR_MAX)
		return -EFAULT;
	maps = mib_vma_open();
	ret = mib_pin_make(maps, addr, MIB_VMA_READ | (write ? MIB_VMA_WRITE : 0u), pin);
	if (maps >= 0)
		close(maps);
	return ret;
}

void
mib_unpin(struct mib_pin *pin)
{
	if (pin->map != NULL)
		munmap(pin->map, pin->map_len);
	else
		mib_keep_del(pin->start, pin->end);
	pin->map = NULL;
}
