/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: private memory cannot be mapped twice, so the card uses the program's own
 * mapping, and pinning means that munmap() of such pages is put off: the program is told that they
 * are gone, the pages stay (and with them the address, which the kernel gives to nobody else)
 * until the last use of them is over. There are two sorted-by-nothing lists, of uses and of pages
 * that the program has unmapped (ghosts); both are short, and empty in most programs.
 *
 * A program may map something else at an address that it unmapped, with MAP_FIXED. Then the old
 * pages are gone after all: the ghost is forgotten, because what lies there now is the program's.
 * Moving pages with mremap() leaves zeros behind (MREMAP_DONTUNMAP), so that the card has
 * something to read.
 *
 * What the program does behind libc's public names (free() of a large block, a raw system call) is
 * not seen.
 *
 * One lock, a leaf; system calls only below it, none that comes back here. Without uses nothing is
 * locked. In a child after fork nobody calls: the seam serves nothing there.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base_mutex.h"
#include "mib.h"
#include "mib_keep.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4 /* linux 5.7 */
#endif

struct mib_range {
	uint64_t start, end;
	LIST_ENTRY(mib_range) link;
};
LIST_HEAD(mib_ranges, mib_range);

static struct base_mutex mib_keep_lock = BASE_MUTEX_INITIALIZER;
static struct mib_ranges mib_uses BASE_GUARDED_BY(mib_keep_lock);
static struct mib_ranges mib_ghosts BASE_GUARDED_BY(mib_keep_lock);
static atomic_uint mib_nb_uses; /* what can be asked without the lock */

static int
mib_range_add(struct mib_ranges *list, uint64_t start, uint64_t end)
{
	struct mib_range *range = malloc(sizeof(*range));

	if (range == NULL)
		return -ENOMEM;
	range->start = start;
	range->end = end;
	LIST_INSERT_HEAD(list, range, link);
	return 0;
}

/*
 * The first part of [start, end) that is in a range of the list: *@p from, *@p to. Without one,
 * both are @p end.
 */
static void
mib_range_first(const struct mib_ranges *list, uint64_t start, uint64_t end, uint64_t *from,
		uint64_t *to)
{
	const struct mib_range *range;

	*from = end;
	*to = end;
	LIST_FOREACH(range, list, link) {
		uint64_t low = range->start > start ? range->start : start;

		if (low >= end || low >= range->end || low >= *from)
			continue;
		*from = low;
		*to = range->end < end ? range->end : end;
	}
}

/* Takes [start, end) out of the ranges of the list; -ENOMEM: one had to be split. */
static int
mib_range_cut(struct mib_ranges *list, uint64_t start, uint64_t end)
{
	struct mib_range *range, *next;

	for (range = LIST_FIRST(list); range != NULL; range = next) {
		next = LIST_NEXT(range, link);
		if (range->start >= end || range->end <= start)
			continue;
		if (range->start < start && range->end > end) {
			if (mib_range_add(list, end, range->end) != 0)
				return -ENOMEM;
			range->end = start;
		} else if (range->start < start) {
			range->end = start;
		} else if (range->end > end) {
			range->start = end;
		} else {
			LIST_REMOVE(range, link);
			free(range);
		}
	}
	return 0;
}

/* The system call itself: munmap() of libc may be the seam's, which asks us. */
static int
mib_raw_munmap(uint64_t start, uint64_t end)
{
	if (start == end)
		return 0;
	return syscall(SYS_munmap, start, end - start) == 0 ? 0 : -errno;
}

int
mib_keep_add(uint64_t start, uint64_t end)
{
	int ret;

	base_mutex_lock(&mib_keep_lock);
	ret = mib_range_add(&mib_uses, start, end);
	if (ret == 0)
		atomic_fetch_add(&mib_nb_uses, 1);
	base_mutex_unlock(&mib_keep_lock);
	return ret;
}

/* Unmaps the ghosts in [start, end) that nobody uses any more. */
static void
mib_keep_bury(uint64_t start, uint64_t end) BASE_REQUIRES(mib_keep_lock)
{
	uint64_t from, to, used, used_end;

	for (; start < end; start = to) {
		mib_range_first(&mib_ghosts, start, end, &from, &to);
		if (from == end)
			return;
		mib_range_first(&mib_uses, from, to, &used, &used_end);
		if (used == from) {
			to = used_end;
			continue;
		}
		to = used;
		/* Without memory to note it the ghost stays, for ever: a leak, no more. */
		if (mib_range_cut(&mib_ghosts, from, to) == 0)
			mib_raw_munmap(from, to);
	}
}

void
mib_keep_del(uint64_t start, uint64_t end)
{
	struct mib_range *range;

	base_mutex_lock(&mib_keep_lock);
	LIST_FOREACH(range, &mib_uses, link) {
		if (range->start == start && range->end == end)
			break;
	}
	if (range != NULL) {
		LIST_REMOVE(range, link);
		free(range);
		atomic_fetch_sub(&mib_nb_uses, 1);
		mib_keep_bury(start, end);
	}
	base_mutex_unlock(&mib_keep_lock);
}

/* --- what the program does ------------------------------------------------------------------ */

static uint64_t
mib_page_mask(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE) - 1;
}

/* Whole pages of [addr, addr + len); false when the kernel refuses such a range anyway. */
static bool
mib_whole_pages(uint64_t addr, uint64_t len, uint64_t *end)
{
	uint64_t mask = mib_page_mask();

	if ((addr & mask) != 0 || len == 0 || __builtin_add_overflow(addr, len, end) ||
			__builtin_add_overflow(*end, mask, end))
		return false;
	*end &= ~mask;
	return true;
}

bool
mib_keeps(uint64_t addr, uint64_t len)
{
	uint64_t end, from, to;

	if (atomic_load(&mib_nb_uses) == 0)
		return false;
	if (!mib_whole_pages(addr & ~mib_page_mask(), len, &end))
		return false;
	base_mutex_lock(&mib_keep_lock);
	mib_range_first(&mib_uses, addr, end, &from, &to);
	base_mutex_unlock(&mib_keep_lock);
	return from < end;
}

int
mib_keep_unmap(uint64_t addr, uint64_t len)
{
	uint64_t end, from, to;
	int ret = 0;

	if (!mib_whole_pages(addr, len, &end))
		return -EINVAL;
	base_mutex_lock(&mib_keep_lock);
	for (; addr < end && ret == 0; addr = to) {
		mib_range_first(&mib_uses, addr, end, &from, &to);
		ret = mib_raw_munmap(addr, from);
		if (ret == 0 && from < to) {
			ret = mib_range_cut(&mib_ghosts, from, to); /* unmapped twice */
			if (ret == 0)
				ret = mib_range_add(&mib_ghosts, from, to);
		}
	}
	base_mutex_unlock(&mib_keep_lock);
	return ret;
}

void
mib_keep_replaced(uint64_t addr, uint64_t len)
{
	uint64_t end;

	if (atomic_load(&mib_nb_uses) == 0 || !mib_whole_pages(addr, len, &end))
		return;
	base_mutex_lock(&mib_keep_lock);
	mib_range_cut(&mib_ghosts, addr, end);
	base_mutex_unlock(&mib_keep_lock);
}

int
mib_keep_move(uint64_t addr, uint64_t len, void **to)
{
	void *got;
	uint64_t end;

	if (!mib_whole_pages(addr, len, &end))
		return -EINVAL;
	got = (void *)syscall(SYS_mremap, addr, end - addr, end - addr,
			MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	if (got == MAP_FAILED)
		return -errno;
	*to = got;
	/* The part that nobody uses goes; the rest is a ghost of zeros. */
	return mib_keep_unmap(addr, len);
}
