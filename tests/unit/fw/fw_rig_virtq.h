/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Queues in any state, for tests on the fake engine (fake_vnet.h), which is what makes one fail.
 */
#ifndef FW_RIG_VIRTQ_H
#define FW_RIG_VIRTQ_H

#include "fw_rig.h"

/** Creates queue 0 and leads it to @p state. @return its firmware number. */
uint32_t rig_virtq_in_state(struct rig *rig, enum fw_virtq_state state);

#endif /* FW_RIG_VIRTQ_H */
