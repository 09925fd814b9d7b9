/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Events that are not completions, for the firmware's own files.
 */
#ifndef FW_EVENT_H
#define FW_EVENT_H

#include "fw_obj.h"

/** Tells the object's owner that something happened to it (PRM event OBJECT_CHANGE). */
void fw_event_object_change(const struct fw_obj *obj);

#endif /* FW_EVENT_H */
