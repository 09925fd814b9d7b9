/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: whoever asked first is served first. That a thread has asked is seen by the
 * ticket it drew, so nothing depends on time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sched.h>

#include <cmocka.h>

#include "base_clock.h"
#include "vnet_turn.h"

struct shared {
	struct vnet_turn turn;
	unsigned int order; /* guarded by turn */
	unsigned int counter;
	bool stop;
};

/* Threads that hold the lock or wait for it. */
static uint64_t
nb_inside(struct vnet_turn *turn)
{
	uint64_t nb;

	base_mutex_lock(&turn->m);
	nb = turn->next - turn->serving;
	base_mutex_unlock(&turn->m);
	return nb;
}

static void *
waiter(void *arg)
{
	struct shared *s = arg;

	vnet_turn_lock(&s->turn);
	s->order = s->order * 10 + 1;
	vnet_turn_unlock(&s->turn);
	return NULL;
}

static void
test_waiter_is_next(void **state)
{
	struct shared s = { 0 };
	unsigned int round;
	pthread_t thread;

	(void)state;
	vnet_turn_init(&s.turn);
	for (round = 0; round < 50; round++) {
		s.order = 0;
		vnet_turn_lock(&s.turn);
		assert_int_equal(pthread_create(&thread, NULL, waiter, &s), 0);
		while (nb_inside(&s.turn) < 2)
			sched_yield();
		/* as the engine does: out and in again at once */
		vnet_turn_unlock(&s.turn);
		vnet_turn_lock(&s.turn);
		s.order = s.order * 10 + 2;
		vnet_turn_unlock(&s.turn);
		pthread_join(thread, NULL);
		assert_int_equal(s.order, 12);
	}
	vnet_turn_fini(&s.turn);
}

static void *
adder(void *arg)
{
	struct shared *s = arg;
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		vnet_turn_lock(&s->turn);
		s->counter++;
		vnet_turn_unlock(&s->turn);
	}
	return NULL;
}

static void
test_exclusion(void **state)
{
	struct shared s = { 0 };
	pthread_t threads[4];
	unsigned int i;

	(void)state;
	vnet_turn_init(&s.turn);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, adder, &s), 0);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(s.counter, 4 * 2000);
	assert_int_equal(nb_inside(&s.turn), 0);
	vnet_turn_fini(&s.turn);
}

static void *
sleeper(void *arg)
{
	struct shared *s = arg;

	/* an hour: the test would time out if the wake-up got lost */
	return vnet_turn_sleep(&s->turn, 3600 * BASE_NS_PER_S) ? arg : NULL;
}

static void
test_wake(void **state)
{
	struct shared s = { 0 };
	pthread_t thread;
	void *ret = NULL;

	(void)state;
	vnet_turn_init(&s.turn);
	/* before it sleeps, or while it does: both count */
	vnet_turn_wake(&s.turn);
	assert_ptr_equal(sleeper(&s), &s);
	assert_int_equal(pthread_create(&thread, NULL, sleeper, &s), 0);
	vnet_turn_wake(&s.turn);
	pthread_join(thread, &ret);
	assert_ptr_equal(ret, &s);
	/* each counts once */
	assert_false(vnet_turn_sleep(&s.turn, 1000));
	vnet_turn_fini(&s.turn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiter_is_next),
		cmocka_unit_test(test_exclusion),
		cmocka_unit_test(test_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
