/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Stops many queues side by side: all are told to, and asked where they stopped, before anybody waits
 * for an answer.
 */
#ifndef MVDPA_HALT_H
#define MVDPA_HALT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "devx_query.h"
#include "mvdpa_flow.h"
#include "mvdpa_pool.h"
#include "mvdpa_virtq.h"

/** How far a queue is. */
enum mvdpa_halt_part {
	MVDPA_HALT_ASKED, /**< told to stop, its answer is due */
	MVDPA_HALT_SILENT, /**< told to stop; no answer, or a bad one */
	MVDPA_HALT_DONE, /**< stopped */
};

/** A device's; one job at a time, the device's lock covers it. */
struct mvdpa_halt {
	struct devx_query_channel *channel; /**< NULL: none, queues are asked one by one */
	uint32_t round; /**< of the job; tells its answers from late ones of others */
	/* Of the job. */
	struct mvdpa_virtq *const *vqs;
	unsigned int nb;
	enum mvdpa_halt_part parts[MVDPA_FLOW_MAX_VIRTQS]; /**< each set by one thread at a time */
	atomic_bool deaf; /**< an answer did not come in time */
};

/** Without a channel, which is logged, all works; it takes longer. */
void mvdpa_halt_init(struct mvdpa_halt *halt, struct devx_dev *devx);
/** No job may be under way. */
void mvdpa_halt_fini(struct mvdpa_halt *halt);

/** READY -> SUSPENDED for each of them, as mvdpa_virtq_walk(); @p pool runs what commands wait. */
void mvdpa_halt_run(struct mvdpa_halt *halt, struct mvdpa_pool *pool,
		struct mvdpa_virtq *const *vqs, unsigned int nb);

#endif /* MVDPA_HALT_H */
