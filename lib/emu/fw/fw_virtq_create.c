/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: CREATE of a VIRTIO_NET_Q checks everything that can be known without
 * looking at guest memory (fw_virtq_check.c), and here what only matters for a new queue: its
 * number and its state. Only then anything comes into being, so a refusal leaves nothing behind.
 * The fields are kept as they were given, for QUERY and for MODIFY.
 */
#include <errno.h>
#include <string.h>

#include "base_math.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_uctx.h"
#include "fw_virtq_check.h"

static enum fw_syndrome
fw_virtq_check_new(struct fw_uctx *uctx, const uint8_t *netq, uint16_t index)
{
	uint64_t state = PRM_GET(virtio_net_q, netq, state);

	if (state != PRM_VIRTQ_INIT)
		return fw_refuse(uctx, FW_SYN_VIRTQ_STATE_VALUE, "virtio_net_q.state", state);
	if (index >= uctx->func->card->caps.max_virtqs)
		return fw_refuse(uctx, FW_SYN_VIRTQ_INDEX, "virtio_q.queue_index", index);
	if (fw_virtq_index_runs(uctx->func, index))
		return fw_refuse(uctx, FW_SYN_VIRTQ_INDEX_USED, "virtio_q.queue_index", index);
	if (uctx->func->objs[FW_CLASS_VIRTQ].nb_used >= uctx->func->card->caps.max_virtqs)
		return fw_refuse(uctx, FW_SYN_VIRTQ_LIMIT, "virtio_q.queue_index", index);
	return FW_SYN_OK;
}

static int
fw_virtq_make_queue(struct fw_virtq *virtq)
{
	struct vnet_queue_attr attr;
	struct vnet_dirty dirty;
	int ret;

	fw_virtq_engine_attr(virtq, virtq->netq, &attr);
	ret = vnet_queue_create_locked(virtq->obj.uctx->func->port, &attr, &virtq->queue);
	if (ret != 0)
		return ret;
	fw_virtq_engine_dirty(virtq->netq, &dirty);
	vnet_queue_dirty_set_locked(virtq->queue, &dirty);
	return 0;
}

enum fw_syndrome
fw_virtq_create(struct fw_cmd *cmd)
{
	const uint8_t *netq = PRM_PTR(create_virtq_in, cmd->in, virtq);
	const uint8_t *q = PRM_PTR(virtio_net_q, netq, virtio_q_context);
	uint16_t index = (uint16_t)PRM_GET(virtio_q, q, queue_index);
	struct fw_virtq_parts parts = { 0 };
	struct fw_virtq *virtq;
	enum fw_syndrome syn;
	struct fw_obj *obj;
	int ret;

	syn = fw_virtq_check(cmd->uctx, netq);
	if (syn == FW_SYN_OK)
		syn = fw_virtq_check_new(cmd->uctx, netq, index);
	if (syn == FW_SYN_OK)
		syn = fw_virtq_find_parts(cmd->uctx, netq, FW_VIRTQ_FIND_ALL, &parts);
	if (syn == FW_SYN_OK)
		syn = fw_obj_new(cmd->uctx, FW_CLASS_VIRTQ, sizeof(*virtq), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	virtq = base_container_of(obj, struct fw_virtq, obj);
	virtq->state = FW_VIRTQ_INIT;
	virtq->index = index;
	memcpy(virtq->netq, netq, sizeof(virtq->netq));
	fw_virtq_use_parts(virtq, &parts);
	fw_virtq_set_moderation(virtq);
	ret = fw_virtq_make_queue(virtq);
	if (ret != 0) {
		virtq->parts.qp = NULL; /* it did not get to use it */
		fw_obj_delete(obj);
		return fw_refuse(cmd->uctx, ret == -ENOMEM ? FW_SYN_NO_MEMORY : FW_SYN_ENGINE,
				"virtio_q.queue_index", index);
	}
	if (parts.counters != NULL)
		fw_counters_attach(base_container_of(parts.counters, struct fw_counters, obj),
				virtq);
	fw_cmd_reply_id(cmd, obj);
	return FW_SYN_OK;
}
