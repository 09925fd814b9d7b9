/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What both kinds of virtqueue are made of; for vq.h and the kinds' own files.
 */
#ifndef VQ_RING_H
#define VQ_RING_H

#include <sys/uio.h>

#include "base_math.h"
#include "vnet.h"

#define VQ_SIZE_MAX 32768u
#define VQ_WRAP 0x8000u /**< the wrap counter in a packed ring's position */

#define VQ_DESC_F_NEXT 1u
#define VQ_DESC_F_WRITE 2u
#define VQ_DESC_SIZE 16u
/* The standard forbids chains of more than 2^32 bytes (virtio 1.2, 2.7.5). */
#define VQ_CHAIN_MAX (1ULL << 32)

/** A buffer as the guest described it: length and number checked, address not yet. */
struct vq_seg {
	uint64_t addr;
	uint32_t len;
	bool write; /**< the device writes it */
};

/** A whole chain; readable segments come before writable ones. */
struct vq_chain {
	struct vq_seg *segs; /**< caller's array of as many entries as the ring has */
	uint32_t nb_segs; /**< segments that are not empty */
	uint32_t nb_desc; /**< descriptors, empty ones included */
	uint16_t id; /**< goes to the used entry: head or buffer id */
	uint64_t read_len, write_len;
};

/** A chain of one buffer, which lies in one piece of memory whose place is known. */
struct vq_plain {
	uint8_t *ptr;
	uint32_t len;
	uint16_t id; /**< goes to the used entry */
	uint16_t end; /**< available position behind it */
};

/** A used entry. */
struct vq_elem {
	uint16_t id;
	uint16_t nb_desc; /**< of the chain, 1 to the ring's size */
	uint32_t len; /**< bytes that were written */
};

/** Where in a chain the next byte is read or written; begin with { 0 }. */
struct vq_cursor {
	uint32_t seg;
	uint32_t off;
};

/** Pieces of memory that make up a range of a chain. */
struct vq_pieces {
	struct iovec *iov;
	unsigned int room, nb;
};

/** What was wrong, for the one message about it. */
struct vq_fault {
	enum vnet_error error;
	const char *what; /**< names the field, "descriptor flags" for example */
	uint64_t value; /**< its value */
	const char *why; /**< of an address: the memory key's verdict; else NULL */
};

/** The places of virtio_q: desc_addr, available_addr (driver area), used_addr (device area). */
enum vq_area_id {
	VQ_DESC,
	VQ_DRIVER,
	VQ_DEVICE,
	VQ_NB_AREAS,
};

/** One of the three, and the part of it that was translated last. */
struct vq_area {
	uint64_t addr;
	uint32_t len;
	bool read, write; /**< what the device does there */
	/** If all of the area is in one piece, and aligned as its fields want it: where; else NULL. */
	uint8_t *whole;
	uint8_t *win_ptr; /**< NULL: nothing is translated */
	uint32_t win_off, win_len;
};

#define VQ_NB_PUSHED 64u

/** Buffers in one piece of memory, translated last. */
#define VQ_NB_WINDOWS 4u

struct vq {
	bool packed;
	struct vnet_mem mem;
	uint32_t mkey, ring_mkey; /**< of the buffers, of the rings */
	uint32_t size;
	uint16_t avail; /**< position of the next chain to fetch */
	uint16_t used; /**< position of the next used entry to write */
	uint16_t published; /**< used entries before this one are the guest's */
	uint16_t avail_end; /**< split: available index that was read last */
	/** Used entries that were pushed and are not in the ring yet: the ring is written in one go,
	 * because the other side's processor has its lines. */
	unsigned int nb_pushed;
	uint16_t pushed_pos; /**< packed: position of the first of them */
	struct vq_elem pushed[VQ_NB_PUSHED];
	uint16_t first_flags; /**< packed: flags of the entry at @c published, which come last */
	/** Chains (packed: descriptors) from @c avail on that were prefetched; a guess, as the
	 * position may be put back. */
	uint32_t nb_prefetched;
	struct vq_area areas[VQ_NB_AREAS];
	struct vnet_window windows[2][VQ_NB_WINDOWS]; /**< by enum vnet_access; latest first */
	struct vnet_dirty dirty;
	struct vnet_window dirty_window;
	/** Is this page, which the write at @p addr touches, to be left out of the log? NULL: none. */
	bool (*misses)(void *arg, uint64_t addr, uint64_t page);
	void *misses_arg;
	int verdict; /**< of the last translation that failed, a negative errno */
	struct vq_fault fault; /**< of the last call that did not return VNET_ERR_NONE */
};

/** Notes a fault; @return @p error. */
enum vnet_error vq_fault(struct vq *vq, enum vnet_error error, const char *what, uint64_t value);

/** Translates the part of an area that holds these bytes; NULL if they are in no one piece. */
uint8_t *vq_ring_find(struct vq *vq, enum vq_area_id id, uint32_t off, uint32_t len);

/** Notes RING_ACCESS at this place. */
enum vnet_error vq_ring_fault(struct vq *vq, enum vq_area_id id, uint32_t off);

/** Notes [addr, addr + len) in the log of written pages, which is enabled. */
enum vnet_error vq_dirty_mark(struct vq *vq, uint64_t addr, uint64_t len);

static inline enum vnet_error
vq_dirty(struct vq *vq, uint64_t addr, uint64_t len)
{
	return __builtin_expect(vq->dirty.enabled, 0) ? vq_dirty_mark(vq, addr, len) :
							VNET_ERR_NONE;
}

/** The @p len bytes at offset @p off of a ring, aligned and in one piece, or NULL. */
static inline void *
vq_ring_ptr(struct vq *vq, enum vq_area_id id, uint32_t off, uint32_t len, uint32_t align)
{
	uint8_t *ptr = vq->areas[id].whole;

	if (__builtin_expect(ptr != NULL, 1))
		return ptr + off;
	ptr = vq_ring_find(vq, id, off, len);
	return ((uintptr_t)ptr & (align - 1)) == 0 ? ptr : NULL;
}

/**
 * The piece of memory that holds the first byte of a buffer, and how much of it, like vnet_mem.map;
 * from memory if it was there before.
 */
int64_t
vq_buf_find(struct vq *vq, uint64_t addr, uint32_t len, enum vnet_access access, void **ptr);

static inline int64_t
vq_buf(struct vq *vq, uint64_t addr, uint32_t len, enum vnet_access access, void **ptr)
{
	const struct vnet_window *win = &vq->windows[access][0];

	if (__builtin_expect(base_range_inside(addr, len, win->addr, win->len), 1)) {
		*ptr = win->ptr + (addr - win->addr);
		return len;
	}
	return vq_buf_find(vq, addr, len, access, ptr);
}

/** Where a buffer is, if it lies in the window that was used last; else NULL. */
static inline uint8_t *
vq_buf_whole(const struct vq *vq, uint64_t addr, uint32_t len, enum vnet_access access)
{
	const struct vnet_window *win = &vq->windows[access][0];

	if (!base_range_inside(addr, len, win->addr, win->len))
		return NULL;
	return win->ptr + (addr - win->addr);
}

#define VQ_LINE 64u /* bytes that a prefetch gets, or a part of them */

/**
 * Prefetches a line that is going to be written. Stores become visible in their order, so one that
 * waits for its line holds up all that follow, private ones too, until the store buffer is full.
 */
static inline void
vq_prefetch_write(const void *p)
{
#ifdef __x86_64__
	/* For plain x86-64 compilers make a prefetch for reading of the builtin; where the processor
	 * does not know this instruction, it does nothing. */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
	__builtin_prefetch(p, 1);
#endif
}

/** Prefetches the beginning of a buffer for what is going to be done with it. */
static inline void
vq_prefetch_buf(const uint8_t *p, enum vnet_access access)
{
	if (access == VNET_WRITE) {
		vq_prefetch_write(p);
		vq_prefetch_write(p + VQ_LINE);
	} else {
		__builtin_prefetch(p, 0);
		__builtin_prefetch(p + VQ_LINE, 0);
	}
}

/** The same if that costs no translation. */
static inline void
vq_buf_prefetch(const struct vq *vq, uint64_t addr, enum vnet_access access)
{
	const uint8_t *p = vq_buf_whole(vq, addr, 2 * VQ_LINE, access);

	if (p != NULL)
		vq_prefetch_buf(p, access);
}

/** A descriptor, read once. */
struct vq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t other; /**< next, or buffer id */
};

static inline void
vq_chain_clear(struct vq_chain *chain)
{
	chain->nb_segs = chain->nb_desc = 0;
	chain->read_len = chain->write_len = 0;
}

/** Adds a descriptor; of its flags NEXT and WRITE may be set. */
static inline enum vnet_error
vq_chain_append(struct vq *vq, struct vq_chain *chain, const struct vq_desc *desc)
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

/** Is this descriptor all of a chain, without anything to check? */
static inline bool
vq_chain_is_simple(const struct vq_desc *desc)
{
	return (desc->flags & ~VQ_DESC_F_WRITE) == 0 && desc->len != 0;
}

/**
 * Is this descriptor a chain of one buffer for @p access, inside of @p win? Then @p plain says where;
 * who fetches fills in the rest.
 */
static inline bool
vq_plain_set(struct vq_plain *plain, const struct vq_desc *desc, enum vnet_access access,
		const struct vnet_window *win)
{
	if (desc->flags != (access == VNET_WRITE ? VQ_DESC_F_WRITE : 0) ||
			!base_range_inside(desc->addr, desc->len, win->addr, win->len))
		return false;
	plain->ptr = win->ptr + (desc->addr - win->addr);
	plain->len = desc->len;
	vq_prefetch_buf(plain->ptr, access);
	return true;
}

/** Makes the chain that consists of this one. */
static inline void
vq_chain_set(struct vq_chain *chain, const struct vq_desc *desc)
{
	bool write = desc->flags != 0;

	chain->segs[0] = (struct vq_seg){ .addr = desc->addr, .len = desc->len, .write = write };
	chain->nb_segs = chain->nb_desc = 1;
	chain->read_len = write ? 0 : desc->len;
	chain->write_len = write ? desc->len : 0;
}

/** Moves the available position forth, over so many chains (packed: descriptors). */
static inline void
vq_advance(struct vq *vq, uint16_t avail, uint32_t nb)
{
	vq->avail = avail;
	vq->nb_prefetched -= vq->nb_prefetched < nb ? vq->nb_prefetched : nb;
}

#endif /* VQ_RING_H */
