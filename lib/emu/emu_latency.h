/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * "latency" of the configuration and of the control socket; the schema is in
 * doc/guides/emulated-card-faults.md.
 */
#ifndef EMU_LATENCY_H
#define EMU_LATENCY_H

#include "emu_json.h"
#include "fw_latency.h"

/** Reads an object on top of what @p latency holds; "profile" starts anew. */
int emu_latency_read(struct emu_json *at, const json_t *value, struct fw_latency *latency);
/** In the form that emu_latency_read() takes (a new reference). */
json_t *emu_latency_show(const struct fw_latency *latency);

#endif /* EMU_LATENCY_H */
