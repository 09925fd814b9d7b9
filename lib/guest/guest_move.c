/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each region has a copy, a file and a mapping. A round takes the bits, then
 * copies the pages, with plain loads and stores: what is torn by a writer is dirty again.
 *
 * The guest's log is larger than its memory, so that memory may be added.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest_move.h"

#define GUEST_MOVE_ROOM (4ull << 30) /* of memory that may come */

struct guest_move_part {
	struct guest_mem_region from; /* fd is not ours */
	int fd; /* -1: it is the guest's memory now */
	uint8_t *hva;
};

struct guest_move {
	struct guest_mem *mem;
	const struct base_log *log;
	struct guest_dirty *cpu;
	struct guest_move_part parts[GUEST_MEM_MAX_REGIONS];
	unsigned int nb_parts;
};

static void
guest_move_drop(struct guest_move_part *part)
{
	munmap(part->hva, part->from.size);
	if (part->fd >= 0)
		close(part->fd);
}

static void
guest_move_free(struct guest_move *m)
{
	while (m->nb_parts > 0)
		guest_move_drop(&m->parts[--m->nb_parts]);
	guest_dirty_destroy(m->cpu);
	free(m);
}

/* A file for the copy of the region; empty. */
static int
guest_move_make(struct guest_move *m, const struct guest_mem_region *region)
{
	struct guest_move_part *part = &m->parts[m->nb_parts];
	int ret;

	part->from = *region;
	part->fd = memfd_create("guest-copy", MFD_CLOEXEC);
	if (part->fd < 0)
		return -errno;
	if (ftruncate(part->fd, (off_t)region->size) != 0)
		goto close_fd;
	part->hva = mmap(NULL, region->size, PROT_READ | PROT_WRITE, MAP_SHARED, part->fd, 0);
	if (part->hva == MAP_FAILED)
		goto close_fd;
	m->nb_parts++;
	return 0;

close_fd:
	ret = -errno;
	close(part->fd);
	return ret;
}

/*
 * Copies whole pages that driver and device may be writing: a word that was taken too early is in a
 * page that is dirty then, and comes again. No memcpy(), which ThreadSanitizer would watch; and in
 * words, not in bytes, so that no flag of a ring is taken in halves.
 */
static void __attribute__((no_sanitize("thread")))
guest_move_copy(uint8_t *to, const uint8_t *from, uint64_t len)
{
	const volatile uint64_t *src = (const volatile uint64_t *)(const volatile void *)from;
	uint64_t *dst = (uint64_t *)(void *)to;

	for (uint64_t i = 0; i < len / sizeof(*dst); i++)
		dst[i] = src[i];
}

static void
guest_move_fill(struct guest_move_part *part)
{
	guest_move_copy(part->hva, part->from.hva, part->from.size);
}

static bool
guest_move_has(const struct guest_mem_region *table, unsigned int nb, uint64_t gpa)
{
	for (unsigned int i = 0; i < nb; i++) {
		if (table[i].gpa == gpa)
			return true;
	}
	return false;
}

static bool
guest_move_knows(const struct guest_move *m, uint64_t gpa)
{
	for (unsigned int i = 0; i < m->nb_parts; i++) {
		if (m->parts[i].from.gpa == gpa)
			return true;
	}
	return false;
}

int
guest_move_follow(struct guest_move *move)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	unsigned int nb = guest_mem_table(move->mem, table), i = 0;
	int ret = 0;

	while (i < move->nb_parts) {
		if (guest_move_has(table, nb, move->parts[i].from.gpa)) {
			i++;
			continue;
		}
		guest_move_drop(&move->parts[i]);
		move->parts[i] = move->parts[--move->nb_parts];
	}
	for (i = 0; i < nb && ret == 0; i++) {
		if (guest_move_knows(move, table[i].gpa))
			continue;
		ret = guest_move_make(move, &table[i]);
		if (ret == 0)
			guest_move_fill(&move->parts[move->nb_parts - 1]);
	}
	return ret;
}

/* All that can fail comes before the guest's thread is given the log. */
int
guest_move_begin(struct guest_mem *mem, const struct base_log *log, struct guest_move **move)
{
	uint64_t end = guest_mem_hotplug_gpa(mem) + GUEST_MOVE_ROOM;
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	unsigned int nb = guest_mem_table(mem, table), i;
	struct guest_move *m = calloc(1, sizeof(*m));
	int ret;

	if (m == NULL)
		return -ENOMEM;
	m->mem = mem;
	m->log = log;
	ret = guest_dirty_create(end, 0, &m->cpu);
	for (i = 0; i < nb && ret == 0; i++)
		ret = guest_move_make(m, &table[i]);
	if (ret != 0) {
		guest_move_free(m);
		return ret;
	}
	guest_mem_watch(mem, m->cpu); /* before the first copy */
	for (i = 0; i < nb; i++)
		guest_move_fill(&m->parts[i]);
	*move = m;
	return 0;
}

static void
guest_move_page(void *arg, uint64_t gpa)
{
	struct guest_move *m = arg;

	for (unsigned int i = 0; i < m->nb_parts; i++) {
		const struct guest_move_part *part = &m->parts[i];
		uint64_t off = gpa - part->from.gpa;

		if (gpa >= part->from.gpa && off < part->from.size)
			guest_move_copy(part->hva + off, part->from.hva + off, GUEST_DIRTY_PAGE);
	}
}

uint64_t
guest_move_round(struct guest_move *move, struct guest_dirty *device)
{
	uint64_t nb = guest_dirty_take(move->cpu, guest_move_page, move);

	if (device != NULL)
		nb += guest_dirty_take(device, guest_move_page, move);
	return nb;
}

uint64_t
guest_move_differ(struct guest_move *move, void (*differ)(void *arg, uint64_t gpa), void *arg)
{
	uint64_t nb = 0;

	for (unsigned int i = 0; i < move->nb_parts; i++) {
		const struct guest_move_part *part = &move->parts[i];

		for (uint64_t off = 0; off < part->from.size; off += GUEST_DIRTY_PAGE) {
			if (memcmp(part->hva + off, part->from.hva + off, GUEST_DIRTY_PAGE) == 0)
				continue;
			nb++;
			differ(arg, part->from.gpa + off);
		}
	}
	return nb;
}

bool
guest_move_same(const struct guest_move *move, uint64_t gpa, uint64_t len)
{
	for (unsigned int i = 0; i < move->nb_parts; i++) {
		const struct guest_move_part *part = &move->parts[i];
		uint64_t off = gpa - part->from.gpa;

		if (gpa >= part->from.gpa && off < part->from.size && len <= part->from.size - off)
			return memcmp(part->hva + off, part->from.hva + off, len) == 0;
	}
	return false;
}

/* What guest_move_compare() says about the first page. */
struct guest_move_first {
	const struct base_log *log;
	bool said;
};

static void
guest_move_say_first(void *arg, uint64_t gpa)
{
	struct guest_move_first *first = arg;

	if (!first->said)
		base_err(first->log, "guest page 0x%" PRIx64 " was written, but is in no dirty log",
				gpa);
	first->said = true;
}

uint64_t
guest_move_compare(struct guest_move *move)
{
	struct guest_move_first first = { .log = move->log };

	return guest_move_differ(move, guest_move_say_first, &first);
}

bool
guest_move_guest_wrote(const struct guest_move *move, uint64_t gpa)
{
	return guest_dirty_is_set(move->cpu, gpa);
}

unsigned int
guest_move_table(const struct guest_move *move,
		struct guest_mem_region table[GUEST_MEM_MAX_REGIONS])
{
	for (unsigned int i = 0; i < move->nb_parts; i++) {
		table[i] = move->parts[i].from;
		table[i].fd = move->parts[i].fd;
		table[i].fd_offset = 0;
	}
	return move->nb_parts;
}

int
guest_move_finish(struct guest_move *move)
{
	int ret = 0;

	for (unsigned int i = 0; i < move->nb_parts && ret == 0; i++) {
		struct guest_move_part *part = &move->parts[i];

		ret = guest_mem_replace(move->mem, part->from.gpa, part->fd);
		if (ret == 0)
			part->fd = -1;
	}
	return ret;
}

void
guest_move_end(struct guest_move *move)
{
	if (move == NULL)
		return;
	guest_mem_watch(move->mem, NULL);
	guest_move_free(move);
}
