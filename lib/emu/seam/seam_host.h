/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * RDMA devices that the host has of its own, shown beside the card's.
 */
#ifndef SEAM_HOST_H
#define SEAM_HOST_H

#include "seam.h"

/**
 * Links the host's entries into the tree @p dir, which has those of the card.
 * @return 0, -EADDRINUSE: one of the card's PCI addresses is the host's, -errno.
 */
int seam_host_link(const struct seam_conf *conf, int dir);

#endif /* SEAM_HOST_H */
