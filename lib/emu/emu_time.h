/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Times in a configuration: a number of microseconds, or a text with a unit: "600us", "1.5ms",
 * "2s", "250ns".
 */
#ifndef EMU_TIME_H
#define EMU_TIME_H

#include "emu_json.h"

/** @return 0 or -EINVAL (see emu_json.h): no time, negative, above @p max_ns. */
int emu_time_read(struct emu_json *at, const json_t *value, uint64_t max_ns, uint64_t *ns);
/** The value as a number of microseconds (a new reference). */
json_t *emu_time_show(uint64_t ns);

#endif /* EMU_TIME_H */
