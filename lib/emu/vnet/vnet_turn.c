/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a ticket lock that sleeps. A plain mutex would do for exclusion, but the
 * engine unlocks and locks again within nanoseconds, and a mutex then lets the engine win for
 * seconds while the thread of a firmware command is still being scheduled. With numbers, whoever
 * waits is next, and the engine queues up behind. Each number has its place to wait at, so that of
 * many who wait (firmware commands come from as many threads as the driver has) one is woken, not all.
 *
 * The mutex guards the numbers and is held for moments only; holding the lock means that
 * "serving" is one's own number.
 */
#include <time.h>

#include "base_clock.h"
#include "vnet_turn.h"

void
vnet_turn_init(struct vnet_turn *turn)
{
	pthread_condattr_t attr;
	unsigned int i;

	base_mutex_init(&turn->m);
	base_mutex_lock(&turn->m);
	turn->next = turn->serving = 0;
	turn->woken = false;
	base_mutex_unlock(&turn->m);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	for (i = 0; i < VNET_TURN_PLACES; i++)
		pthread_cond_init(&turn->turn[i], NULL);
	pthread_cond_init(&turn->work, &attr);
	pthread_condattr_destroy(&attr);
}

void
vnet_turn_fini(struct vnet_turn *turn)
{
	unsigned int i;

	pthread_cond_destroy(&turn->work);
	for (i = 0; i < VNET_TURN_PLACES; i++)
		pthread_cond_destroy(&turn->turn[i]);
	base_mutex_destroy(&turn->m);
}

void
vnet_turn_lock(struct vnet_turn *turn) BASE_NO_TSA
{
	uint64_t mine;

	base_mutex_lock(&turn->m);
	mine = turn->next++;
	while (turn->serving != mine)
		pthread_cond_wait(&turn->turn[mine % VNET_TURN_PLACES], &turn->m.m);
	base_mutex_unlock(&turn->m);
}

void
vnet_turn_unlock(struct vnet_turn *turn) BASE_NO_TSA
{
	base_mutex_lock(&turn->m);
	turn->serving++;
	if (turn->serving != turn->next)
		pthread_cond_broadcast(&turn->turn[turn->serving % VNET_TURN_PLACES]);
	base_mutex_unlock(&turn->m);
}

bool
vnet_turn_sleep(struct vnet_turn *turn, uint64_t ns)
{
	uint64_t end = base_clock_ns() + ns;
	struct timespec ts = { (time_t)(end / BASE_NS_PER_S), (long)(end % BASE_NS_PER_S) };
	bool woken;
	int ret = 0;

	base_mutex_lock(&turn->m);
	while (!turn->woken && ret == 0)
		ret = pthread_cond_timedwait(&turn->work, &turn->m.m, &ts);
	woken = turn->woken;
	turn->woken = false;
	base_mutex_unlock(&turn->m);
	return woken;
}

void
vnet_turn_wake(struct vnet_turn *turn)
{
	base_mutex_lock(&turn->m);
	turn->woken = true;
	pthread_cond_signal(&turn->work);
	base_mutex_unlock(&turn->m);
}
