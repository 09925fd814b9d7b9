/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the libraries below speak base_log; here each of its levels becomes one of
 * rte_log, which then decides by the type's level what is shown. EAL's --log-level names a type by
 * a whole name or a pattern, and knows no parents; so a message that its module's type would not
 * show is offered to the driver's.
 */
#include "mvdpa_log.h"

#include <rte_common.h>
#include <rte_log.h>

#define MVDPA_LOG_TYPE "pmd.vdpa.mlx5_devx"

RTE_LOG_REGISTER(mvdpa_logtype, pmd.vdpa.mlx5_devx, NOTICE)

static struct log_type {
	const char *name;
	int type;
} log_types[MVDPA_LOG_MODULES] = {
	[MVDPA_LOG_DRIVER] = { .name = MVDPA_LOG_TYPE ".driver" },
	[MVDPA_LOG_CONF] = { .name = MVDPA_LOG_TYPE ".conf" },
	[MVDPA_LOG_VIRTQ] = { .name = MVDPA_LOG_TYPE ".virtq" },
	[MVDPA_LOG_MEM] = { .name = MVDPA_LOG_TYPE ".mem" },
	[MVDPA_LOG_EVENT] = { .name = MVDPA_LOG_TYPE ".event" },
	[MVDPA_LOG_MIGRATE] = { .name = MVDPA_LOG_TYPE ".migrate" },
	[MVDPA_LOG_FLOW] = { .name = MVDPA_LOG_TYPE ".flow" },
	[MVDPA_LOG_DEVX] = { .name = MVDPA_LOG_TYPE ".devx" },
};

RTE_INIT(mvdpa_log_init)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(log_types); i++) {
		log_types[i].type = rte_log_register_type_and_pick_level(log_types[i].name,
				RTE_LOG_NOTICE);
		if (log_types[i].type < 0) /* out of memory */
			log_types[i].type = mvdpa_logtype;
	}
}

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
	const struct log_type *module = arg;
	int type = module->type;

	if (!rte_log_can_log((uint32_t)type, levels[level]))
		type = mvdpa_logtype;
	rte_log(levels[level], (uint32_t)type, "vdpa_mlx5_devx: %s\n", msg);
}

#define MODULE(module)                     \
	[module] = {                       \
		.level = BASE_LOG_DEBUG,   \
		.write = mvdpa_log_write,  \
		.arg = &log_types[module], \
	}

const struct base_log mvdpa_logs[MVDPA_LOG_MODULES] = {
	MODULE(MVDPA_LOG_DRIVER),
	MODULE(MVDPA_LOG_CONF),
	MODULE(MVDPA_LOG_VIRTQ),
	MODULE(MVDPA_LOG_MEM),
	MODULE(MVDPA_LOG_EVENT),
	MODULE(MVDPA_LOG_MIGRATE),
	MODULE(MVDPA_LOG_FLOW),
	MODULE(MVDPA_LOG_DEVX),
};
