/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: two guests over vhost-user, in one thread: A sends as fast as its ring takes
 * frames, B receives and checks their numbers. What lies between them (the back-end that listens on
 * both sockets) is what is measured: it has to take each frame out of A's ring and put it into B's.
 *
 * usage: engine_load SOCKET_A SOCKET_B split|packed LENGTH WARM_MS RUN_MS
 *
 * It says "ready" before the first frame, "begin" and "end" around the measured time, and waits for
 * a line each time (the caller sets things up and reads the back-end's CPU time); then one of JSON. Exit status 1 when frames came twice or out of
 * order; losses are counted (testpmd drops what a full ring does not take).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base_clock.h"
#include "base_log.h"
#include "bench_ring.h"
#include "guest_vhost.h"

#define F_RING_PACKED (1ULL << 34)
#define BURST 32u
#define RAM (64ULL << 20)

struct side {
	struct guest_mem *mem;
	struct guest_vhost *vhost;
	struct bench_ring rings[2]; /* receive, transmit */
};

static void
log_write(void *arg, enum base_log_level level, const char *msg)
{
	(void)arg;
	fprintf(stderr, "%s: %s\n", base_log_level_name(level), msg);
}

static const struct base_log stderr_log = { BASE_LOG_WARN, log_write, NULL };

static int
side_start(struct side *side, uint8_t station, const char *const *argv)
{
	uint32_t len = (uint32_t)strtoul(argv[4], NULL, 10);
	bool packed = strcmp(argv[3], "packed") == 0;
	const char *path = argv[station];
	struct guest_vhost_attr attr = {
		.name = path,
		.path = path,
		.mode = GUEST_VHOST_CLIENT,
		.nb_queues = 2,
		.features = packed ? F_RING_PACKED : 0,
		.log = &stderr_log,
	};
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	struct guest_vhost_ring rings[2];
	struct guest_vhost_start start = { .table = table, .rings = rings };
	int ret;

	ret = guest_mem_create(&stderr_log, &side->mem);
	if (ret == 0)
		ret = guest_mem_add_ram(side->mem, RAM);
	for (unsigned int i = 0; i < 2 && ret == 0; i++) {
		ret = bench_ring_init(&side->rings[i], side->mem, packed, i == 0);
		bench_ring_addr(&side->rings[i], &rings[i].addr);
		rings[i].base = bench_ring_base(&side->rings[i]);
	}
	if (ret == 0)
		ret = guest_vhost_create(&attr, &side->vhost);
	if (ret == 0)
		ret = guest_vhost_connect(side->vhost);
	if (ret != 0)
		return ret;
	bench_ring_frames(&side->rings[1], len, station, (uint8_t)(3 - station));
	bench_ring_fill(&side->rings[0], BENCH_RING_SIZE);
	start.nb_regions = guest_mem_table(side->mem, table);
	for (unsigned int i = 0; i < 2 && ret == 0; i++)
		ret = guest_vhost_enable(side->vhost, i);
	if (ret == 0)
		ret = guest_vhost_start(side->vhost, &start);
	if (ret == 0)
		guest_vhost_kick(side->vhost, 0);
	return ret;
}

static void
side_stop(struct side *side)
{
	guest_vhost_destroy(side->vhost);
	guest_mem_destroy(side->mem);
}

static void
tell(const struct side *side, unsigned int queue)
{
	if (bench_ring_wants_kick(&side->rings[queue]))
		guest_vhost_kick(side->vhost, queue);
}

/* Lets frames flow for so long; @return how many were received. */
static uint64_t
flow(struct side *a, struct side *b, uint64_t ns)
{
	uint64_t end = base_clock_ns() + ns, nb = 0;

	while (base_clock_ns() < end) {
		for (unsigned int i = 0; i < 64; i++) {
			unsigned int got = bench_ring_turn(&b->rings[0], BURST);

			nb += got;
			if (got != 0)
				tell(b, 0);
			if (bench_ring_turn(&a->rings[1], BURST) != 0)
				tell(a, 1);
		}
	}
	return nb;
}

static void
report(const struct side *b, uint64_t nb, uint64_t ns, const char *const *argv)
{
	printf("{\"ring\": \"%s\", \"length\": %s, \"frames\": %" PRIu64 ", \"seconds\": %.6f, "
	       "\"pps\": %.0f, \"lost\": %" PRIu64 ", \"wrong\": %" PRIu64 "}\n",
			argv[3], argv[4], nb, (double)ns / 1e9, (double)nb * 1e9 / (double)ns,
			b->rings[0].lost, b->rings[0].wrong);
	fflush(stdout);
}

static void
say(const char *word)
{
	char line[16];

	puts(word);
	fflush(stdout);
	/* The caller has read the clocks when it answers. */
	if (fgets(line, sizeof(line), stdin) == NULL)
		exit(2);
}

int
main(int argc, char **argv)
{
	struct side a = { 0 }, b = { 0 };
	const char *const *args = (const char *const *)argv;
	uint64_t begin, nb;
	int status = 2;

	if (argc != 7) {
		fputs("usage: engine_load SOCKET_A SOCKET_B split|packed LENGTH WARM_MS RUN_MS\n",
				stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, 15ul, 0ul, 0ul, 0ul);
	if (side_start(&b, 2, args) != 0 || side_start(&a, 1, args) != 0)
		goto stop_sides;
	say("ready");
	/* So that it is known where B is. */
	bench_ring_fill(&b.rings[1], 1);
	guest_vhost_kick(b.vhost, 1);
	bench_ring_fill(&a.rings[1], BENCH_RING_SIZE);
	guest_vhost_kick(a.vhost, 1);
	(void)flow(&a, &b, strtoull(argv[5], NULL, 10) * BASE_NS_PER_MS);
	say("begin");
	begin = base_clock_ns();
	nb = flow(&a, &b, strtoull(argv[6], NULL, 10) * BASE_NS_PER_MS);
	begin = base_clock_ns() - begin;
	say("end");
	report(&b, nb, begin, args);
	status = b.rings[0].wrong != 0 || nb == 0;
stop_sides:
	side_stop(&a);
	side_stop(&b);
	return status;
}
