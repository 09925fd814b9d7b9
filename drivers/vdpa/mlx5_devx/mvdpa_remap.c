/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: that the order counts for vhost, though it means nothing, is what helps: two
 * regions swapped are "changed", and vhost then does what it should have done. A single region has
 * no order; it is cut in two at the end of a page, the last one where no ring goes across, because
 * vhost wants each part of a ring whole in one region. The second piece gets a file descriptor of
 * its own, since vhost closes one a region.
 *
 * The driver's own view joins such pieces again (mvdpa_mem_cut.h). The next table of the front-end
 * looks changed to vhost, because it is compared with what was made of this one: a stop and start
 * more, with the same memory, at worst. Where only the order is another one, that is spared by
 * putting the regions into vhost's order.
 */
#include "mvdpa_remap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base_math.h"

static bool
remap_other_file(const struct rte_vhost_mem_region *old, int fd, uint64_t offset)
{
	struct stat a, b;

	if (old->host_user_addr - (uint64_t)(uintptr_t)old->mmap_addr != offset)
		return true;
	if (fstat(old->fd, &a) != 0 || fstat(fd, &b) != 0)
		return false;
	return a.st_dev != b.st_dev || a.st_ino != b.st_ino;
}

static bool
remap_same_place(const struct rte_vhost_mem_region *old, const struct guard_region *new)
{
	return old->guest_phys_addr == new->gpa && old->size == new->size &&
			old->guest_user_addr == new->user;
}

bool
mvdpa_remap_is_hidden(const struct mvdpa_remap *remap, const struct guard_table *table)
{
	bool other = false;
	uint32_t i;

	if (table->nb != remap->memory->nregions)
		return false;
	for (i = 0; i < table->nb; i++) {
		const struct rte_vhost_mem_region *old = &remap->memory->regions[i];

		if (!remap_same_place(old, &table->region[i]))
			return false;
		if (remap_other_file(old, table->fd[i], table->region[i].offset))
			other = true;
	}
	return other;
}

static void
remap_swap(struct guard_table *table, uint32_t a, uint32_t b)
{
	const struct guard_region region = table->region[a];
	const int fd = table->fd[a];

	table->region[a] = table->region[b];
	table->fd[a] = table->fd[b];
	table->region[b] = region;
	table->fd[b] = fd;
}

/* Does a part of a ring lie on both sides of @p hva? */
static bool
remap_is_crossed(const struct mvdpa_remap *remap, uint64_t hva)
{
	uint32_t i;

	for (i = 0; i < remap->nb_parts; i++) {
		const struct mvdpa_remap_part *p = &remap->parts[i];

		if (p->hva < hva && hva - p->hva < p->size)
			return true;
	}
	return false;
}

static int
remap_cut(const struct mvdpa_remap *remap, struct guard_table *table)
{
	struct guard_region *first = &table->region[0], *second = &table->region[1];
	uint64_t hva = remap->memory->regions[0].host_user_addr, at = first->size;

	do {
		if (at <= remap->page_size)
			return -ENOSPC;
		at = (at - 1) & ~(remap->page_size - 1);
	} while (remap_is_crossed(remap, hva + at));
	table->fd[1] = fcntl(table->fd[0], F_DUPFD_CLOEXEC, 0);
	if (table->fd[1] < 0)
		return -errno;
	*second = (struct guard_region){
		.gpa = first->gpa + at,
		.size = first->size - at,
		.user = first->user + at,
		.offset = first->offset + at,
	};
	first->size = at;
	table->nb = 2;
	return 0;
}

int
mvdpa_remap_show(const struct mvdpa_remap *remap, struct guard_table *table)
{
	if (table->nb == 1)
		return remap_cut(remap, table);
	remap_swap(table, 0, 1);
	return 0;
}

bool
mvdpa_remap_sort(const struct mvdpa_remap *remap, struct guard_table *table)
{
	struct guard_table sorted = *table;
	bool moved = false;
	uint32_t i, j;

	if (table->nb != remap->memory->nregions)
		return false;
	for (i = 0; i < sorted.nb; i++) {
		const struct rte_vhost_mem_region *old = &remap->memory->regions[i];

		for (j = i; j < sorted.nb; j++) {
			if (remap_same_place(old, &sorted.region[j]))
				break;
		}
		if (j == sorted.nb || remap_other_file(old, sorted.fd[j], sorted.region[j].offset))
			return false;
		if (j != i)
			moved = true;
		remap_swap(&sorted, i, j);
	}
	if (moved)
		*table = sorted;
	return moved;
}
