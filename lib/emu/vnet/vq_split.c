/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: three rings at guest addresses. Every access goes through mem.map, with a
 * small memory of what was translated last (a window per ring), because consecutive accesses lie
 * in the same place. A window lives from vq_split_begin() to the next one; the engine calls that
 * whenever the card's lock was let go, so no pointer outlives a memory key.
 *
 * The guest may write to its rings at any time. So each field is read exactly once into a local
 * and only the local is checked and used. The avail index is read with acquire, the used index is
 * written with release: what lies between the two is ordinary memory.
 *
 * A chain is walked with a budget of as many descriptors as the ring has. A chain that is longer
 * must visit a descriptor twice, so this finds loops too. Flags other than NEXT and WRITE were not
 * negotiated, INDIRECT among them. Empty descriptors are not forbidden by the standard; they are
 * counted against the budget and otherwise skipped, without asking for their address.
 *
 * Ring fields are read and written one by one, each within one translated piece: a ring may cross
 * from one entry of a memory key to another between fields, not inside of one.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base_math.h"
#include "vq_split.h"

#define VQ_DESC_F_NEXT 1u
#define VQ_DESC_F_WRITE 2u
#define VQ_DESC_SIZE 16u
#define VQ_AVAIL_F_NO_INTERRUPT 1u
#define VQ_RING_IDX 2u /* offset of idx in both rings; flags are at 0 */
#define VQ_RING_HEAD 4u
#define VQ_AVAIL_ENTRY 2u
#define VQ_USED_ENTRY 8u
/* The standard forbids chains of more than 2^32 bytes (virtio 1.2, 2.7.5). */
#define VQ_CHAIN_MAX (1ULL << 32)

struct vq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

/* Bytes that follow each other in this process. */
struct vq_piece {
	void *ptr;
	uint64_t len;
};

static enum vnet_error
vq_fault(struct vq_split *vq, enum vnet_error error, const char *what, uint64_t value)
{
	vq->fault.error = error;
	vq->fault.what = what;
	vq->fault.value = value;
	return error;
}

int
vq_split_init(struct vq_split *vq, const struct vnet_queue_attr *attr)
{
	unsigned int i;
	uint64_t end;

	if (!base_is_pow2(attr->size) || attr->size > VQ_SIZE_MAX)
		return -EINVAL;
	if (attr->desc_addr % 16 != 0 || attr->driver_addr % 2 != 0 || attr->device_addr % 4 != 0)
		return -EINVAL;
	memset(vq, 0, sizeof(*vq));
	vq->mem = attr->mem;
	vq->mkey = attr->mkey;
	vq->ring_mkey = attr->ring_mkey;
	vq->size = attr->size;
	vq->areas[VQ_DESC].addr = attr->desc_addr;
	vq->areas[VQ_DESC].len = attr->size * VQ_DESC_SIZE;
	vq->areas[VQ_DESC].access = VNET_READ;
	vq->areas[VQ_AVAIL].addr = attr->driver_addr;
	vq->areas[VQ_AVAIL].len = VQ_RING_HEAD + attr->size * VQ_AVAIL_ENTRY;
	vq->areas[VQ_AVAIL].access = VNET_READ;
	vq->areas[VQ_USED].addr = attr->device_addr;
	vq->areas[VQ_USED].len = VQ_RING_HEAD + attr->size * VQ_USED_ENTRY;
	vq->areas[VQ_USED].access = VNET_WRITE;
	for (i = 0; i < VQ_NB_AREAS; i++) {
		if (!base_add_ok(vq->areas[i].addr, vq->areas[i].len, &end))
			return -EINVAL;
	}
	return 0;
}

void
vq_split_begin(struct vq_split *vq)
{
	unsigned int i;

	for (i = 0; i < VQ_NB_AREAS; i++)
		vq->areas[i].win_ptr = NULL;
}

struct vq_range {
	uint64_t addr, len;
};

/* Translates the start of @seg; @return what map says, -EFAULT for a range that wraps. */
static int64_t
vq_map(struct vq_split *vq, uint32_t mkey, struct vq_range seg, enum vnet_access access, void **ptr)
{
	uint64_t end;
	int64_t got;

	if (!base_add_ok(seg.addr, seg.len - 1, &end))
		return -EFAULT;
	got = vq->mem.map(vq->mem.arg, mkey, seg.addr, seg.len, access, ptr);
	assert(got != 0 && (got < 0 || (uint64_t)got <= seg.len));
	return got;
}

/* The @p len bytes at offset @p off of a ring, which must be in one piece and aligned. */
static void *
vq_ring_ptr(struct vq_split *vq, enum vq_area_id id, uint32_t off, uint32_t len, uint32_t align)
{
	struct vq_area *area = &vq->areas[id];
	uint8_t *ptr;

	assert(base_range_inside(off, len, 0, area->len));
	if (area->win_ptr == NULL || !base_range_inside(off, len, area->win_off, area->win_len)) {
		void *win;
		struct vq_range rest = { area->addr + off, area->len - off };
		int64_t got = vq_map(vq, vq->ring_mkey, rest, area->access, &win);

		if (got < (int64_t)len)
			return NULL;
		area->win_ptr = win;
		area->win_off = off;
		area->win_len = (uint32_t)got;
	}
	ptr = area->win_ptr + (off - area->win_off);
	return (uintptr_t)ptr % align == 0 ? ptr : NULL;
}

static enum vnet_error
vq_ring_fault(struct vq_split *vq, enum vq_area_id id, uint32_t off)
{
	static const char *const names[VQ_NB_AREAS] = {
		[VQ_DESC] = "address in the descriptor table",
		[VQ_AVAIL] = "address in the available ring",
		[VQ_USED] = "address in the used ring",
	};

	return vq_fault(vq, VNET_ERR_RING_ACCESS, names[id], vq->areas[id].addr + off);
}

enum vnet_error
vq_split_pending(struct vq_split *vq, uint16_t avail, uint32_t *nb)
{
	const uint16_t *idx = vq_ring_ptr(vq, VQ_AVAIL, VQ_RING_IDX, sizeof(*idx), sizeof(*idx));
	uint16_t end, ahead;

	if (idx == NULL)
		return vq_ring_fault(vq, VQ_AVAIL, VQ_RING_IDX);
	end = le16toh(__atomic_load_n(idx, __ATOMIC_ACQUIRE));
	ahead = (uint16_t)(end - avail);
	if (ahead > vq->size)
		return vq_fault(vq, VNET_ERR_AVAIL_INDEX, "available index", end);
	*nb = ahead;
	return VNET_ERR_NONE;
}

static enum vnet_error
vq_desc_load(struct vq_split *vq, uint16_t index, struct vq_desc *desc)
{
	uint32_t off = index * VQ_DESC_SIZE;
	const void *raw;

	if (index >= vq->size)
		return vq_fault(vq, VNET_ERR_BAD_DESC, "descriptor index", index);
	raw = vq_ring_ptr(vq, VQ_DESC, off, VQ_DESC_SIZE, 1);
	if (raw == NULL)
		return vq_ring_fault(vq, VQ_DESC, off);
	memcpy(desc, raw, sizeof(*desc));
	desc->addr = le64toh(desc->addr);
	desc->len = le32toh(desc->len);
	desc->flags = le16toh(desc->flags);
	desc->next = le16toh(desc->next);
	return VNET_ERR_NONE;
}

static enum vnet_error
vq_chain_append(struct vq_split *vq, struct vq_chain *chain, const struct vq_desc *desc)
{
	bool write = (desc->flags & VQ_DESC_F_WRITE) != 0;
	struct vq_seg *seg = &chain->segs[chain->nb_segs];

	if ((desc->flags & ~(VQ_DESC_F_NEXT | VQ_DESC_F_WRITE)) != 0)
		return vq_fault(vq, VNET_ERR_BAD_DESC, "descriptor flags", desc->flags);
	chain->nb_desc++;
	if (desc->len == 0)
		return VNET_ERR_NONE;
	if (!write && chain->write_len != 0)
		return vq_fault(vq, VNET_ERR_BAD_DESC,
				"flags of a readable descriptor after a writable one", desc->flags);
	if (chain->read_len + chain->write_len + desc->len > VQ_CHAIN_MAX)
		return vq_fault(vq, VNET_ERR_BAD_DESC, "length of a chain of 4 GiB", desc->len);
	seg->addr = desc->addr;
	seg->len = desc->len;
	seg->write = write;
	chain->nb_segs++;
	if (write)
		chain->write_len += desc->len;
	else
		chain->read_len += desc->len;
	return VNET_ERR_NONE;
}

enum vnet_error
vq_split_fetch(struct vq_split *vq, uint16_t avail, struct vq_chain *chain)
{
	uint32_t off = VQ_RING_HEAD + (avail & (vq->size - 1)) * VQ_AVAIL_ENTRY;
	const uint16_t *entry = vq_ring_ptr(vq, VQ_AVAIL, off, sizeof(*entry), sizeof(*entry));
	struct vq_desc desc;
	enum vnet_error error;

	if (entry == NULL)
		return vq_ring_fault(vq, VQ_AVAIL, off);
	chain->head = le16toh(__atomic_load_n(entry, __ATOMIC_RELAXED));
	chain->nb_segs = chain->nb_desc = 0;
	chain->read_len = chain->write_len = 0;
	desc.flags = VQ_DESC_F_NEXT;
	desc.next = chain->head;
	while ((desc.flags & VQ_DESC_F_NEXT) != 0) {
		if (chain->nb_desc == vq->size)
			return vq_fault(vq, VNET_ERR_CHAIN_TOO_LONG, "head of the chain",
					chain->head);
		error = vq_desc_load(vq, desc.next, &desc);
		if (error == VNET_ERR_NONE)
			error = vq_chain_append(vq, chain, &desc);
		if (error != VNET_ERR_NONE)
			return error;
	}
	return VNET_ERR_NONE;
}

static uint32_t
vq_used_off(const struct vq_split *vq, uint16_t used)
{
	return VQ_RING_HEAD + (used & (vq->size - 1)) * VQ_USED_ENTRY;
}

static uint32_t *
vq_used_word(struct vq_split *vq, uint32_t off)
{
	return vq_ring_ptr(vq, VQ_USED, off, sizeof(uint32_t), sizeof(uint32_t));
}

static uint16_t *
vq_used_idx(struct vq_split *vq)
{
	return vq_ring_ptr(vq, VQ_USED, VQ_RING_IDX, sizeof(uint16_t), sizeof(uint16_t));
}

enum vnet_error
vq_split_reserve(struct vq_split *vq, uint16_t used)
{
	uint32_t off = vq_used_off(vq, used);

	if (vq_used_word(vq, off) == NULL)
		return vq_ring_fault(vq, VQ_USED, off);
	if (vq_used_word(vq, off + 4) == NULL)
		return vq_ring_fault(vq, VQ_USED, off + 4);
	if (vq_used_idx(vq) == NULL)
		return vq_ring_fault(vq, VQ_USED, VQ_RING_IDX);
	return VNET_ERR_NONE;
}

void
vq_split_push(struct vq_split *vq, uint16_t used, uint16_t head, uint32_t len)
{
	uint32_t off = vq_used_off(vq, used);
	uint32_t *word;
	uint16_t *idx;

	word = vq_used_word(vq, off);
	assert(word != NULL);
	__atomic_store_n(word, htole32(head), __ATOMIC_RELAXED);
	word = vq_used_word(vq, off + 4);
	assert(word != NULL);
	__atomic_store_n(word, htole32(len), __ATOMIC_RELAXED);
	idx = vq_used_idx(vq);
	assert(idx != NULL);
	__atomic_store_n(idx, htole16((uint16_t)(used + 1)), __ATOMIC_SEQ_CST);
}

bool
vq_split_wants_interrupt(struct vq_split *vq)
{
	const uint16_t *flags;

	/* The guest writes its flags and then reads the used index; we do it the other way round.
	 * Both ends need a full barrier between the two; ours comes from both accesses being
	 * sequentially consistent. (A fence would do as well, but hides from ThreadSanitizer.) */
	flags = vq_ring_ptr(vq, VQ_AVAIL, 0, sizeof(*flags), sizeof(*flags));
	if (flags == NULL)
		return true;
	return (le16toh(__atomic_load_n(flags, __ATOMIC_SEQ_CST)) & VQ_AVAIL_F_NO_INTERRUPT) == 0;
}

/* Moves the cursor to the next byte of the wanted direction and translates what follows it. */
static enum vnet_error
vq_chain_next(struct vq_split *vq, const struct vq_chain *chain, struct vq_cursor *cursor,
		enum vnet_access access, struct vq_piece *piece)
{
	const struct vq_seg *seg;
	int64_t got;

	for (;;) {
		assert(cursor->seg < chain->nb_segs);
		seg = &chain->segs[cursor->seg];
		if (seg->write == (access == VNET_WRITE) && cursor->off < seg->len)
			break;
		cursor->seg++;
		cursor->off = 0;
	}
	got = vq_map(vq, vq->mkey,
			(struct vq_range){ seg->addr + cursor->off, seg->len - cursor->off },
			access, &piece->ptr);
	if (got < 0)
		return vq_fault(vq, VNET_ERR_INVALID_BUFFER, "buffer address",
				seg->addr + cursor->off);
	piece->len = (uint64_t)got;
	return VNET_ERR_NONE;
}

enum vnet_error
vq_chain_read(struct vq_split *vq, const struct vq_chain *chain, struct vq_cursor *cursor,
		void *buf, uint64_t len)
{
	uint8_t *p = buf;
	struct vq_piece piece;

	while (len > 0) {
		enum vnet_error error = vq_chain_next(vq, chain, cursor, VNET_READ, &piece);

		if (error != VNET_ERR_NONE)
			return error;
		if (piece.len > len)
			piece.len = len;
		memcpy(p, piece.ptr, piece.len);
		cursor->off += (uint32_t)piece.len;
		p += piece.len;
		len -= piece.len;
	}
	return VNET_ERR_NONE;
}

enum vnet_error
vq_chain_write(struct vq_split *vq, const struct vq_chain *chain, struct vq_cursor *cursor,
		const void *buf, uint64_t len)
{
	const uint8_t *p = buf;
	struct vq_piece piece;

	while (len > 0) {
		enum vnet_error error = vq_chain_next(vq, chain, cursor, VNET_WRITE, &piece);

		if (error != VNET_ERR_NONE)
			return error;
		if (piece.len > len)
			piece.len = len;
		memcpy(piece.ptr, p, piece.len);
		cursor->off += (uint32_t)piece.len;
		p += piece.len;
		len -= piece.len;
	}
	return VNET_ERR_NONE;
}
