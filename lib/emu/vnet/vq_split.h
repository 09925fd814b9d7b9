/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * split virtqueues (virtio 1.2, section 2.7); what the functions do is said in vq.h.
 */
#ifndef VQ_SPLIT_H
#define VQ_SPLIT_H

#include "vq_ring.h"

/** Fills in the areas; @return 0 or -EINVAL (size, alignment, position). */
int vq_split_layout(struct vq *vq, const struct vnet_queue_attr *attr);
enum vnet_error vq_split_fetch(struct vq *vq, struct vq_chain *chain);
void vq_split_prefetch(struct vq *vq, uint32_t distance);
enum vnet_error vq_split_reserve(struct vq *vq, uint32_t nb_desc);
void vq_split_push(struct vq *vq, struct vq_elem elem);
enum vnet_error vq_split_publish(struct vq *vq);
bool vq_split_wants_interrupt(struct vq *vq);

#endif /* VQ_SPLIT_H */
