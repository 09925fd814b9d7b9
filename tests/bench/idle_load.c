/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a guest that sends single frames, each after a rest, and measures the time
 * from the store to the doorbell page (which the back-end's process gave us by its host notifier)
 * to the used index: how long the card took to notice, and to send.
 *
 * usage: idle_load SOCKET NB_FLOWING NB_IDLE
 *
 * First NB_FLOWING frames, 20 to 400 us apart; then, between the words "begin" and "end", three
 * seconds of nothing (the caller measures the card's CPU time); then NB_IDLE frames with 1.2 s of
 * rest before each; then sleeps as long as the card's, and nothing else. Last, a line of JSON. The
 * socket's back-end must send to nobody.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base_clock.h"
#include "base_log.h"
#include "bench_ring.h"
#include "guest_vhost.h"

#define LOST_NS (2 * BASE_NS_PER_S)
#define CARD_SLEEP_NS 850000u /* engine.sleep_max_us, as it is without a configuration */
#define SLEEPS 2000u

struct guest {
	struct guest_mem *mem;
	struct guest_vhost *vhost;
	struct bench_ring rings[2];
};

static void
log_write(void *arg, enum base_log_level level, const char *msg)
{
	(void)arg;
	fprintf(stderr, "%s: %s\n", base_log_level_name(level), msg);
}

static const struct base_log stderr_log = { BASE_LOG_WARN, log_write, NULL };

static int
guest_start(struct guest *g, const char *path)
{
	struct guest_vhost_attr attr = {
		.name = path,
		.path = path,
		.mode = GUEST_VHOST_CLIENT,
		.nb_queues = 2,
		.log = &stderr_log,
	};
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	struct guest_vhost_ring rings[2];
	struct guest_vhost_start start = { .table = table, .rings = rings };
	int ret;

	ret = guest_mem_create(&stderr_log, &g->mem);
	if (ret == 0)
		ret = guest_mem_add_ram(g->mem, 64ULL << 20);
	for (unsigned int i = 0; i < 2 && ret == 0; i++) {
		ret = bench_ring_init(&g->rings[i], g->mem, false, i == 0);
		bench_ring_addr(&g->rings[i], &rings[i].addr);
		rings[i].base = bench_ring_base(&g->rings[i]);
	}
	if (ret == 0)
		ret = guest_vhost_create(&attr, &g->vhost);
	if (ret == 0)
		ret = guest_vhost_connect(g->vhost);
	if (ret != 0)
		return ret;
	bench_ring_frames(&g->rings[1], 64, 1, 2);
	bench_ring_fill(&g->rings[0], BENCH_RING_SIZE);
	start.nb_regions = guest_mem_table(g->mem, table);
	for (unsigned int i = 0; i < 2 && ret == 0; i++)
		ret = guest_vhost_enable(g->vhost, i);
	return ret == 0 ? guest_vhost_start(g->vhost, &start) : ret;
}

static void
rest(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / BASE_NS_PER_S), (long)(ns % BASE_NS_PER_S) };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

static uint64_t
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * BASE_NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Percent of a core that sleeps alone take here. */
static double
sleeper_percent(void)
{
	uint64_t begin = base_clock_ns(), cpu = cpu_ns();

	prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
	for (unsigned int i = 0; i < SLEEPS; i++)
		rest(CARD_SLEEP_NS);
	return 100.0 * (double)(cpu_ns() - cpu) / (double)(base_clock_ns() - begin);
}

/* Waits as exactly as it can be done: the kernel's sleep is too coarse. */
static void
spin(uint64_t ns)
{
	uint64_t end = base_clock_ns() + ns;

	while (base_clock_ns() < end)
		;
}

/* Sends one frame; @return how long it took, LOST_NS if it is not back by then. */
static uint64_t
send_one(struct guest *g)
{
	uint64_t begin = base_clock_ns(), now;

	guest_vhost_kick(g->vhost, 1);
	do {
		now = base_clock_ns();
		if (bench_ring_turn(&g->rings[1], 1) != 0)
			break;
	} while (now - begin < LOST_NS);
	return now - begin;
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
report(const char *name, uint64_t *ns, unsigned int nb, const char *end)
{
	qsort(ns, nb, sizeof(*ns), compare);
	printf("\"%s\": {\"samples\": %u, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, "
	       "\"max_us\": %.1f}%s",
			name, nb, (double)ns[nb / 2] / 1e3, (double)ns[nb * 9 / 10] / 1e3,
			(double)ns[nb * 99 / 100] / 1e3, (double)ns[nb - 1] / 1e3, end);
}

static void
say(const char *word)
{
	char line[16];

	puts(word);
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		exit(2);
}

static void
measure(struct guest *g, unsigned int nb_flowing, unsigned int nb_idle)
{
	uint64_t *flowing = calloc(nb_flowing, sizeof(*flowing));
	uint64_t *idle = calloc(nb_idle, sizeof(*idle));
	struct guest_back_queue queue;

	srand(1);
	for (unsigned int i = 0; i < nb_flowing; i++) {
		spin((20 + (uint64_t)rand() % 380) * BASE_NS_PER_US);
		flowing[i] = send_one(g);
	}
	rest(BASE_NS_PER_S);
	say("begin");
	rest(3 * BASE_NS_PER_S);
	say("end");
	for (unsigned int i = 0; i < nb_idle; i++) {
		rest(1200 * BASE_NS_PER_MS);
		idle[i] = send_one(g);
	}
	guest_vhost_queue(g->vhost, 1, &queue);
	printf("{\"page_kicks\": %" PRIu64 ", \"eventfd_kicks\": %" PRIu64
	       ", \"sleeper_percent\": %.2f, ",
			queue.page_kicks, queue.eventfd_kicks, sleeper_percent());
	report("flowing", flowing, nb_flowing, ", ");
	report("after_rest", idle, nb_idle, "}\n");
	fflush(stdout);
	free(flowing);
	free(idle);
}

int
main(int argc, char **argv)
{
	struct guest g = { 0 };
	int ret;

	if (argc != 4 || strtoul(argv[2], NULL, 10) == 0 || strtoul(argv[3], NULL, 10) == 0) {
		fputs("usage: idle_load SOCKET NB_FLOWING NB_IDLE\n", stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, 15ul, 0ul, 0ul, 0ul);
	ret = guest_start(&g, argv[1]);
	if (ret == 0) {
		say("ready");
		bench_ring_fill(&g.rings[1], 1);
		(void)send_one(&g); /* the page may still be on its way */
		rest(100 * BASE_NS_PER_MS);
		measure(&g, (unsigned int)strtoul(argv[2], NULL, 10),
				(unsigned int)strtoul(argv[3], NULL, 10));
	}
	guest_vhost_destroy(g.vhost);
	guest_mem_destroy(g.mem);
	return ret == 0 ? 0 : 2;
}
