/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Doorbell pages, for the firmware's own files.
 */
#ifndef FW_PAGE_H
#define FW_PAGE_H

#include "fw_obj.h"

/** The engine looks at this VAR page no more. */
void fw_var_silence(struct fw_obj *obj);

#endif /* FW_PAGE_H */
