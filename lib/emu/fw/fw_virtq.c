/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a VIRTIO_NET_Q object is a queue of the engine (vnet_queue) with a state.
 * CREATE (fw_virtq_create.c) has checked all that can be known beforehand, so a queue that exists
 * can only fail by what the guest does. The fields are kept as they were given; QUERY returns them
 * with the live ones (state, indices, error) written over.
 *
 * The states and who may walk which arc are one table; fw_virtq_set_state() is the only place that
 * changes the state. The engine tells of used entries (passed on through the event queue pair) and
 * of failures (ERR, error_type, OBJECT_CHANGE event); both come with the card's lock held.
 *
 * Indices: while RDY they are the engine's; SUSPEND returns after the engine has published all
 * that it fetched, so what QUERY says from then on is final.
 */
#include <string.h>

#include "base_math.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_event.h"
#include "fw_uctx.h"
#include "fw_virtq.h"

/* --- states --------------------------------------------------------------------------------- */

static const enum fw_virtq_arc fw_virtq_arcs[FW_VIRTQ_NB_STATES][FW_VIRTQ_NB_STATES] = {
	[FW_VIRTQ_INIT][FW_VIRTQ_RDY] = FW_VIRTQ_ARC_MODIFY,
	[FW_VIRTQ_RDY][FW_VIRTQ_SUSPEND] = FW_VIRTQ_ARC_MODIFY,
	[FW_VIRTQ_RDY][FW_VIRTQ_ERR] = FW_VIRTQ_ARC_ENGINE,
	/* SUSPEND to RDY is there with the capability freeze_to_rdy_supported, which is off. */
};

enum fw_virtq_arc
fw_virtq_arc(enum fw_virtq_state from, enum fw_virtq_state to)
{
	return from < FW_VIRTQ_NB_STATES && to < FW_VIRTQ_NB_STATES ? fw_virtq_arcs[from][to] :
								      FW_VIRTQ_ARC_NONE;
}

static void
fw_virtq_set_state(struct fw_virtq *virtq, enum fw_virtq_state state)
{
	base_info(virtq->obj.uctx->func->card->log,
			"fw: function %u: VIRTQ 0x%x (queue %u): %s -> %s",
			virtq->obj.uctx->func->index, virtq->obj.id, virtq->index,
			prm_virtq_state_name((uint8_t)virtq->state),
			prm_virtq_state_name((uint8_t)state));
	virtq->state = state;
}

/* --- what the engine tells ------------------------------------------------------------------ */

static void
fw_virtq_used(void *arg, unsigned int nb)
{
	struct fw_virtq *virtq = arg;

	(void)nb; /* one completion may stand for any number of entries */
	if (virtq->qp != NULL)
		fw_qp_send_event(virtq->qp);
}

static void
fw_virtq_failed(void *arg, enum vnet_error error)
{
	struct fw_virtq *virtq = arg;

	if (fw_virtq_arc(virtq->state, FW_VIRTQ_ERR) != FW_VIRTQ_ARC_ENGINE)
		return;
	virtq->error = error;
	base_warn(virtq->obj.uctx->func->card->log,
			"fw: function %u: VIRTQ 0x%x (queue %u) failed: %s",
			virtq->obj.uctx->func->index, virtq->obj.id, virtq->index,
			vnet_error_name(error));
	fw_virtq_set_state(virtq, FW_VIRTQ_ERR);
	fw_event_object_change(&virtq->obj);
}

const struct vnet_queue_ops fw_virtq_ops = {
	.used = fw_virtq_used,
	.error = fw_virtq_failed,
};

bool
fw_virtq_index_runs(const struct fw_func *func, uint16_t index)
{
	const struct fw_virtq *virtq;
	uint32_t id = 0;

	for (;; id++) {
		struct fw_obj *obj = base_idtab_next(&func->objs[FW_CLASS_VIRTQ], &id);

		if (obj == NULL)
			return false;
		virtq = base_container_of(obj, struct fw_virtq, obj);
		if (virtq->index == index && virtq->state == FW_VIRTQ_RDY)
			return true;
	}
}

/* --- the end -------------------------------------------------------------------------------- */

void
fw_virtq_release(struct fw_obj *obj)
{
	struct fw_virtq *virtq = base_container_of(obj, struct fw_virtq, obj);

	/* From here on nothing is told: the queue is going because somebody wants it to. */
	if (virtq->qp != NULL)
		fw_qp_fail(virtq->qp);
	if (virtq->queue != NULL && virtq->state == FW_VIRTQ_RDY) {
		fw_virtq_set_state(virtq, FW_VIRTQ_SUSPEND);
		vnet_queue_suspend_locked(virtq->queue);
	}
	if (virtq->counters != NULL)
		fw_counters_detach(virtq->counters, virtq);
	vnet_queue_destroy_locked(virtq->queue);
}

/* --- MODIFY --------------------------------------------------------------------------------- */

static enum fw_syndrome
fw_virtq_start(struct fw_uctx *uctx, struct fw_virtq *virtq)
{
	if (fw_virtq_index_runs(uctx->func, virtq->index))
		return fw_refuse(uctx, FW_SYN_VIRTQ_INDEX_USED, "virtio_q.queue_index",
				virtq->index);
	/* First the state: the engine may fail the queue before it returns. */
	fw_virtq_set_state(virtq, FW_VIRTQ_RDY);
	if (vnet_queue_start_locked(virtq->queue) != 0) {
		if (virtq->state == FW_VIRTQ_RDY)
			fw_virtq_set_state(virtq, FW_VIRTQ_INIT);
		return fw_refuse(uctx, FW_SYN_ENGINE, "virtio_net_q.state", PRM_VIRTQ_RDY);
	}
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_virtq_suspend(struct fw_uctx *uctx, struct fw_virtq *virtq)
{
	vnet_queue_suspend_locked(virtq->queue);
	if (virtq->state != FW_VIRTQ_RDY)
		return fw_refuse(uctx, FW_SYN_VIRTQ_STOP_FAILED, "virtio_q.error_type",
				virtq->error);
	fw_virtq_set_state(virtq, FW_VIRTQ_SUSPEND);
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_virtq_modify_state(struct fw_uctx *uctx, struct fw_virtq *virtq, const uint8_t *netq)
{
	uint64_t to = PRM_GET(virtio_net_q, netq, state);

	if (fw_virtq_arc(virtq->state, (enum fw_virtq_state)to) != FW_VIRTQ_ARC_MODIFY)
		return fw_refuse(uctx, FW_SYN_VIRTQ_STATE,
				prm_virtq_state_name((uint8_t)virtq->state), to);
	return to == PRM_VIRTQ_RDY ? fw_virtq_start(uctx, virtq) : fw_virtq_suspend(uctx, virtq);
}

/*
 * Bits of modify_field_select in the order in which they are carried out: the state comes last,
 * as fields only count from the next start on. Without @c apply the card lacks the capability.
 */
struct fw_virtq_mod {
	uint64_t bit;
	const char *field; /* and the capability that it needs, for the log */
	enum fw_syndrome (
			*apply)(struct fw_uctx *uctx, struct fw_virtq *virtq, const uint8_t *netq);
};

static const struct fw_virtq_mod fw_virtq_mods[] = {
	{ PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS, "dirty_bitmap_mkey (dirty logging)", NULL },
	{ PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE, "dirty_bitmap_dump_enable (dirty logging)",
			NULL },
	{ PRM_VIRTQ_MOD_QUEUE_PERIOD, "queue_period_mode (vnet_modify_ext)", NULL },
	{ PRM_VIRTQ_MOD_ADDR, "desc_addr (virtio_net_q_addr_modify)", NULL },
	{ PRM_VIRTQ_MOD_HW_AVAILABLE_INDEX, "hw_available_index (virtio_q_index_modify)", NULL },
	{ PRM_VIRTQ_MOD_HW_USED_INDEX, "hw_used_index (virtio_q_index_modify)", NULL },
	{ PRM_VIRTQ_MOD_Q_TYPE, "virtio_q_type (vnet_modify_ext)", NULL },
	{ PRM_VIRTQ_MOD_VERSION_1_0, "virtio_version_1_0 (vnet_modify_ext)", NULL },
	{ PRM_VIRTQ_MOD_Q_MKEY, "virtio_q_mkey (vnet_modify_ext)", NULL },
	{ PRM_VIRTQ_MOD_FEATURES, "queue_feature_bit_mask (vnet_modify_ext)", NULL },
	{ PRM_VIRTQ_MOD_EVENT_MODE, "event_mode (vnet_modify_ext)", NULL },
	{ PRM_VIRTQ_MOD_DESC_GROUP_MKEY, "desc_group_mkey (desc_group_mkey_supported)", NULL },
	{ PRM_VIRTQ_MOD_STATE, "state", fw_virtq_modify_state },
};

/* All or nothing: every bit is looked at before the first is carried out. */
static enum fw_syndrome
fw_virtq_check_mods(struct fw_uctx *uctx, uint64_t select)
{
	uint64_t unknown = select;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fw_virtq_mods); i++) {
		const struct fw_virtq_mod *mod = &fw_virtq_mods[i];

		unknown &= ~mod->bit;
		if ((select & mod->bit) != 0 && mod->apply == NULL)
			return fw_refuse(uctx, FW_SYN_VIRTQ_MODIFY_CAP, mod->field, mod->bit);
	}
	if (select == 0 || unknown != 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_MODIFY_BITS, "modify_field_select", select);
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_virtq_get(struct fw_cmd *cmd, struct fw_virtq **virtq)
{
	uint32_t id = (uint32_t)PRM_GET(general_obj_in_cmd_hdr, cmd->in, obj_id);
	enum fw_syndrome syn;
	struct fw_obj *obj;

	syn = fw_obj_get(cmd->uctx, FW_CLASS_VIRTQ, id, "obj_id", &obj);
	if (syn == FW_SYN_OK)
		*virtq = base_container_of(obj, struct fw_virtq, obj);
	return syn;
}

enum fw_syndrome
fw_virtq_modify(struct fw_cmd *cmd)
{
	const uint8_t *netq = PRM_PTR(create_virtq_in, cmd->in, virtq);
	uint64_t select = PRM_GET(virtio_net_q, netq, modify_field_select);
	struct fw_virtq *virtq;
	enum fw_syndrome syn;
	size_t i;

	syn = fw_virtq_get(cmd, &virtq);
	if (syn == FW_SYN_OK)
		syn = fw_virtq_check_mods(cmd->uctx, select);
	for (i = 0; syn == FW_SYN_OK && i < BASE_ARRAY_SIZE(fw_virtq_mods); i++) {
		if ((select & fw_virtq_mods[i].bit) != 0)
			syn = fw_virtq_mods[i].apply(cmd->uctx, virtq, netq);
	}
	return syn;
}

/* --- QUERY ---------------------------------------------------------------------------------- */

enum fw_syndrome
fw_virtq_query(struct fw_cmd *cmd)
{
	uint8_t *netq = PRM_PTR(query_virtq_out, cmd->out, virtq);
	uint8_t *q = PRM_PTR(virtio_net_q, netq, virtio_q_context);
	struct fw_virtq *virtq;
	enum fw_syndrome syn;
	uint16_t avail, used;

	syn = fw_virtq_get(cmd, &virtq);
	if (syn != FW_SYN_OK)
		return syn;
	vnet_queue_indices_locked(virtq->queue, &avail, &used);
	fw_cmd_reply_id(cmd, &virtq->obj);
	memcpy(netq, virtq->netq, sizeof(virtq->netq));
	PRM_SET(virtio_net_q, netq, modify_field_select, 0);
	PRM_SET(virtio_net_q, netq, state, virtq->state);
	PRM_SET(virtio_net_q, netq, hw_available_index, avail);
	PRM_SET(virtio_net_q, netq, hw_used_index, used);
	PRM_SET(virtio_q, q, error_type, virtq->error);
	return FW_SYN_OK;
}
