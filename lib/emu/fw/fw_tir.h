/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * TIRs, for the firmware's own files.
 */
#ifndef FW_TIR_H
#define FW_TIR_H

#include "fw_obj.h"
#include "vnet.h"

struct fw_tir {
	struct fw_obj obj;
	struct vnet_tir *tir; /**< NULL only while it is being created */
};

#endif /* FW_TIR_H */
