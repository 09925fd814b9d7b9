/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Virtio queues (VIRTIO_NET_Q objects), for the firmware's own files.
 */
#ifndef FW_VIRTQ_H
#define FW_VIRTQ_H

#include "fw_card.h"
#include "fw_counters.h"
#include "fw_mem.h"
#include "fw_qp.h"
#include "prm_field.h"

/** States of virtio_net_q.state; the values are the PRM's. */
enum fw_virtq_state {
	/** Made, never run. The rings have not been looked at. */
	FW_VIRTQ_INIT = PRM_VIRTQ_INIT,
	/** Running: the indices are the engine's. */
	FW_VIRTQ_RDY = PRM_VIRTQ_RDY,
	/** Stopped by command: the indices stand still and can be read. */
	FW_VIRTQ_SUSPEND = PRM_VIRTQ_SUSPEND,
	/** Gave up by itself (error_type says why); the indices stand still. Only the end follows. */
	FW_VIRTQ_ERR = PRM_VIRTQ_ERR,
	FW_VIRTQ_NB_STATES,
};

/** Who may walk an arc between two states. */
enum fw_virtq_arc {
	FW_VIRTQ_ARC_NONE,
	FW_VIRTQ_ARC_MODIFY, /**< the driver, with MODIFY_GENERAL_OBJECT */
	FW_VIRTQ_ARC_ENGINE, /**< the queue itself, when it fails */
};

struct fw_virtq {
	struct fw_obj obj;
	enum fw_virtq_state state;
	enum vnet_error error;
	uint16_t index; /**< virtio queue number: even receives */
	struct fw_qp *qp; /**< for events; NULL: the driver wants none */
	struct fw_counters *counters; /**< NULL: none */
	struct fw_mem_user mem_user;
	struct vnet_queue *queue; /**< NULL only while it is being created */
	TAILQ_ENTRY(fw_virtq) counters_link; /**< fw_counters.virtqs */
	uint8_t netq[PRM_SIZE(virtio_net_q)]; /**< fields as the driver gave them */
};

/** The arc from @p from to @p to. */
enum fw_virtq_arc fw_virtq_arc(enum fw_virtq_state from, enum fw_virtq_state to);

/** Does a queue of the function with this index run? */
bool fw_virtq_index_runs(const struct fw_func *func, uint16_t index);
/** What the engine tells a queue; its argument is the struct fw_virtq. */
extern const struct vnet_queue_ops fw_virtq_ops;

#endif /* FW_VIRTQ_H */
