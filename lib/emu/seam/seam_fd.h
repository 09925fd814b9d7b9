/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Table of the descriptors that the seam serves.
 */
#ifndef SEAM_FD_H
#define SEAM_FD_H

#include <stdbool.h>

#include "seam.h"

struct seam_node;

/** The node that serves @p fd, held until seam_fd_put(); NULL: not ours. Lock-free. */
struct seam_node *seam_fd_get(int fd);
void seam_fd_put(struct seam_node *node);
/** Takes @p fd out of the table, before the real close. The caller gets the table's hold. */
struct seam_node *seam_fd_del(int fd);
/** The same for all numbers from @p first to @p last, holds given back. */
void seam_fd_del_range(unsigned int first, unsigned int last);
/** From now on @p fd names @p node as well (which the caller holds); 0, -ENOMEM, -EMFILE. */
int seam_fd_dup(struct seam_node *node, int fd);

const struct seam_fd_ops *seam_node_ops(const struct seam_node *node);
void *seam_node_arg(const struct seam_node *node);
dev_t seam_node_rdev(const struct seam_node *node);

/** Is nothing served any more? */
bool seam_is_stopped(void);

#endif /* SEAM_FD_H */
