/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the engine alone, without firmware, driver and vhost: two functions joined
 * by a switch, guest A sends to guest B. The guests are this thread, the engine has its own; give
 * them a core each. For looking at the engine with a profiler, and for rings that no driver asks
 * for yet.
 *
 * usage: engine_direct split|packed LENGTH RUN_MS
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "bench_ring.h"
#include "vnet.h"
#include "wire.h"

#define KEY 0x100u
#define BURST 32u

struct side {
	struct guest_mem *mem;
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	unsigned int nb_regions;
	struct bench_ring rings[2]; /* receive, transmit */
	struct vnet_queue *queues[2];
	uint32_t doorbell;
};

static int64_t
map(void *arg, uint32_t mkey, uint64_t addr, uint64_t len, enum vnet_access access, void **ptr)
{
	struct side *side = arg;

	(void)access;
	*ptr = guest_mem_hva(side->mem, addr, len);
	return *ptr == NULL || mkey != KEY ? -EFAULT : (int64_t)len;
}

static int
window(void *arg, uint32_t mkey, uint64_t addr, enum vnet_access access, struct vnet_window *win)
{
	struct side *side = arg;

	(void)access;
	for (unsigned int i = 0; i < side->nb_regions && mkey == KEY; i++) {
		const struct guest_mem_region *region = &side->table[i];

		if (addr - region->gpa < region->size) {
			*win = (struct vnet_window){ region->gpa, region->size, region->hva };
			return 0;
		}
	}
	return -EFAULT;
}

static void
make_queue(struct vnet_port *port, struct side *side, uint16_t index)
{
	const struct bench_ring *ring = &side->rings[index];
	struct vnet_queue_attr attr = {
		.index = index,
		.ring = ring->packed ? VNET_RING_PACKED : VNET_RING_SPLIT,
		.size = BENCH_RING_SIZE,
		.desc_addr = ring->desc_gpa,
		.driver_addr = ring->driver_gpa,
		.device_addr = ring->device_gpa,
		.mkey = KEY,
		.ring_mkey = KEY,
		.version_1 = true,
		.avail_index = bench_ring_base(ring),
		.used_index = bench_ring_base(ring),
		.mem = { .map = map, .window = window, .arg = side },
	};

	if (vnet_queue_create_locked(port, &attr, &side->queues[index]) != 0 ||
			vnet_queue_start_locked(side->queues[index]) != 0)
		exit(2);
}

static void
make_side(struct vnet *vnet, struct side *side, unsigned int index, const char *const *argv)
{
	struct vnet_port *port = vnet_port(vnet, index);
	struct vnet_rule_attr rule_attr = { 0 };
	struct vnet_tir_attr tir_attr = { 0 };
	struct vnet_rule *rule;
	bool packed = strcmp(argv[1], "packed") == 0;

	if (guest_mem_create(NULL, &side->mem) != 0 || guest_mem_add_ram(side->mem, 64 << 20) != 0)
		exit(2);
	side->nb_regions = guest_mem_table(side->mem, side->table);
	for (unsigned int i = 0; i < 2; i++) {
		if (bench_ring_init(&side->rings[i], side->mem, packed, i == 0) != 0)
			exit(2);
	}
	bench_ring_frames(&side->rings[1], (uint32_t)strtoul(argv[2], NULL, 10),
			(uint8_t)(1 + index), (uint8_t)(2 - index));
	bench_ring_fill(&side->rings[0], BENCH_RING_SIZE);
	vnet_lock(vnet);
	make_queue(port, side, 0);
	make_queue(port, side, 1);
	if (vnet_rqt_create_locked(port, side->queues, 1, &tir_attr.rqt) != 0 ||
			vnet_tir_create_locked(&tir_attr, &rule_attr.tir) != 0 ||
			vnet_rule_add_locked(port, &rule_attr, &rule) != 0 ||
			vnet_doorbell_add_locked(port, &side->doorbell) != 0)
		exit(2);
	vnet_unlock(vnet);
}

static void
kick(struct side *side, uint16_t index)
{
	if (bench_ring_wants_kick(&side->rings[index]))
		__atomic_store_n((uint16_t *)&side->doorbell, index, __ATOMIC_RELEASE);
}

static uint64_t
flow(struct side *a, struct side *b, uint64_t ns)
{
	uint64_t end = base_clock_ns() + ns, nb = 0;

	while (base_clock_ns() < end) {
		for (unsigned int i = 0; i < 64; i++) {
			unsigned int got = bench_ring_turn(&b->rings[0], BURST);

			nb += got;
			if (got != 0)
				kick(b, 0);
			if (bench_ring_turn(&a->rings[1], BURST) != 0)
				kick(a, 1);
		}
	}
	return nb;
}

int
main(int argc, char **argv)
{
	struct vnet_attr attr = { .nb_ports = 2 };
	static struct side sides[2];
	uint64_t begin, nb;
	struct vnet *vnet;
	cpu_set_t cpus;

	if (argc != 4) {
		fputs("usage: engine_direct split|packed LENGTH RUN_MS\n", stderr);
		return 2;
	}
	CPU_ZERO(&cpus);
	CPU_SET(1, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	if (wire_switch_create(2, 20000, NULL, &attr.wire) != 0 || vnet_create(&attr, &vnet) != 0)
		return 2;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	for (unsigned int i = 0; i < 2; i++)
		make_side(vnet, &sides[i], i, (const char *const *)argv);
	bench_ring_fill(&sides[1].rings[1], 1); /* so that it is known where B is */
	kick(&sides[1], 1);
	bench_ring_fill(&sides[0].rings[1], BENCH_RING_SIZE);
	kick(&sides[0], 1);
	(void)flow(&sides[0], &sides[1], 100 * BASE_NS_PER_MS);
	begin = base_clock_ns();
	nb = flow(&sides[0], &sides[1], strtoull(argv[3], NULL, 10) * BASE_NS_PER_MS);
	begin = base_clock_ns() - begin;
	printf("{\"ring\": \"%s\", \"length\": %s, \"frames\": %" PRIu64 ", \"seconds\": %.6f, "
	       "\"pps\": %.0f, \"lost\": %" PRIu64 ", \"wrong\": %" PRIu64 "}\n",
			argv[1], argv[2], nb, (double)begin / 1e9, (double)nb * 1e9 / (double)begin,
			sides[1].rings[0].lost, sides[1].rings[0].wrong);
	return vnet_halt(vnet) != 0 || sides[1].rings[0].lost != 0 || sides[1].rings[0].wrong != 0;
}
