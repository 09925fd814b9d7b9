/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The device files that the program has open, with the functions that they are of.
 */
#ifndef EMU_FILE_H
#define EMU_FILE_H

#include <sys/types.h>

#include "base_log.h"
#include "fw.h"
#include "uv.h"

/**
 * Serves @p file, of function @p func, at @p fd from now on. @return 0 or -errno; on an error the
 * file is still the caller's.
 */
int emu_file_add(int fd, struct uv_file *file, struct fw_func *func, dev_t rdev);
/**
 * The function was removed: all its files learn of it, in a thread of its own (whoever removed it
 * may be inside of a call on one of them).
 */
void emu_file_removed(struct fw_func *func, const struct base_log *log);

#endif /* EMU_FILE_H */
