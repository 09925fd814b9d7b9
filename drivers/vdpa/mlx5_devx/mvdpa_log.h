/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Where this driver's messages go: rte_log, type "pmd.vdpa.mlx5_devx".
 */
#ifndef MVDPA_LOG_H
#define MVDPA_LOG_H

#include "base_log.h"

extern const struct base_log mvdpa_log;

#endif /* MVDPA_LOG_H */
