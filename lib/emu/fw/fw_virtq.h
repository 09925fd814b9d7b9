/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Virtio queues (VIRTIO_NET_Q objects), for the firmware's own files.
 */
#ifndef FW_VIRTQ_H
#define FW_VIRTQ_H

#include "fw_card.h"
#include "fw_cmd.h"
#include "fw_counters.h"
#include "fw_mem.h"
#include "fw_mkey.h"
#include "fw_moder.h"
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
	FW_VIRTQ_ARC_RESUME, /**< the same, where freeze_to_rdy_supported is announced */
	FW_VIRTQ_ARC_ENGINE, /**< the queue itself, when it fails */
};

/** The objects that a queue uses; NULL where it has none. */
struct fw_virtq_parts {
	struct fw_obj *pd, *tis, *counters, *qp;
	struct fw_mkey *mkey, *desc_mkey, *dirty_mkey;
	struct fw_obj *umems[FW_CAPS_NB_UMEMS];
};

struct fw_virtq {
	struct fw_obj obj;
	enum fw_virtq_state state;
	enum vnet_error error;
	uint16_t index; /**< virtio queue number: even receives */
	struct fw_virtq_parts parts; /**< each is counted as used by obj */
	struct fw_counters *counters; /**< those of parts, once it counts there */
	struct fw_moder moder; /**< of events */
	uint32_t nb_error_cqes; /**< events that no completion queue took */
	struct fw_mem_user mem_user;
	struct vnet_queue *queue; /**< NULL only while it is being created */
	TAILQ_ENTRY(fw_virtq) counters_link; /**< fw_counters.virtqs */
	bool is_held; /**< an event waits for its period; in fw_card.held_virtqs */
	TAILQ_ENTRY(fw_virtq) held_link;
	uint8_t netq[PRM_SIZE(virtio_net_q)]; /**< fields as the driver gave them last */
};

/** The arc from @p from to @p to. */
enum fw_virtq_arc fw_virtq_arc(enum fw_virtq_state from, enum fw_virtq_state to);

/** Does a queue of the function with this index run? */
bool fw_virtq_index_runs(const struct fw_func *func, uint16_t index);
/** The only place that changes the state. */
void fw_virtq_set_state(struct fw_virtq *virtq, enum fw_virtq_state state);
/** Makes @p parts those that the queue uses, in place of what it used. */
void fw_virtq_use_parts(struct fw_virtq *virtq, const struct fw_virtq_parts *parts);
/** The queue pair that events go through; NULL: the driver wants none this way. */
struct fw_qp *fw_virtq_event_qp(const struct fw_virtq *virtq);
/** Takes over how events are moderated from @p virtq's fields. */
void fw_virtq_set_moderation(struct fw_virtq *virtq);
/** Tells at once of what a period holds back. */
void fw_virtq_flush_events(struct fw_virtq *virtq);
/** Events whose period is over; on each pass of the engine. */
void fw_virtq_poll_held(struct fw_card *card);
/** The queue that a command is about. */
enum fw_syndrome fw_virtq_get(struct fw_cmd *cmd, struct fw_virtq **virtq);
/** What the engine tells a queue; its argument is the struct fw_virtq. */
extern const struct vnet_queue_ops fw_virtq_ops;

#endif /* FW_VIRTQ_H */
