/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one built-in guest on a looped port goes through everything that a front-end
 * may ask for, under traffic. Each flow is a row of a table; after each, every queue pair must
 * carry frames again with no further message, and at the end every packet must be accounted for:
 * none lost, duplicated, reordered or torn, and no error seen by the guest's driver.
 *
 * usage: guest_flows SOCKET PAIRS [packed]
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "guest_vm.h"

#define MAX_PAIRS 8u
#define RAM (128u << 20)
#define DIMM (32u << 20)
#define ALIVE_PACKETS 100u /* of each stream, to count as running after a flow */
#define ALIVE_MS 10000u
#define DRAIN_MS 10000u
#define RECONNECT_TRIES 200

struct flows {
	struct guest_vm *vm;
	struct guest_ledger *ledger;
	struct guest_traffic_load load;
	unsigned int pairs;
	uint64_t dimm; /* guest address of the one that was added last */
};

static int
flow_hot_add(struct flows *flows)
{
	return guest_vm_hot_add(flows->vm, DIMM, &flows->dimm);
}

static int
flow_hot_remove(struct flows *flows)
{
	return guest_vm_hot_remove(flows->vm, flows->dimm);
}

static int
flow_stop_cont(struct flows *flows)
{
	int ret = guest_vm_pause(flows->vm);

	return ret != 0 ? ret : guest_vm_resume(flows->vm);
}

static int
flow_disable_enable(struct flows *flows)
{
	unsigned int queue;
	int ret = 0;

	for (queue = 0; queue < 2 * flows->pairs && ret == 0; queue++) {
		ret = guest_vm_disable(flows->vm, queue);
		if (ret == 0)
			ret = guest_vm_enable(flows->vm, queue);
	}
	return ret;
}

static int
flow_disable_all_enable_all(struct flows *flows)
{
	unsigned int queue;
	int ret = 0;

	for (queue = 0; queue < 2 * flows->pairs && ret == 0; queue++)
		ret = guest_vm_disable(flows->vm, queue);
	for (queue = 0; queue < 2 * flows->pairs && ret == 0; queue++)
		ret = guest_vm_enable(flows->vm, queue);
	return ret;
}

/* A reset loses what is under way: the ledger excuses that. */
static int
flow_reset(struct flows *flows)
{
	return guest_vm_reset(flows->vm);
}

/* Nothing is under way here, so every packet counts. */
static int
flow_reset_idle(struct flows *flows)
{
	int ret;

	guest_vm_quiet(flows->vm);
	ret = guest_ledger_drain(flows->ledger, DRAIN_MS);
	if (ret == 0)
		ret = guest_vm_reset(flows->vm);
	return ret != 0 ? ret : guest_vm_send(flows->vm, &flows->load);
}

/* The back-end serves one front-end: the old connection's end must have been noticed first, which
 * a refused new one tells. */
static int
flow_reconnect(struct flows *flows)
{
	int ret = -EAGAIN, tries;

	guest_vm_disconnect(flows->vm);
	for (tries = 0; tries < RECONNECT_TRIES && ret != 0; tries++) {
		ret = guest_vm_reconnect(flows->vm);
		if (ret != 0)
			poll(NULL, 0, 10);
	}
	return ret != 0 ? ret : guest_vm_send(flows->vm, &flows->load);
}

static const struct {
	const char *name;
	unsigned int times;
	int (*act)(struct flows *flows);
} table[] = {
	{ "memory hot-add", 3, flow_hot_add },
	{ "memory hot-remove", 1, flow_hot_remove },
	{ "stop and cont", 5, flow_stop_cont },
	{ "each ring disabled and enabled", 2, flow_disable_enable },
	{ "all rings disabled, then enabled", 2, flow_disable_all_enable_all },
	{ "guest reset", 3, flow_reset },
	{ "guest reset with nothing under way", 2, flow_reset_idle },
	{ "memory hot-add after a reset", 1, flow_hot_add },
	{ "reconnect", 3, flow_reconnect },
	{ "stop and cont after a reconnect", 1, flow_stop_cont },
};

/* Every queue pair carries new packets. */
static int
flows_alive(struct flows *flows)
{
	unsigned int stream;
	int ret;

	for (stream = 0; stream < flows->pairs; stream++) {
		ret = guest_ledger_wait(flows->ledger, stream,
				guest_ledger_arrived(flows->ledger, stream) + ALIVE_PACKETS,
				ALIVE_MS);
		if (ret != 0) {
			printf("queue pair %u does not run: %s\n", stream, strerror(-ret));
			return ret;
		}
	}
	return 0;
}

static int
flows_play(struct flows *flows)
{
	struct guest_ledger_count count;
	unsigned int row, i;
	int ret;

	for (row = 0; row < BASE_ARRAY_SIZE(table); row++) {
		for (i = 0; i < table[row].times; i++) {
			int phase = guest_ledger_phase_open(flows->ledger, table[row].name);

			ret = table[row].act(flows);
			if (ret == 0)
				ret = flows_alive(flows);
			guest_ledger_phase_count(flows->ledger, (unsigned int)phase, 0, &count);
			printf("%-36s %-4s longest gap %.1f ms\n", table[row].name,
					ret == 0 ? "ok" : "FAIL",
					(double)count.longest_gap_ns / 1e6);
			if (ret != 0) {
				printf("%s: %s\n", strerror(-ret), guest_vm_error(flows->vm));
				return ret;
			}
		}
	}
	return 0;
}

/*
 * The frames are UDP, one port per stream: the card spreads them over all receive queues, and each
 * has its share but for the moments in which rings are disabled.
 */
static int
flows_spread(const struct guest_vm_stats *stats)
{
	uint64_t total = 0, least = UINT64_MAX;
	unsigned int queue;

	printf("received by queue:");
	for (queue = 0; queue < stats->nb_queues; queue += 2) {
		uint64_t frames = stats->queues[queue].frames;

		printf(" %lu", frames);
		total += frames;
		least = frames < least ? frames : least;
	}
	printf("\n");
	return least * stats->nb_queues >= total ? 0 : -ENODATA;
}

/* The account at the end: everything that was posted has arrived, once, in order, whole. */
static int
flows_account(struct flows *flows)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats));
	struct guest_ledger_count sum;
	int ret;

	if (stats == NULL)
		return -ENOMEM;
	guest_vm_quiet(flows->vm);
	guest_ledger_drain(flows->ledger, DRAIN_MS);
	guest_ledger_total(flows->ledger, &sum);
	guest_vm_stats(flows->vm, stats);
	printf("sent %lu received %lu excused %lu lost %lu duplicated %lu reordered %lu torn %lu "
	       "invented %lu; driver errors %lu, GET_VRING_BASE errors %lu\n",
			sum.sent, sum.received, sum.excused, sum.lost, sum.duplicated,
			sum.reordered, sum.torn, sum.invented, stats->device_errors,
			stats->base_errors);
	ret = sum.lost == 0 && sum.duplicated == 0 && sum.reordered == 0 && sum.torn == 0 &&
					sum.invented == 0 && stats->device_errors == 0 &&
					stats->base_errors == 0 && sum.received > 0 ?
			flows_spread(stats) :
			-EBADMSG;
	free(stats);
	return ret;
}

static void
flows_log(void *arg, enum base_log_level level, const char *msg)
{
	printf("guest %s: %s\n", base_log_level_name(level), msg);
}

int
main(int argc, char **argv)
{
	static const struct base_log log = { .level = BASE_LOG_WARN, .write = flows_log };
	struct guest_vm_attr attr = { .name = "guest",
		.mode = GUEST_VHOST_CLIENT,
		.ring_size = 256,
		.ram = RAM,
		.mac = { 0x52, 0x54, 0, 0, 0, 1 },
		.wait = GUEST_TRAFFIC_IRQ,
		.log = &log };
	struct flows flows = { .load = { .peer = { 0x52, 0x54, 0, 0, 0, 1 },
					       .frame_len = 200,
					       .window = 16,
					       .rate = 5000 } };
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	flows.pairs = argc >= 3 ? (unsigned int)atoi(argv[2]) : 0;
	if (flows.pairs == 0 || flows.pairs > MAX_PAIRS) {
		fprintf(stderr, "usage: guest_flows SOCKET PAIRS [packed]\n");
		return 2;
	}
	attr.socket = argv[1];
	attr.packed = argc > 3 && strcmp(argv[3], "packed") == 0;
	attr.nb_pairs = attr.nb_rx = flows.pairs;
	ret = guest_ledger_create(flows.pairs, &flows.ledger);
	if (ret != 0)
		return 1;
	attr.ledger = flows.ledger;
	ret = guest_vm_create(&attr, &flows.vm);
	if (ret != 0)
		goto destroy_ledger;
	ret = guest_vm_start(flows.vm);
	if (ret == 0)
		ret = guest_vm_send(flows.vm, &flows.load);
	if (ret == 0)
		ret = flows_alive(&flows);
	if (ret == 0)
		ret = flows_play(&flows);
	if (ret == 0)
		ret = flows_account(&flows);
	guest_vm_destroy(flows.vm);
destroy_ledger:
	guest_ledger_destroy(flows.ledger);
	printf("%s\n", ret == 0 ? "PASS" : "FAIL");
	return ret == 0 ? 0 : 1;
}
