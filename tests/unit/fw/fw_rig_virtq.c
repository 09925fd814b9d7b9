/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a queue takes the guest's way, INIT, RDY, SUSPEND; ERR is where the engine
 * sends it. The fake engine does so when it is told to, hence a file apart from fw_rig.c, which
 * the tests on the real engine use as well.
 */
#include "fw_rig_virtq.h"

#include "fake_vnet.h"

uint32_t
rig_virtq_in_state(struct rig *rig, enum fw_virtq_state state)
{
	uint32_t virtq = rig_virtq(rig, 0);

	if (state != FW_VIRTQ_INIT)
		assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	if (state == FW_VIRTQ_SUSPEND)
		assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_SUSPEND));
	if (state == FW_VIRTQ_ERR)
		fake_fail(rig->card->vnet, fake_queue, VNET_ERR_BAD_DESC);
	assert_int_equal(state, rig_virtq_obj(rig, virtq)->state);
	return virtq;
}
