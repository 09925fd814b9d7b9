/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a VIRTIO_NET_Q is checked as a whole, never field by field: CREATE hands in
 * what the driver gave, MODIFY what the queue would be afterwards. So a value that only fails
 * together with another one (an address that is aligned for a packed ring only, a size that no
 * split ring has) is found both ways, and MODIFY can do nothing that CREATE could not.
 *
 * Three steps: what the capabilities allow, what the numbers must be, which objects there must be.
 * What only guest memory can tell is the engine's to find out.
 */
#include "fw_virtq_check.h"

#include "base_math.h"
#include "fw_uctx.h"
#include "fw_umem.h"

#define FW_VIRTQ_MAX_SIZE 32768u
#define FW_VIRTQ_MAX_PERIOD_MODE 2u
/* vhost_log_page counts up from the smallest page, 4 KiB. */
#define FW_VIRTQ_LOG_PAGE_SHIFT 12u

static uint32_t
fw_virtq_features(const uint8_t *netq)
{
	return (uint32_t)(PRM_GET(virtio_net_q, netq, queue_feature_bit_mask_12_3) << 3 |
			PRM_GET(virtio_net_q, netq, queue_feature_bit_mask_2_0));
}

static const uint8_t *
fw_virtq_context(const uint8_t *netq)
{
	return netq + PRM_OFF(virtio_net_q, virtio_q_context) / 8;
}

static bool
fw_virtq_is_packed(const uint8_t *netq)
{
	return PRM_GET(virtio_q, fw_virtq_context(netq), virtio_q_type) == PRM_VIRTQ_PACKED;
}

/* --- capabilities --------------------------------------------------------------------------- */

static enum fw_syndrome
fw_virtq_check_caps(struct fw_uctx *uctx, const uint8_t *netq)
{
	const struct fw_caps *caps = &uctx->func->card->caps;
	const uint8_t *q = fw_virtq_context(netq);
	uint64_t type = PRM_GET(virtio_q, q, virtio_q_type);
	uint64_t mode = PRM_GET(virtio_q, q, event_mode);
	uint64_t desc_mkey = PRM_GET(virtio_q, q, desc_group_mkey);
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
	if (desc_mkey != 0 && !caps->desc_group_mkey_supported)
		return fw_refuse(uctx, FW_SYN_VIRTQ_MODIFY_CAP,
				"virtio_q.desc_group_mkey (desc_group_mkey_supported)", desc_mkey);
	if (PRM_GET(virtio_q, q, full_emulation) != 0 || PRM_GET(virtio_q, q, offload_type) != 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_EMULATION,
				"virtio_q.full_emulation/offload_type", 1);
	return FW_SYN_OK;
}

/* --- numbers -------------------------------------------------------------------------------- */

/* Alignment of the three parts of a ring: virtio 1.2, 2.7 and 2.8. */
struct fw_virtq_align {
	uint32_t off;
	uint8_t split, packed; /* bytes */
	const char *field;
};

static const struct fw_virtq_align fw_virtq_aligns[] = {
	{ PRM_OFF(virtio_q, desc_addr), 16, 16, "virtio_q.desc_addr" },
	{ PRM_OFF(virtio_q, available_addr), 2, 4, "virtio_q.available_addr" },
	{ PRM_OFF(virtio_q, used_addr), 4, 4, "virtio_q.used_addr" },
};

static enum fw_syndrome
fw_virtq_check_ring(struct fw_uctx *uctx, const uint8_t *netq)
{
	const uint8_t *q = fw_virtq_context(netq);
	uint64_t size = PRM_GET(virtio_q, q, queue_size);
	bool packed = fw_virtq_is_packed(netq);
	size_t i;

	/* Only a split ring's size must be a power of two (virtio 1.2, 2.7 and 2.8.10.1). */
	if (size == 0 || size > FW_VIRTQ_MAX_SIZE || (!packed && !base_is_pow2(size)))
		return fw_refuse(uctx, FW_SYN_VIRTQ_SIZE, "virtio_q.queue_size", size);
	for (i = 0; i < BASE_ARRAY_SIZE(fw_virtq_aligns); i++) {
		const struct fw_virtq_align *align = &fw_virtq_aligns[i];
		uint64_t addr = prm_get(q, align->off, 64);

		if (addr % (packed ? align->packed : align->split) != 0)
			return fw_refuse(uctx, FW_SYN_VIRTQ_ALIGN, align->field, addr);
	}
	return FW_SYN_OK;
}

/* A packed ring's index is a place in it, with the wrap counter in bit 15. */
static enum fw_syndrome
fw_virtq_check_indices(struct fw_uctx *uctx, const uint8_t *netq)
{
	uint64_t size = PRM_GET(virtio_q, fw_virtq_context(netq), queue_size);
	uint64_t avail = PRM_GET(virtio_net_q, netq, hw_available_index);
	uint64_t used = PRM_GET(virtio_net_q, netq, hw_used_index);

	if (!fw_virtq_is_packed(netq))
		return FW_SYN_OK;
	if ((avail & 0x7fff) >= size)
		return fw_refuse(uctx, FW_SYN_VIRTQ_PACKED_INDEX, "virtio_net_q.hw_available_index",
				avail);
	if ((used & 0x7fff) >= size)
		return fw_refuse(uctx, FW_SYN_VIRTQ_PACKED_INDEX, "virtio_net_q.hw_used_index",
				used);
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_virtq_check_events(struct fw_uctx *uctx, const uint8_t *netq)
{
	const uint8_t *q = fw_virtq_context(netq);
	uint64_t vector = PRM_GET(virtio_q, q, event_qpn_or_msix);
	uint64_t mode = PRM_GET(virtio_q, q, queue_period_mode);

	if (PRM_GET(virtio_q, q, event_mode) == PRM_VIRTQ_EVENT_MSIX && vector >= FW_NB_VECTORS)
		return fw_refuse(uctx, FW_SYN_VIRTQ_VECTOR, "virtio_q.event_qpn_or_msix", vector);
	if (mode > FW_VIRTQ_MAX_PERIOD_MODE)
		return fw_refuse(uctx, FW_SYN_VIRTQ_PERIOD_MODE, "virtio_q.queue_period_mode",
				mode);
	return FW_SYN_OK;
}

static bool
fw_virtq_names_bitmap(const uint8_t *netq)
{
	return PRM_GET(virtio_net_q, netq, dirty_bitmap_mkey) != 0 ||
			PRM_GET(virtio_net_q, netq, dirty_bitmap_addr) != 0 ||
			PRM_GET(virtio_net_q, netq, dirty_bitmap_size) != 0;
}

static enum fw_syndrome
fw_virtq_check_dirty(struct fw_uctx *uctx, const uint8_t *netq)
{
	uint64_t enable = PRM_GET(virtio_net_q, netq, dirty_bitmap_dump_enable);
	bool named = fw_virtq_names_bitmap(netq);

	if ((enable != 0 || named) && !uctx->func->card->caps.dirty_log)
		return fw_refuse(uctx, FW_SYN_VIRTQ_MODIFY_CAP,
				FW_VIRTQ_FIELD("dirty_bitmap", "dirty_log"), 1);
	if (enable != 0 && !named)
		return fw_refuse(uctx, FW_SYN_VIRTQ_DIRTY_PARAMS,
				"virtio_net_q.dirty_bitmap_dump_enable", enable);
	return FW_SYN_OK;
}

enum fw_syndrome
fw_virtq_check(struct fw_uctx *uctx, const uint8_t *netq)
{
	static enum fw_syndrome (*const checks[])(struct fw_uctx *, const uint8_t *) = {
		fw_virtq_check_caps,
		fw_virtq_check_ring,
		fw_virtq_check_indices,
		fw_virtq_check_events,
		fw_virtq_check_dirty,
	};
	enum fw_syndrome syn = FW_SYN_OK;
	size_t i;

	for (i = 0; syn == FW_SYN_OK && i < BASE_ARRAY_SIZE(checks); i++)
		syn = checks[i](uctx, netq);
	return syn;
}

/* --- objects -------------------------------------------------------------------------------- */

/* Buffers for the card's own use, which this card does not need; but they must be there. */
static enum fw_syndrome
fw_virtq_find_umems(struct fw_uctx *uctx, const uint8_t *q, struct fw_virtq_parts *parts)
{
	static const struct {
		uint32_t id_off, size_off, offset_off;
		const char *id_field, *size_field, *offset_field;
	} fields[FW_CAPS_NB_UMEMS] = {
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

	for (i = 0; i < FW_CAPS_NB_UMEMS; i++) {
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
fw_virtq_find_fixed(struct fw_uctx *uctx, const uint8_t *netq, struct fw_virtq_parts *parts)
{
	const uint8_t *q = fw_virtq_context(netq);
	uint32_t counters = (uint32_t)PRM_GET(virtio_q, q, counter_set_id);
	enum fw_syndrome syn;

	syn = fw_obj_get(uctx, FW_CLASS_PD, (uint32_t)PRM_GET(virtio_q, q, pd), "virtio_q.pd",
			&parts->pd);
	if (syn == FW_SYN_OK)
		syn = fw_obj_get(uctx, FW_CLASS_TIS,
				(uint32_t)PRM_GET(virtio_net_q, netq, tisn_or_qpn),
				"virtio_net_q.tisn", &parts->tis);
	if (syn == FW_SYN_OK && counters != 0)
		syn = fw_obj_get(uctx, FW_CLASS_COUNTERS, counters, "virtio_q.counter_set_id",
				&parts->counters);
	if (syn == FW_SYN_OK)
		syn = fw_virtq_find_umems(uctx, q, parts);
	return syn;
}

/*
 * The key of the buffers. A queue that is made before its guest is there (DPDK's pre-created ones)
 * has none yet; it must get one with MODIFY before it can run.
 */
static enum fw_syndrome
fw_virtq_find_mkey(struct fw_uctx *uctx, const uint8_t *netq, struct fw_virtq_parts *parts)
{
	uint32_t mkey = (uint32_t)PRM_GET(virtio_q, fw_virtq_context(netq), virtio_q_mkey);

	parts->mkey = NULL;
	if (mkey == 0 && uctx->func->card->caps.vnet_modify_ext)
		return FW_SYN_OK;
	return fw_mkey_get(uctx, mkey, parts->pd->id, "virtio_q.virtio_q_mkey", &parts->mkey);
}

/* The key of the rings, where they have one of their own. */
static enum fw_syndrome
fw_virtq_find_desc_mkey(struct fw_uctx *uctx, const uint8_t *netq, struct fw_virtq_parts *parts)
{
	uint32_t mkey = (uint32_t)PRM_GET(virtio_q, fw_virtq_context(netq), desc_group_mkey);

	parts->desc_mkey = NULL;
	if (mkey == 0)
		return FW_SYN_OK;
	return fw_mkey_get(uctx, mkey, parts->pd->id, "virtio_q.desc_group_mkey",
			&parts->desc_mkey);
}

static enum fw_syndrome
fw_virtq_find_dirty_mkey(struct fw_uctx *uctx, const uint8_t *netq, struct fw_virtq_parts *parts)
{
	uint64_t addr = PRM_GET(virtio_net_q, netq, dirty_bitmap_addr);
	uint64_t size = PRM_GET(virtio_net_q, netq, dirty_bitmap_size);
	const struct fw_mkey *key;
	enum fw_syndrome syn;

	parts->dirty_mkey = NULL;
	if (!fw_virtq_names_bitmap(netq))
		return FW_SYN_OK;
	syn = fw_mkey_get(uctx, (uint32_t)PRM_GET(virtio_net_q, netq, dirty_bitmap_mkey),
			parts->pd->id, "virtio_net_q.dirty_bitmap_mkey", &parts->dirty_mkey);
	if (syn != FW_SYN_OK)
		return syn;
	key = parts->dirty_mkey;
	if (!key->can_write)
		return fw_refuse(uctx, FW_SYN_VIRTQ_DIRTY_ACCESS, "virtio_net_q.dirty_bitmap_mkey",
				PRM_GET(virtio_net_q, netq, dirty_bitmap_mkey));
	if (size == 0)
		return fw_refuse(uctx, FW_SYN_VIRTQ_DIRTY_BOUNDS, "virtio_net_q.dirty_bitmap_size",
				size);
	if (addr < key->start || addr - key->start > key->len ||
			size > key->len - (addr - key->start))
		return fw_refuse(uctx, FW_SYN_VIRTQ_DIRTY_BOUNDS, "virtio_net_q.dirty_bitmap_addr",
				addr);
	return FW_SYN_OK;
}

static enum fw_syndrome
fw_virtq_find_qp(struct fw_uctx *uctx, const uint8_t *netq, struct fw_virtq_parts *parts)
{
	const uint8_t *q = fw_virtq_context(netq);
	uint32_t qpn = (uint32_t)PRM_GET(virtio_q, q, event_qpn_or_msix);
	enum fw_syndrome syn;

	parts->qp = NULL;
	if (PRM_GET(virtio_q, q, event_mode) != PRM_VIRTQ_EVENT_QP)
		return FW_SYN_OK;
	syn = fw_obj_get(uctx, FW_CLASS_QP, qpn, "virtio_q.event_qpn", &parts->qp);
	if (syn == FW_SYN_OK && base_container_of(parts->qp, struct fw_qp, obj)->state != FW_QP_RTS)
		syn = fw_refuse(uctx, FW_SYN_VIRTQ_QP_STATE, "virtio_q.event_qpn", qpn);
	return syn;
}

enum fw_syndrome
fw_virtq_find_parts(struct fw_uctx *uctx, const uint8_t *netq, uint64_t select,
		struct fw_virtq_parts *parts)
{
	static const struct {
		uint64_t bit;
		enum fw_syndrome (
				*find)(struct fw_uctx *, const uint8_t *, struct fw_virtq_parts *);
	} finds[] = {
		{ 1ull << 63, fw_virtq_find_fixed }, /* first: others need the PD */
		{ PRM_VIRTQ_MOD_Q_MKEY, fw_virtq_find_mkey },
		{ PRM_VIRTQ_MOD_DESC_GROUP_MKEY, fw_virtq_find_desc_mkey },
		{ PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS, fw_virtq_find_dirty_mkey },
		{ PRM_VIRTQ_MOD_EVENT_MODE, fw_virtq_find_qp },
	};
	enum fw_syndrome syn = FW_SYN_OK;
	size_t i;

	for (i = 0; syn == FW_SYN_OK && i < BASE_ARRAY_SIZE(finds); i++) {
		if ((select & finds[i].bit) != 0)
			syn = finds[i].find(uctx, netq, parts);
	}
	return syn;
}

/* --- the engine's view ---------------------------------------------------------------------- */

void
fw_virtq_engine_attr(struct fw_virtq *virtq, const uint8_t *netq, struct vnet_queue_attr *attr)
{
	const uint8_t *q = fw_virtq_context(netq);
	uint32_t mkey = (uint32_t)PRM_GET(virtio_q, q, virtio_q_mkey);
	uint32_t desc_mkey = (uint32_t)PRM_GET(virtio_q, q, desc_group_mkey);

	*attr = (struct vnet_queue_attr){
		.index = virtq->index,
		.ring = fw_virtq_is_packed(netq) ? VNET_RING_PACKED : VNET_RING_SPLIT,
		.size = (uint32_t)PRM_GET(virtio_q, q, queue_size),
		.desc_addr = PRM_GET(virtio_q, q, desc_addr),
		.driver_addr = PRM_GET(virtio_q, q, available_addr),
		.device_addr = PRM_GET(virtio_q, q, used_addr),
		.mkey = mkey,
		.ring_mkey = desc_mkey != 0 ? desc_mkey : mkey,
		.version_1 = PRM_GET(virtio_q, q, virtio_version_1_0) != 0,
		.features = fw_virtq_features(netq),
		.avail_index = (uint16_t)PRM_GET(virtio_net_q, netq, hw_available_index),
		.used_index = (uint16_t)PRM_GET(virtio_net_q, netq, hw_used_index),
		.mem = { .map = fw_mem_map, .window = fw_mem_window, .arg = &virtq->mem_user },
		.ops = &fw_virtq_ops,
		.arg = virtq,
	};
}

void
fw_virtq_engine_dirty(const uint8_t *netq, struct vnet_dirty *dirty)
{
	*dirty = (struct vnet_dirty){
		.enabled = PRM_GET(virtio_net_q, netq, dirty_bitmap_dump_enable) != 0,
		.mkey = (uint32_t)PRM_GET(virtio_net_q, netq, dirty_bitmap_mkey),
		.addr = PRM_GET(virtio_net_q, netq, dirty_bitmap_addr),
		.size = (uint32_t)PRM_GET(virtio_net_q, netq, dirty_bitmap_size),
		.page_shift = (uint8_t)(FW_VIRTQ_LOG_PAGE_SHIFT +
				PRM_GET(virtio_net_q, netq, vhost_log_page)),
	};
}
