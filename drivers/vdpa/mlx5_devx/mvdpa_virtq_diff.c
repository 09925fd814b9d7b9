/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table, a row for each bit of modify_field_select: which fields it
 * stands for, the capability that it needs, and whether a running queue takes it. All others are
 * taken by a queue that does not run (INIT, SUSPENDED): is_valid_state_change() and
 * modifiable_virtqueue_fields() of Linux' mlx5_vdpa; which capability goes with which field is
 * known from DPDK's pre-created queues.
 *
 * Three things look modifiable and are not trusted to be: Linux makes a queue anew when CSUM,
 * MRG_RXBUF or VERSION_1 changes, DPDK when GUEST_CSUM or VERSION_1 does. A card that took such a
 * change and ignored it would garble packets; making the queue anew only takes longer.
 */
#include "mvdpa_virtq_diff.h"

#include <string.h>

#include "base_math.h"

/* Given at creation only: see above. */
#define FIXED_FEATURES (PRM_VIRTQ_F_CSUM | PRM_VIRTQ_F_GUEST_CSUM | PRM_VIRTQ_F_MRG_RXBUF)

#define FIELD(f)                                                                         \
	{                                                                                \
		offsetof(struct devx_virtq_attr, f),                                     \
				(uint8_t)sizeof(((const struct devx_virtq_attr *)0)->f), \
	}
#define CAP(f) offsetof(struct devx_cap, f)
#define NO_CAP UINT16_MAX

/* Fields are compared as they lie in memory; none of them has padding. */
static const struct {
	uint64_t bit;
	uint16_t cap; /* offset of a bool in struct devx_cap */
	bool running; /* may change while the queue runs */
	struct {
		uint16_t off;
		uint8_t size; /* 0: none */
	} fields[3];
} rows[] = {
	/* A card without a dirty log does not get to see a difference here. */
	{ PRM_VIRTQ_MOD_DIRTY_BITMAP_PARAMS, NO_CAP, true,
			{ FIELD(log.mkey), FIELD(log.addr), FIELD(log.size) } },
	{ PRM_VIRTQ_MOD_DIRTY_BITMAP_DUMP_ENABLE, NO_CAP, true, { FIELD(log.enabled) } },
	{ PRM_VIRTQ_MOD_QUEUE_PERIOD, CAP(modify_ext), false,
			{ FIELD(period_mode), FIELD(period_us), FIELD(max_count) } },
	{ PRM_VIRTQ_MOD_ADDR, CAP(addr_modify), false, { FIELD(desc), FIELD(avail), FIELD(used) } },
	{ PRM_VIRTQ_MOD_HW_AVAILABLE_INDEX, CAP(index_modify), false, { FIELD(hw_available) } },
	{ PRM_VIRTQ_MOD_HW_USED_INDEX, CAP(index_modify), false, { FIELD(hw_used) } },
	{ PRM_VIRTQ_MOD_Q_TYPE, CAP(modify_ext), false, { FIELD(type) } },
	{ PRM_VIRTQ_MOD_Q_MKEY, CAP(modify_ext), false, { FIELD(mkey) } },
	{ PRM_VIRTQ_MOD_FEATURES, CAP(modify_ext), false, { FIELD(features) } },
	{ PRM_VIRTQ_MOD_EVENT_MODE, CAP(modify_ext), false,
			{ FIELD(event_mode), FIELD(event_qpn) } },
	{ MVDPA_VIRTQ_DIFF_FIXED, NO_CAP, false, { FIELD(index), FIELD(size), FIELD(pd) } },
	{ MVDPA_VIRTQ_DIFF_FIXED, NO_CAP, false,
			{ FIELD(tisn), FIELD(counters), FIELD(version_1_0) } },
	{ MVDPA_VIRTQ_DIFF_FIXED, NO_CAP, false, { FIELD(umem) } },
};

static bool
row_differs(size_t row, const struct devx_virtq_attr *hw, const struct devx_virtq_attr *want)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows[row].fields) && rows[row].fields[i].size != 0; i++) {
		if (memcmp((const uint8_t *)hw + rows[row].fields[i].off,
				    (const uint8_t *)want + rows[row].fields[i].off,
				    rows[row].fields[i].size) != 0)
			return true;
	}
	return false;
}

uint64_t
mvdpa_virtq_diff(const struct devx_virtq_attr *hw, const struct devx_virtq_attr *want)
{
	uint64_t diff = 0;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		if (row_differs(i, hw, want))
			diff |= rows[i].bit;
	}
	if (((hw->features ^ want->features) & FIXED_FEATURES) != 0)
		diff |= MVDPA_VIRTQ_DIFF_FIXED;
	return diff;
}

uint64_t
mvdpa_virtq_modifiable(enum prm_virtq_state state, const struct devx_cap *cap)
{
	uint64_t bits = 0;
	size_t i;

	if (state == PRM_VIRTQ_ERR)
		return 0;
	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		if (state == PRM_VIRTQ_RDY && !rows[i].running)
			continue;
		if (rows[i].cap == NO_CAP || *(const bool *)((const uint8_t *)cap + rows[i].cap))
			bits |= rows[i].bit;
	}
	return bits & ~MVDPA_VIRTQ_DIFF_FIXED;
}

bool
mvdpa_virtq_fits(const struct devx_virtq_attr *hw, const struct devx_virtq_attr *want,
		const struct devx_cap *cap, uint64_t *select)
{
	uint64_t diff = mvdpa_virtq_diff(hw, want);

	if (hw->state != PRM_VIRTQ_INIT && !(hw->state == PRM_VIRTQ_SUSPEND && cap->freeze_to_rdy))
		return false;
	if ((diff & ~mvdpa_virtq_modifiable(hw->state, cap)) != 0)
		return false;
	*select = diff | PRM_VIRTQ_MOD_STATE;
	return true;
}
