/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the available index is read with acquire, and not again before all chains
 * that it announced were fetched; the used index is written with release, once for all entries
 * since the last time. What lies between the two is ordinary memory.
 *
 * A chain is walked with a budget of as many descriptors as the ring has. A chain that is longer
 * must visit a descriptor twice, so this finds loops too. Flags other than NEXT and WRITE were not
 * negotiated, INDIRECT among them. Empty descriptors are not forbidden by the standard; they are
 * counted against the budget and otherwise skipped, without asking for their address.
 *
 * Ring fields are read and written one by one, each within one translated piece: a ring may cross
 * from one entry of a memory key to another between fields, not inside of one (a descriptor counts
 * as two fields of eight bytes, which are read as such).
 */
#include "vq_split.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>

#define VQ_AVAIL_F_NO_INTERRUPT 1u
#define VQ_RING_IDX 2u /* offset of idx in both rings; flags are at 0 */
#define VQ_AVAIL_ENTRY 2u
#define VQ_USED_ENTRY 8u

int
vq_split_layout(struct vq *vq, const struct vnet_queue_attr *attr)
{
	if (!base_is_pow2(attr->size))
		return -EINVAL;
	if (attr->desc_addr % 16 != 0 || attr->driver_addr % 2 != 0 || attr->device_addr % 4 != 0)
		return -EINVAL;
	vq->areas[VQ_DESC] = (struct vq_area){
		.addr = attr->desc_addr,
		.len = attr->size * VQ_DESC_SIZE,
		.read = true,
	};
	vq->areas[VQ_DRIVER] = (struct vq_area){
		.addr = attr->driver_addr,
		.len = VQ_RING_HEAD + attr->size * VQ_AVAIL_ENTRY,
		.read = true,
	};
	vq->areas[VQ_DEVICE] = (struct vq_area){
		.addr = attr->device_addr,
		.len = VQ_RING_HEAD + attr->size * VQ_USED_ENTRY,
		.write = true,
	};
	return 0;
}

static enum vnet_error
vq_avail_refresh(struct vq *vq)
{
	const uint16_t *idx = vq_ring_ptr(vq, VQ_DRIVER, VQ_RING_IDX, sizeof(*idx), sizeof(*idx));
	uint16_t end;

	if (idx == NULL)
		return vq_ring_fault(vq, VQ_DRIVER, VQ_RING_IDX);
	end = le16toh(__atomic_load_n(idx, __ATOMIC_ACQUIRE));
	if ((uint16_t)(end - vq->avail) > vq->size)
		return vq_fault(vq, VNET_ERR_AVAIL_INDEX, "available index", end);
	vq->avail_end = end;
	return VNET_ERR_NONE;
}

static inline enum vnet_error
vq_desc_load(struct vq *vq, uint16_t index, struct vq_desc *desc)
{
	uint32_t off = index * VQ_DESC_SIZE;
	const uint64_t *raw;

	if (index >= vq->size)
		return vq_fault(vq, VNET_ERR_BAD_DESC, "descriptor index", index);
	raw = vq_ring_ptr(vq, VQ_DESC, off, VQ_DESC_SIZE, sizeof(*raw));
	if (raw == NULL)
		return vq_ring_fault(vq, VQ_DESC, off);
	vq_split_desc(raw, desc);
	return VNET_ERR_NONE;
}

static inline const uint16_t *
vq_avail_entry(struct vq *vq, uint16_t avail)
{
	uint32_t off = VQ_RING_HEAD + (avail & (vq->size - 1)) * VQ_AVAIL_ENTRY;

	return vq_ring_ptr(vq, VQ_DRIVER, off, sizeof(uint16_t), sizeof(uint16_t));
}

enum vnet_error
vq_split_fetch(struct vq *vq, struct vq_chain *chain)
{
	const uint16_t *entry;
	enum vnet_error error;
	struct vq_desc desc = { .flags = VQ_DESC_F_NEXT };

	vq_chain_clear(chain);
	if (vq->avail == vq->avail_end) {
		error = vq_avail_refresh(vq);
		if (error != VNET_ERR_NONE || vq->avail == vq->avail_end)
			return error;
	}
	entry = vq_avail_entry(vq, vq->avail);
	if (entry == NULL)
		return vq_ring_fault(vq, VQ_DRIVER, VQ_RING_HEAD);
	chain->id = le16toh(__atomic_load_n(entry, __ATOMIC_RELAXED));
	desc.other = chain->id;
	while ((desc.flags & VQ_DESC_F_NEXT) != 0) {
		if (chain->nb_desc == vq->size)
			return vq_fault(vq, VNET_ERR_CHAIN_TOO_LONG, "head of the chain",
					chain->id);
		error = vq_desc_load(vq, desc.other, &desc);
		if (error == VNET_ERR_NONE)
			error = vq_chain_append(vq, chain, &desc);
		if (error != VNET_ERR_NONE)
			return error;
	}
	vq_advance(vq, (uint16_t)(vq->avail + 1), 1);
	return VNET_ERR_NONE;
}

/* How many chains are available as far as is known; asks the guest when that is fewer than @p nb. */
static unsigned int
vq_pending(struct vq *vq, unsigned int nb)
{
	if ((uint16_t)(vq->avail_end - vq->avail) < nb && vq_avail_refresh(vq) != VNET_ERR_NONE)
		return 0;
	return (uint16_t)(vq->avail_end - vq->avail);
}

unsigned int
vq_split_fetch_plain(struct vq *vq, enum vnet_access access, struct vq_plain *plain,
		unsigned int nb)
{
	const uint8_t *table = vq->areas[VQ_DESC].whole, *driver = vq->areas[VQ_DRIVER].whole;
	const struct vnet_window win = vq->windows[access][0];
	unsigned int i, pending;
	uint16_t avail = vq->avail;

	if (table == NULL || driver == NULL || vq->areas[VQ_DEVICE].whole == NULL)
		return 0;
	pending = vq_pending(vq, nb);
	for (i = 0; i < nb && i < pending; i++) {
		uint32_t off = VQ_RING_HEAD + (avail & (vq->size - 1)) * VQ_AVAIL_ENTRY;
		uint16_t head = le16toh(__atomic_load_n((const uint16_t *)(driver + off),
				__ATOMIC_RELAXED));
		struct vq_desc desc;

		if (head >= vq->size)
			break;
		vq_split_desc((const uint64_t *)(table + (size_t)head * VQ_DESC_SIZE), &desc);
		if (!vq_plain_set(&plain[i], &desc, access, &win))
			break;
		plain[i].id = head;
		plain[i].end = ++avail;
	}
	vq_advance(vq, avail, i);
	return i;
}

/* The chain @p ahead of the next one, which is pending. */
static void
vq_prefetch_chain(struct vq *vq, uint32_t ahead)
{
	const uint8_t *table = vq->areas[VQ_DESC].whole;
	const uint16_t *entry = vq_avail_entry(vq, (uint16_t)(vq->avail + ahead));
	const uint64_t *raw;
	bool write;
	uint16_t head;

	if (entry == NULL || table == NULL)
		return;
	head = le16toh(__atomic_load_n(entry, __ATOMIC_RELAXED));
	if (head >= vq->size)
		return;
	raw = (const uint64_t *)(table + (size_t)head * VQ_DESC_SIZE);
	write = (le64toh(__atomic_load_n(&raw[1], __ATOMIC_RELAXED)) >> 32 & VQ_DESC_F_WRITE) != 0;
	vq_buf_prefetch(vq, le64toh(__atomic_load_n(&raw[0], __ATOMIC_RELAXED)),
			write ? VNET_WRITE : VNET_READ);
}

void
vq_split_prefetch(struct vq *vq, uint32_t distance)
{
	uint16_t pending = (uint16_t)(vq->avail_end - vq->avail);

	if (distance > pending)
		distance = pending;
	while (vq->nb_prefetched < distance)
		vq_prefetch_chain(vq, vq->nb_prefetched++);
}

static uint32_t
vq_used_off(const struct vq *vq, uint16_t used)
{
	return VQ_RING_HEAD + (used & (vq->size - 1)) * VQ_USED_ENTRY;
}

static uint32_t *
vq_used_word(struct vq *vq, uint32_t off)
{
	return vq_ring_ptr(vq, VQ_DEVICE, off, sizeof(uint32_t), sizeof(uint32_t));
}

static uint16_t *
vq_used_idx(struct vq *vq)
{
	return vq_ring_ptr(vq, VQ_DEVICE, VQ_RING_IDX, sizeof(uint16_t), sizeof(uint16_t));
}

enum vnet_error
vq_split_reserve(struct vq *vq, uint32_t nb_desc)
{
	uint32_t i, off;

	if (vq->areas[VQ_DEVICE].whole != NULL)
		return VNET_ERR_NONE;
	if (vq_used_idx(vq) == NULL)
		return vq_ring_fault(vq, VQ_DEVICE, VQ_RING_IDX);
	/* No chain is without a descriptor: so many entries are enough. */
	for (i = 0; i < nb_desc; i++) {
		off = vq_used_off(vq, (uint16_t)(vq->used + i));
		if (vq_used_word(vq, off) == NULL)
			return vq_ring_fault(vq, VQ_DEVICE, off);
		if (vq_used_word(vq, off + 4) == NULL)
			return vq_ring_fault(vq, VQ_DEVICE, off + 4);
	}
	return VNET_ERR_NONE;
}

/* Writes what was pushed into the entries before @c used, which were reserved. */
static void
vq_used_write(struct vq *vq)
{
	uint16_t used = (uint16_t)(vq->used - vq->nb_pushed);
	unsigned int i;

	for (i = 0; i < vq->nb_pushed; i++, used++) {
		uint32_t off = vq_used_off(vq, used);
		uint32_t *id = vq_used_word(vq, off);
		uint32_t *len = vq_used_word(vq, off + 4);

		assert(id != NULL && len != NULL);
		__atomic_store_n(id, htole32(vq->pushed[i].id), __ATOMIC_RELAXED);
		__atomic_store_n(len, htole32(vq->pushed[i].len), __ATOMIC_RELAXED);
	}
	vq->nb_pushed = 0;
}

void
vq_split_push(struct vq *vq, struct vq_elem elem)
{
	const uint8_t *whole = vq->areas[VQ_DEVICE].whole;

	if (whole != NULL && vq->used % (VQ_LINE / VQ_USED_ENTRY) == 0)
		vq_prefetch_write(whole + vq_used_off(vq, vq->used) + VQ_USED_ENTRY);
	vq->pushed[vq->nb_pushed++] = elem;
	vq->used++;
	if (vq->nb_pushed == VQ_NB_PUSHED)
		vq_used_write(vq);
}

void
vq_split_stale(struct vq *vq, struct vq_elem *elem)
{
	uint32_t off = vq_used_off(vq, vq->used);
	const uint32_t *id = vq_used_word(vq, off), *len = vq_used_word(vq, off + 4);

	assert(id != NULL && len != NULL);
	elem->id = (uint16_t)le32toh(__atomic_load_n(id, __ATOMIC_RELAXED));
	elem->len = le32toh(__atomic_load_n(len, __ATOMIC_RELAXED));
}

/* Notes the entries that were written since the last publication. */
static enum vnet_error
vq_used_dirty(struct vq *vq)
{
	enum vnet_error error = VNET_ERR_NONE;
	uint16_t used;

	for (used = vq->published; used != vq->used && error == VNET_ERR_NONE; used++)
		error = vq_dirty(vq, vq->areas[VQ_DEVICE].addr + vq_used_off(vq, used),
				VQ_USED_ENTRY);
	return error;
}

enum vnet_error
vq_split_publish(struct vq *vq)
{
	enum vnet_error error = VNET_ERR_NONE;
	uint16_t *idx;

	if (vq->used == vq->published)
		return VNET_ERR_NONE;
	vq_used_write(vq);
	if (vq->dirty.enabled)
		error = vq_used_dirty(vq);
	idx = vq_used_idx(vq);
	assert(idx != NULL);
	__atomic_store_n(idx, htole16(vq->used), __ATOMIC_RELEASE);
	vq->published = vq->used;
	/* The index is written after its page may have been noted: again, or it could be lost. */
	if (error == VNET_ERR_NONE)
		error = vq_dirty(vq, vq->areas[VQ_DEVICE].addr + VQ_RING_IDX, sizeof(*idx));
	return error;
}

bool
vq_split_wants_interrupt(struct vq *vq)
{
	const uint16_t *flags;

	/* The guest writes its flags and then reads the used index; we do it the other way round.
	 * Both ends need a full barrier between the two. Here, and not with each publication,
	 * because it waits for all stores to the guest's memory. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flags = vq_ring_ptr(vq, VQ_DRIVER, 0, sizeof(*flags), sizeof(*flags));
	if (flags == NULL)
		return true;
	return (le16toh(__atomic_load_n(flags, __ATOMIC_RELAXED)) & VQ_AVAIL_F_NO_INTERRUPT) == 0;
}
