/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Receive queue tables, for the firmware's own files.
 */
#ifndef FW_RQT_H
#define FW_RQT_H

#include "fw_obj.h"
#include "vnet.h"

struct fw_rqt {
	struct fw_obj obj;
	uint32_t max_size; /**< entries that a MODIFY may give */
	uint32_t nb;
	struct fw_obj **virtqs; /**< each entry counts as a user of its queue */
	struct vnet_rqt *rqt; /**< NULL only while it is being created */
};

#endif /* FW_RQT_H */
