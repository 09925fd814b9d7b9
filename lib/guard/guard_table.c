/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: rte_vhost shows each message to a callback before it acts on it, as a
 * structure whose shape it promises to keep for such callbacks: the message as on the wire, in
 * room for the longest one, then the files that came with it and their number. A memory table is
 * judged here by what the kernel says of its files; vhost trusts the front-end in that.
 *
 * When the files do not look like those of the message (their number, and -1 in all places behind
 * them), it is a message of another shape, or of another DPDK, and nothing is judged: what stands
 * there might be the front-end's, and must not be closed. vhost's checks come after.
 */
#include "guard_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base_math.h"
#include "guard_msg.h"

/* Bytes of the payload with so many regions. */
static uint32_t
guard_table_size(uint32_t nb)
{
	return (uint32_t)(offsetof(struct guard_msg, memory.region) -
			offsetof(struct guard_msg, memory) + nb * sizeof(struct guard_region));
}

int
guard_table_read(const void *msg, struct guard_table *table)
{
	struct guard_msg copy;

	memcpy(&copy, msg, offsetof(struct guard_msg, room));
	if (copy.request != GUARD_SET_MEM_TABLE)
		return -ENOMSG;
	memcpy(&copy, msg, sizeof(copy));
	if (!guard_msg_has_shape(&copy))
		return -EINVAL;
	if (copy.memory.nb > GUARD_REGIONS_MAX || copy.nb_fds != (int)copy.memory.nb ||
			copy.size < guard_table_size(copy.memory.nb))
		return -EPROTO;
	table->nb = copy.memory.nb;
	memcpy(table->region, copy.memory.region, sizeof(table->region));
	memcpy(table->fd, copy.fd, sizeof(table->fd));
	return 0;
}

void
guard_table_write(const struct guard_table *table, void *msg)
{
	struct guard_msg copy;
	uint32_t i;

	memcpy(&copy, msg, sizeof(copy));
	copy.memory.nb = table->nb;
	copy.size = guard_table_size(table->nb);
	memcpy(copy.memory.region, table->region, sizeof(table->region));
	for (i = 0; i < GUARD_REGIONS_MAX; i++)
		copy.fd[i] = i < table->nb ? table->fd[i] : -1;
	copy.nb_fds = (int)table->nb;
	memcpy(msg, &copy, sizeof(copy));
}

/* Device memory has no size; everything else can be looked into up to its end only. */
static int
guard_table_file_size(int fd, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	*size = S_ISCHR(st.st_mode) ? UINT64_MAX : (uint64_t)st.st_size;
	return 0;
}

static int
guard_table_region_check(const struct guard_region *region, int fd, char *why, size_t size)
{
	uint64_t end, file = 0;

	if (region->size == 0 || !base_add_ok(region->gpa, region->size - 1, &end)) {
		snprintf(why, size, "is empty or wraps around the address space");
		return -EINVAL;
	}
	if (!base_add_ok(region->offset, region->size, &end) ||
			guard_table_file_size(fd, &file) != 0 || end > file) {
		snprintf(why, size,
				"wants 0x%" PRIx64 " bytes at 0x%" PRIx64
				" of a file that is shorter",
				region->size, region->offset);
		return -EINVAL;
	}
	return 0;
}

int
guard_table_check(const struct guard_table *table, char *why, size_t size)
{
	char what[128];
	uint32_t i, j;

	for (i = 0; i < table->nb; i++) {
		const struct guard_region *r = &table->region[i];

		if (guard_table_region_check(r, table->fd[i], what, sizeof(what)) != 0) {
			snprintf(why, size, "region %u (GPA 0x%" PRIx64 ") %s", i, r->gpa, what);
			return -EINVAL;
		}
		for (j = 0; j < i; j++) {
			const struct guard_region *o = &table->region[j];

			if (!base_range_overlap(r->gpa, r->size, o->gpa, o->size))
				continue;
			snprintf(why, size,
					"regions %u (GPA 0x%" PRIx64 ") and %u (GPA 0x%" PRIx64
					") overlap",
					j, o->gpa, i, r->gpa);
			return -EINVAL;
		}
	}
	return 0;
}
