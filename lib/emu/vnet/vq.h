/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The device's side of a virtqueue, split (virtio 1.2, 2.7) or packed (2.8): from an untrusted ring
 * in guest memory to checked descriptor chains, and back to used entries.
 *
 * The way of a chain: vq_fetch() takes the next one and moves the available position behind it;
 * vq_reserve() makes sure that it can be given back; vq_push() gives it back, which the guest sees
 * at the next vq_publish(). A chain that cannot be used now is put back by setting vq::avail to
 * what it was. Chains are given back in the order in which they were fetched.
 *
 * Positions are a split ring's free-running 16-bit indices; in a packed ring a descriptor's number
 * in bits 0 to 14 and the wrap counter in bit 15, as the PRM and vhost have them.
 *
 * Pure: no lock, no log, no state but the ring's. Memory is a parameter.
 */
#ifndef VQ_H
#define VQ_H

#include "vq_packed.h"
#include "vq_ring.h"
#include "vq_split.h"

/**
 * @return 0, or -EINVAL: the size (of a split ring a power of two, of any ring at most VQ_SIZE_MAX),
 * a ring that is not aligned or wraps, a position outside of a packed ring.
 */
int vq_init(struct vq *vq, const struct vnet_queue_attr *attr);

/** Forgets translations; call it whenever the memory keys may have changed since the last call. */
void vq_begin(struct vq *vq);

/** The guest's rings are looked at afresh, as at a start. */
void vq_restart(struct vq *vq);

/** The same, of the log of written pages; from the next write on. */
void vq_dirty_set(struct vq *vq, const struct vnet_dirty *dirty);

/**
 * Takes the next available chain: @p chain, whose array @c segs is the caller's and has room for as
 * many entries as the ring. There is none where chain->nb_desc is 0; then nothing has changed.
 */
static inline enum vnet_error
vq_fetch(struct vq *vq, struct vq_chain *chain)
{
	if (vq->packed)
		return vq_packed_fetch(vq, chain);
	return vq_split_fetch_one(vq, chain) ? VNET_ERR_NONE : vq_split_fetch(vq, chain);
}

/**
 * Takes up to @p nb chains of one buffer each, all for @p access, in memory that was translated last,
 * and starts to bring the buffers' beginnings into the cache. Stops before the first chain that is
 * different, which is vq_fetch()'s, and finds no faults. What was taken needs no vq_reserve().
 * @return how many
 */
static inline unsigned int
vq_fetch_plain(struct vq *vq, enum vnet_access access, struct vq_plain *plain, unsigned int nb)
{
	return vq->packed ? vq_packed_fetch_plain(vq, access, plain, nb) :
			    vq_split_fetch_plain(vq, access, plain, nb);
}

/**
 * Starts to bring what is available, up to @p distance chains ahead, into the cache: descriptors and
 * the beginnings of their first buffers. Not what was asked for before. Finds no faults.
 */
static inline void
vq_prefetch(struct vq *vq, uint32_t distance)
{
	if (vq->packed)
		vq_packed_prefetch(vq, distance);
	else
		vq_split_prefetch(vq, distance);
}

/** Makes sure that the next @p nb_desc descriptors' chains can be pushed until vq_begin(). */
static inline enum vnet_error
vq_reserve(struct vq *vq, uint32_t nb_desc)
{
	return vq->packed ? vq_packed_reserve(vq, nb_desc) : vq_split_reserve(vq, nb_desc);
}

/** Gives a chain back in the next used entry, which was reserved. */
static inline void
vq_push(struct vq *vq, struct vq_elem elem)
{
	if (vq->packed)
		vq_packed_push(vq, elem);
	else
		vq_split_push(vq, elem);
}

/** Makes @p elem what the guest finds in the next used entry if nothing is written there. */
static inline void
vq_stale(struct vq *vq, struct vq_elem *elem)
{
	if (vq->packed)
		vq_packed_stale(vq, elem);
	else
		vq_split_stale(vq, elem);
}

/** Is something pushed and not published? */
static inline bool
vq_has_unpublished(const struct vq *vq)
{
	return vq->used != vq->published;
}

/** Shows the guest all that was pushed, at once; an error is one of the dirty log. */
static inline enum vnet_error
vq_publish(struct vq *vq)
{
	return vq->packed ? vq_packed_publish(vq) : vq_split_publish(vq);
}

/**
 * Does the guest want to hear of used entries? To be asked after vq_publish(): orders what that
 * wrote before the read of the flags (virtio 1.2, 2.7.7.2). True when it cannot be found out.
 */
static inline bool
vq_wants_interrupt(struct vq *vq)
{
	return vq->packed ? vq_packed_wants_interrupt(vq) : vq_split_wants_interrupt(vq);
}

/** Reads the next @p len readable bytes; the chain must have them (assert). */
enum vnet_error vq_chain_read(struct vq *vq, const struct vq_chain *chain, struct vq_cursor *cursor,
		void *buf, uint64_t len);

/**
 * Writes the next @p len writable bytes; the chain must have them (assert). @p buf may be memory of
 * the guest, the same even.
 */
enum vnet_error vq_chain_write(struct vq *vq, const struct vq_chain *chain,
		struct vq_cursor *cursor, const void *buf, uint64_t len);

/**
 * Where the next @p len readable bytes are: memory of the guest, good until vq_begin(). At most
 * @p room pieces; @p nb gets their number, or 0 where they do not suffice (the cursor stays).
 */
enum vnet_error vq_chain_map(struct vq *vq, const struct vq_chain *chain, struct vq_cursor *cursor,
		struct vq_pieces *pieces, uint64_t len);

#endif /* VQ_H */
