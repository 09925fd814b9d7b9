/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Where this driver's messages go: rte_log, one type a module, "pmd.vdpa.mlx5_devx.virtq" for
 * example. A level that is set for "pmd.vdpa.mlx5_devx" counts for all of them.
 */
#ifndef MVDPA_LOG_H
#define MVDPA_LOG_H

#include "base_log.h"

enum mvdpa_log_module {
	MVDPA_LOG_DRIVER, /**< probe, arguments, the device as a whole */
	MVDPA_LOG_CONF, /**< what vhost asks, messages of a front-end */
	MVDPA_LOG_VIRTQ, /**< states and indices of queues, and what they own */
	MVDPA_LOG_MEM, /**< memory tables and keys */
	MVDPA_LOG_EVENT, /**< kicks, completions, errors and their repair, host notifier */
	MVDPA_LOG_MIGRATE, /**< dirty log */
	MVDPA_LOG_FLOW, /**< one line a flow (mvdpa_flow.h) */
	MVDPA_LOG_DEVX, /**< firmware commands that were refused */
	MVDPA_LOG_MODULES,
};

extern const struct base_log mvdpa_logs[MVDPA_LOG_MODULES];

/** The log of a source file, which says whose it is before it includes this header. */
#ifndef MVDPA_LOG_MODULE
#define MVDPA_LOG_MODULE MVDPA_LOG_DRIVER
#endif
#define mvdpa_log mvdpa_logs[MVDPA_LOG_MODULE]

#endif /* MVDPA_LOG_H */
