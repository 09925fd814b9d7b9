/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the same checks with 0, 1 and 8 workers: each task runs once, all have ended
 * when the call returns, and the error is that of the failed task with the lowest number. That
 * tasks overlap is proved by tasks that wait for each other. Many short jobs one after the other
 * are what a lost wake-up would hang in.
 *
 * Of the checklist: N7 (a wake-up that is missed), N13 (no task outlives the call).
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "last_log.h"
#include "mvdpa_compat.h"
#include "mvdpa_pool.h"

#define MAX_TASKS 300
#define NB_CALLERS 4

static const unsigned int nb_workers[] = { 0, 1, 8 };
#define NB_SIZES (sizeof(nb_workers) / sizeof(nb_workers[0]))

struct job {
	unsigned int runs[MAX_TASKS]; /* plain: each task has its own, TSan looks at the rest */
	unsigned int order[MAX_TASKS];
	_Atomic unsigned int nb_runs;
	unsigned int fail_from; /* tasks from here on fail with their number */
};

static int
task_run(void *arg, unsigned int i)
{
	struct job *job = arg;

	job->runs[i]++;
	job->order[atomic_fetch_add(&job->nb_runs, 1)] = i;
	return i >= job->fail_from ? -(int)(i + 1) : 0;
}

static int fail_thread = -1; /* the thread of this number cannot be made */

/* DPDK's control thread is a plain one here. */
int
rte_ctrl_thread_create(pthread_t *thread, const char *name, const pthread_attr_t *attr,
		void *(*main)(void *), void *arg)
{
	return fail_thread-- == 0 ? -EAGAIN : pthread_create(thread, attr, main, arg);
}

static struct mvdpa_pool *
pool_of(unsigned int nb)
{
	struct mvdpa_pool *pool = NULL;

	assert_int_equal(mvdpa_pool_create(nb, "test", &test_log, &pool), 0);
	return pool;
}

static void
test_each_once(void **state)
{
	static const unsigned int sizes[] = { 0, 1, 2, 7, MAX_TASKS };
	struct mvdpa_pool *pool;
	unsigned int w, s, i;

	for (w = 0; w < NB_SIZES; w++) {
		pool = pool_of(nb_workers[w]);
		for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			struct job job = { .fail_from = MAX_TASKS };

			assert_int_equal(mvdpa_pool_run(pool, sizes[s], task_run, &job), 0);
			assert_int_equal(job.nb_runs, sizes[s]);
			for (i = 0; i < MAX_TASKS; i++)
				assert_int_equal(job.runs[i], i < sizes[s] ? 1 : 0);
		}
		mvdpa_pool_destroy(pool);
	}
}

static void
test_inline_is_in_order(void **state)
{
	struct job job = { .fail_from = MAX_TASKS };
	struct mvdpa_pool *pool = pool_of(0);
	unsigned int i;

	assert_int_equal(mvdpa_pool_run(pool, MAX_TASKS, task_run, &job), 0);
	for (i = 0; i < MAX_TASKS; i++)
		assert_int_equal(job.order[i], i);
	mvdpa_pool_destroy(pool);
}

static void
test_lowest_error(void **state)
{
	struct mvdpa_pool *pool;
	unsigned int w;

	for (w = 0; w < NB_SIZES; w++) {
		struct job job = { .fail_from = 3 };

		pool = pool_of(nb_workers[w]);
		assert_int_equal(mvdpa_pool_run(pool, 40, task_run, &job), -4);
		assert_int_equal(job.nb_runs, 40); /* none was left out */
		job = (struct job){ .fail_from = MAX_TASKS };
		assert_int_equal(mvdpa_pool_run(pool, 40, task_run, &job), 0); /* forgotten */
		mvdpa_pool_destroy(pool);
	}
}

static int
task_meet(void *arg, unsigned int i)
{
	int ret = pthread_barrier_wait(arg);

	return ret == PTHREAD_BARRIER_SERIAL_THREAD ? 0 : ret;
}

/* Eight workers and the caller: nine tasks that wait for each other all get a thread. */
static void
test_overlap(void **state)
{
	struct mvdpa_pool *pool = pool_of(8);
	pthread_barrier_t barrier;
	int i;

	pthread_barrier_init(&barrier, NULL, 9);
	for (i = 0; i < 200; i++)
		assert_int_equal(mvdpa_pool_run(pool, 9, task_meet, &barrier), 0);
	pthread_barrier_destroy(&barrier);
	mvdpa_pool_destroy(pool);
}

static void
test_many_jobs(void **state)
{
	struct mvdpa_pool *pool = pool_of(8);
	int i;

	for (i = 0; i < 5000; i++) {
		struct job job = { .fail_from = MAX_TASKS };

		assert_int_equal(mvdpa_pool_run(pool, 3, task_run, &job), 0);
		assert_int_equal(job.nb_runs, 3);
	}
	mvdpa_pool_destroy(pool);
}

static void *
caller_main(void *arg)
{
	int i;

	for (i = 0; i < 300; i++) {
		struct job job = { .fail_from = 2 };

		if (mvdpa_pool_run(arg, 5, task_run, &job) != -3 || job.nb_runs != 5)
			return arg;
	}
	return NULL;
}

/* Callers wait for each other, and each gets the result of its own job. */
static void
test_callers(void **state)
{
	struct mvdpa_pool *pool = pool_of(2);
	pthread_t callers[NB_CALLERS];
	void *wrong;
	int i;

	for (i = 0; i < NB_CALLERS; i++)
		assert_int_equal(pthread_create(&callers[i], NULL, caller_main, pool), 0);
	for (i = 0; i < NB_CALLERS; i++) {
		pthread_join(callers[i], &wrong);
		assert_null(wrong);
	}
	mvdpa_pool_destroy(pool);
}

static void
test_limits(void **state)
{
	struct mvdpa_pool *pool = NULL;

	assert_int_equal(mvdpa_pool_create(MVDPA_POOL_MAX_WORKERS + 1, "test", &test_log, &pool),
			-EINVAL);
	assert_null(pool);
	mvdpa_pool_destroy(NULL);
	mvdpa_pool_destroy(pool_of(8)); /* nothing was ever run */
}

static void
test_fewer_threads(void **state)
{
	struct job job = { .fail_from = MAX_TASKS };
	struct mvdpa_pool *pool;

	fail_thread = 3;
	pool = pool_of(8);
	assert_string_equal(last_log,
			"test: 3 of 8 configuration threads: Resource temporarily unavailable");
	assert_int_equal(mvdpa_pool_workers(pool), 3);
	assert_int_equal(mvdpa_pool_run(pool, 40, task_run, &job), 0);
	assert_int_equal(job.nb_runs, 40);
	mvdpa_pool_destroy(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_inline_is_in_order),
		cmocka_unit_test(test_lowest_error),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_many_jobs),
		cmocka_unit_test(test_callers),
		cmocka_unit_test(test_fewer_threads),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
