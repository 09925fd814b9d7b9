/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: MODIFY of a VIRTIO_NET_Q is all or nothing. A table says of each bit of
 * modify_field_select which fields it stands for, which capability it needs and in which states it
 * is legal. The command is carried out in four steps:
 *
 * 1. the bits: known, announced, legal in the queue's state, and is the arc to the new state there;
 * 2. the queue as it would be (what it was, with the selected fields on top) passes every check
 *    of CREATE, and the objects that it would use are there;
 * 3. the engine's queue gets the new attributes, and the firmware's object the new fields;
 * 4. the arc is walked. Should the engine refuse to start, step 3 is taken back.
 *
 * While a queue runs only its state may change (is_valid_state_change() and
 * modifiable_virtqueue_fields() of Linux' mlx5_vdpa), and where the card notes the pages that it
 * writes: a live migration begins on running queues (DPDK's driver sets both while RDY). Between
 * INIT or SUSPEND and RDY fields and state may come in one command (DPDK's pre-created queues).
 */
#include <string.h>

#include "base_math.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_uctx.h"
#include "fw_virtq_check.h"

#define IN(state) (1u << FW_VIRTQ_##state)
#define STOPPED (IN(INIT) | IN(SUSPEND))
#define ALWAYS (STOPPED | IN(RDY))
#define CAP(f) offsetof(struct fw_caps, f)
#define NO_CAP UINT16_MAX

#define Q_OFF PRM_OFF(virtio_net_q, virtio_q_context)
#define NETQ_FIELD(f) PRM_OFF(virtio_net_q, f), PRM_BITS(virtio_net_q, f)
#define Q_FIELD(f) Q_OFF + PRM_OFF(virtio_q, f), PRM_BITS(virtio_q, f)

struct fw_virtq_mod {
	uint64_t bit;
	const char *field; /* and the capability that it needs, for the log */
	uint16_t cap_off; /* of that capability in struct fw_caps */
	uint8_t states; /* bitmap: where it is legal */
	bool engine; /* the engine's attributes change with it */
	struct {
		uint32_t off, bits;
	} fields[3]; /* in virtio_net_q; of 0 bits: none */
};

static const struct fw_virtq_mod fw_virtq_mods[] = {
	{ PRM_VIRTQ_MOD_STATE, "state", NO_CAP, UINT8_MAX, false, { { 0, 0 } } },
	{ PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS, FW_VIRTQ_FIELD("dirty_bitmap_mkey", "dirty_log"),
			CAP(dirty_log), ALWAYS, false,
			{ { NETQ_FIELD(dirty_bitmap_mkey) }, { NETQ_FIELD(dirty_bitmap_size) },
					{ NETQ_FIELD(dirty_bitmap_addr) } } },
	{ PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE,
			FW_VIRTQ_FIELD("dirty_bitmap_dump_enable", "dirty_log"), CAP(dirty_log),
			ALWAYS, false, { { NETQ_FIELD(dirty_bitmap_dump_enable) } } },
	{ PRM_VIRTQ_MOD_QUEUE_PERIOD, "virtio_q.queue_period_mode (vnet_modify_ext)",
			CAP(vnet_modify_ext), STOPPED, false,
			{ { Q_FIELD(queue_period_mode) }, { Q_FIELD(queue_period_us) },
					{ Q_FIELD(queue_max_count) } } },
	{ PRM_VIRTQ_MOD_ADDR, "virtio_q.desc_addr (virtio_net_q_addr_modify)",
			CAP(virtio_net_q_addr_modify), STOPPED, true,
			{ { Q_FIELD(desc_addr) }, { Q_FIELD(used_addr) },
					{ Q_FIELD(available_addr) } } },
	{ PRM_VIRTQ_MOD_HW_AVAILABLE_INDEX,
			FW_VIRTQ_FIELD("hw_available_index", "virtio_q_index_modify"),
			CAP(virtio_q_index_modify), STOPPED, true,
			{ { NETQ_FIELD(hw_available_index) } } },
	{ PRM_VIRTQ_MOD_HW_USED_INDEX, FW_VIRTQ_FIELD("hw_used_index", "virtio_q_index_modify"),
			CAP(virtio_q_index_modify), STOPPED, true,
			{ { NETQ_FIELD(hw_used_index) } } },
	{ PRM_VIRTQ_MOD_Q_TYPE, "virtio_q.virtio_q_type (vnet_modify_ext)", CAP(vnet_modify_ext),
			STOPPED, true, { { Q_FIELD(virtio_q_type) } } },
	{ PRM_VIRTQ_MOD_VERSION_1_0, "virtio_q.virtio_version_1_0 (vnet_modify_ext)",
			CAP(vnet_modify_ext), STOPPED, true, { { Q_FIELD(virtio_version_1_0) } } },
	{ PRM_VIRTQ_MOD_Q_MKEY, "virtio_q.virtio_q_mkey (vnet_modify_ext)", CAP(vnet_modify_ext),
			STOPPED, true, { { Q_FIELD(virtio_q_mkey) } } },
	{ PRM_VIRTQ_MOD_FEATURES, FW_VIRTQ_FIELD("queue_feature_bit_mask", "vnet_modify_ext"),
			CAP(vnet_modify_ext), STOPPED, true,
			{ { NETQ_FIELD(queue_feature_bit_mask_12_3) },
					{ NETQ_FIELD(queue_feature_bit_mask_2_0) } } },
	{ PRM_VIRTQ_MOD_EVENT_MODE, "virtio_q.event_mode (vnet_modify_ext)", CAP(vnet_modify_ext),
			STOPPED, false,
			{ { Q_FIELD(event_mode) }, { Q_FIELD(event_qpn_or_msix) } } },
	{ PRM_VIRTQ_MOD_DESC_GROUP_MKEY, "virtio_q.desc_group_mkey (desc_group_mkey_supported)",
			CAP(desc_group_mkey_supported), STOPPED, true,
			{ { Q_FIELD(desc_group_mkey) } } },
};

/* --- may it be? ----------------------------------------------------------------------------- */

static enum fw_syndrome
fw_virtq_check_mod(struct fw_uctx *uctx, const struct fw_virtq *virtq,
		const struct fw_virtq_mod *mod)
{
	const uint8_t *caps = (const uint8_t *)&uctx->func->card->caps;

	if (mod->cap_off != NO_CAP && !*(const bool *)(caps + mod->cap_off))
		return fw_refuse(uctx, FW_SYN_VIRTQ_MODIFY_CAP, mod->field, mod->bit);
	if ((mod->states >> virtq->state & 1) == 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_MODIFY_STATE, mod->field, virtq->state);
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_virtq_check_mods(struct fw_uctx *uctx, const struct fw_virtq *virtq, uint64_t select)
{
	enum fw_syndrome syn = FW_SYN_OK;
	uint64_t unknown = select;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fw_virtq_mods); i++)
		unknown &= ~fw_virtq_mods[i].bit;
	if (select == 0 || unknown != 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_MODIFY_BITS, "modify_field_select", select);
	for (i = 0; syn == FW_SYN_OK && i < BASE_ARRAY_SIZE(fw_virtq_mods); i++) {
		if ((select & fw_virtq_mods[i].bit) != 0)
			syn = fw_virtq_check_mod(uctx, virtq, &fw_virtq_mods[i]);
	}
	return syn;
}

static enum fw_syndrome
fw_virtq_check_start(struct fw_uctx *uctx, const struct fw_virtq *virtq,
		const struct fw_virtq_parts *parts)
{
	if (parts->mkey == NULL)
		return fw_refuse(uctx, FW_SYN_VIRTQ_NO_MKEY, "virtio_q.virtio_q_mkey", 0);
	if (fw_virtq_index_runs(uctx->func, virtq->index))
		return fw_refuse(uctx, FW_SYN_VIRTQ_INDEX_USED, "virtio_q.queue_index",
				virtq->index);
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_virtq_check_arc(struct fw_uctx *uctx, const struct fw_virtq *virtq, uint64_t to)
{
	const char *from = prm_virtq_state_name((uint8_t)virtq->state);

	switch (fw_virtq_arc(virtq->state, (enum fw_virtq_state)to)) {
	case FW_VIRTQ_ARC_MODIFY:
		return FW_SYN_OK;
	case FW_VIRTQ_ARC_RESUME:
		if (uctx->func->card->caps.freeze_to_rdy_supported)
			return FW_SYN_OK;
		return fw_refuse(uctx, FW_SYN_VIRTQ_RESUME, from, to);
	case FW_VIRTQ_ARC_NONE:
	case FW_VIRTQ_ARC_ENGINE:
		break;
	}
	return fw_refuse(uctx, FW_SYN_VIRTQ_STATE, from, to);
}

/* --- the queue as it would be --------------------------------------------------------------- */

struct fw_virtq_change {
	uint64_t select;
	bool engine; /* the engine's attributes change */
	uint64_t to; /* state, if selected */
	struct fw_virtq_parts parts;
	uint8_t netq[PRM_SIZE(virtio_net_q)];
};

static void
fw_virtq_overlay(const struct fw_virtq *virtq, const uint8_t *in, struct fw_virtq_change *change)
{
	uint16_t avail, used;
	size_t i, j;

	memcpy(change->netq, virtq->netq, sizeof(change->netq));
	/* What was given at first means nothing any more once the queue has run. */
	vnet_queue_indices_locked(virtq->queue, &avail, &used);
	PRM_SET(virtio_net_q, change->netq, hw_available_index, avail);
	PRM_SET(virtio_net_q, change->netq, hw_used_index, used);
	for (i = 0; i < BASE_ARRAY_SIZE(fw_virtq_mods); i++) {
		const struct fw_virtq_mod *mod = &fw_virtq_mods[i];

		if ((change->select & mod->bit) == 0)
			continue;
		change->engine |= mod->engine;
		for (j = 0; j < BASE_ARRAY_SIZE(mod->fields) && mod->fields[j].bits != 0; j++)
			prm_set(change->netq, mod->fields[j].off, mod->fields[j].bits,
					prm_get(in, mod->fields[j].off, mod->fields[j].bits));
	}
}

static enum fw_syndrome
fw_virtq_plan(struct fw_uctx *uctx, const struct fw_virtq *virtq, const uint8_t *in,
		struct fw_virtq_change *change)
{
	bool moves = (change->select & PRM_VIRTQ_MOD_STATE) != 0;
	enum fw_syndrome syn;

	syn = fw_virtq_check_mods(uctx, virtq, change->select);
	if (syn == FW_SYN_OK && moves)
		syn = fw_virtq_check_arc(uctx, virtq, change->to);
	if (syn != FW_SYN_OK)
		return syn;
	fw_virtq_overlay(virtq, in, change);
	change->parts = virtq->parts;
	syn = fw_virtq_check(uctx, change->netq);
	if (syn == FW_SYN_OK)
		syn = fw_virtq_find_parts(uctx, change->netq, change->select, &change->parts);
	if (syn == FW_SYN_OK && moves && change->to == PRM_VIRTQ_RDY)
		syn = fw_virtq_check_start(uctx, virtq, &change->parts);
	return syn;
}

/* --- carrying it out ------------------------------------------------------------------------ */

/* @return whether the engine took it; if not, nothing has changed. */
static bool
fw_virtq_apply(struct fw_virtq *virtq, const struct fw_virtq_change *change)
{
	struct vnet_queue_attr attr;
	struct vnet_dirty dirty;

	fw_virtq_engine_attr(virtq, change->netq, &attr);
	if (change->engine && vnet_queue_reconfigure_locked(virtq->queue, &attr) != 0)
		return false;
	fw_virtq_engine_dirty(change->netq, &dirty);
	vnet_queue_dirty_set_locked(virtq->queue, &dirty);
	fw_virtq_use_parts(virtq, &change->parts);
	memcpy(virtq->netq, change->netq, sizeof(virtq->netq));
	fw_virtq_set_moderation(virtq);
	return true;
}

static enum fw_syndrome
fw_virtq_start(struct fw_uctx *uctx, struct fw_virtq *virtq)
{
	enum fw_virtq_state from = virtq->state;

	/* First the state: the engine may fail the queue before it returns. */
	fw_virtq_set_state(virtq, FW_VIRTQ_RDY);
	if (vnet_queue_start_locked(virtq->queue) != 0) {
		if (virtq->state == FW_VIRTQ_RDY)
			fw_virtq_set_state(virtq, from);
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
	fw_virtq_flush_events(virtq);
	fw_virtq_set_state(virtq, FW_VIRTQ_SUSPEND);
	return FW_SYN_OK;
}

enum fw_syndrome
fw_virtq_modify(struct fw_cmd *cmd)
{
	const uint8_t *in = PRM_PTR(create_virtq_in, cmd->in, virtq);
	struct fw_virtq_change change = {
		.select = PRM_GET(virtio_net_q, in, modify_field_select),
		.to = PRM_GET(virtio_net_q, in, state),
	};
	struct fw_virtq_change undo = { .select = 0 };
	struct fw_virtq *virtq;
	enum fw_syndrome syn;

	syn = fw_virtq_get(cmd, &virtq);
	if (syn == FW_SYN_OK)
		syn = fw_virtq_plan(cmd->uctx, virtq, in, &change);
	if (syn != FW_SYN_OK)
		return syn;
	fw_virtq_overlay(virtq, in, &undo); /* of nothing: the queue as it is */
	undo.engine = change.engine;
	undo.parts = virtq->parts;
	if (change.select != PRM_VIRTQ_MOD_STATE && !fw_virtq_apply(virtq, &change))
		return fw_refuse(cmd->uctx, FW_SYN_ENGINE, "modify_field_select", change.select);
	if ((change.select & PRM_VIRTQ_MOD_STATE) == 0)
		return FW_SYN_OK;
	if (change.to != PRM_VIRTQ_RDY)
		return fw_virtq_suspend(cmd->uctx, virtq);
	syn = fw_virtq_start(cmd->uctx, virtq);
	if (syn != FW_SYN_OK && change.select != PRM_VIRTQ_MOD_STATE)
		fw_virtq_apply(virtq, &undo);
	return syn;
}
