/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each group of fields that one bit of modify_field_select names is one small
 * function; a table ties bit and function together. Modify runs those whose bit is set, create
 * runs all of them plus the fields that can never change. So a field is written in one place only.
 */
#include "devx_virtq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base_math.h"
#include "prm_field.h"

/* The feature mask of a queue is cut in two fields: bits 12..3 and 2..0. */
#define FEATURES_LOW_BITS 3
#define FEATURES_LOW_MASK ((1u << FEATURES_LOW_BITS) - 1)

/* The two nested structures of the object. */
struct virtq_bytes {
	void *net; /* virtio_net_q */
	void *q; /* virtio_q */
};

typedef void (*virtq_put)(const struct devx_virtq_attr *attr, struct virtq_bytes b);

static void
virtq_put_state(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_net_q, b.net, state, attr->state);
}

static void
virtq_put_addr(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_q, b.q, desc_addr, attr->desc);
	PRM_SET(virtio_q, b.q, available_addr, attr->avail);
	PRM_SET(virtio_q, b.q, used_addr, attr->used);
}

static void
virtq_put_available_index(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_net_q, b.net, hw_available_index, attr->hw_available);
}

static void
virtq_put_used_index(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_net_q, b.net, hw_used_index, attr->hw_used);
}

static void
virtq_put_type(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_q, b.q, virtio_q_type, attr->type);
}

static void
virtq_put_version(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_q, b.q, virtio_version_1_0, attr->version_1_0);
}

static void
virtq_put_mkey(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_q, b.q, virtio_q_mkey, attr->mkey);
}

static void
virtq_put_features(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_net_q, b.net, queue_feature_bit_mask_12_3,
			attr->features >> FEATURES_LOW_BITS);
	PRM_SET(virtio_net_q, b.net, queue_feature_bit_mask_2_0,
			attr->features & FEATURES_LOW_MASK);
}

static void
virtq_put_event(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_q, b.q, event_mode, attr->event_mode);
	PRM_SET(virtio_q, b.q, event_qpn_or_msix, attr->event_qpn);
}

static void
virtq_put_period(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_q, b.q, queue_period_mode, attr->period_mode);
	PRM_SET(virtio_q, b.q, queue_period_us, attr->period_us);
	PRM_SET(virtio_q, b.q, queue_max_count, attr->max_count);
}

static void
virtq_put_log_place(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_net_q, b.net, dirty_bitmap_mkey, attr->log.mkey);
	PRM_SET(virtio_net_q, b.net, dirty_bitmap_size, attr->log.size);
	PRM_SET(virtio_net_q, b.net, dirty_bitmap_addr, attr->log.addr);
}

static void
virtq_put_log_enable(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_net_q, b.net, dirty_bitmap_dump_enable, attr->log.enabled);
}

static const struct {
	uint64_t select;
	virtq_put put;
} virtq_fields[] = {
	{ PRM_VIRTQ_MOD_STATE, virtq_put_state },
	{ PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS, virtq_put_log_place },
	{ PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE, virtq_put_log_enable },
	{ PRM_VIRTQ_MOD_QUEUE_PERIOD, virtq_put_period },
	{ PRM_VIRTQ_MOD_ADDR, virtq_put_addr },
	{ PRM_VIRTQ_MOD_HW_AVAILABLE_INDEX, virtq_put_available_index },
	{ PRM_VIRTQ_MOD_HW_USED_INDEX, virtq_put_used_index },
	{ PRM_VIRTQ_MOD_Q_TYPE, virtq_put_type },
	{ PRM_VIRTQ_MOD_VERSION_1_0, virtq_put_version },
	{ PRM_VIRTQ_MOD_Q_MKEY, virtq_put_mkey },
	{ PRM_VIRTQ_MOD_FEATURES, virtq_put_features },
	{ PRM_VIRTQ_MOD_EVENT_MODE, virtq_put_event },
};

/* What is given at creation and never again. */
static void
virtq_put_fixed(const struct devx_virtq_attr *attr, struct virtq_bytes b)
{
	PRM_SET(virtio_net_q, b.net, tisn_or_qpn, attr->tisn);
	PRM_SET(virtio_q, b.q, queue_size, attr->size);
	PRM_SET(virtio_q, b.q, counter_set_id, attr->counters);
	PRM_SET(virtio_q, b.q, pd, attr->pd);
	PRM_SET(virtio_q, b.q, umem_1_id, attr->umem[0].id);
	PRM_SET(virtio_q, b.q, umem_1_size, attr->umem[0].size);
	PRM_SET(virtio_q, b.q, umem_1_offset, attr->umem[0].offset);
	PRM_SET(virtio_q, b.q, umem_2_id, attr->umem[1].id);
	PRM_SET(virtio_q, b.q, umem_2_size, attr->umem[1].size);
	PRM_SET(virtio_q, b.q, umem_2_offset, attr->umem[1].offset);
	PRM_SET(virtio_q, b.q, umem_3_id, attr->umem[2].id);
	PRM_SET(virtio_q, b.q, umem_3_size, attr->umem[2].size);
	PRM_SET(virtio_q, b.q, umem_3_offset, attr->umem[2].offset);
}

void
devx_virtq_encode(const struct devx_virtq_attr *attr, uint64_t select, void *in)
{
	struct virtq_bytes b = { .net = PRM_PTR(create_virtq_in, in, virtq) };
	size_t i;

	b.q = PRM_PTR(virtio_net_q, b.net, virtio_q_context);
	PRM_SET(general_obj_in_cmd_hdr, in, opcode,
			select == 0 ? PRM_OP_CREATE_GENERAL_OBJECT : PRM_OP_MODIFY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(virtio_net_q, b.net, modify_field_select, select);
	PRM_SET(virtio_q, b.q, queue_index, attr->index);
	if (select == 0)
		virtq_put_fixed(attr, b);
	for (i = 0; i < BASE_ARRAY_SIZE(virtq_fields); i++) {
		if (select == 0 || (select & virtq_fields[i].select) != 0)
			virtq_fields[i].put(attr, b);
	}
}

void
devx_virtq_decode(const void *net, struct devx_virtq_attr *attr)
{
	const void *q = PRM_PTR(virtio_net_q, net, virtio_q_context);

	memset(attr, 0, sizeof(*attr));
	attr->state = (enum prm_virtq_state)PRM_GET(virtio_net_q, net, state);
	attr->hw_available = (uint16_t)PRM_GET(virtio_net_q, net, hw_available_index);
	attr->hw_used = (uint16_t)PRM_GET(virtio_net_q, net, hw_used_index);
	attr->tisn = (uint32_t)PRM_GET(virtio_net_q, net, tisn_or_qpn);
	attr->features = (uint16_t)(PRM_GET(virtio_net_q, net, queue_feature_bit_mask_12_3)
					<< FEATURES_LOW_BITS |
			PRM_GET(virtio_net_q, net, queue_feature_bit_mask_2_0));
	attr->type = (enum prm_virtq_type)PRM_GET(virtio_q, q, virtio_q_type);
	attr->event_mode = (enum prm_virtq_event_mode)PRM_GET(virtio_q, q, event_mode);
	attr->event_qpn = (uint32_t)PRM_GET(virtio_q, q, event_qpn_or_msix);
	attr->period_mode = (uint8_t)PRM_GET(virtio_q, q, queue_period_mode);
	attr->period_us = (uint16_t)PRM_GET(virtio_q, q, queue_period_us);
	attr->max_count = (uint16_t)PRM_GET(virtio_q, q, queue_max_count);
	attr->index = (uint16_t)PRM_GET(virtio_q, q, queue_index);
	attr->size = (uint16_t)PRM_GET(virtio_q, q, queue_size);
	attr->version_1_0 = PRM_GET(virtio_q, q, virtio_version_1_0);
	attr->desc = PRM_GET(virtio_q, q, desc_addr);
	attr->avail = PRM_GET(virtio_q, q, available_addr);
	attr->used = PRM_GET(virtio_q, q, used_addr);
	attr->mkey = (uint32_t)PRM_GET(virtio_q, q, virtio_q_mkey);
	attr->counters = (uint32_t)PRM_GET(virtio_q, q, counter_set_id);
	attr->pd = (uint32_t)PRM_GET(virtio_q, q, pd);
	attr->error_type = (uint8_t)PRM_GET(virtio_q, q, error_type);
	attr->umem[0].id = (uint32_t)PRM_GET(virtio_q, q, umem_1_id);
	attr->umem[0].size = (uint32_t)PRM_GET(virtio_q, q, umem_1_size);
	attr->umem[0].offset = PRM_GET(virtio_q, q, umem_1_offset);
	attr->umem[1].id = (uint32_t)PRM_GET(virtio_q, q, umem_2_id);
	attr->umem[1].size = (uint32_t)PRM_GET(virtio_q, q, umem_2_size);
	attr->umem[1].offset = PRM_GET(virtio_q, q, umem_2_offset);
	attr->umem[2].id = (uint32_t)PRM_GET(virtio_q, q, umem_3_id);
	attr->umem[2].size = (uint32_t)PRM_GET(virtio_q, q, umem_3_size);
	attr->umem[2].offset = PRM_GET(virtio_q, q, umem_3_offset);
	attr->log = (struct devx_virtq_log){
		.mkey = (uint32_t)PRM_GET(virtio_net_q, net, dirty_bitmap_mkey),
		.size = (uint32_t)PRM_GET(virtio_net_q, net, dirty_bitmap_size),
		.addr = PRM_GET(virtio_net_q, net, dirty_bitmap_addr),
		.enabled = PRM_GET(virtio_net_q, net, dirty_bitmap_dump_enable),
	};
}

int
devx_virtq_create(struct devx_dev *dev, const struct devx_virtq_attr *attr, struct devx_obj **virtq)
{
	uint8_t in[PRM_SIZE(create_virtq_in)] = { 0 };
	uint8_t out[PRM_SIZE(general_obj_out_cmd_hdr)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	char name[DEVX_NAME_MAX];

	snprintf(name, sizeof(name), "virtq %u", attr->index);
	devx_virtq_encode(attr, 0, in);
	return devx_cmd_create(dev, name, &io, virtq);
}

int
devx_virtq_modify(struct devx_obj *virtq, const struct devx_virtq_attr *attr, uint64_t select)
{
	uint8_t in[PRM_SIZE(create_virtq_in)] = { 0 };
	uint8_t out[PRM_SIZE(general_obj_out_cmd_hdr)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };

	assert(select != 0);
	devx_virtq_encode(attr, select, in);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, devx_obj_id(virtq));
	return devx_cmd_modify(virtq, &io);
}

/* Whose number the header does not hold yet. */
static void
virtq_query_in(void *in)
{
	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_QUERY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
}

int
devx_virtq_query(struct devx_obj *virtq, struct devx_virtq_attr *attr)
{
	uint8_t in[PRM_SIZE(general_obj_in_cmd_hdr)] = { 0 };
	uint8_t out[PRM_SIZE(query_virtq_out)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	int ret;

	virtq_query_in(in);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, devx_obj_id(virtq));
	ret = devx_cmd_query(virtq, &io);
	if (ret == 0)
		devx_virtq_decode(PRM_PTR(query_virtq_out, out, virtq), attr);
	return ret;
}

int
devx_virtq_query_post(struct devx_query_channel *channel, struct devx_obj *virtq, uint16_t index,
		uint32_t round)
{
	uint8_t in[PRM_SIZE(general_obj_in_cmd_hdr)] = { 0 };
	struct devx_io io = { in, sizeof(in), NULL, PRM_SIZE(query_virtq_out) };

	virtq_query_in(in);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, devx_obj_id(virtq));
	return devx_query_post(channel, virtq, &io, (uint64_t)round << 16 | index);
}

int
devx_virtq_query_take(struct devx_query_channel *channel, int timeout_ms,
		struct devx_virtq_answer *answer)
{
	uint8_t in[PRM_SIZE(general_obj_in_cmd_hdr)] = { 0 };
	uint8_t out[PRM_SIZE(query_virtq_out)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	char name[DEVX_NAME_MAX];
	uint64_t cookie;
	int ret;

	ret = devx_query_take(channel, timeout_ms, &io, &cookie);
	if (ret != 0)
		return ret;
	virtq_query_in(in);
	answer->index = (uint16_t)cookie;
	answer->round = (uint32_t)(cookie >> 16);
	snprintf(name, sizeof(name), "virtq %u", answer->index);
	answer->ret = devx_query_judge(channel, name, &io);
	if (answer->ret != 0)
		return 0;
	devx_virtq_decode(PRM_PTR(query_virtq_out, out, virtq), &answer->attr);
	/* No queue has no size: a command that did not get through (devx_query.c). */
	if (answer->attr.size == 0)
		answer->ret = -EIO;
	return 0;
}
