/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one job at a time: how many tasks there are, the number of the next one
 * that nobody has taken, how many have ended. Workers and the caller do the same: take the next
 * number under the lock, run its task without, note the result under the lock. A worker
 * that finds no number waits for work, the caller for the end; both ask under the lock whether
 * what they wait for is there already, so no wake-up can be lost, and each is woken by whoever
 * makes it true. Nobody is cancelled: a task ends when its firmware command does.
 *
 * With no workers the caller takes all numbers in order: the same code.
 */
#include "mvdpa_pool.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mvdpa_compat.h"

struct mvdpa_pool {
	const char *name;
	const struct base_log *log;
	unsigned int nb_workers;
	struct base_mutex callers; /* held by the one whose job this is */
	struct base_mutex lock;
	pthread_cond_t work; /* there are numbers to take, or it is time to go */
	pthread_cond_t ended; /* the last task has */
	mvdpa_pool_task task BASE_GUARDED_BY(lock);
	void *arg BASE_GUARDED_BY(lock);
	unsigned int nb, next, nb_ended BASE_GUARDED_BY(lock);
	unsigned int error_at BASE_GUARDED_BY(lock); /* task that error is of */
	int error BASE_GUARDED_BY(lock);
	bool stop BASE_GUARDED_BY(lock);
	mvdpa_thread workers[];
};

/* One task, taken by one thread. */
struct pool_turn {
	mvdpa_pool_task task;
	void *arg;
	unsigned int i;
};

static bool
pool_take_locked(struct mvdpa_pool *pool, struct pool_turn *turn) BASE_REQUIRES(pool->lock)
{
	if (pool->next == pool->nb)
		return false;
	*turn = (struct pool_turn){ pool->task, pool->arg, pool->next++ };
	return true;
}

static bool
pool_take(struct mvdpa_pool *pool, struct pool_turn *turn)
{
	bool taken;

	base_mutex_lock(&pool->lock);
	taken = pool_take_locked(pool, turn);
	base_mutex_unlock(&pool->lock);
	return taken;
}

/* The same for workers, which have time; false: go. */
static bool
pool_wait_and_take(struct mvdpa_pool *pool, struct pool_turn *turn)
{
	bool taken = false;

	base_mutex_lock(&pool->lock);
	while (!pool->stop && !taken) {
		taken = pool_take_locked(pool, turn);
		if (!taken)
			pthread_cond_wait(&pool->work, &pool->lock.m);
	}
	base_mutex_unlock(&pool->lock);
	return taken;
}

static void
pool_do(struct mvdpa_pool *pool, const struct pool_turn *turn)
{
	int ret = turn->task(turn->arg, turn->i);

	base_mutex_lock(&pool->lock);
	if (ret != 0 && (pool->error == 0 || turn->i < pool->error_at)) {
		pool->error = ret;
		pool->error_at = turn->i;
	}
	if (++pool->nb_ended == pool->nb)
		pthread_cond_signal(&pool->ended);
	base_mutex_unlock(&pool->lock);
}

static mvdpa_thread_ret
pool_main(void *arg)
{
	struct mvdpa_pool *pool = arg;
	struct pool_turn turn;

	while (pool_wait_and_take(pool, &turn))
		pool_do(pool, &turn);
	return MVDPA_THREAD_RET;
}

static void
pool_start_workers(struct mvdpa_pool *pool, unsigned int nb)
{
	char name[24];
	int ret;

	for (; pool->nb_workers < nb; pool->nb_workers++) {
		snprintf(name, sizeof(name), "mvdpa-w%u", pool->nb_workers);
		ret = mvdpa_thread_create(&pool->workers[pool->nb_workers], name, pool_main, pool);
		if (ret == 0)
			continue;
		base_warn(pool->log, "%s: %u of %u configuration threads: %s", pool->name,
				pool->nb_workers, nb, strerror(ret < 0 ? -ret : ret));
		return;
	}
}

int
mvdpa_pool_create(unsigned int nb_workers, const char *name, const struct base_log *log,
		struct mvdpa_pool **out)
{
	struct mvdpa_pool *pool;

	if (nb_workers > MVDPA_POOL_MAX_WORKERS)
		return -EINVAL;
	pool = calloc(1, sizeof(*pool) + nb_workers * sizeof(pool->workers[0]));
	if (pool == NULL)
		return -ENOMEM;
	pool->name = name;
	pool->log = log;
	base_mutex_init(&pool->callers);
	base_mutex_init(&pool->lock);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->ended, NULL);
	pool_start_workers(pool, nb_workers);
	*out = pool;
	return 0;
}

unsigned int
mvdpa_pool_workers(const struct mvdpa_pool *pool)
{
	return pool->nb_workers;
}

void
mvdpa_pool_destroy(struct mvdpa_pool *pool)
{
	unsigned int i;

	if (pool == NULL)
		return;
	base_mutex_lock(&pool->lock);
	assert(pool->nb_ended == pool->nb);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work);
	base_mutex_unlock(&pool->lock);
	for (i = 0; i < pool->nb_workers; i++)
		mvdpa_thread_join(pool->workers[i]);
	pthread_cond_destroy(&pool->ended);
	pthread_cond_destroy(&pool->work);
	base_mutex_destroy(&pool->lock);
	base_mutex_destroy(&pool->callers);
	free(pool);
}

static void
pool_begin(struct mvdpa_pool *pool, unsigned int nb, mvdpa_pool_task task, void *arg)
{
	base_mutex_lock(&pool->lock);
	pool->task = task;
	pool->arg = arg;
	pool->nb = nb;
	pool->next = 0;
	pool->nb_ended = 0;
	pool->error = 0;
	if (nb > 1)
		pthread_cond_broadcast(&pool->work);
	base_mutex_unlock(&pool->lock);
}

static int
pool_end(struct mvdpa_pool *pool)
{
	int error;

	base_mutex_lock(&pool->lock);
	while (pool->nb_ended < pool->nb)
		pthread_cond_wait(&pool->ended, &pool->lock.m);
	error = pool->error;
	base_mutex_unlock(&pool->lock);
	return error;
}

int
mvdpa_pool_run(struct mvdpa_pool *pool, unsigned int nb, mvdpa_pool_task task, void *arg)
{
	struct pool_turn turn;
	int error;

	base_mutex_lock(&pool->callers);
	pool_begin(pool, nb, task, arg);
	while (pool_take(pool, &turn))
		pool_do(pool, &turn);
	error = pool_end(pool);
	base_mutex_unlock(&pool->callers);
	return error;
}
