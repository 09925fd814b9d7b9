/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Device arguments ("-a 0000:03:00.2,class=vdpa,resume_index=used"): those of the stock mlx5
 * driver with the same meaning, and this driver's own. Pure but for the log.
 */
#ifndef MVDPA_ARGS_H
#define MVDPA_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base_log.h"
#include "mvdpa_index.h"

/** No number was given. */
#define MVDPA_ARGS_UNSET UINT32_MAX

/** How queues are told of another memory table (mem_table). */
enum mvdpa_mem_table {
	MVDPA_MEM_TABLE_AUTO, /**< the fastest that the card announces */
	MVDPA_MEM_TABLE_MODIFY, /**< suspended, given the new key, resumed */
	MVDPA_MEM_TABLE_RECREATE, /**< destroyed and created, steering kept */
	MVDPA_MEM_TABLE_TEARDOWN, /**< everything but the memory keys taken down and built again */
};

/** How used entries are noticed (event_mode); numbers as the user writes them. */
enum mvdpa_event_mode {
	MVDPA_EVENT_DYNAMIC_TIMER = 0, /**< a timer that follows the load */
	MVDPA_EVENT_FIXED_TIMER = 1,
	MVDPA_EVENT_INTERRUPT = 2, /**< a completion event for each burst */
};

/** How completion doorbells are written (sq_db_nc); numbers as the user writes them. */
enum mvdpa_doorbell {
	MVDPA_DOORBELL_WC = 0, /**< through a write-combining page, if there is one */
	MVDPA_DOORBELL_NC = 1, /**< through a non-cached one */
	MVDPA_DOORBELL_HEURISTIC = 2, /**< of send queues in the stock drivers; the same as 0 */
};

struct mvdpa_args {
	enum mvdpa_index_policy resume_index;
	enum mvdpa_mem_table mem_table;
	uint64_t features; /**< virtio features that may be offered at all; default: all */

	uint32_t event_mode; /**< enum mvdpa_event_mode */
	uint32_t event_us; /**< timer: step (mode 0, 0: 1 us) or delay (mode 1), in microseconds */
	uint32_t no_traffic_time; /**< rounds of the timer without traffic until it waits instead */
	uint32_t event_core; /**< CPU of the timer thread, MVDPA_ARGS_UNSET: EAL's main lcore */
	uint32_t hw_latency_mode; /**< 0 the card's choice, 1 from first, 2 from last completion */
	uint32_t hw_max_latency_us; /**< 0: the card's choice, to 4095 */
	uint32_t hw_max_pending_comp; /**< 0: the card's choice, to 65535 */

	uint32_t max_conf_threads; /**< workers for configuration, 0: none */
	uint32_t queue_size; /**< entries of queues made at probe, 0: none are */
	uint32_t queues; /**< pairs made at probe, 0: none; may be more than the card has */

	uint32_t cmd_fd; /**< file of a context opened by somebody else, or MVDPA_ARGS_UNSET */
	uint32_t pd_handle; /**< its protection domain; both are set or none */
	uint32_t doorbell; /**< enum mvdpa_doorbell */
	uint32_t ignored; /**< last value of a key that has no effect here */
};

/** Does @p args (may be NULL) ask for this kind of driver: class=vdpa? */
bool mvdpa_args_want(const char *args);
/** For RTE_PMD_REGISTER_PARAM_STRING: what the parser knows. */
#define MVDPA_ARGS_USAGE                                                                       \
	"class=vdpa driver=<name> resume_index=<used|saved> "                                  \
	"mem_table=<auto|modify|recreate|teardown> features=<mask or names> event_mode=<0-2> " \
	"event_us=<int> no_traffic_time=<int> event_core=<int> hw_latency_mode=<0-2> "         \
	"hw_max_latency_us=<0-4095> hw_max_pending_comp=<0-65535> max_conf_threads=<0-256> "   \
	"queue_size=<0-1024> queues=<0-128> cmd_fd=<int> pd_handle=<int> "                     \
	"mr_ext_memseg_en=<int> mr_mempool_reg_en=<int> sys_mem_en=<int> sq_db_nc=<0-2> "      \
	"tx_db_nc=<0-2>"
/** @return 0; -EINVAL unknown key or bad value, logged with what would be right. */
int mvdpa_args_parse(const char *args, const struct base_log *log, struct mvdpa_args *out);

#endif /* MVDPA_ARGS_H */
