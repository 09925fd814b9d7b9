/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Where the emulated card's messages go.
 */
#ifndef EMU_LOG_H
#define EMU_LOG_H

#include "base_log.h"

/** Prepares @p log to append to @p file, or to write to stderr when it is "" or cannot be opened. */
void emu_log_init(struct base_log *log, const char *file, enum base_log_level level);

#endif /* EMU_LOG_H */
