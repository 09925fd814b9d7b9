/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Room in the process's table of open files, made while nobody waits.
 */
#ifndef MVDPA_FDROOM_H
#define MVDPA_FDROOM_H

#include <stdint.h>

#include "base_log.h"

/**
 * Makes room for @p nb files beside those that are open, and keeps it: another device's room comes
 * on top. Less is made if the process may not have so many.
 * @param fd the mark of the room, for mvdpa_fdroom_give_up(); -1: none could be made, which costs
 *     time only.
 */
void mvdpa_fdroom_make(uint32_t nb, const char *name, const struct base_log *log, int *fd);
/** @param fd may be -1 */
void mvdpa_fdroom_give_up(int fd);

#endif /* MVDPA_FDROOM_H */
