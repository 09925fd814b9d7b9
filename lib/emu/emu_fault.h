/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Fault rules of the configuration ("faults") and of the control socket; the schema is in
 * doc/guides/emulated-card-faults.md.
 */
#ifndef EMU_FAULT_H
#define EMU_FAULT_H

#include "emu_json.h"
#include "fw_fault.h"

/** Reads one rule; without "id" it has none (""). */
int emu_fault_read(struct emu_json *at, const json_t *value, struct fw_fault *rule);
/** In the form that emu_fault_read() takes, with its counters (a new reference). */
json_t *emu_fault_show(const struct fw_fault *rule);
/** Reads the name or the number of a queue's error ("invalid-buffer", 3). */
int emu_fault_error(struct emu_json *at, const json_t *value, enum vnet_error *error);

#endif /* EMU_FAULT_H */
