/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What CREATE and MODIFY of a VIRTIO_NET_Q have in common: a whole virtio_net_q (as it was given,
 * or as it would be after the MODIFY) is checked, the objects that it names are found, and it is
 * turned into the engine's attributes. Nothing here changes anything.
 */
#ifndef FW_VIRTQ_CHECK_H
#define FW_VIRTQ_CHECK_H

#include "fw_virtq.h"

/** The capability that a field needs, for fw_refuse(): "dirty_bitmap_mkey (dirty_log)". */
#define FW_VIRTQ_FIELD(field, cap) "virtio_net_q." field " (" cap ")"

/** Checks values and capabilities; the queue's number and the objects are the caller's. */
enum fw_syndrome fw_virtq_check(struct fw_uctx *uctx, const uint8_t *netq);
/**
 * Finds the objects that fields name; of those that MODIFY can change only what @p select
 * (PRM_VIRTQ_MOD_*) says, the others stay as @p parts has them. With FW_VIRTQ_FIND_ALL those
 * that CREATE alone can give, too.
 */
enum fw_syndrome fw_virtq_find_parts(struct fw_uctx *uctx, const uint8_t *netq, uint64_t select,
		struct fw_virtq_parts *parts);
#define FW_VIRTQ_FIND_ALL UINT64_MAX

/** The engine's attributes; ops and argument are those of @p virtq. */
void
fw_virtq_engine_attr(struct fw_virtq *virtq, const uint8_t *netq, struct vnet_queue_attr *attr);
/** The engine's view of the dirty log. */
void fw_virtq_engine_dirty(const uint8_t *netq, struct vnet_dirty *dirty);

#endif /* FW_VIRTQ_CHECK_H */
