/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Runs tasks that do not depend on each other, such as one firmware command for each queue, on
 * some threads. The caller takes part, so a pool without workers does the same in order.
 */
#ifndef MVDPA_POOL_H
#define MVDPA_POOL_H

#include "base_log.h"
#include "base_mutex.h"

#define MVDPA_POOL_MAX_WORKERS 256u

struct mvdpa_pool;

/** One task, @p i from 0. @return 0 or -errno. Must not run other tasks of the same pool. */
typedef int (*mvdpa_pool_task)(void *arg, unsigned int i);

/**
 * @param nb_workers threads beside the caller, 0 to MVDPA_POOL_MAX_WORKERS. Should there be fewer
 *	in the end because the system has no more, that is logged, and all works.
 * @param name of the device, for the log; must live as long as the pool.
 */
int mvdpa_pool_create(unsigned int nb_workers, const char *name, const struct base_log *log,
		struct mvdpa_pool **pool);
/** Nothing may be running. NULL is fine. */
void mvdpa_pool_destroy(struct mvdpa_pool *pool);
/** How many threads there are. */
unsigned int mvdpa_pool_workers(const struct mvdpa_pool *pool);

/**
 * Runs task(arg, 0) to task(arg, nb - 1), in any order, and returns when all have ended, those
 * behind a failed one, too. What the caller wrote before is seen by the tasks, and what they wrote
 * by the caller behind. Callers of the same pool wait for each other.
 * @return 0, or the error of the failed task with the lowest number.
 */
int mvdpa_pool_run(struct mvdpa_pool *pool, unsigned int nb, mvdpa_pool_task task, void *arg);

#endif /* MVDPA_POOL_H */
