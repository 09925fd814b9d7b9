/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a VIRTIO_NET_Q object is a queue of the engine (vnet_queue) with a state.
 * CREATE checks everything that can be known without looking at guest memory, so that a queue that
 * exists can only fail by what the guest does. The fields are kept as they were given; QUERY
 * returns them with the live ones (state, indices, error) written over.
 *
 * The states and who may walk which arc are one table; fw_virtq_set_state() is the only place that
 * changes the state. The engine tells of used entries (passed on through the event queue pair) and
 * of failures (ERR, error_type, OBJECT_CHANGE event); both come with the card's lock held.
 *
 * Indices: while RDY they are the engine's; SUSPEND returns after the engine has published all
 * that it fetched, so what QUERY says from then on is final.
 */
#include <errno.h>
#include <string.h>

#include "base_math.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_event.h"
#include "fw_mkey.h"
#include "fw_uctx.h"
#include "fw_umem.h"
#include "fw_virtq.h"

#define FW_VIRTQ_MAX_SIZE 32768u
#define FW_VIRTQ_NB_UMEMS 3u

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

static const struct vnet_queue_ops fw_virtq_ops = {
	.used = fw_virtq_used,
	.error = fw_virtq_failed,
};

/* --- CREATE --------------------------------------------------------------------------------- */

/* Bits 12 to 0 of the offloads, as in the capability device_features_bits_mask. */
static uint32_t
fw_virtq_features(const uint8_t *netq)
{
	return (uint32_t)(PRM_GET(virtio_net_q, netq, queue_feature_bit_mask_12_3) << 3 |
			PRM_GET(virtio_net_q, netq, queue_feature_bit_mask_2_0));
}

static enum fw_syndrome
fw_virtq_check_caps(struct fw_uctx *uctx, const uint8_t *netq, const uint8_t *q)
{
	const struct fw_caps *caps = &uctx->func->card->caps;
	uint64_t type = PRM_GET(virtio_q, q, virtio_q_type);
	uint64_t mode = PRM_GET(virtio_q, q, event_mode);
	uint64_t state = PRM_GET(virtio_net_q, netq, state);
	uint32_t features = fw_virtq_features(netq);

	if (type >= 8 || (caps->queue_types >> type & 1) == 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_TYPE, "virtio_q.virtio_q_type", type);
	if ((caps->event_modes >> mode & 1) == 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_EVENT_MODE, "virtio_q.event_mode", mode);
	if ((features & ~caps->device_features) != 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_FEATURE, "virtio_net_q.queue_feature_bit_mask",
				features);
	if (state != PRM_VIRTQ_INIT)
		return fw_refuse(uctx, FW_SYN_VIRTQ_STATE_VALUE, "virtio_net_q.state", state);
	if (PRM_GET(virtio_net_q, netq, dirty_bitmap_dump_enable) != 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_MODIFY_CAP,
				"virtio_net_q.dirty_bitmap_dump_enable", 1);
	if (PRM_GET(virtio_q, q, full_emulation) != 0 || PRM_GET(virtio_q, q, offload_type) != 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_EMULATION,
				"virtio_q.full_emulation/offload_type", 1);
	if (PRM_GET(virtio_q, q, desc_group_mkey) != 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_MODIFY_CAP, "virtio_q.desc_group_mkey",
				PRM_GET(virtio_q, q, desc_group_mkey));
	return FW_SYN_OK;
}

static bool
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

static enum fw_syndrome
fw_virtq_check_numbers(struct fw_uctx *uctx, const uint8_t *q)
{
	uint64_t size = PRM_GET(virtio_q, q, queue_size);
	uint16_t index = (uint16_t)PRM_GET(virtio_q, q, queue_index);

	if (!base_is_pow2(size) || size > FW_VIRTQ_MAX_SIZE)
		return fw_refuse(uctx, FW_SYN_VIRTQ_SIZE, "virtio_q.queue_size", size);
	if (index >= uctx->func->card->caps.max_virtqs)
		return fw_refuse(uctx, FW_SYN_VIRTQ_INDEX, "virtio_q.queue_index", index);
	if (fw_virtq_index_runs(uctx->func, index))
		return fw_refuse(uctx, FW_SYN_VIRTQ_INDEX_USED, "virtio_q.queue_index", index);
	if (uctx->func->objs[FW_CLASS_VIRTQ].nb_used >= uctx->func->card->caps.max_virtqs)
		return fw_refuse(uctx, FW_SYN_VIRTQ_LIMIT, "virtio_q.queue_index", index);
	if (PRM_GET(virtio_q, q, desc_addr) % 16 != 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_ALIGN, "virtio_q.desc_addr",
				PRM_GET(virtio_q, q, desc_addr));
	if (PRM_GET(virtio_q, q, available_addr) % 2 != 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_ALIGN, "virtio_q.available_addr",
				PRM_GET(virtio_q, q, available_addr));
	if (PRM_GET(virtio_q, q, used_addr) % 4 != 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_ALIGN, "virtio_q.used_addr",
				PRM_GET(virtio_q, q, used_addr));
	return FW_SYN_OK;
}

/* The objects that a queue needs. */
struct fw_virtq_parts {
	struct fw_obj *pd, *tis, *counters, *qp;
	struct fw_mkey *mkey;
	struct fw_obj *umems[FW_VIRTQ_NB_UMEMS];
};

/* Buffers for the card's own use, which this card does not need; but they must be there. */
static enum fw_syndrome
fw_virtq_find_umems(struct fw_uctx *uctx, const uint8_t *q, struct fw_virtq_parts *parts)
{
	static const struct {
		uint32_t id_off, size_off, offset_off;
		const char *id_field, *size_field, *offset_field;
	} fields[FW_VIRTQ_NB_UMEMS] = {
#define UMEM_FIELDS(n)                                                           \
	{ PRM_OFF(virtio_q, umem_##n##_id), PRM_OFF(virtio_q, umem_##n##_size),  \
		PRM_OFF(virtio_q, umem_##n##_offset), "virtio_q.umem_" #n "_id", \
		"virtio_q.umem_" #n "_size", "virtio_q.umem_" #n "_offset" }
		UMEM_FIELDS(1),
		UMEM_FIELDS(2),
		UMEM_FIELDS(3),
#undef UMEM_FIELDS
	};
	const struct fw_caps *caps = &uctx->func->card->caps;
	uint64_t queue_size = PRM_GET(virtio_q, q, queue_size);
	struct fw_umem_ref ref = { .align = 64 };
	enum fw_syndrome syn;
	unsigned int i;
	void *ptr;

	for (i = 0; i < FW_VIRTQ_NB_UMEMS; i++) {
		ref.id = (uint32_t)prm_get(q, fields[i].id_off, 32);
		ref.len = prm_get(q, fields[i].size_off, 32);
		ref.offset = prm_get(q, fields[i].offset_off, 64);
		ref.id_field = fields[i].id_field;
		ref.offset_field = fields[i].offset_field;
		if (ref.len < caps->umem_param_a[i] * queue_size + caps->umem_param_b[i])
			return fw_refuse(uctx, FW_SYN_VIRTQ_UMEM_SIZE, fields[i].size_field,
					ref.len);
		syn = fw_umem_find(uctx, &ref, &parts->umems[i], &ptr);
		if (syn != FW_SYN_OK)
			return syn;
	}
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_virtq_find_qp(struct fw_uctx *uctx, const uint8_t *q, struct fw_virtq_parts *parts)
{
	uint32_t qpn = (uint32_t)PRM_GET(virtio_q, q, event_qpn_or_msix);
	enum fw_syndrome syn;

	if (PRM_GET(virtio_q, q, event_mode) != PRM_VIRTQ_EVENT_QP)
		return FW_SYN_OK;
	syn = fw_obj_get(uctx, FW_CLASS_QP, qpn, "virtio_q.event_qpn", &parts->qp);
	if (syn == FW_SYN_OK && base_container_of(parts->qp, struct fw_qp, obj)->state != FW_QP_RTS)
		syn = fw_refuse(uctx, FW_SYN_VIRTQ_QP_STATE, "virtio_q.event_qpn", qpn);
	return syn;
}

static enum fw_syndrome
fw_virtq_find_parts(struct fw_uctx *uctx, const uint8_t *netq, const uint8_t *q,
		struct fw_virtq_parts *parts)
{
	uint32_t counters = (uint32_t)PRM_GET(virtio_q, q, counter_set_id);
	enum fw_syndrome syn;

	syn = fw_obj_get(uctx, FW_CLASS_PD, (uint32_t)PRM_GET(virtio_q, q, pd), "virtio_q.pd",
			&parts->pd);
	if (syn == FW_SYN_OK)
		syn = fw_mkey_get(uctx, (uint32_t)PRM_GET(virtio_q, q, virtio_q_mkey),
				parts->pd->id, "virtio_q.virtio_q_mkey", &parts->mkey);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(uctx, FW_CLASS_TIS,
				(uint32_t)PRM_GET(virtio_net_q, netq, tisn_or_qpn),
				"virtio_net_q.tisn", &parts->tis);
	if (syn == FW_SYN_OK && counters != 0)
		syn = fw_obj_get(uctx, FW_CLASS_COUNTERS, counters, "virtio_q.counter_set_id",
				&parts->counters);
	if (syn == FW_SYN_OK)
		syn = fw_virtq_find_qp(uctx, q, parts);
	if (syn == FW_SYN_OK)
		syn = fw_virtq_find_umems(uctx, q, parts);
	return syn;
}

static void
fw_virtq_use_parts(struct fw_virtq *virtq, const struct fw_virtq_parts *parts)
{
	unsigned int i;

	fw_obj_use(&virtq->obj, parts->pd);
	fw_obj_use(&virtq->obj, parts->tis);
	fw_obj_use(&virtq->obj, parts->counters);
	fw_obj_use(&virtq->obj, parts->qp);
	fw_obj_use(&virtq->obj, &parts->mkey->obj);
	for (i = 0; i < FW_VIRTQ_NB_UMEMS; i++)
		fw_obj_use(&virtq->obj, parts->umems[i]);
	if (parts->qp != NULL)
		virtq->qp = base_container_of(parts->qp, struct fw_qp, obj);
	virtq->mem_user.func = virtq->obj.uctx->func;
	virtq->mem_user.uctx = virtq->obj.uctx;
	virtq->mem_user.pd = parts->pd->id;
}

static int
fw_virtq_make_queue(struct fw_virtq *virtq)
{
	const uint8_t *netq = virtq->netq;
	const uint8_t *q = PRM_PTR(virtio_net_q, netq, virtio_q_context);
	uint32_t features = fw_virtq_features(netq);
	struct vnet_queue_attr attr = {
		.index = virtq->index,
		.ring = VNET_RING_SPLIT,
		.size = (uint32_t)PRM_GET(virtio_q, q, queue_size),
		.desc_addr = PRM_GET(virtio_q, q, desc_addr),
		.driver_addr = PRM_GET(virtio_q, q, available_addr),
		.device_addr = PRM_GET(virtio_q, q, used_addr),
		.mkey = (uint32_t)PRM_GET(virtio_q, q, virtio_q_mkey),
		.version_1 = PRM_GET(virtio_q, q, virtio_version_1_0) != 0,
		.tx_csum = (features & PRM_VIRTQ_F_CSUM) != 0,
		.rx_csum = (features & PRM_VIRTQ_F_GUEST_CSUM) != 0,
		.avail_index = (uint16_t)PRM_GET(virtio_net_q, netq, hw_available_index),
		.used_index = (uint16_t)PRM_GET(virtio_net_q, netq, hw_used_index),
		.mem = { .map = fw_mem_map, .arg = &virtq->mem_user },
		.ops = &fw_virtq_ops,
		.arg = virtq,
	};

	return vnet_queue_create_locked(virtq->obj.uctx->func->port, &attr, &virtq->queue);
}

enum fw_syndrome
fw_virtq_create(struct fw_cmd *cmd)
{
	const uint8_t *netq = PRM_PTR(create_virtq_in, cmd->in, virtq);
	const uint8_t *q = PRM_PTR(virtio_net_q, netq, virtio_q_context);
	struct fw_virtq_parts parts = { 0 };
	struct fw_virtq *virtq;
	enum fw_syndrome syn;
	struct fw_obj *obj;
	int ret;

	syn = fw_virtq_check_caps(cmd->uctx, netq, q);
	if (syn == FW_SYN_OK)
		syn = fw_virtq_check_numbers(cmd->uctx, q);
	if (syn == FW_SYN_OK)
		syn = fw_virtq_find_parts(cmd->uctx, netq, q, &parts);
	if (syn == FW_SYN_OK)
		syn = fw_obj_new(cmd->uctx, FW_CLASS_VIRTQ, sizeof(*virtq), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	virtq = base_container_of(obj, struct fw_virtq, obj);
	virtq->state = FW_VIRTQ_INIT;
	virtq->index = (uint16_t)PRM_GET(virtio_q, q, queue_index);
	memcpy(virtq->netq, netq, sizeof(virtq->netq));
	fw_virtq_use_parts(virtq, &parts);
	ret = fw_virtq_make_queue(virtq);
	if (ret != 0) {
		virtq->qp = NULL; /* it did not get to use it */
		fw_obj_delete(obj);
		return fw_refuse(cmd->uctx, ret == -ENOMEM ? FW_SYN_NO_MEMORY : FW_SYN_ENGINE,
				"virtio_q.queue_index", PRM_GET(virtio_q, q, queue_index));
	}
	if (parts.counters != NULL)
		fw_counters_attach(base_container_of(parts.counters, struct fw_counters, obj),
				virtq);
	fw_cmd_reply_id(cmd, obj);
	return FW_SYN_OK;
}

void
fw_virtq_release(struct fw_obj *obj)
{
	struct fw_virtq *virtq = base_container_of(obj, struct fw_virtq, obj);

	/* From here on nothing is told: the queue is going because somebody wants it to. */
	if (virtq->qp != NULL)
		fw_qp_fail(virtq->qp);
	if (virtq->queue != NULL && virtq->state == FW_VIRTQ_RDY) {
		virtq->state = FW_VIRTQ_SUSPEND;
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
	const char *field;
	const char *capability; /* that would be needed; NULL: none */
	enum fw_syndrome (
			*apply)(struct fw_uctx *uctx, struct fw_virtq *virtq, const uint8_t *netq);
};

static const struct fw_virtq_mod fw_virtq_mods[] = {
	{ PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS, "dirty_bitmap_*", "dirty logging", NULL },
	{ PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE, "dirty_bitmap_dump_enable", "dirty logging",
			NULL },
	{ PRM_VIRTQ_MOD_QUEUE_PERIOD, "queue_period_*", "vnet_modify_ext", NULL },
	{ PRM_VIRTQ_MOD_ADDR, "desc, used, available_addr", "virtio_net_q_addr_modify", NULL },
	{ PRM_VIRTQ_MOD_HW_AVAILABLE_INDEX, "hw_available_index", "virtio_q_index_modify", NULL },
	{ PRM_VIRTQ_MOD_HW_USED_INDEX, "hw_used_index", "virtio_q_index_modify", NULL },
	{ PRM_VIRTQ_MOD_Q_TYPE, "virtio_q_type", "vnet_modify_ext", NULL },
	{ PRM_VIRTQ_MOD_VERSION_1_0, "virtio_version_1_0", "vnet_modify_ext", NULL },
	{ PRM_VIRTQ_MOD_Q_MKEY, "virtio_q_mkey", "vnet_modify_ext", NULL },
	{ PRM_VIRTQ_MOD_FEATURES, "queue_feature_bit_mask", "vnet_modify_ext", NULL },
	{ PRM_VIRTQ_MOD_EVENT_MODE, "event_mode", "vnet_modify_ext", NULL },
	{ PRM_VIRTQ_MOD_DESC_GROUP_MKEY, "desc_group_mkey", "desc_group_mkey_supported", NULL },
	{ PRM_VIRTQ_MOD_STATE, "state", NULL, fw_virtq_modify_state },
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
		if ((select & mod->bit) != 0 && mod->apply == NULL) {
			base_warn(uctx->func->card->log, "fw: %s cannot be modified without %s",
					mod->field, mod->capability);
			return fw_refuse(uctx, FW_SYN_VIRTQ_MODIFY_CAP, "modify_field_select",
					select);
		}
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
