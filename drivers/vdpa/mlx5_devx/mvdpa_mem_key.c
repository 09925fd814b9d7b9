/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: vhost maps guest memory when it works a SET_MEM_TABLE off, that is after
 * the queues have stopped, and unmaps the old one before that. A key made of vhost's mapping could
 * be made too late only, and would outlive it: libibverbs then takes the pages out of its fork
 * protection one by one, 4 KiB each, because nothing is mapped there any more. So a key has a
 * mapping of its own, of the file that came with the message. It is never read or written here
 * (pages that the front-end cuts off cannot be a SIGBUS), it is only what registration wants.
 *
 * Once the pages are pinned, their mapping is replaced by empty address space, which is all that
 * deregistration looks for. Pinning has filled the page tables of the whole region, which would
 * cost 2 MiB a GiB, and the time to read them whenever libibverbs asks /proc/self/smaps for a page
 * size (which it may do at each registration of anything). Huge pages stay mapped: they have few
 * entries, and their size must be found again.
 *
 * A duplicate of the descriptor is kept: as long as it is open, the inode number that comparisons
 * trust cannot be given to another file.
 *
 * Memory without a file, and files that cannot be mapped twice, are registered where vhost has
 * them, and not known again later.
 */
#include "mvdpa_mem_key.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base_math.h"

/* Huge pages are mapped in whole ones only; their file system says so by the block size. */
static uint64_t
key_granule(int fd)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_blksize <= 0 || !base_is_pow2((uint64_t)st.st_blksize) ||
			(uint64_t)st.st_blksize < page)
		return page;
	return (uint64_t)st.st_blksize;
}

/* Maps the region's part of its file; @p addr gets the region's first byte. */
static int
key_map(struct mvdpa_mem_key *key, int fd, void **addr)
{
	uint64_t offset = key->region.file.offset, in_granule;
	size_t len;
	void *map;

	key->granule = key_granule(fd);
	in_granule = offset & (key->granule - 1);
	len = base_align_up(in_granule + key->region.size, key->granule);
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(offset - in_granule));
	if (map == MAP_FAILED)
		return -errno;
	key->map = map;
	key->map_len = len;
	*addr = (uint8_t *)map + in_granule;
	return 0;
}

/* The pages are pinned; only the place in the address space is still wanted. */
static void
key_unload(struct mvdpa_mem_key *key)
{
	if (key->map == NULL || key->granule != (uint64_t)sysconf(_SC_PAGESIZE))
		return;
	/* Should that fail, the mapping stays, and does no harm. */
	mmap(key->map, key->map_len, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

/* The file cannot be had: what vhost has mapped will do, once. */
static int
key_borrow(struct mvdpa_mem_key *key, void **addr)
{
	if (key->region.hva == 0)
		return -EBADF;
	key->region.file.known = false;
	*addr = (void *)(uintptr_t)key->region.hva;
	return 0;
}

static int
key_locate(struct mvdpa_mem_key *key, void **addr)
{
	int ret = 0;

	if (!key->region.file.known)
		return key_borrow(key, addr);
	key->fd = fcntl(key->region.file.fd, F_DUPFD_CLOEXEC, 0);
	if (key->fd < 0)
		ret = -errno;
	else
		ret = key_map(key, key->fd, addr);
	if (ret != 0 && key_borrow(key, addr) == 0)
		ret = 0;
	return ret;
}

int
mvdpa_mem_key_create(struct devx_dev *devx, const struct base_log *log,
		const struct mvdpa_mem_region *region, struct mvdpa_mem_key **out)
{
	struct devx_mr_attr attr = { .len = region->size, .iova = region->gpa };
	struct mvdpa_mem_key *key;
	int ret;

	key = calloc(1, sizeof(*key));
	if (key == NULL)
		return -ENOMEM;
	key->region = *region;
	key->fd = -1;
	ret = key_locate(key, &attr.addr);
	if (ret != 0)
		base_err(log,
				"guest memory at 0x%" PRIx64 ", size 0x%" PRIx64
				", cannot be mapped: %s",
				region->gpa, region->size, strerror(-ret));
	else
		ret = devx_mr_create(devx, &attr, &key->mr);
	if (ret != 0) {
		mvdpa_mem_key_destroy(key);
		return ret;
	}
	key_unload(key);
	*out = key;
	return 0;
}

void
mvdpa_mem_key_destroy(struct mvdpa_mem_key *key)
{
	if (key == NULL)
		return;
	devx_mr_destroy(key->mr); /* while something is still mapped there */
	if (key->map != NULL)
		munmap(key->map, key->map_len);
	if (key->fd >= 0)
		close(key->fd);
	free(key);
}
