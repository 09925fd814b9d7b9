/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the libraries below speak base_log; here each of its levels becomes one of
 * rte_log, which then decides by the type's level what is shown.
 */
#include "mvdpa_log.h"

#include <rte_log.h>

RTE_LOG_REGISTER(mvdpa_logtype, pmd.vdpa.mlx5_devx, NOTICE)

static void
mvdpa_log_write(void *arg, enum base_log_level level, const char *msg)
{
	static const uint32_t levels[] = {
		[BASE_LOG_ERR] = RTE_LOG_ERR,
		[BASE_LOG_WARN] = RTE_LOG_WARNING,
		[BASE_LOG_NOTICE] = RTE_LOG_NOTICE,
		[BASE_LOG_INFO] = RTE_LOG_INFO,
		[BASE_LOG_DEBUG] = RTE_LOG_DEBUG,
	};

	rte_log(levels[level], (uint32_t)mvdpa_logtype, "vdpa_mlx5_devx: %s\n", msg);
}

const struct base_log mvdpa_log = { .level = BASE_LOG_DEBUG, .write = mvdpa_log_write };
