/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Which paths belong to the emulated card. Pure functions.
 */
#ifndef SEAM_PATH_H
#define SEAM_PATH_H

#include <stddef.h>

#include "seam.h"

/** Number N of "/dev/infiniband/uverbsN" if the card has such a function, else -1. */
int seam_path_uverbs(const struct seam_conf *conf, const char *path);

/**
 * Where @p path really is: inside the tree (written to @p buf) if it is the card's, else @p path
 * itself. @p conf NULL: always @p path.
 */
const char *seam_path(const struct seam_conf *conf, const char *path, char *buf, size_t size);

#endif /* SEAM_PATH_H */
