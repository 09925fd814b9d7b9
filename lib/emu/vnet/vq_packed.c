/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one ring of descriptors that both sides write. A descriptor belongs to the
 * device when its AVAIL flag equals the wrap counter of the available position and its USED flag
 * does not (virtio 1.2, 2.8.1). The flags of a chain's first descriptor are the last thing that
 * the driver writes, so they are read with acquire; all others of the chain are there then, and
 * must be the device's as well: one that is not says that the chain is longer than what the driver
 * made available, or that its wrap counter is wrong.
 *
 * A used descriptor takes the place of the first of its chain, and the position moves on by the
 * chain's length (2.8.4). Of all used descriptors since the last publication the flags of the first
 * are written last, with release: as the driver looks at them in order, it sees all or none. So a
 * frame in several buffers comes at once, as do bursts.
 *
 * Used entries are written in the order of the available ones; a used position never overtakes the
 * available one, so no descriptor is overwritten that has not been read.
 *
 * Flags other than NEXT, WRITE, AVAIL and USED were not negotiated. The id of the last descriptor
 * of a chain is the buffer's (2.8.6); it means nothing to us.
 */
#include "vq_packed.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>

#define VQ_DESC_F_AVAIL 0x80u
#define VQ_DESC_F_USED 0x8000u
#define VQ_DESC_FLAGS 14u /* offset in the descriptor */
#define VQ_EVENT_SIZE 4u
#define VQ_EVENT_FLAGS 2u /* offset of the event suppression's flags */
#define VQ_EVENT_F_MASK 3u
#define VQ_EVENT_F_DISABLE 1u

int
vq_packed_layout(struct vq *vq, const struct vnet_queue_attr *attr)
{
	if (attr->desc_addr % 16 != 0 || attr->driver_addr % 4 != 0 || attr->device_addr % 4 != 0)
		return -EINVAL;
	if ((attr->avail_index & ~VQ_WRAP) >= attr->size ||
			(attr->used_index & ~VQ_WRAP) >= attr->size)
		return -EINVAL;
	vq->areas[VQ_DESC] = (struct vq_area){
		.addr = attr->desc_addr,
		.len = attr->size * VQ_DESC_SIZE,
		.read = true,
		.write = true,
	};
	vq->areas[VQ_DRIVER] = (struct vq_area){
		.addr = attr->driver_addr,
		.len = VQ_EVENT_SIZE,
		.read = true,
	};
	vq->areas[VQ_DEVICE] = (struct vq_area){
		.addr = attr->device_addr,
		.len = VQ_EVENT_SIZE,
		.write = true,
	};
	return 0;
}

/* The position @p nb descriptors further; @p nb is at most the ring's size. */
static inline uint16_t
vq_pos_add(const struct vq *vq, uint16_t pos, uint32_t nb)
{
	uint32_t slot = (pos & ~VQ_WRAP) + nb;
	uint16_t wrap = pos & VQ_WRAP;

	if (slot >= vq->size) {
		slot -= vq->size;
		wrap ^= VQ_WRAP;
	}
	return (uint16_t)(slot | wrap);
}

static inline uint32_t
vq_pos_off(uint16_t pos)
{
	return (pos & ~VQ_WRAP) * VQ_DESC_SIZE;
}

static inline bool
vq_desc_is_avail(uint16_t flags, uint16_t pos)
{
	bool wrap = (pos & VQ_WRAP) != 0;

	return ((flags & VQ_DESC_F_AVAIL) != 0) == wrap && ((flags & VQ_DESC_F_USED) != 0) != wrap;
}

static inline enum vnet_error
vq_desc_load(struct vq *vq, uint16_t pos, struct vq_desc *desc)
{
	uint32_t off = vq_pos_off(pos);
	const uint64_t *raw;
	uint64_t rest;

	raw = vq_ring_ptr(vq, VQ_DESC, off, VQ_DESC_SIZE, sizeof(*raw));
	if (raw == NULL)
		return vq_ring_fault(vq, VQ_DESC, off);
	/* The flags are in the second half. */
	rest = le64toh(__atomic_load_n(&raw[1], __ATOMIC_ACQUIRE));
	desc->addr = le64toh(__atomic_load_n(&raw[0], __ATOMIC_RELAXED));
	desc->len = (uint32_t)rest;
	desc->other = (uint16_t)(rest >> 32);
	desc->flags = (uint16_t)(rest >> 48);
	return VNET_ERR_NONE;
}

enum vnet_error
vq_packed_fetch(struct vq *vq, struct vq_chain *chain)
{
	struct vq_desc desc = { 0 };
	uint16_t pos = vq->avail;
	enum vnet_error error;

	vq_chain_clear(chain);
	do {
		if (chain->nb_desc == vq->size)
			return vq_fault(vq, VNET_ERR_CHAIN_TOO_LONG,
					"first descriptor of the chain", vq->avail & ~VQ_WRAP);
		error = vq_desc_load(vq, pos, &desc);
		if (error != VNET_ERR_NONE)
			return error;
		if (!vq_desc_is_avail(desc.flags, pos)) {
			if (chain->nb_desc == 0)
				return VNET_ERR_NONE;
			return vq_fault(vq, VNET_ERR_BAD_DESC,
					"flags of a chained descriptor that is not available",
					desc.flags);
		}
		desc.flags &= (uint16_t) ~(VQ_DESC_F_AVAIL | VQ_DESC_F_USED);
		if (chain->nb_desc == 0 && vq_chain_is_simple(&desc))
			vq_chain_set(chain, &desc);
		else
			error = vq_chain_append(vq, chain, &desc);
		if (error != VNET_ERR_NONE)
			return error;
		pos = vq_pos_add(vq, pos, 1);
	} while ((desc.flags & VQ_DESC_F_NEXT) != 0);
	chain->id = desc.other;
	vq_advance(vq, pos, chain->nb_desc);
	return VNET_ERR_NONE;
}

unsigned int
vq_packed_fetch_plain(struct vq *vq, enum vnet_access access, struct vq_plain *plain,
		unsigned int nb)
{
	const struct vnet_window win = vq->windows[access][0];
	struct vq_desc desc = { 0 };
	uint16_t pos = vq->avail;
	unsigned int i;

	if (vq->areas[VQ_DESC].whole == NULL)
		return 0;
	for (i = 0; i < nb; i++) {
		if (vq_desc_load(vq, pos, &desc) != VNET_ERR_NONE ||
				!vq_desc_is_avail(desc.flags, pos))
			break;
		desc.flags &= (uint16_t) ~(VQ_DESC_F_AVAIL | VQ_DESC_F_USED);
		if (!vq_plain_set(&plain[i], &desc, access, &win))
			break;
		pos = vq_pos_add(vq, pos, 1);
		plain[i].id = desc.other;
		plain[i].end = pos;
	}
	vq_advance(vq, pos, i);
	return i;
}

/* The descriptor @p ahead of the next one; @return whether it is the device's. */
static bool
vq_prefetch_desc(struct vq *vq, uint32_t ahead)
{
	const uint8_t *ring = vq->areas[VQ_DESC].whole;
	uint16_t pos = vq_pos_add(vq, vq->avail, ahead);
	const uint64_t *raw;
	uint64_t rest;

	if (ring == NULL)
		return false;
	raw = (const uint64_t *)(ring + vq_pos_off(pos));
	rest = le64toh(__atomic_load_n(&raw[1], __ATOMIC_ACQUIRE));
	if (!vq_desc_is_avail((uint16_t)(rest >> 48), pos))
		return false;
	vq_buf_prefetch(vq, le64toh(__atomic_load_n(&raw[0], __ATOMIC_RELAXED)),
			(rest >> 48 & VQ_DESC_F_WRITE) != 0 ? VNET_WRITE : VNET_READ);
	return true;
}

void
vq_packed_prefetch(struct vq *vq, uint32_t distance)
{
	if (distance > vq->size)
		distance = vq->size;
	while (vq->nb_prefetched < distance && vq_prefetch_desc(vq, vq->nb_prefetched))
		vq->nb_prefetched++;
}

enum vnet_error
vq_packed_reserve(struct vq *vq, uint32_t nb_desc)
{
	uint32_t i, off;

	if (vq->areas[VQ_DESC].whole != NULL)
		return VNET_ERR_NONE;
	for (i = 0; i < nb_desc; i++) {
		off = vq_pos_off(vq_pos_add(vq, vq->used, i));
		if (vq_ring_ptr(vq, VQ_DESC, off, VQ_DESC_SIZE, sizeof(uint64_t)) == NULL)
			return vq_ring_fault(vq, VQ_DESC, off);
	}
	return VNET_ERR_NONE;
}

static inline uint16_t *
vq_flags_ptr(struct vq *vq, uint16_t pos)
{
	uint16_t *flags = vq_ring_ptr(vq, VQ_DESC, vq_pos_off(pos) + VQ_DESC_FLAGS, sizeof(*flags),
			sizeof(*flags));

	assert(flags != NULL);
	return flags;
}

/* Writes one used descriptor; the flags of the first since the last publication are kept. */
static void
vq_used_write_one(struct vq *vq, uint16_t pos, struct vq_elem elem)
{
	uint16_t flags = (pos & VQ_WRAP) != 0 ? VQ_DESC_F_AVAIL | VQ_DESC_F_USED : 0;
	uint8_t *raw = vq_ring_ptr(vq, VQ_DESC, vq_pos_off(pos), VQ_DESC_SIZE, sizeof(uint64_t));

	assert(raw != NULL);
	if (elem.len != 0)
		flags |= VQ_DESC_F_WRITE;
	__atomic_store_n((uint32_t *)(raw + 8), htole32(elem.len), __ATOMIC_RELAXED);
	__atomic_store_n((uint16_t *)(raw + 12), htole16(elem.id), __ATOMIC_RELAXED);
	if (pos == vq->published)
		vq->first_flags = flags;
	else
		__atomic_store_n((uint16_t *)(raw + VQ_DESC_FLAGS), htole16(flags),
				__ATOMIC_RELAXED);
}

/* Writes what was pushed, from @c pushed_pos on. */
static void
vq_used_write(struct vq *vq)
{
	uint16_t pos = vq->pushed_pos;
	unsigned int i;

	for (i = 0; i < vq->nb_pushed; i++) {
		vq_used_write_one(vq, pos, vq->pushed[i]);
		pos = vq_pos_add(vq, pos, vq->pushed[i].nb_desc);
	}
	vq->nb_pushed = 0;
}

void
vq_packed_push(struct vq *vq, struct vq_elem elem)
{
	const uint8_t *whole = vq->areas[VQ_DESC].whole;

	if (whole != NULL)
		vq_prefetch_write(whole + vq_pos_off(vq->used));
	if (vq->nb_pushed == 0)
		vq->pushed_pos = vq->used;
	vq->pushed[vq->nb_pushed++] = elem;
	vq->used = vq_pos_add(vq, vq->used, elem.nb_desc);
	if (vq->nb_pushed == VQ_NB_PUSHED)
		vq_used_write(vq);
}

void
vq_packed_stale(struct vq *vq, struct vq_elem *elem)
{
	const uint8_t *raw = vq_ring_ptr(vq, VQ_DESC, vq_pos_off(vq->used), VQ_DESC_SIZE,
			sizeof(uint64_t));

	assert(raw != NULL);
	elem->len = le32toh(__atomic_load_n((const uint32_t *)(raw + 8), __ATOMIC_RELAXED));
	elem->id = le16toh(__atomic_load_n((const uint16_t *)(raw + 12), __ATOMIC_RELAXED));
}

/*
 * Notes the descriptors that were written since the last publication. Those of a chain behind its
 * first were not written, but lie between: their pages are noted for nothing at worst.
 */
static enum vnet_error
vq_used_dirty(struct vq *vq)
{
	uint64_t base = vq->areas[VQ_DESC].addr;
	uint32_t from = vq_pos_off(vq->published), to = vq_pos_off(vq->used);
	enum vnet_error error;

	if (from < to)
		return vq_dirty(vq, base + from, to - from);
	error = vq_dirty(vq, base + from, vq->areas[VQ_DESC].len - from);
	return error != VNET_ERR_NONE ? error : vq_dirty(vq, base, to);
}

enum vnet_error
vq_packed_publish(struct vq *vq)
{
	enum vnet_error error = VNET_ERR_NONE;
	uint16_t first = vq->published;

	if (vq->used == first)
		return VNET_ERR_NONE;
	vq_used_write(vq);
	if (vq->dirty.enabled)
		error = vq_used_dirty(vq);
	__atomic_store_n(vq_flags_ptr(vq, first), htole16(vq->first_flags), __ATOMIC_RELEASE);
	vq->published = vq->used;
	/* The flags are written after their page may have been noted: again, or they are lost. */
	if (error == VNET_ERR_NONE)
		error = vq_dirty(vq, vq->areas[VQ_DESC].addr + vq_pos_off(first), VQ_DESC_SIZE);
	return error;
}

bool
vq_packed_wants_interrupt(struct vq *vq)
{
	const uint16_t *flags;

	/* After the used flags, as in a split ring. DESC is only for those who negotiated EVENT_IDX,
	 * and means ENABLE to the others. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flags = vq_ring_ptr(vq, VQ_DRIVER, VQ_EVENT_FLAGS, sizeof(*flags), sizeof(*flags));
	if (flags == NULL)
		return true;
	return (le16toh(__atomic_load_n(flags, __ATOMIC_RELAXED)) & VQ_EVENT_F_MASK) !=
			VQ_EVENT_F_DISABLE;
}
