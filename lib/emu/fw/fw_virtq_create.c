/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: CREATE of a VIRTIO_NET_Q checks everything that can be known without
 * looking at guest memory, in three steps: what the capabilities allow, what the numbers must be,
 * which objects there must be. Only then anything comes into being, so a refusal leaves nothing
 * behind. The fields are kept as they were given, for QUERY.
 */
#include <errno.h>
#include <string.h>

#include "base_math.h"
#include "fw_classes.h"
#include "fw_cmd.h"
#include "fw_mkey.h"
#include "fw_uctx.h"
#include "fw_umem.h"
#include "fw_virtq.h"

#define FW_VIRTQ_MAX_SIZE 32768u
#define FW_VIRTQ_NB_UMEMS 3u

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
	if (PRM_GET(virtio_q, q, virtio_version_1_0) != 0 && !caps->virtio_version_1_0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_VERSION, "virtio_q.virtio_version_1_0", 1);
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
		.ring_mkey = (uint32_t)PRM_GET(virtio_q, q, virtio_q_mkey),
		.version_1 = PRM_GET(virtio_q, q, virtio_version_1_0) != 0,
		.features = features,
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
