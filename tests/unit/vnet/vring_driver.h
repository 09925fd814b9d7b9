/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The driver's side of a split (virtio 1.2, 2.7) or packed (2.8) virtqueue for tests, with the guest
 * memory it lives in. One descriptor per chain unless a test writes descriptors itself
 * (vring_desc(), vring_offer_chain(), vring_packed_desc()), and then as hostile as it likes.
 *
 * Memory is a list of ranges, each granting a part of a memory key: what the card is told by its
 * "map" callback is computed from it, so a test can move, split and take away memory.
 */
#ifndef VRING_DRIVER_H
#define VRING_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vnet.h"

#define VRING_F_NEXT 1u
#define VRING_F_WRITE 2u
#define VRING_F_INDIRECT 4u

/* --- guest memory ------------------------------------------------------------------------- */

struct vmem_range {
	uint32_t mkey;
	uint64_t addr, len;
	uint8_t *ptr;
	bool read_only;
};

#define VMEM_MAX 16u

struct vmem {
	struct vmem_range ranges[VMEM_MAX];
	unsigned int nb;
	bool windows; /**< vring_attr() gives the device vmem_window(), too */
	unsigned int nb_maps; /**< translations asked for */
};

static inline void
vmem_grant(struct vmem *mem, uint32_t mkey, uint64_t addr, uint64_t len, void *ptr)
{
	assert_true(mem->nb < VMEM_MAX);
	mem->ranges[mem->nb++] = (struct vmem_range){ mkey, addr, len, ptr, false };
}

/** struct vnet_mem::map over a struct vmem. */
static inline int64_t
vmem_map(void *arg, uint32_t mkey, uint64_t addr, uint64_t len, enum vnet_access access, void **ptr)
{
	struct vmem *mem = arg;
	bool known = false;
	unsigned int i;

	assert_true(len > 0);
	mem->nb_maps++;
	for (i = 0; i < mem->nb; i++) {
		const struct vmem_range *r = &mem->ranges[i];

		known |= r->mkey == mkey;
		if (r->mkey != mkey || addr < r->addr || addr - r->addr >= r->len)
			continue;
		if (r->read_only && access == VNET_WRITE)
			return -EACCES;
		*ptr = r->ptr + (addr - r->addr);
		return (int64_t)(len < r->len - (addr - r->addr) ? len : r->len - (addr - r->addr));
	}
	return known ? -EFAULT : -EINVAL;
}

/** struct vnet_mem::window: a whole range. */
static inline int
vmem_window(void *arg, uint32_t mkey, uint64_t addr, enum vnet_access access,
		struct vnet_window *window)
{
	const struct vmem *mem = arg;
	unsigned int i;

	for (i = 0; i < mem->nb; i++) {
		const struct vmem_range *r = &mem->ranges[i];

		if (r->mkey != mkey || addr < r->addr || addr - r->addr >= r->len ||
				(r->read_only && access == VNET_WRITE))
			continue;
		*window = (struct vnet_window){ r->addr, r->len, r->ptr };
		return 0;
	}
	return -EFAULT;
}

/* --- a ring --------------------------------------------------------------------------------- */

struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct vring_avail {
	uint16_t flags, idx;
	uint16_t ring[];
};

struct vring_used {
	uint16_t flags, idx;
	struct {
		uint32_t id, len;
	} ring[];
};

struct vring_packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id, flags;
};

#define VRING_F_AVAIL 0x80u
#define VRING_F_USED 0x8000u

struct vring {
	bool packed;
	uint32_t mkey, size, buf_size;
	uint64_t gpa; /**< of the descriptor table; the rest follows */
	uint64_t avail_gpa, used_gpa, buf_gpa;
	size_t total;
	uint8_t *mem;
	struct vring_desc *desc;
	struct vring_packed_desc *ring; /**< packed; the other names are of a split ring then */
	uint16_t *driver_flags; /**< packed: of the driver's event suppression */
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t start; /**< index that vring_attr() tells the device to begin at */
	/** Next entry to offer and to take back; packed: slots counted without end, from the start. */
	uint16_t avail_idx, used_idx;
	uint16_t lens[256]; /**< packed: descriptors of the chain with this id */
};

static inline uint8_t *
vring_ptr(struct vring *vr, uint64_t gpa)
{
	return vr->mem + (gpa - vr->gpa);
}

/** Lays out a ring at @p gpa with one buffer per descriptor, beginning at index @p start. */
static inline void
vring_init(struct vring *vr, uint64_t gpa, uint32_t size, uint32_t buf_size, uint16_t start)
{
	memset(vr, 0, sizeof(*vr));
	vr->size = size;
	vr->buf_size = buf_size;
	vr->gpa = gpa;
	vr->avail_gpa = gpa + size * 16ull;
	vr->used_gpa = (vr->avail_gpa + 4 + size * 2ull + 3) & ~3ull;
	vr->buf_gpa = (vr->used_gpa + 4 + size * 8ull + 63) & ~63ull;
	vr->total = vr->buf_gpa - gpa + (size_t)size * buf_size;
	vr->mem = aligned_alloc(4096, (vr->total + 4095) & ~4095ull);
	assert_non_null(vr->mem);
	memset(vr->mem, 0, vr->total);
	vr->desc = (void *)vring_ptr(vr, gpa);
	vr->avail = (void *)vring_ptr(vr, vr->avail_gpa);
	vr->used = (void *)vring_ptr(vr, vr->used_gpa);
	vr->start = vr->avail_idx = vr->used_idx = start;
	vr->avail->idx = vr->used->idx = htole16(start);
}

/** The same for a packed ring, whose position @p start may have the wrap counter in bit 15. */
static inline void
vring_init_packed(struct vring *vr, uint64_t gpa, uint32_t size, uint32_t buf_size, uint16_t start)
{
	uint32_t i;

	assert_true(size <= 256);
	vring_init(vr, gpa, size, buf_size, 0);
	vr->packed = true;
	vr->ring = (void *)vr->desc;
	vr->driver_flags = (uint16_t *)vr->avail + 1;
	vr->start = start;
	/* Positions are kept as slots since wrap counter 1 began, so that the rest is division. */
	vr->avail_idx = vr->used_idx = (uint16_t)((start & 0x7fff) + ((start & 0x8000) ? 0 : size));
	for (i = 0; i < size; i++) {
		/* All of the ring was used in the round before. */
		bool wrap = (vr->avail_idx + (i < vr->avail_idx % size ? size : 0)) / size % 2 != 0;

		vr->ring[i].flags = htole16(wrap ? VRING_F_AVAIL | VRING_F_USED : 0);
	}
}

static inline void
vring_fini(struct vring *vr)
{
	free(vr->mem);
}

/** Grants the whole ring and its buffers as part of @p mkey. */
static inline void
vring_grant(struct vring *vr, struct vmem *mem, uint32_t mkey)
{
	vr->mkey = mkey;
	vmem_grant(mem, mkey, vr->gpa, vr->total, vr->mem);
}

static inline void
vring_attr(const struct vring *vr, struct vmem *mem, struct vnet_queue_attr *attr)
{
	*attr = (struct vnet_queue_attr){
		.ring = vr->packed ? VNET_RING_PACKED : VNET_RING_SPLIT,
		.size = vr->size,
		.desc_addr = vr->gpa,
		.driver_addr = vr->avail_gpa,
		.device_addr = vr->used_gpa,
		.mkey = vr->mkey,
		.ring_mkey = vr->mkey,
		.version_1 = true,
		.avail_index = vr->start,
		.used_index = vr->start,
		.mem = { .map = vmem_map, .window = mem->windows ? vmem_window : NULL, .arg = mem },
	};
}

/** Address of descriptor @p i's own buffer. */
static inline uint64_t
vring_buf_gpa(const struct vring *vr, uint32_t i)
{
	return vr->buf_gpa + (uint64_t)i * vr->buf_size;
}

static inline uint8_t *
vring_buf(struct vring *vr, uint32_t i)
{
	return vring_ptr(vr, vring_buf_gpa(vr, i));
}

static inline void
vring_desc(struct vring *vr, uint32_t i, struct vring_desc desc)
{
	vr->desc[i].addr = htole64(desc.addr);
	vr->desc[i].len = htole32(desc.len);
	vr->desc[i].flags = htole16(desc.flags);
	vr->desc[i].next = htole16(desc.next);
}

/** Chains that the device has and did not give back. */
static inline uint16_t
vring_in_flight(const struct vring *vr)
{
	return (uint16_t)(vr->avail_idx - vr->used_idx);
}

/** Makes the chain at @p head available. */
static inline void
vring_offer(struct vring *vr, uint16_t head)
{
	vr->avail->ring[vr->avail_idx % vr->size] = htole16(head);
	__atomic_store_n(&vr->avail->idx, htole16(++vr->avail_idx), __ATOMIC_RELEASE);
}

/** The flags that make a packed descriptor at slot number @p idx the device's. */
static inline uint16_t
vring_packed_avail(const struct vring *vr, uint16_t idx)
{
	return idx / vr->size % 2 == 0 ? VRING_F_AVAIL : VRING_F_USED;
}

/** Writes descriptor @p idx (a slot number that counts on) of a packed ring, flags last. */
static inline void
vring_packed_desc(struct vring *vr, uint16_t idx, struct vring_packed_desc desc)
{
	struct vring_packed_desc *d = &vr->ring[idx % vr->size];

	d->addr = htole64(desc.addr);
	d->len = htole32(desc.len);
	d->id = htole16(desc.id);
	__atomic_store_n(&d->flags, htole16(desc.flags), __ATOMIC_RELEASE);
}

/** Offers a chain of @p nb descriptors (addr, len, WRITE); its id is the first slot of it. Chains of
 * a split ring overlap if more than one of several descriptors is in flight. */
static inline void
vring_offer_chain(struct vring *vr, const struct vring_desc *descs, uint16_t nb)
{
	uint16_t head = (uint16_t)(vr->avail_idx % vr->size), i;

	for (i = nb; i-- > 0;) {
		uint16_t idx = (uint16_t)(vr->avail_idx + i);
		uint16_t next = i + 1 < nb ? VRING_F_NEXT : 0;

		if (vr->packed)
			vring_packed_desc(vr, idx,
					(struct vring_packed_desc){ descs[i].addr, descs[i].len,
							head,
							descs[i].flags | next |
									vring_packed_avail(vr,
											idx) });
		else
			vring_desc(vr, idx % vr->size,
					(struct vring_desc){ descs[i].addr, descs[i].len,
							descs[i].flags | next,
							(uint16_t)((idx + 1) % vr->size) });
	}
	if (!vr->packed) {
		vring_offer(vr, head);
		return;
	}
	vr->lens[head] = nb;
	vr->avail_idx += nb;
}

/** Offers one empty buffer. */
static inline void
vring_offer_rx(struct vring *vr)
{
	uint16_t i = (uint16_t)(vr->avail_idx % vr->size);

	assert_true(vring_in_flight(vr) < vr->size);
	vring_offer_chain(vr,
			&(struct vring_desc){ vring_buf_gpa(vr, i), vr->buf_size, VRING_F_WRITE,
					0 },
			1);
}

/** Offers a frame behind a header of @p hdr_len zero bytes; false when the ring is full. */
static inline bool
vring_offer_tx(struct vring *vr, const void *frame, uint32_t len, uint32_t hdr_len)
{
	uint16_t i = (uint16_t)(vr->avail_idx % vr->size);

	if (vring_in_flight(vr) >= vr->size)
		return false;
	assert_true(hdr_len + len <= vr->buf_size);
	memset(vring_buf(vr, i), 0, hdr_len);
	memcpy(vring_buf(vr, i) + hdr_len, frame, len);
	vring_offer_chain(vr, &(struct vring_desc){ vring_buf_gpa(vr, i), hdr_len + len, 0, 0 }, 1);
	return true;
}

static inline bool
vring_take_packed(struct vring *vr, uint32_t *id, uint32_t *len)
{
	struct vring_packed_desc *d = &vr->ring[vr->used_idx % vr->size];
	uint16_t flags = le16toh(__atomic_load_n(&d->flags, __ATOMIC_ACQUIRE));
	uint16_t mine = vr->used_idx / vr->size % 2 == 0 ? VRING_F_AVAIL | VRING_F_USED : 0;

	if ((flags & (VRING_F_AVAIL | VRING_F_USED)) != mine)
		return false;
	*id = le16toh(d->id);
	*len = le32toh(d->len);
	assert_true(*id < vr->size);
	assert_int_equal((flags & VRING_F_WRITE) != 0, *len != 0);
	vr->used_idx += vr->lens[*id];
	return true;
}

/** Takes a used entry back; false, and zeros, when there is none. */
static inline bool
vring_take_used(struct vring *vr, uint32_t *id, uint32_t *len)
{
	uint16_t slot = (uint16_t)(vr->used_idx % vr->size);

	*id = *len = 0;
	if (vr->packed)
		return vring_take_packed(vr, id, len);
	if (le16toh(__atomic_load_n(&vr->used->idx, __ATOMIC_ACQUIRE)) == vr->used_idx)
		return false;
	*id = le32toh(vr->used->ring[slot].id);
	*len = le32toh(vr->used->ring[slot].len);
	vr->used_idx++;
	return true;
}

/** Stores a queue number in a doorbell word as a guest does (16 bits). */
static inline void
vring_ring(uint32_t *doorbell, uint16_t index)
{
	__atomic_store_n((uint16_t *)doorbell, htole16(index), __ATOMIC_RELEASE);
}

#endif /* VRING_DRIVER_H */
