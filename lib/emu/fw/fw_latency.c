/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a profile is a table of rows that is copied, and then changed row by row.
 *
 * cx6dx stands for what has been published about ConnectX-6 Dx under vDPA. Nobody published times
 * of single commands, so they are quotients; doc/guides/emulated-card-faults.md has the sources
 * and the arithmetic, number by number. They are for the shape of things (a queue that is created
 * costs twenty times one that is resumed), not for predictions.
 */
#include <errno.h>
#include <string.h>

#include "base_math.h"
#include "fw_latency.h"
#include "prm_cmd.h"

#define US(n) ((uint64_t)(n)*1000)

static const struct fw_latency_row fw_latency_cx6dx[] = {
	{ { PRM_OP_MODIFY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q }, US(500) },
	{ { PRM_OP_QUERY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q }, US(650) },
	{ { PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_Q_COUNTERS }, US(200) },
	{ { FW_OP_REG_UMEM, 0 }, US(200) },
	{ { FW_OP_DEREG_UMEM, 0 }, US(200) },
	{ { PRM_OP_MODIFY_RQT, 0 }, US(7000) },
	/* No figure; they make no object that holds memory. */
	{ { PRM_OP_QUERY_HCA_CAP, 0 }, US(200) },
	{ { FW_OP_ALLOC_UAR, 0 }, US(200) },
	{ { FW_OP_DEALLOC_UAR, 0 }, US(200) },
};

static const struct fw_latency_profile {
	const char *name;
	uint64_t default_ns, mr_ns_per_mib;
	uint32_t in_flight;
	const struct fw_latency_row *rows;
	uint32_t nb_rows;
} fw_latency_profiles[] = {
	{ "none", 0, 0, 0, NULL, 0 },
	{ "cx6dx", US(700), US(98), 8, fw_latency_cx6dx, BASE_ARRAY_SIZE(fw_latency_cx6dx) },
};

const char *
fw_latency_profile_name(unsigned int i)
{
	return i < BASE_ARRAY_SIZE(fw_latency_profiles) ? fw_latency_profiles[i].name : NULL;
}

int
fw_latency_init(struct fw_latency *latency, const char *name)
{
	const struct fw_latency_profile *profile;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(fw_latency_profiles); i++) {
		profile = &fw_latency_profiles[i];
		if (strcmp(profile->name, name) != 0)
			continue;
		memset(latency, 0, sizeof(*latency));
		latency->profile = profile->name;
		latency->default_ns = profile->default_ns;
		latency->mr_ns_per_mib = profile->mr_ns_per_mib;
		latency->in_flight = profile->in_flight;
		latency->nb_rows = profile->nb_rows;
		if (profile->nb_rows > 0)
			memcpy(latency->rows, profile->rows,
					profile->nb_rows * sizeof(latency->rows[0]));
		return 0;
	}
	return -ENOENT;
}

int
fw_latency_set(struct fw_latency *latency, const char *command, uint64_t ns)
{
	struct fw_op op;
	uint32_t i;

	if (ns > FW_LATENCY_MAX_NS)
		return -ERANGE;
	if (fw_op_parse(command, &op) != 0)
		return -ENOENT;
	for (i = 0; i < latency->nb_rows; i++) {
		if (latency->rows[i].op.opcode == op.opcode &&
				latency->rows[i].op.obj_type == op.obj_type)
			break;
	}
	if (i == FW_LATENCY_MAX_ROWS)
		return -ENOSPC;
	latency->rows[i] = (struct fw_latency_row){ op, ns };
	if (i == latency->nb_rows)
		latency->nb_rows++;
	return 0;
}

uint64_t
fw_latency_of(const struct fw_latency *latency, const struct fw_op *op, uint64_t bytes)
{
	const struct fw_latency_row *best = NULL;
	uint64_t ns, more = 0;
	uint32_t i;

	for (i = 0; i < latency->nb_rows; i++) {
		const struct fw_latency_row *row = &latency->rows[i];

		if (fw_op_matches(&row->op, op) && (best == NULL || row->op.obj_type != 0))
			best = row;
	}
	ns = best != NULL ? best->ns : latency->default_ns;
	if (op->opcode == FW_OP_REG_MR)
		more = (uint64_t)((double)bytes / (1 << 20) * (double)latency->mr_ns_per_mib);
	ns += more < FW_LATENCY_MAX_NS ? more : FW_LATENCY_MAX_NS;
	return ns < FW_LATENCY_MAX_NS ? ns : FW_LATENCY_MAX_NS;
}

bool
fw_latency_waits(const struct fw_latency *latency)
{
	return latency->default_ns != 0 || latency->nb_rows != 0 || latency->mr_ns_per_mib != 0 ||
			latency->in_flight != 0;
}
