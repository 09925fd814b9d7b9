/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: vhost hands over addresses of this process; the card needs the guest's.
 * Each of the three parts of a ring must lie whole in one region of the memory table. Their sizes
 * are those of virtio 1.2, 2.7 without the event index fields, since EVENT_IDX is never offered.
 * So are their alignments: vhost does not check them, and an atomic access to an index that lies
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

static int
ring_part(const struct mvdpa_mem_plan *mem, const void *va, uint64_t len, uint64_t *gpa)
{
	if (va == NULL)
		return -ENOENT;
	return mvdpa_mem_plan_gpa(mem, (uint64_t)(uintptr_t)va, len, gpa);
}

int
mvdpa_ring_make(const struct rte_vhost_vring *vring, const struct mvdpa_mem_plan *mem,
		const struct base_log *log, const char *who, struct mvdpa_ring *ring)
{
	const struct {
		const char *name;
		const void *va;
		unsigned int align;
		uint64_t len;
		uint64_t *gpa;
	} parts[] = {
		{ "descriptor table", vring->desc, 16, 16ull * vring->size, &ring->desc },
		{ "available ring", vring->avail, 2, 4 + 2ull * vring->size, &ring->avail },
		{ "used ring", vring->used, 4, 4 + 8ull * vring->size, &ring->used },
	};
	size_t i;

	if (!base_is_pow2(vring->size) || vring->size > 32768) {
		base_err(log, "%s: ring size %u is not a power of two from 1 to 32768", who,
				vring->size);
		return -EINVAL;
	}
	for (i = 0; i < BASE_ARRAY_SIZE(parts); i++) {
		if ((uintptr_t)parts[i].va % parts[i].align != 0) {
			base_err(log, "%s: the %s (at %p) is not aligned to %u bytes", who,
					parts[i].name, parts[i].va, parts[i].align);
			return -EINVAL;
		}
		if (ring_part(mem, parts[i].va, parts[i].len, parts[i].gpa) == 0)
			continue;
		base_err(log,
				"%s: the %s (%" PRIu64
				" bytes at %p) does not lie in one region of guest "
				"memory",
				who, parts[i].name, parts[i].len, parts[i].va);
		return -EINVAL;
	}
	ring->size = vring->size;
	ring->used_va = vring->used;
	return 0;
}

bool
mvdpa_ring_same(const struct mvdpa_ring *a, const struct mvdpa_ring *b)
{
	return a->size == b->size && a->desc == b->desc && a->avail == b->avail &&
			a->used == b->used;
}

uint16_t
mvdpa_ring_used_idx(const struct mvdpa_ring *ring)
{
	return le16toh(__atomic_load_n(&ring->used_va->idx, __ATOMIC_ACQUIRE));
}

void
mvdpa_ring_want_kicks(const struct mvdpa_ring *ring)
{
	__atomic_store_n(&ring->used_va->flags, 0, __ATOMIC_RELEASE);
}

void
mvdpa_virtq_attr_make(const struct mvdpa_virtq_parts *parts, struct devx_virtq_attr *attr)
{
	const struct mvdpa_ring *ring = parts->ring;

	*attr = (struct devx_virtq_attr){
		.index = parts->index,
		.size = ring->size,
		.type = PRM_VIRTQ_SPLIT,
		.state = PRM_VIRTQ_INIT,
		.event_mode = PRM_VIRTQ_EVENT_QP,
		.event_qpn = parts->event_qpn,
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
