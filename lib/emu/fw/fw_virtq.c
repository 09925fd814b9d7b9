/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a VIRTIO_NET_Q object is a queue of the engine (vnet_queue) with a state.
 * CREATE and MODIFY (fw_virtq_create.c, fw_virtq_modify.c) have checked all that can be known
 * beforehand, so a queue that exists can only fail by what the guest does. The fields are kept as
 * they were given; QUERY returns them with the live ones (state, indices, error) written over.
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
	[FW_VIRTQ_SUSPEND][FW_VIRTQ_RDY] = FW_VIRTQ_ARC_RESUME,
};

enum fw_virtq_arc
fw_virtq_arc(enum fw_virtq_state from, enum fw_virtq_state to)
{
	return from < FW_VIRTQ_NB_STATES && to < FW_VIRTQ_NB_STATES ? fw_virtq_arcs[from][to] :
								      FW_VIRTQ_ARC_NONE;
}

void
fw_virtq_set_state(struct fw_virtq *virtq, enum fw_virtq_state state)
{
	base_info(virtq->obj.uctx->func->card->log,
			"fw: function %u: VIRTQ 0x%x (queue %u): %s -> %s",
			virtq->obj.uctx->func->index, virtq->obj.id, virtq->index,
			prm_virtq_state_name((uint8_t)virtq->state),
			prm_virtq_state_name((uint8_t)state));
	virtq->state = state;
}

/* --- what it uses --------------------------------------------------------------------------- */

void
fw_virtq_use_parts(struct fw_virtq *virtq, const struct fw_virtq_parts *parts)
{
	struct fw_obj *obj = &virtq->obj;
	unsigned int i;

	fw_obj_unuse_all(obj);
	fw_obj_use(obj, parts->pd);
	fw_obj_use(obj, parts->tis);
	fw_obj_use(obj, parts->counters);
	fw_obj_use(obj, parts->qp);
	fw_obj_use(obj, parts->mkey != NULL ? &parts->mkey->obj : NULL);
	fw_obj_use(obj, parts->desc_mkey != NULL ? &parts->desc_mkey->obj : NULL);
	fw_obj_use(obj, parts->dirty_mkey != NULL ? &parts->dirty_mkey->obj : NULL);
	for (i = 0; i < FW_CAPS_NB_UMEMS; i++)
		fw_obj_use(obj, parts->umems[i]);
	virtq->parts = *parts;
	virtq->mem_user.func = obj->uctx->func;
	virtq->mem_user.uctx = obj->uctx;
	virtq->mem_user.pd = parts->pd->id;
}

/* --- events --------------------------------------------------------------------------------- */

struct fw_qp *
fw_virtq_event_qp(const struct fw_virtq *virtq)
{
	struct fw_obj *qp = virtq->parts.qp;

	return qp != NULL ? base_container_of(qp, struct fw_qp, obj) : NULL;
}

void
fw_virtq_set_moderation(struct fw_virtq *virtq)
{
	const uint8_t *q = PRM_PTR(virtio_net_q, virtq->netq, virtio_q_context);

	/* Mode 0 is the card's default: the same as 1, from the first completion on. */
	fw_moder_set(&virtq->moder,
			PRM_GET(virtio_q, q, queue_period_mode) == 2 ? FW_MODER_FROM_LAST :
								       FW_MODER_FROM_FIRST,
			(uint32_t)PRM_GET(virtio_q, q, queue_period_us),
			(uint32_t)PRM_GET(virtio_q, q, queue_max_count));
}

static void
fw_virtq_unhold(struct fw_virtq *virtq)
{
	if (virtq->is_held)
		TAILQ_REMOVE(&virtq->obj.uctx->func->card->held_virtqs, virtq, held_link);
	virtq->is_held = false;
}

static void
fw_virtq_hold(struct fw_virtq *virtq)
{
	if (!virtq->is_held)
		TAILQ_INSERT_TAIL(&virtq->obj.uctx->func->card->held_virtqs, virtq, held_link);
	virtq->is_held = true;
}

static void
fw_virtq_tell(struct fw_virtq *virtq, uint64_t now_ns)
{
	fw_virtq_unhold(virtq);
	fw_moder_told(&virtq->moder, now_ns);
	if (!fw_qp_send_event(fw_virtq_event_qp(virtq)))
		virtq->nb_error_cqes++;
}

void
fw_virtq_flush_events(struct fw_virtq *virtq)
{
	if (virtq->is_held)
		fw_virtq_tell(virtq, virtq->obj.uctx->func->card->clock());
}

void
fw_virtq_poll_held(struct fw_card *card)
{
	uint64_t now_ns = TAILQ_EMPTY(&card->held_virtqs) ? 0 : card->clock();
	struct fw_virtq *virtq, *next;

	for (virtq = TAILQ_FIRST(&card->held_virtqs); virtq != NULL; virtq = next) {
		next = TAILQ_NEXT(virtq, held_link);
		if (!fw_func_is_gone(virtq->obj.uctx->func) &&
				!fw_moder_holds(&virtq->moder, now_ns))
			fw_virtq_tell(virtq, now_ns);
	}
}

/* --- what the engine tells ------------------------------------------------------------------ */

/* One completion stands for any number of entries. */
static void
fw_virtq_used(void *arg, unsigned int nb)
{
	struct fw_virtq *virtq = arg;
	uint64_t now_ns;

	/* NO_MSIX wants no events, and no user can own the vector that MSIX names. */
	if (virtq->parts.qp == NULL)
		return;
	if (!fw_moder_is_on(&virtq->moder)) {
		fw_virtq_tell(virtq, 0);
		return;
	}
	now_ns = virtq->obj.uctx->func->card->clock();
	fw_moder_add(&virtq->moder, nb, now_ns);
	if (fw_moder_holds(&virtq->moder, now_ns))
		fw_virtq_hold(virtq);
	else
		fw_virtq_tell(virtq, now_ns);
}

static void
fw_virtq_failed(void *arg, enum vnet_error error)
{
	struct fw_virtq *virtq = arg;

	if (fw_virtq_arc(virtq->state, FW_VIRTQ_ERR) != FW_VIRTQ_ARC_ENGINE)
		return;
	virtq->error = error;
	fw_virtq_flush_events(virtq); /* in the order of the ring */
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
	fw_virtq_unhold(virtq);
	if (virtq->parts.qp != NULL) {
		fw_qp_fail(fw_virtq_event_qp(virtq));
		virtq->parts.qp = NULL;
	}
	if (virtq->queue != NULL && virtq->state == FW_VIRTQ_RDY) {
		fw_virtq_set_state(virtq, FW_VIRTQ_SUSPEND);
		vnet_queue_suspend_locked(virtq->queue);
	}
	if (virtq->counters != NULL)
		fw_counters_detach(virtq->counters, virtq);
	vnet_queue_destroy_locked(virtq->queue);
}

/* --- QUERY ---------------------------------------------------------------------------------- */

enum fw_syndrome
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
