/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * packed virtqueues (virtio 1.2, section 2.8); what the functions do is said in vq.h.
 */
#ifndef VQ_PACKED_H
#define VQ_PACKED_H

#include "vq_ring.h"

/** Fills in the areas; @return 0 or -EINVAL (size, alignment, position). */
int vq_packed_layout(struct vq *vq, const struct vnet_queue_attr *attr);
enum vnet_error vq_packed_fetch(struct vq *vq, struct vq_chain *chain);
unsigned int vq_packed_fetch_plain(struct vq *vq, enum vnet_access access, struct vq_plain *plain,
		unsigned int nb);
void vq_packed_prefetch(struct vq *vq, uint32_t distance);
enum vnet_error vq_packed_reserve(struct vq *vq, uint32_t nb_desc);
void vq_packed_push(struct vq *vq, struct vq_elem elem);
void vq_packed_stale(struct vq *vq, struct vq_elem *elem);
enum vnet_error vq_packed_publish(struct vq *vq);
bool vq_packed_wants_interrupt(struct vq *vq);

#endif /* VQ_PACKED_H */
