/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Which paths belong to the emulated card. Pure functions.
 */
#ifndef SEAM_PATH_H
#define SEAM_PATH_H

#include <stddef.h>

#include "seam.h"

/** Which function "/dev/infiniband/uverbsN" is; -1 when it is none of the card's. */
int seam_path_uverbs(const struct seam_conf *conf, const char *path);
/** The same for a relative path; @p dir: where it begins, as the kernel calls that directory. */
int seam_path_uverbs_in(const struct seam_conf *conf, const char *dir, const char *path);

/**
 * Where @p path really is: inside the tree (written to @p buf) if it is the card's, else @p path
 * itself. @p conf NULL: always @p path.
 */
const char *seam_path(const struct seam_conf *conf, const char *path, char *buf, size_t size);

#endif /* SEAM_PATH_H */
