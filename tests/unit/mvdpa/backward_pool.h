/* SPDX-License-Identifier: BSD-3-Clause */
/* A pool without threads: tasks may come in any order, here the last one first. */
#ifndef BACKWARD_POOL_H
#define BACKWARD_POOL_H

#include "mvdpa_pool.h"

int
mvdpa_pool_run(struct mvdpa_pool *pool, unsigned int nb, mvdpa_pool_task task, void *arg)
{
	int ret, error = 0;

	while (nb-- > 0) {
		ret = task(arg, nb);
		error = ret != 0 ? ret : error;
	}
	return error;
}

#endif /* BACKWARD_POOL_H */
