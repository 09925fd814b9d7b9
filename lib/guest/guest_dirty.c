/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: bytes, changed by atomic operations, so that neither side needs a lock. The
 * bit is set after the write, and cleared before the copy: whichever comes between, the page is
 * copied once more.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base_math.h"
#include "guest_dirty.h"

struct guest_dirty {
	int fd;
	uint64_t size, offset, file;
	uint8_t *base; /* of the mapping */
	uint8_t *bits;
};

int
guest_dirty_create(uint64_t end, uint64_t offset, struct guest_dirty **dirty)
{
	struct guest_dirty *d = calloc(1, sizeof(*d));
	int ret;

	if (d == NULL)
		return -ENOMEM;
	d->offset = offset;
	d->size = base_align_up(end, 64ull * GUEST_DIRTY_PAGE) / GUEST_DIRTY_PAGE / 8;
	d->file = d->offset + d->size;
	d->fd = memfd_create("guest-log", MFD_CLOEXEC);
	if (d->fd < 0 || ftruncate(d->fd, (off_t)d->file) != 0)
		goto fail;
	d->base = mmap(NULL, d->file, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
	if (d->base == MAP_FAILED)
		goto fail;
	d->bits = d->base + offset;
	*dirty = d;
	return 0;

fail:
	ret = -errno;
	if (d->fd >= 0)
		close(d->fd);
	free(d);
	return ret;
}

void
guest_dirty_destroy(struct guest_dirty *dirty)
{
	if (dirty == NULL)
		return;
	munmap(dirty->base, dirty->file);
	close(dirty->fd);
	free(dirty);
}

int
guest_dirty_fd(const struct guest_dirty *dirty)
{
	return dirty->fd;
}

uint64_t
guest_dirty_size(const struct guest_dirty *dirty)
{
	return dirty->size;
}

uint64_t
guest_dirty_offset(const struct guest_dirty *dirty)
{
	return dirty->offset;
}

bool
guest_dirty_covers(const struct guest_dirty *dirty, uint64_t end)
{
	return end <= dirty->size * 8 * GUEST_DIRTY_PAGE;
}

void
guest_dirty_mark(struct guest_dirty *dirty, uint64_t gpa, uint64_t len)
{
	uint64_t page;

	for (page = gpa / GUEST_DIRTY_PAGE; len != 0 &&
			page <= (gpa + len - 1) / GUEST_DIRTY_PAGE && page < dirty->size * 8;
			page++)
		__atomic_fetch_or(&dirty->bits[page / 8], (uint8_t)(1u << page % 8),
				__ATOMIC_SEQ_CST);
}

bool
guest_dirty_is_set(const struct guest_dirty *dirty, uint64_t gpa)
{
	uint64_t page = gpa / GUEST_DIRTY_PAGE;

	return page < dirty->size * 8 &&
			(__atomic_load_n(&dirty->bits[page / 8], __ATOMIC_ACQUIRE) >> page % 8 &
					1) != 0;
}

uint64_t
guest_dirty_count(const struct guest_dirty *dirty)
{
	uint64_t i, nb = 0;

	for (i = 0; i < dirty->size; i++)
		nb += (unsigned int)__builtin_popcount(
				__atomic_load_n(&dirty->bits[i], __ATOMIC_ACQUIRE));
	return nb;
}

uint64_t
guest_dirty_take(struct guest_dirty *dirty, void (*page)(void *arg, uint64_t gpa), void *arg)
{
	uint64_t i, nb = 0;

	for (i = 0; i < dirty->size; i++) {
		uint8_t byte = __atomic_load_n(&dirty->bits[i], __ATOMIC_RELAXED);
		unsigned int bit;

		if (byte != 0)
			byte = __atomic_exchange_n(&dirty->bits[i], 0, __ATOMIC_SEQ_CST);
		for (bit = 0; byte >> bit != 0; bit++) {
			if ((byte >> bit & 1) == 0)
				continue;
			nb++;
			if (page != NULL)
				page(arg, (i * 8 + bit) * GUEST_DIRTY_PAGE);
		}
	}
	return nb;
}
