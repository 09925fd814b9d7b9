/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The traffic of the prompt's guests over time: a timeline with a direction for each guest that there
 * is when it begins ("from A": what A sends). Guests may go while it runs.
 *
 * One for the process. All functions belong to the thread of vm.h.
 */
#ifndef RECORD_H
#define RECORD_H

#include <base_log.h>

#include "timeline.h"

/**
 * Begins anew with the guests that there are; what was recorded before is forgotten.
 * @return 0, -ENOENT (no guest), -E2BIG (more than TIMELINE_DIRECTIONS_MAX), -errno; each with a
 * complaint
 */
int record_begin(const struct base_log *log);

/** Ends it; what was recorded stays. Nothing happens where it does not run. */
void record_end(void);

/** Forgets everything: at the program's end. */
void record_forget(void);

/** What was recorded; NULL: nothing was. */
struct timeline *record_timeline(void);

#endif /* RECORD_H */
