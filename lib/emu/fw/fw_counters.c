/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a counter object outlives the queues that count in it, and a driver
 * re-creates queues often; so the sums of queues that are gone are kept here and those of living
 * ones are asked of the engine at each QUERY.
 */
#include "base_math.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_counters.h"
#include "fw_uctx.h"
#include "fw_virtq.h"

static void
fw_counters_add(struct vnet_queue_stats *sum, const struct vnet_queue *queue)
{
	struct vnet_queue_stats stats;

	vnet_queue_stats_locked(queue, &stats);
	sum->received_desc += stats.received_desc;
	sum->completed_desc += stats.completed_desc;
	sum->bad_desc_errors += stats.bad_desc_errors;
	sum->exceed_max_chain += stats.exceed_max_chain;
	sum->invalid_buffer += stats.invalid_buffer;
}

void
fw_counters_attach(struct fw_counters *counters, struct fw_virtq *virtq)
{
	TAILQ_INSERT_TAIL(&counters->virtqs, virtq, counters_link);
	virtq->counters = counters;
}

void
fw_counters_detach(struct fw_counters *counters, struct fw_virtq *virtq)
{
	fw_counters_add(&counters->past, virtq->queue);
	counters->past_error_cqes += virtq->nb_error_cqes;
	TAILQ_REMOVE(&counters->virtqs, virtq, counters_link);
	virtq->counters = NULL;
}

enum fw_syndrome
fw_counters_create(struct fw_cmd *cmd)
{
	struct fw_obj *obj;
	enum fw_syndrome syn;

	if (!cmd->uctx->func->card->caps.virtq_counters)
		return fw_refuse(cmd->uctx, FW_SYN_OBJ_TYPE, "obj_type", PRM_OBJ_VIRTIO_Q_COUNTERS);
	syn = fw_obj_new(cmd->uctx, FW_CLASS_COUNTERS, sizeof(struct fw_counters), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	TAILQ_INIT(&base_container_of(obj, struct fw_counters, obj)->virtqs);
	fw_cmd_reply_id(cmd, obj);
	return FW_SYN_OK;
}

enum fw_syndrome
fw_counters_query(struct fw_cmd *cmd)
{
	uint32_t id = (uint32_t)PRM_GET(general_obj_in_cmd_hdr, cmd->in, obj_id);
	uint8_t *out = PRM_PTR(query_virtio_q_counters_out, cmd->out, virtio_q_counters);
	const struct fw_counters *counters;
	const struct fw_virtq *virtq;
	struct vnet_queue_stats sum;
	uint32_t error_cqes;
	enum fw_syndrome syn;
	struct fw_obj *obj;

	syn = fw_obj_get(cmd->uctx, FW_CLASS_COUNTERS, id, "obj_id", &obj);
	if (syn != FW_SYN_OK)
		return syn;
	counters = base_container_of(obj, struct fw_counters, obj);
	sum = counters->past;
	error_cqes = counters->past_error_cqes;
	TAILQ_FOREACH(virtq, &counters->virtqs, counters_link) {
		fw_counters_add(&sum, virtq->queue);
		error_cqes += virtq->nb_error_cqes;
	}
	fw_cmd_reply_id(cmd, obj);
	PRM_SET(virtio_q_counters, out, received_desc, sum.received_desc);
	PRM_SET(virtio_q_counters, out, completed_desc, sum.completed_desc);
	PRM_SET(virtio_q_counters, out, error_cqes, error_cqes);
	PRM_SET(virtio_q_counters, out, bad_desc_errors, sum.bad_desc_errors);
	PRM_SET(virtio_q_counters, out, exceed_max_chain, sum.exceed_max_chain);
	PRM_SET(virtio_q_counters, out, invalid_buffer, sum.invalid_buffer);
	return FW_SYN_OK;
}
