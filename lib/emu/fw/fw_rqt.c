/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a receive queue table is a list of VIRTIO_NET_Q numbers that packets are
 * spread over; entries repeat. CREATE and MODIFY carry the list in the same place and share its
 * decoder. Each entry counts as a user of its queue, so a queue in a table cannot be destroyed.
 * MODIFY replaces the whole list, all or nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "base_math.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_rqt.h"
#include "fw_uctx.h"
#include "fw_virtq.h"
#include "prm_field.h"

/* A list while it is on its way into the table. */
struct fw_rqt_list {
	uint32_t nb;
	struct fw_obj **virtqs;
	struct vnet_queue **queues;
};

static void
fw_rqt_list_fini(struct fw_rqt_list *list)
{
	free(list->virtqs);
	free(list->queues);
}

static enum fw_syndrome
fw_rqt_decode_entry(struct fw_cmd *cmd, uint32_t id, struct fw_rqt_list *list)
{
	struct fw_obj *obj = fw_obj_peek(cmd->uctx, FW_CLASS_VIRTQ, id);
	const struct fw_virtq *virtq;

	if (obj == NULL)
		return fw_refuse(cmd->uctx, FW_SYN_RQT_ENTRY, "rqtc.rq_num", id);
	virtq = base_container_of(obj, struct fw_virtq, obj);
	if (virtq->index % 2 != 0)
		return fw_refuse(cmd->uctx, FW_SYN_RQT_ENTRY, "rqtc.rq_num (transmit queue)", id);
	list->virtqs[list->nb] = obj;
	list->queues[list->nb++] = virtq->queue;
	return FW_SYN_OK;
}

/* @p max: entries that the table has room for. On failure the list is empty. */
static enum fw_syndrome
fw_rqt_decode(struct fw_cmd *cmd, uint32_t max, struct fw_rqt_list *list)
{
	const uint8_t *rqtc = PRM_PTR(create_rqt_in, cmd->in, rqt_context);
	const uint8_t *in = cmd->in + PRM_SIZE(create_rqt_in);
	uint32_t nb = (uint32_t)PRM_GET(rqtc, rqtc, rqt_actual_size);
	enum fw_syndrome syn = FW_SYN_OK;
	uint32_t i;

	if (PRM_GET(rqtc, rqtc, list_q_type) != PRM_RQT_LIST_VIRTIO_NET_Q)
		return fw_refuse(cmd->uctx, FW_SYN_RQT_LIST_TYPE, "rqtc.list_q_type",
				PRM_GET(rqtc, rqtc, list_q_type));
	if (nb == 0 || nb > max)
		return fw_refuse(cmd->uctx, FW_SYN_RQT_SIZE, "rqtc.rqt_actual_size", nb);
	if (cmd->inlen < PRM_SIZE(create_rqt_in) + nb * PRM_SIZE(rq_num))
		return fw_refuse(cmd->uctx, FW_SYN_IN_SHORT, "input length", cmd->inlen);
	list->nb = 0;
	list->virtqs = calloc(nb, sizeof(*list->virtqs));
	list->queues = calloc(nb, sizeof(*list->queues));
	if (list->virtqs == NULL || list->queues == NULL)
		syn = fw_refuse(cmd->uctx, FW_SYN_NO_MEMORY, "rqtc.rqt_actual_size", nb);
	for (i = 0; syn == FW_SYN_OK && i < nb; i++, in += PRM_SIZE(rq_num))
		syn = fw_rqt_decode_entry(cmd, (uint32_t)PRM_GET(rq_num, in, rq_num), list);
	if (syn != FW_SYN_OK)
		fw_rqt_list_fini(list);
	return syn;
}

/* Makes the list the table's; the former one lets go of its queues. */
static void
fw_rqt_keep(struct fw_rqt *rqt, struct fw_rqt_list *list)
{
	uint32_t i;

	for (i = 0; i < list->nb; i++)
		list->virtqs[i]->nb_users++;
	for (i = 0; i < rqt->nb; i++)
		rqt->virtqs[i]->nb_users--;
	free(rqt->virtqs);
	rqt->virtqs = list->virtqs;
	rqt->nb = list->nb;
	list->virtqs = NULL;
}

static enum fw_syndrome
fw_rqt_engine_refused(struct fw_cmd *cmd, int err)
{
	return fw_refuse(cmd->uctx, err == -ENOMEM ? FW_SYN_NO_MEMORY : FW_SYN_ENGINE, "rqtc", 0);
}

enum fw_syndrome
fw_rqt_create(struct fw_cmd *cmd)
{
	const uint8_t *rqtc = PRM_PTR(create_rqt_in, cmd->in, rqt_context);
	uint32_t max = (uint32_t)PRM_GET(rqtc, rqtc, rqt_max_size);
	struct fw_func *func = cmd->uctx->func;
	struct fw_rqt_list list = { 0 };
	enum fw_syndrome syn;
	struct fw_obj *obj;
	struct fw_rqt *rqt;
	int ret;

	if (max == 0 || max > 1u << func->card->caps.log_max_rqt_size)
		return fw_refuse(cmd->uctx, FW_SYN_RQT_SIZE, "rqtc.rqt_max_size", max);
	syn = fw_rqt_decode(cmd, max, &list);
	if (syn != FW_SYN_OK)
		return syn;
	syn = fw_obj_new(cmd->uctx, FW_CLASS_RQT, sizeof(*rqt), &obj);
	if (syn != FW_SYN_OK)
		goto free_list;
	rqt = base_container_of(obj, struct fw_rqt, obj);
	rqt->max_size = max;
	ret = vnet_rqt_create_locked(func->port, list.queues, list.nb, &rqt->rqt);
	if (ret != 0) {
		rqt->rqt = NULL;
		fw_obj_delete(obj);
		syn = fw_rqt_engine_refused(cmd, ret);
		goto free_list;
	}
	fw_rqt_keep(rqt, &list);
	fw_cmd_reply_id(cmd, obj);
free_list:
	fw_rqt_list_fini(&list);
	return syn;
}

enum fw_syndrome
fw_rqt_modify(struct fw_cmd *cmd)
{
	uint32_t rqtn = (uint32_t)PRM_GET(modify_rqt_in, cmd->in, rqtn);
	uint64_t bits = PRM_GET(modify_rqt_in, cmd->in, modify_bitmask);
	struct fw_rqt_list list = { 0 };
	enum fw_syndrome syn;
	struct fw_obj *obj;
	struct fw_rqt *rqt;
	int ret;

	syn = fw_obj_get(cmd->uctx, FW_CLASS_RQT, rqtn, "rqtn", &obj);
	if (syn != FW_SYN_OK)
		return syn;
	if (bits != PRM_RQT_MOD_LIST)
		return fw_refuse(cmd->uctx, FW_SYN_RQT_MODIFY_BITS, "modify_bitmask", bits);
	rqt = base_container_of(obj, struct fw_rqt, obj);
	syn = fw_rqt_decode(cmd, rqt->max_size, &list);
	if (syn != FW_SYN_OK)
		return syn;
	ret = vnet_rqt_set_locked(rqt->rqt, list.queues, list.nb);
	if (ret != 0)
		syn = fw_rqt_engine_refused(cmd, ret);
	else
		fw_rqt_keep(rqt, &list);
	fw_rqt_list_fini(&list);
	return syn;
}

void
fw_rqt_release(struct fw_obj *obj)
{
	struct fw_rqt *rqt = base_container_of(obj, struct fw_rqt, obj);
	struct fw_rqt_list none = { 0 };

	vnet_rqt_destroy_locked(rqt->rqt);
	fw_rqt_keep(rqt, &none);
}
