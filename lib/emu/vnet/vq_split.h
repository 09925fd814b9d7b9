/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The device's side of a split virtqueue (virtio 1.2, section 2.7): from an untrusted ring in guest
 * memory to a checked descriptor chain, and back to the used ring.
 *
 * Pure: no lock, no log, no state but the places of the rings. Memory is a parameter.
 */
#ifndef VQ_SPLIT_H
#define VQ_SPLIT_H

#include "vnet.h"

#define VQ_SIZE_MAX 32768u

/** A buffer as the guest described it: length and number checked, address not yet. */
struct vq_seg {
	uint64_t addr;
	uint32_t len;
	bool write; /**< the device writes it */
};

/** A whole chain; readable segments come before writable ones. */
struct vq_chain {
	struct vq_seg *segs; /**< caller's array of VQ_SIZE_MAX entries */
	uint32_t nb_segs; /**< segments that are not empty */
	uint32_t nb_desc; /**< descriptors, empty ones included */
	uint16_t head; /**< goes to the used ring */
	uint64_t read_len, write_len;
};

/** Where in a chain the next byte is read or written; begin with { 0 }. */
struct vq_cursor {
	uint32_t seg;
	uint32_t off;
};

/** What was wrong, for the one message about it. */
struct vq_fault {
	enum vnet_error error;
	const char *what; /**< names the field, "descriptor flags" for example */
	uint64_t value; /**< its value */
};

enum vq_area_id {
	VQ_DESC,
	VQ_AVAIL,
	VQ_USED,
	VQ_NB_AREAS,
};

/** One of the three rings, and the part of it that was translated last. */
struct vq_area {
	uint64_t addr;
	uint32_t len;
	enum vnet_access access;
	uint8_t *win_ptr; /**< NULL: nothing is translated */
	uint32_t win_off, win_len;
};

struct vq_split {
	struct vnet_mem mem;
	uint32_t mkey, ring_mkey; /**< of the buffers, of the rings */
	uint32_t size;
	struct vq_area areas[VQ_NB_AREAS];
	struct vq_fault fault; /**< of the last call that did not return VNET_ERR_NONE */
};

/** @return 0, or -EINVAL: size is no power of two up to VQ_SIZE_MAX, or a ring is not aligned. */
int vq_split_init(struct vq_split *vq, const struct vnet_queue_attr *attr);

/** Forgets translations; call it whenever the memory keys may have changed since the last call. */
void vq_split_begin(struct vq_split *vq);

/** How many entries the guest has made available beyond @p avail; what it wrote before is visible. */
enum vnet_error vq_split_pending(struct vq_split *vq, uint16_t avail, uint32_t *nb);

/** Walks the chain of available entry @p avail, which must be pending. */
enum vnet_error vq_split_fetch(struct vq_split *vq, uint16_t avail, struct vq_chain *chain);

/** Makes sure that vq_split_push() of entry @p used cannot fail until vq_split_begin(). */
enum vnet_error vq_split_reserve(struct vq_split *vq, uint16_t used);

/** Gives a chain back in entry @p used, which was reserved; @p len bytes of it were written. */
void vq_split_push(struct vq_split *vq, uint16_t used, uint16_t head, uint32_t len);

/**
 * Does the guest want to hear of used entries? To be asked after vq_split_push(): orders the used
 * index before the read of the flags (virtio 1.2, 2.7.7.2). True when it cannot be found out.
 */
bool vq_split_wants_interrupt(struct vq_split *vq);

/** Reads the next @p len readable bytes; the chain must have them (assert). */
enum vnet_error vq_chain_read(struct vq_split *vq, const struct vq_chain *chain,
		struct vq_cursor *cursor, void *buf, uint64_t len);
/** Writes the next @p len writable bytes; the chain must have them (assert). */
enum vnet_error vq_chain_write(struct vq_split *vq, const struct vq_chain *chain,
		struct vq_cursor *cursor, const void *buf, uint64_t len);

#endif /* VQ_SPLIT_H */
