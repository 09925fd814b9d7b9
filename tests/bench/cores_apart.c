/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: two threads, each on its processor, write one word in turn. What a round
 * takes says where the two processors are: siblings on one core have the word in the same cache,
 * those of two cores send it to each other. In a virtual machine the host decides that, anew at any
 * moment, and what two programs that share memory can do depends on it more than on anything else.
 *
 * usage: cores_apart CPU CPU; prints nanoseconds for one round (there and back), a median
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base_clock.h"

#define ROUNDS 2000u
#define TIMES 31u

struct ball {
	_Alignas(128) uint32_t turn; /* even: the first thread's */
	int cpu;
};

static int
pin(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
}

/* Waits for this turn and gives the next. */
static void
hit(struct ball *ball, uint32_t turn)
{
	while (__atomic_load_n(&ball->turn, __ATOMIC_ACQUIRE) != turn)
		;
	__atomic_store_n(&ball->turn, turn + 1, __ATOMIC_RELEASE);
}

static void *
other_side(void *arg)
{
	struct ball *ball = arg;
	uint32_t i;

	if (pin(ball->cpu) != 0)
		exit(2);
	for (i = 0; i < ROUNDS * TIMES; i++)
		hit(ball, 2 * i + 1);
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
	static struct ball ball;
	uint64_t ns[TIMES];
	pthread_t thread;
	uint32_t i, k;

	if (argc != 3) {
		fputs("usage: cores_apart CPU CPU\n", stderr);
		return 2;
	}
	ball.cpu = atoi(argv[2]);
	if (pin(atoi(argv[1])) != 0 || pthread_create(&thread, NULL, other_side, &ball) != 0)
		return 2;
	for (i = 0; i < TIMES; i++) {
		uint64_t begin = base_clock_ns();

		for (k = i * ROUNDS; k < (i + 1) * ROUNDS; k++)
			hit(&ball, 2 * k);
		ns[i] = (base_clock_ns() - begin) / ROUNDS;
	}
	pthread_join(thread, NULL);
	qsort(ns, TIMES, sizeof(ns[0]), compare);
	printf("%" PRIu64 "\n", ns[TIMES / 2]);
	return 0;
}
