/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: vhost hands over addresses of this process; the card needs the guest's.
 * Each of the three parts of a ring must lie whole in one region of the memory table. Their sizes
 * are those of virtio 1.2, 2.7 without the event index fields, since EVENT_IDX is never offered, or of
 * 2.8. So are their alignments: vhost does not check them, and an atomic access to an index that lies
 * across a boundary is a bus error on some CPUs.
 */
#include "mvdpa_virtq_attr.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "base_math.h"
#include "mvdpa_features.h"

/* A part of a ring: @p fixed + @p entry * size bytes. */
struct ring_part {
	const char *name;
	unsigned int align;
	uint64_t fixed, entry;
};

static const struct ring_part ring_parts[][3] = {
	[PRM_VIRTQ_SPLIT] = {
		{ "descriptor table", 16, 0, 16 },
		{ "available ring", 2, 4, 2 },
		{ "used ring", 4, 4, 8 },
	},
	[PRM_VIRTQ_PACKED] = {
		{ "descriptor ring", 16, 0, 16 },
		{ "driver event suppression area", 4, 4, 0 },
		{ "device event suppression area", 4, 4, 0 },
	},
};

static int
ring_part_make(const struct mvdpa_ring_place *place, const struct ring_part *part, const void *va,
		uint64_t *gpa)
{
	uint64_t len = part->fixed + part->entry * place->vring->size;

	if ((uintptr_t)va % part->align != 0) {
		base_err(place->log, "%s: the %s (at %p) is not aligned to %u bytes", place->who,
				part->name, va, part->align);
		return -EINVAL;
	}
	if (va != NULL && mvdpa_mem_plan_gpa(place->mem, (uint64_t)(uintptr_t)va, len, gpa) == 0)
		return 0;
	base_err(place->log,
			"%s: the %s (%" PRIu64 " bytes at %p) does not lie in one region of guest "
			"memory",
			place->who, part->name, len, va);
	return -EINVAL;
}

int
mvdpa_ring_make(const struct mvdpa_ring_place *place, struct mvdpa_ring *ring)
{
	const struct rte_vhost_vring *vring = place->vring;
	const struct {
		const void *va;
		uint64_t *gpa;
	} parts[] = {
		{ vring->desc, &ring->desc },
		{ vring->avail, &ring->avail },
		{ vring->used, &ring->used },
	};
	size_t i;

	if (!base_is_pow2(vring->size) || vring->size > 32768) {
		base_err(place->log, "%s: ring size %u is not a power of two from 1 to 32768",
				place->who, vring->size);
		return -EINVAL;
	}
	for (i = 0; i < BASE_ARRAY_SIZE(parts); i++) {
		if (ring_part_make(place, &ring_parts[place->type][i], parts[i].va, parts[i].gpa) !=
				0)
			return -EINVAL;
	}
	ring->type = place->type;
	ring->size = vring->size;
	ring->used_va = vring->used;
	ring->polled = place->may_be_polled && vring->callfd == -1;
	return 0;
}

bool
mvdpa_ring_same_place(const struct mvdpa_ring *a, const struct mvdpa_ring *b)
{
	return a->type == b->type && a->size == b->size && a->desc == b->desc &&
			a->avail == b->avail && a->used == b->used;
}

bool
mvdpa_ring_same(const struct mvdpa_ring *a, const struct mvdpa_ring *b)
{
	return mvdpa_ring_same_place(a, b) && a->polled == b->polled;
}

uint16_t
mvdpa_ring_used_idx(const struct mvdpa_ring *ring, uint16_t otherwise)
{
	const struct vring_used *used = ring->used_va;

	if (ring->type == PRM_VIRTQ_PACKED)
		return otherwise;
	return le16toh(__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE));
}

void
mvdpa_ring_want_kicks(const struct mvdpa_ring *ring)
{
	struct vring_used *used = ring->used_va;
	struct vring_packed_desc_event *event = ring->used_va;

	if (ring->type == PRM_VIRTQ_PACKED)
		__atomic_store_n(&event->flags, htole16(VRING_PACKED_EVENT_FLAG_ENABLE),
				__ATOMIC_RELEASE);
	else
		__atomic_store_n(&used->flags, 0, __ATOMIC_RELEASE);
}

void
mvdpa_virtq_attr_make(const struct mvdpa_virtq_parts *parts, struct devx_virtq_attr *attr)
{
	const struct mvdpa_ring *ring = parts->ring;

	*attr = (struct devx_virtq_attr){
		.index = parts->index,
		.size = ring->size,
		.type = ring->type,
		.state = PRM_VIRTQ_INIT,
		.event_mode = parts->event_qpn != 0 ? PRM_VIRTQ_EVENT_QP : PRM_VIRTQ_EVENT_NO_MSIX,
		.event_qpn = parts->event_qpn,
		.period_mode = parts->period.mode,
		.period_us = parts->period.us,
		.max_count = parts->period.max_count,
		.desc = ring->desc,
		.avail = ring->avail,
		.used = ring->used,
		.mkey = parts->mkey,
		.pd = parts->pd,
		.tisn = parts->tisn,
		.counters = parts->counters,
		.features = mvdpa_features_to_queue(parts->features),
		.version_1_0 = parts->features >> VIRTIO_F_VERSION_1 & 1,
		.hw_available = parts->start.avail,
		.hw_used = parts->start.used,
		.umem = { parts->umem[0], parts->umem[1], parts->umem[2] },
	};
}
