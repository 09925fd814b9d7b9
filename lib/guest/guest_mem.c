/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each region is a mapping of a memfd; the RAM regions are windows of one file
 * (each with its own duplicate of the descriptor), a hot-plugged region has a file for itself, as
 * in QEMU. The file is what a back-end gets, so that it and we see the same bytes.
 *
 * A region keeps its allocations as a list sorted by offset; the allocator takes the first gap that
 * fits. There are few allocations (rings, and pools that cut themselves into buffers), so this is
 * quick enough and leaves nothing to go stale.
 *
 * Everything is covered by one mutex. Addresses that were handed out are used without it: their
 * region cannot go away while they are allocated.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base_math.h"
#include "base_mutex.h"
#include "guest_mem.h"

/* One allocation: [off, off + size) of its region. */
struct guest_mem_piece {
	TAILQ_ENTRY(guest_mem_piece) link;
	uint64_t off, size;
};

TAILQ_HEAD(guest_mem_pieces, guest_mem_piece);

/* A region and what is allocated in it. */
struct guest_mem_part {
	struct guest_mem_region reg;
	struct guest_mem_pieces pieces;
	uint64_t taken; /* bytes in pieces */
};

struct guest_mem {
	const struct base_log *log;
	struct guest_dirty *watch; /* atomic; NULL: nobody wants to know what is written */
	struct base_mutex lock;
	struct guest_mem_part *parts[GUEST_MEM_MAX_REGIONS]; /* (lock) */
	unsigned int nb_parts; /* (lock) */
};

int
guest_mem_create(const struct base_log *log, struct guest_mem **mem)
{
	struct guest_mem *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return -ENOMEM;
	m->log = log;
	base_mutex_init(&m->lock);
	*mem = m;
	return 0;
}

static void
guest_mem_part_destroy(struct guest_mem_part *part)
{
	struct guest_mem_piece *piece;

	while ((piece = TAILQ_FIRST(&part->pieces)) != NULL) {
		TAILQ_REMOVE(&part->pieces, piece, link);
		free(piece);
	}
	munmap(part->reg.hva, part->reg.size);
	close(part->reg.fd);
	free(part);
}

void
guest_mem_destroy(struct guest_mem *mem)
{
	if (mem == NULL)
		return;
	base_mutex_lock(&mem->lock);
	for (unsigned int i = 0; i < mem->nb_parts; i++)
		guest_mem_part_destroy(mem->parts[i]);
	base_mutex_unlock(&mem->lock);
	base_mutex_destroy(&mem->lock);
	free(mem);
}

static int
guest_mem_file(const struct guest_mem *mem, uint64_t size, int *fd)
{
	int ret;

	*fd = memfd_create("guest-ram", MFD_CLOEXEC);
	if (*fd < 0)
		return -errno;
	if (size <= INT64_MAX && ftruncate(*fd, (off_t)size) == 0)
		return 0;
	ret = size <= INT64_MAX ? -errno : -EINVAL;
	base_err(mem->log, "guest memory: no file of %" PRIu64 " bytes: %s", size, strerror(-ret));
	close(*fd);
	return ret;
}

/* May [gpa, gpa + size) become a region? */
static int
guest_mem_check_locked(struct guest_mem *mem, uint64_t gpa, uint64_t size) BASE_REQUIRES(mem->lock)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), end;

	if (size == 0 || gpa % page != 0 || size % page != 0 || !base_add_ok(gpa, size, &end))
		return -EINVAL;
	if (mem->nb_parts == GUEST_MEM_MAX_REGIONS)
		return -ENOSPC;
	for (unsigned int i = 0; i < mem->nb_parts; i++) {
		const struct guest_mem_region *reg = &mem->parts[i]->reg;

		if (base_range_overlap(gpa, size, reg->gpa, reg->size))
			return -EEXIST;
	}
	return 0;
}

/* Maps a window of file @fd as a region; the region gets its own duplicate of @fd. */
static int
guest_mem_map_locked(struct guest_mem *mem, const struct guest_mem_region *want)
		BASE_REQUIRES(mem->lock)
{
	struct guest_mem_part *part;
	int ret = guest_mem_check_locked(mem, want->gpa, want->size);

	if (ret != 0)
		goto fail;
	ret = -ENOMEM;
	part = calloc(1, sizeof(*part));
	if (part == NULL)
		goto fail;
	part->reg = *want;
	part->reg.fd = dup(want->fd);
	if (part->reg.fd < 0) {
		ret = -errno;
		goto free_part;
	}
	part->reg.hva = mmap(NULL, want->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
			part->reg.fd, (off_t)want->fd_offset);
	if (part->reg.hva == MAP_FAILED) {
		ret = -errno;
		goto close_fd;
	}
	TAILQ_INIT(&part->pieces);
	mem->parts[mem->nb_parts++] = part;
	return 0;

close_fd:
	close(part->reg.fd);
free_part:
	free(part);
fail:
	base_err(mem->log, "guest memory: region 0x%" PRIx64 " + 0x%" PRIx64 ": %s", want->gpa,
			want->size, strerror(-ret));
	return ret;
}

int
guest_mem_add(struct guest_mem *mem, uint64_t gpa, uint64_t size)
{
	struct guest_mem_region want = { .gpa = gpa, .size = size };
	int ret = guest_mem_file(mem, size, &want.fd);

	if (ret != 0)
		return ret;
	base_mutex_lock(&mem->lock);
	ret = guest_mem_map_locked(mem, &want);
	base_mutex_unlock(&mem->lock);
	close(want.fd);
	return ret;
}

/* Maps the windows of the RAM file; takes all back when one fails. */
static int
guest_mem_windows_locked(struct guest_mem *mem, int fd, uint64_t size) BASE_REQUIRES(mem->lock)
{
	uint64_t low = size < GUEST_MEM_PCI_HOLE ? size : GUEST_MEM_PCI_HOLE;
	const struct guest_mem_region windows[] = {
		{ .gpa = 0, .size = GUEST_MEM_VGA_START, .fd_offset = 0, .fd = fd },
		{ .gpa = GUEST_MEM_VGA_END,
				.size = low - GUEST_MEM_VGA_END,
				.fd_offset = GUEST_MEM_VGA_END,
				.fd = fd },
		{ .gpa = GUEST_MEM_HIGH, .size = size - low, .fd_offset = low, .fd = fd },
	};
	unsigned int first = mem->nb_parts;

	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(windows); i++) {
		int ret = windows[i].size != 0 ? guest_mem_map_locked(mem, &windows[i]) : 0;

		if (ret != 0) {
			while (mem->nb_parts > first)
				guest_mem_part_destroy(mem->parts[--mem->nb_parts]);
			return ret;
		}
	}
	return 0;
}

int
guest_mem_add_ram(struct guest_mem *mem, uint64_t size)
{
	int fd, ret;

	if (size < 0x100000)
		return -EINVAL;
	ret = guest_mem_file(mem, size, &fd);
	if (ret != 0)
		return ret;
	base_mutex_lock(&mem->lock);
	ret = guest_mem_windows_locked(mem, fd, size);
	base_mutex_unlock(&mem->lock);
	close(fd);
	return ret;
}

uint64_t
guest_mem_hotplug_gpa(struct guest_mem *mem)
{
	uint64_t gpa = GUEST_MEM_HIGH;

	base_mutex_lock(&mem->lock);
	for (unsigned int i = 0; i < mem->nb_parts; i++) {
		const struct guest_mem_region *reg = &mem->parts[i]->reg;

		if (reg->gpa + reg->size > gpa)
			gpa = reg->gpa + reg->size;
	}
	base_mutex_unlock(&mem->lock);
	return base_align_up(gpa, GUEST_MEM_DIMM_ALIGN);
}

int
guest_mem_remove(struct guest_mem *mem, uint64_t gpa)
{
	int ret = -ENOENT;

	base_mutex_lock(&mem->lock);
	for (unsigned int i = 0; i < mem->nb_parts && ret == -ENOENT; i++) {
		struct guest_mem_part *part = mem->parts[i];

		if (part->reg.gpa != gpa)
			continue;
		ret = -EBUSY;
		if (!TAILQ_EMPTY(&part->pieces))
			break;
		ret = 0;
		guest_mem_part_destroy(part);
		mem->nb_parts--;
		memmove(&mem->parts[i], &mem->parts[i + 1],
				(mem->nb_parts - i) * sizeof(mem->parts[0]));
	}
	base_mutex_unlock(&mem->lock);
	return ret;
}

/* The first gap of the region that holds @want; puts @piece there. */
static int
guest_mem_place(struct guest_mem_part *part, const struct guest_mem_want *want,
		struct guest_mem_piece *piece)
{
	struct guest_mem_piece *next;
	uint64_t start = part->reg.gpa, end;

	TAILQ_FOREACH(next, &part->pieces, link) {
		start = base_align_up(start, want->align);
		if (start <= part->reg.gpa + next->off &&
				want->size <= part->reg.gpa + next->off - start)
			break;
		start = part->reg.gpa + next->off + next->size;
	}
	start = base_align_up(start, want->align);
	end = next != NULL ? part->reg.gpa + next->off : part->reg.gpa + part->reg.size;
	if (start > end || want->size > end - start)
		return -ENOMEM;
	piece->off = start - part->reg.gpa;
	piece->size = want->size;
	if (next != NULL)
		TAILQ_INSERT_BEFORE(next, piece, link);
	else
		TAILQ_INSERT_TAIL(&part->pieces, piece, link);
	part->taken += want->size;
	return 0;
}

/* The region that @want asks for; NULL when there is none. */
static struct guest_mem_part *
guest_mem_choose_locked(struct guest_mem *mem, const struct guest_mem_want *want)
		BASE_REQUIRES(mem->lock)
{
	struct guest_mem_part *best = NULL;

	for (unsigned int i = 0; i < mem->nb_parts; i++) {
		struct guest_mem_part *part = mem->parts[i];

		if (want->region == part->reg.gpa)
			return part;
		if (want->region == GUEST_MEM_ANY &&
				(best == NULL ||
						part->reg.size - part->taken >
								best->reg.size - best->taken))
			best = part;
	}
	return best;
}

int
guest_mem_alloc(struct guest_mem *mem, const struct guest_mem_want *want, uint64_t *gpa)
{
	struct guest_mem_piece *piece;
	struct guest_mem_part *part;
	int ret = -ENOENT;

	if (want->size == 0 || !base_is_pow2(want->align))
		return -EINVAL;
	piece = calloc(1, sizeof(*piece));
	if (piece == NULL)
		return -ENOMEM;
	base_mutex_lock(&mem->lock);
	part = guest_mem_choose_locked(mem, want);
	if (part != NULL)
		ret = guest_mem_place(part, want, piece);
	if (ret == 0) {
		*gpa = part->reg.gpa + piece->off;
		memset(part->reg.hva + piece->off, 0, piece->size);
		guest_mem_wrote(mem, *gpa, piece->size);
	}
	base_mutex_unlock(&mem->lock);
	if (ret != 0)
		free(piece);
	return ret;
}

void
guest_mem_free(struct guest_mem *mem, uint64_t gpa)
{
	struct guest_mem_piece *found = NULL;

	base_mutex_lock(&mem->lock);
	for (unsigned int i = 0; i < mem->nb_parts && found == NULL; i++) {
		struct guest_mem_part *part = mem->parts[i];

		TAILQ_FOREACH(found, &part->pieces, link)
			if (part->reg.gpa + found->off == gpa)
				break;
		if (found != NULL) {
			TAILQ_REMOVE(&part->pieces, found, link);
			part->taken -= found->size;
		}
	}
	base_mutex_unlock(&mem->lock);
	assert(found != NULL);
	free(found);
}

void *
guest_mem_hva(struct guest_mem *mem, uint64_t gpa, uint64_t len)
{
	void *hva = NULL;

	base_mutex_lock(&mem->lock);
	for (unsigned int i = 0; i < mem->nb_parts && hva == NULL; i++) {
		const struct guest_mem_region *reg = &mem->parts[i]->reg;

		if (gpa - reg->gpa < reg->size && base_range_inside(gpa, len, reg->gpa, reg->size))
			hva = reg->hva + (gpa - reg->gpa);
	}
	base_mutex_unlock(&mem->lock);
	return hva;
}

unsigned int
guest_mem_table(struct guest_mem *mem, struct guest_mem_region table[GUEST_MEM_MAX_REGIONS])
{
	unsigned int nb;

	base_mutex_lock(&mem->lock);
	nb = mem->nb_parts;
	for (unsigned int i = 0; i < nb; i++)
		table[i] = mem->parts[i]->reg;
	base_mutex_unlock(&mem->lock);
	return nb;
}

void
guest_mem_watch(struct guest_mem *mem, struct guest_dirty *dirty)
{
	__atomic_store_n(&mem->watch, dirty, __ATOMIC_SEQ_CST);
}

void
guest_mem_wrote(struct guest_mem *mem, uint64_t gpa, uint64_t len)
{
	struct guest_dirty *watch = __atomic_load_n(&mem->watch, __ATOMIC_ACQUIRE);

	if (watch != NULL)
		guest_dirty_mark(watch, gpa, len);
}

static int
guest_mem_replace_part(struct guest_mem_part *part, int fd)
{
	if (mmap(part->reg.hva, part->reg.size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd, 0) == MAP_FAILED)
		return -errno;
	close(part->reg.fd);
	part->reg.fd = fd;
	part->reg.fd_offset = 0;
	return 0;
}

int
guest_mem_replace(struct guest_mem *mem, uint64_t gpa, int fd)
{
	int ret = -ENOENT;

	base_mutex_lock(&mem->lock);
	for (unsigned int i = 0; i < mem->nb_parts; i++) {
		if (mem->parts[i]->reg.gpa == gpa)
			ret = guest_mem_replace_part(mem->parts[i], fd);
	}
	base_mutex_unlock(&mem->lock);
	return ret;
}
