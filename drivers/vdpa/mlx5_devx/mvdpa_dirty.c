/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a bitmap is mapped when the front-end names it, and registered while logging
 * is wanted: a direct key, which pins its pages, and an indirect one over it, because firmware
 * takes only keys that were made by a firmware command (as for guest memory). So a bitmap that was
 * replaced can be unmapped by vhost whenever it likes, and goes when no queue names its key.
 *
 * The card marks what it writes into buffers. Rings are ours: the used ring (split), or descriptor
 * ring and device area (packed), is marked at each stop, and what this process writes when it does.
 * Where a front-end reads a page before its last change, the mark behind the change counts, so the
 * order is always: write, then mark.
 *
 * Logging must not fail in silence: a page that was written and not marked is corrupt memory at the
 * destination. Firmware that does not take the log, a log that is too small for the guest's memory,
 * or one that comes later than the wish make a queue "unlogged". When it stops, or begins to log,
 * that becomes a debt, which is paid by marking all guest memory: the migration takes longer and is
 * right. Refusing the message instead would abort QEMU.
 */
#include "mvdpa_dirty.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "guard_log.h"

#define PLACE PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS
#define SWITCH PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE

struct mvdpa_dirty_map {
	struct mvdpa_dirty_map *next; /* of the old ones */
	int vid; /* whose mapping it is, -1: ours */
	uint8_t *bits;
	uint64_t size; /* bytes */
	struct devx_mr *mr;
	struct devx_obj *mkey; /* NULL: not registered */
};

void
mvdpa_dirty_init(struct mvdpa_dirty *dirty, const char *name, const struct base_log *log,
		struct devx_dev *devx, const struct mvdpa_mem_plan *memory)
{
	*dirty = (struct mvdpa_dirty){
		.name = name,
		.log = log,
		.devx = devx,
		.memory = memory,
	};
}

/* --- bitmaps --------------------------------------------------------------------------------- */

static int
map_register(struct mvdpa_dirty *dirty, struct mvdpa_dirty_map *map)
{
	const struct devx_mr_attr mr = {
		.addr = map->bits,
		.len = map->size,
		.iova = (uintptr_t)map->bits,
	};
	struct devx_klm klm = { .address = mr.iova, .byte_count = (uint32_t)map->size };
	const struct devx_mkey_attr mkey = {
		.start = mr.iova,
		.len = map->size,
		.nb_klms = 1,
		.klms = &klm,
	};
	int ret;

	if (map->mkey != NULL)
		return 0;
	if (map->size > DEVX_KLM_MAX_BYTES)
		return -E2BIG;
	ret = devx_mr_create(dirty->devx, &mr, &map->mr);
	if (ret != 0)
		return ret;
	klm.key = devx_mr_key(map->mr);
	ret = devx_mkey_create(dirty->devx, &mkey, &map->mkey);
	if (ret != 0) {
		devx_mr_destroy(map->mr);
		map->mr = NULL;
	}
	return ret;
}

static void
map_unregister(struct mvdpa_dirty_map *map)
{
	devx_obj_destroy(map->mkey);
	devx_mr_destroy(map->mr);
	map->mkey = NULL;
	map->mr = NULL;
}

static void
map_destroy(struct mvdpa_dirty_map *map)
{
	map_unregister(map);
	if (map->vid < 0)
		munmap(map->bits, map->size);
	free(map);
}

/* Without a key the queues cannot log: that makes a debt, which is marked by this process. */
static void
dirty_register(struct mvdpa_dirty *dirty)
{
	int ret;

	if (!dirty->wanted || dirty->map == NULL)
		return;
	ret = map_register(dirty, dirty->map);
	if (ret != 0)
		base_err(dirty->log,
				"%s: the dirty log (%" PRIu64 " bytes) cannot be registered: %s; "
				"all memory will be marked instead",
				dirty->name, dirty->map->size, strerror(-ret));
}

static int
dirty_replace(struct mvdpa_dirty *dirty, int vid, void *bits, uint64_t size)
{
	struct mvdpa_dirty_map *map = calloc(1, sizeof(*map));

	if (map == NULL)
		return -ENOMEM;
	map->vid = vid;
	map->bits = bits;
	map->size = size;
	if (dirty->map != NULL) {
		dirty->map->next = dirty->old;
		dirty->old = dirty->map;
	}
	dirty->map = map;
	dirty_register(dirty);
	base_info(dirty->log, "%s: dirty log of %" PRIu64 " bytes", dirty->name, size);
	return 0;
}

int
mvdpa_dirty_take(struct mvdpa_dirty *dirty, const struct guard_log *log)
{
	void *bits;
	int ret;

	bits = mmap(NULL, log->size, PROT_READ | PROT_WRITE, MAP_SHARED, log->fd,
			(off_t)log->offset);
	if (bits == MAP_FAILED) {
		ret = -errno;
		base_err(dirty->log, "%s: the dirty log (%" PRIu64 " bytes) cannot be mapped: %s",
				dirty->name, log->size, strerror(-ret));
		return ret;
	}
	ret = dirty_replace(dirty, -1, bits, log->size);
	if (ret != 0)
		munmap(bits, log->size);
	return ret;
}

int
mvdpa_dirty_adopt(struct mvdpa_dirty *dirty, int vid, void *bits, uint64_t size)
{
	return dirty_replace(dirty, vid, bits, size);
}

bool
mvdpa_dirty_is_stale(const struct mvdpa_dirty *dirty, const void *bits, uint64_t size)
{
	const struct mvdpa_dirty_map *map = dirty->map;

	if (bits == NULL || size == 0)
		return false;
	return map == NULL || map->size != size || (map->vid >= 0 && map->bits != bits);
}

void
mvdpa_dirty_want(struct mvdpa_dirty *dirty, bool wanted)
{
	if (wanted && !dirty->wanted)
		atomic_store(&dirty->refused, false);
	if (!wanted)
		atomic_store(&dirty->debt, false); /* nobody asks any more */
	dirty->wanted = wanted;
	dirty_register(dirty);
}

/* --- queues ---------------------------------------------------------------------------------- */

/* What a card does with a page that has no bit, nobody tells: it does not get that far. */
static bool
dirty_covers_memory(const struct mvdpa_dirty *dirty)
{
	uint64_t pages = dirty->map->size * 8;
	uint32_t i;

	for (i = 0; i < dirty->memory->nb_regions; i++) {
		const struct mvdpa_mem_region *r = &dirty->memory->regions[i];

		if ((r->gpa + r->size - 1) / MVDPA_DIRTY_PAGE >= pages)
			return false;
	}
	return true;
}

void
mvdpa_dirty_wanted(const struct mvdpa_dirty *dirty, struct devx_virtq_log *want)
{
	*want = (struct devx_virtq_log){ 0 };
	if (!dirty->wanted || dirty->map == NULL || dirty->map->mkey == NULL ||
			atomic_load(&dirty->refused) || !dirty_covers_memory(dirty))
		return;
	*want = (struct devx_virtq_log){
		.mkey = devx_mkey_key(dirty->map->mkey),
		.addr = (uintptr_t)dirty->map->bits,
		.size = (uint32_t)dirty->map->size,
		.enabled = true,
	};
}

static bool
log_same_place(const struct devx_virtq_log *a, const struct devx_virtq_log *b)
{
	return a->mkey == b->mkey && a->addr == b->addr && a->size == b->size;
}

uint64_t
mvdpa_dirty_select(const struct mvdpa_dirty *dirty, const struct devx_virtq_log *hw,
		const struct devx_virtq_log *want)
{
	uint64_t select = 0;

	if (!log_same_place(hw, want) && (want->enabled || !atomic_load(&dirty->no_clear)))
		select |= PLACE;
	if (hw->enabled != want->enabled)
		select |= SWITCH;
	return select;
}

void
mvdpa_dirty_done(struct mvdpa_dirty *dirty, struct mvdpa_dirty_queue *queue,
		const struct devx_virtq_log *want)
{
	uint64_t select = mvdpa_dirty_select(dirty, &queue->hw, want);

	if ((select & PLACE) != 0) {
		queue->hw.mkey = want->mkey;
		queue->hw.addr = want->addr;
		queue->hw.size = want->size;
	}
	queue->hw.enabled = want->enabled;
	if (want->enabled && queue->unlogged)
		atomic_store(&dirty->debt, true);
	queue->unlogged = dirty->wanted && !want->enabled;
}

static int
dirty_modify(struct devx_obj *virtq, uint16_t index, const struct devx_virtq_log *want,
		uint64_t select)
{
	const struct devx_virtq_attr attr = { .index = index, .log = *want };

	return select == 0 ? 0 : devx_virtq_modify(virtq, &attr, select);
}

/* The bitmap before the switch when it is turned on, behind it when it is turned off. */
static int
dirty_modify_apart(struct devx_obj *virtq, uint16_t index, const struct devx_virtq_log *want,
		uint64_t select)
{
	uint64_t first = want->enabled ? PLACE : SWITCH;
	int ret = dirty_modify(virtq, index, want, select & first);

	return ret != 0 ? ret : dirty_modify(virtq, index, want, select & ~first);
}

static int
dirty_try(struct mvdpa_dirty *dirty, struct devx_obj *virtq, uint16_t index,
		const struct devx_virtq_log *want, uint64_t select)
{
	bool both = (select & PLACE) != 0 && (select & SWITCH) != 0;
	int ret;

	if (!both || !atomic_load(&dirty->two_steps)) {
		ret = dirty_modify(virtq, index, want, select);
		if (ret == 0 || !both)
			return ret;
	}
	ret = dirty_modify_apart(virtq, index, want, select);
	if (ret == 0 && !atomic_exchange(&dirty->two_steps, true))
		base_info(dirty->log, "%s: firmware takes dirty bitmap and switch one by one",
				dirty->name);
	return ret;
}

/* Turning it off is what counts; the bitmap's key then stays until the queue goes. */
static int
dirty_turn_off(struct mvdpa_dirty *dirty, struct mvdpa_dirty_queue *queue, struct devx_obj *virtq,
		uint16_t index)
{
	const struct devx_virtq_log off = { 0 };
	int ret;

	ret = dirty_modify(virtq, index, &off, queue->hw.enabled ? SWITCH : 0);
	if (ret != 0)
		return ret;
	queue->hw.enabled = false;
	if (!atomic_exchange(&dirty->no_clear, true))
		base_info(dirty->log, "%s: firmware does not forget a dirty bitmap", dirty->name);
	return 0;
}

int
mvdpa_dirty_offer(struct mvdpa_dirty *dirty, struct mvdpa_dirty_queue *queue,
		struct devx_obj *virtq, uint16_t index)
{
	struct devx_virtq_log want;
	uint64_t select;
	int ret;

	mvdpa_dirty_wanted(dirty, &want);
	select = mvdpa_dirty_select(dirty, &queue->hw, &want);
	ret = dirty_try(dirty, virtq, index, &want, select);
	if (ret == 0)
		mvdpa_dirty_done(dirty, queue, &want);
	else
		queue->unlogged = dirty->wanted;
	return ret;
}

int
mvdpa_dirty_apply(struct mvdpa_dirty *dirty, struct mvdpa_dirty_queue *queue,
		struct devx_obj *virtq, uint16_t index)
{
	struct devx_virtq_log want;
	int ret;

	ret = mvdpa_dirty_offer(dirty, queue, virtq, index);
	if (ret == 0)
		return 0;
	mvdpa_dirty_wanted(dirty, &want);
	if (!want.enabled)
		ret = dirty_turn_off(dirty, queue, virtq, index);
	else if (!atomic_exchange(&dirty->refused, true))
		base_err(dirty->log,
				"%s queue %u: firmware does not log dirty pages: all memory "
				"will be marked when queues stop",
				dirty->name, index);
	return ret;
}

void
mvdpa_dirty_gone(struct mvdpa_dirty_queue *queue)
{
	*queue = (struct mvdpa_dirty_queue){ 0 };
}

/* --- marks ----------------------------------------------------------------------------------- */

void
mvdpa_dirty_set_bits(uint8_t *bits, uint64_t size, uint64_t gpa, uint64_t len)
{
	uint64_t page, last, end = size * 8;

	if (len == 0)
		return;
	last = (gpa + len - 1) / MVDPA_DIRTY_PAGE;
	if (last >= end)
		last = end - 1;
	for (page = gpa / MVDPA_DIRTY_PAGE; page <= last; page++) {
		if (page % 8 == 0 && last - page >= 7) {
			__atomic_store_n(&bits[page / 8], 0xff, __ATOMIC_RELEASE);
			page += 7;
		} else {
			__atomic_fetch_or(&bits[page / 8], (uint8_t)(1u << page % 8),
					__ATOMIC_RELEASE);
		}
	}
}

void
mvdpa_dirty_mark(const struct mvdpa_dirty *dirty, uint64_t gpa, uint64_t len)
{
	if (!dirty->wanted || dirty->map == NULL)
		return;
	if (dirty->map->vid < 0)
		mvdpa_dirty_set_bits(dirty->map->bits, dirty->map->size, gpa, len);
	else
		rte_vhost_log_write(dirty->map->vid, gpa, len);
}

void
mvdpa_dirty_mark_notify(const struct mvdpa_dirty *dirty, const struct mvdpa_ring *ring)
{
	mvdpa_dirty_mark(dirty, ring->used, sizeof(uint32_t));
}

void
mvdpa_dirty_stopped(struct mvdpa_dirty *dirty, struct mvdpa_dirty_queue *queue,
		const struct mvdpa_ring *ring)
{
	/* virtio 1.2, 2.8: the device writes into the descriptor ring; 2.7.8: into the used ring. */
	if (ring->type == PRM_VIRTQ_PACKED)
		mvdpa_dirty_mark(dirty, ring->desc, 16u * (uint64_t)ring->size);
	mvdpa_dirty_mark(dirty, ring->used,
			ring->type == PRM_VIRTQ_PACKED ? 4 : 4 + 8u * (uint64_t)ring->size);
	if (queue->unlogged)
		atomic_store(&dirty->debt, true);
	queue->unlogged = false;
}

void
mvdpa_dirty_settle(struct mvdpa_dirty *dirty)
{
	uint32_t i;

	if (!dirty->wanted || dirty->map == NULL || !atomic_exchange(&dirty->debt, false))
		return;
	for (i = 0; i < dirty->memory->nb_regions; i++)
		mvdpa_dirty_mark(dirty, dirty->memory->regions[i].gpa,
				dirty->memory->regions[i].size);
	atomic_fetch_add(&dirty->debts, 1);
	base_warn(dirty->log, "%s: pages were written that the card did not log: all are marked",
			dirty->name);
}

/* --- giving back ----------------------------------------------------------------------------- */

void
mvdpa_dirty_trim(struct mvdpa_dirty *dirty, bool (*named)(void *arg, uint32_t mkey), void *arg)
{
	struct mvdpa_dirty_map **link = &dirty->old, *map = dirty->map;

	if (map != NULL && map->mkey != NULL && !dirty->wanted &&
			!named(arg, devx_mkey_key(map->mkey)))
		map_unregister(map);
	while (*link != NULL) {
		map = *link;
		if (map->mkey != NULL && named(arg, devx_mkey_key(map->mkey))) {
			link = &map->next;
			continue;
		}
		*link = map->next;
		map_destroy(map);
	}
}

static bool
dirty_names_none(void *arg, uint32_t mkey)
{
	return false;
}

void
mvdpa_dirty_release(struct mvdpa_dirty *dirty)
{
	dirty->wanted = false;
	mvdpa_dirty_trim(dirty, dirty_names_none, NULL);
	if (dirty->map != NULL)
		map_destroy(dirty->map);
	dirty->map = NULL;
	atomic_store(&dirty->debt, false);
	atomic_store(&dirty->refused, false);
}
