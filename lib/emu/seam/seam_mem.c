/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the calls that take memory away from its address. On a machine with a card
 * registered memory is pinned; here some of it can only stay where it is (struct seam_mem_ops), so
 * these calls ask first. Whoever has registered nothing pays one test of a counter.
 *
 * Only calls by libc's public names come here: rte_vhost, DPDK and rdma-core unmap that way. What
 * libc does for itself (free() of a large block, the end of a thread's stack) does not.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>

#include "seam_fd.h"
#include "seam_real.h"

/* Whom to ask about [addr, addr + len); NULL: nobody needs it. */
static const struct seam_mem_ops *
seam_mem(const void *addr, size_t len)
{
	const struct seam_mem_ops *ops = seam_ops.mem;

	if (ops == NULL || seam_is_stopped() || !ops->keeps((uintptr_t)addr, len))
		return NULL;
	return ops;
}

static int
seam_errno(int ret)
{
	if (ret == 0)
		return 0;
	errno = -ret;
	return -1;
}

SEAM_EXPORT int
munmap(void *addr, size_t len)
{
	const struct seam_mem_ops *ops = seam_mem(addr, len);

	if (ops == NULL)
		return SEAM_REAL(munmap)(addr, len);
	return seam_errno(ops->unmap((uintptr_t)addr, len));
}

/* Before the call: nobody may think afterwards that the new pages are the old ones. */
static void
seam_mem_replaced(const void *addr, size_t len)
{
	const struct seam_mem_ops *ops = seam_mem(addr, len);

	if (ops != NULL)
		ops->replaced((uintptr_t)addr, len);
}

#define SEAM_MMAP(name, off_type)                                                   \
	SEAM_EXPORT void *name(void *addr, size_t len, int prot, int flags, int fd, \
			off_type offset)                                            \
	{                                                                           \
		if ((flags & MAP_FIXED) != 0 && (flags & MAP_FIXED_NOREPLACE) == 0) \
			seam_mem_replaced(addr, len);                               \
		return SEAM_REAL(name)(addr, len, prot, flags, fd, offset);         \
	}

SEAM_MMAP(mmap, off_t)
SEAM_MMAP(mmap64, off64_t)

/* Pages that are used in place go in two steps: away with their contents, then to their size. */
static void *
seam_mremap_kept(const struct seam_mem_ops *ops, void *addr, size_t old_len, size_t len, int flags,
		void *to)
{
	void *got = MAP_FAILED;
	int ret;

	if ((flags & MREMAP_FIXED) == 0 && len <= old_len) {
		ret = len < old_len ? ops->unmap((uintptr_t)addr + len, old_len - len) : 0;
		return seam_errno(ret) == 0 ? addr : MAP_FAILED;
	}
	if ((flags & MREMAP_FIXED) == 0)
		got = SEAM_REAL(mremap)(addr, old_len, len, flags & ~MREMAP_MAYMOVE);
	if (got != MAP_FAILED || (flags & MREMAP_MAYMOVE) == 0)
		return got;
	if (seam_errno(ops->move((uintptr_t)addr, old_len, &got)) != 0)
		return MAP_FAILED;
	return SEAM_REAL(mremap)(got, old_len, len, flags, to);
}

SEAM_EXPORT void *
mremap(void *addr, size_t old_len, size_t len, int flags, ...)
{
	const struct seam_mem_ops *ops;
	void *to = NULL;
	va_list ap;

	va_start(ap, flags);
	if ((flags & MREMAP_FIXED) != 0)
		to = va_arg(ap, void *);
	va_end(ap);
	if ((flags & MREMAP_FIXED) != 0)
		seam_mem_replaced(to, len);
	/* Length 0 makes a second mapping and takes nothing away. */
	ops = old_len != 0 ? seam_mem(addr, old_len) : NULL;
	if (ops == NULL)
		return SEAM_REAL(mremap)(addr, old_len, len, flags, to);
	return seam_mremap_kept(ops, addr, old_len, len, flags, to);
}
