/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The driver's side of a split virtqueue (virtio 1.2, 2.7) for tests, with the guest memory it
 * lives in. One descriptor per chain unless a test writes descriptors itself (vring_desc()), and
 * then as hostile as it likes.
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

struct vring {
	uint32_t mkey, size, buf_size;
	uint64_t gpa; /**< of the descriptor table; the rest follows */
	uint64_t avail_gpa, used_gpa, buf_gpa;
	size_t total;
	uint8_t *mem;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t start; /**< index that vring_attr() tells the device to begin at */
	uint16_t avail_idx; /**< next entry to offer */
	uint16_t used_idx; /**< next entry to take back */
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
		.ring = VNET_RING_SPLIT,
		.size = vr->size,
		.desc_addr = vr->gpa,
		.driver_addr = vr->avail_gpa,
		.device_addr = vr->used_gpa,
		.mkey = vr->mkey,
		.ring_mkey = vr->mkey,
		.version_1 = true,
		.avail_index = vr->start,
		.used_index = vr->start,
		.mem = { .map = vmem_map, .arg = mem },
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

/** Offers one empty buffer. */
static inline void
vring_offer_rx(struct vring *vr)
{
	uint16_t i = (uint16_t)(vr->avail_idx % vr->size);

	assert_true(vring_in_flight(vr) < vr->size);
	vring_desc(vr, i,
			(struct vring_desc){ vring_buf_gpa(vr, i), vr->buf_size, VRING_F_WRITE,
					0 });
	vring_offer(vr, i);
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
	vring_desc(vr, i, (struct vring_desc){ vring_buf_gpa(vr, i), hdr_len + len, 0, 0 });
	vring_offer(vr, i);
	return true;
}

/** Takes a used entry back; false, and zeros, when there is none. */
static inline bool
vring_take_used(struct vring *vr, uint32_t *id, uint32_t *len)
{
	uint16_t slot = (uint16_t)(vr->used_idx % vr->size);

	*id = *len = 0;
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
