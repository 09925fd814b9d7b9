/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * split virtqueues (virtio 1.2, section 2.7); what the functions do is said in vq.h.
 */
#ifndef VQ_SPLIT_H
#define VQ_SPLIT_H

#include <endian.h>

#include "vq_ring.h"

#define VQ_RING_HEAD 4u /* bytes before the entries of the available and the used ring */

/** Fills in the areas; @return 0 or -EINVAL (size, alignment, position). */
int vq_split_layout(struct vq *vq, const struct vnet_queue_attr *attr);
enum vnet_error vq_split_fetch(struct vq *vq, struct vq_chain *chain);
unsigned int vq_split_fetch_plain(struct vq *vq, enum vnet_access access, struct vq_plain *plain,
		unsigned int nb);
void vq_split_prefetch(struct vq *vq, uint32_t distance);
enum vnet_error vq_split_reserve(struct vq *vq, uint32_t nb_desc);
void vq_split_push(struct vq *vq, struct vq_elem elem);
void vq_split_stale(struct vq *vq, struct vq_elem *elem);
enum vnet_error vq_split_publish(struct vq *vq);
bool vq_split_wants_interrupt(struct vq *vq);

/** Reads a descriptor in two pieces, each once. */
static inline void
vq_split_desc(const uint64_t *raw, struct vq_desc *desc)
{
	uint64_t rest = le64toh(__atomic_load_n(&raw[1], __ATOMIC_RELAXED));

	desc->addr = le64toh(__atomic_load_n(&raw[0], __ATOMIC_RELAXED));
	desc->len = (uint32_t)rest;
	desc->flags = (uint16_t)(rest >> 32);
	desc->other = (uint16_t)(rest >> 48);
}

/**
 * The short way of vq_split_fetch(), for what is most often there: a chain of one descriptor, in
 * rings that are in one piece. @return false, and nothing has changed, for all else.
 */
static inline bool
vq_split_fetch_one(struct vq *vq, struct vq_chain *chain)
{
	const uint8_t *table = vq->areas[VQ_DESC].whole, *driver = vq->areas[VQ_DRIVER].whole;
	const uint64_t *raw;
	struct vq_desc desc;
	uint16_t head;

	if (vq->avail == vq->avail_end || table == NULL || driver == NULL)
		return false;
	driver += VQ_RING_HEAD + (vq->avail & (vq->size - 1)) * sizeof(head);
	head = le16toh(__atomic_load_n((const uint16_t *)driver, __ATOMIC_RELAXED));
	if (head >= vq->size)
		return false;
	raw = (const uint64_t *)(table + (size_t)head * VQ_DESC_SIZE);
	vq_split_desc(raw, &desc);
	if (!vq_chain_is_simple(&desc))
		return false;
	chain->id = head;
	vq_chain_set(chain, &desc);
	vq_advance(vq, (uint16_t)(vq->avail + 1), 1);
	return true;
}

#endif /* VQ_SPLIT_H */
