/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the counters only grow and cannot be cleared; who wants "since" keeps a
 * base line. The output buffer of the query is the length that the firmware's layout has.
 */
#include "devx_counters.h"

#include <stdio.h>

#include "prm_field.h"

/* Whole dwords: the layout ends within one, commands do not. */
#define COUNTERS_OUT_SIZE (PRM_SIZE(query_virtio_q_counters_out) & ~3u)

int
devx_counters_create(struct devx_dev *dev, uint16_t queue, struct devx_obj **counters)
{
	uint8_t in[PRM_SIZE(create_virtio_q_counters_in)] = { 0 };
	uint8_t out[PRM_SIZE(general_obj_out_cmd_hdr)];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	char name[DEVX_NAME_MAX];

	snprintf(name, sizeof(name), "counters of virtq %u", queue);
	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_CREATE_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_Q_COUNTERS);
	return devx_cmd_create(dev, name, &io, counters);
}

void
devx_counters_decode(const void *c, struct devx_counters *values)
{
	*values = (struct devx_counters){
		.received_desc = PRM_GET(virtio_q_counters, c, received_desc),
		.completed_desc = PRM_GET(virtio_q_counters, c, completed_desc),
		.error_cqes = (uint32_t)PRM_GET(virtio_q_counters, c, error_cqes),
		.bad_desc_errors = (uint32_t)PRM_GET(virtio_q_counters, c, bad_desc_errors),
		.exceed_max_chain = (uint32_t)PRM_GET(virtio_q_counters, c, exceed_max_chain),
		.invalid_buffer = (uint32_t)PRM_GET(virtio_q_counters, c, invalid_buffer),
	};
}

int
devx_counters_query(struct devx_obj *counters, struct devx_counters *values)
{
	uint8_t in[PRM_SIZE(general_obj_in_cmd_hdr)] = { 0 };
	uint8_t out[COUNTERS_OUT_SIZE];
	struct devx_io io = { in, sizeof(in), out, sizeof(out) };
	int ret;

	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_QUERY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_Q_COUNTERS);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, devx_obj_id(counters));
	ret = devx_cmd_query(counters, &io);
	if (ret == 0)
		devx_counters_decode(PRM_PTR(query_virtio_q_counters_out, out, virtio_q_counters),
				values);
	return ret;
}
