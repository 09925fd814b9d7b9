/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one built-in guest on a looped port goes through everything that a front-end
 * may ask for, under traffic. Each flow is a row of a table; after each, every queue pair must
 * carry frames again with no further message, and at the end every packet must be accounted for:
 * none lost, duplicated, reordered or torn, and no error seen by the guest's driver.
 *
 * usage: guest_flows SOCKET PAIRS [WORDS of looped_words()]
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "looped.h"

#define MAX_PAIRS 8u
#define RAM (128u << 20)
#define DIMM (32u << 20)
#define DRAIN_MS 10000u
#define RECONNECT_TRIES 200

struct flows {
	struct looped looped;
	uint64_t dimm; /* guest address of the one that was added last */
};

static int
flow_hot_add(struct flows *flows)
{
	return guest_vm_hot_add(flows->looped.vm, DIMM, &flows->dimm);
}

static int
flow_hot_remove(struct flows *flows)
{
	return guest_vm_hot_remove(flows->looped.vm, flows->dimm);
}

static int
flow_stop_cont(struct flows *flows)
{
	int ret = guest_vm_pause(flows->looped.vm);

	return ret != 0 ? ret : guest_vm_resume(flows->looped.vm);
}

static int
flow_disable_enable(struct flows *flows)
{
	unsigned int queue;
	int ret = 0;

	for (queue = 0; queue < 2 * flows->looped.pairs && ret == 0; queue++) {
		ret = guest_vm_disable(flows->looped.vm, queue);
		if (ret == 0)
			ret = guest_vm_enable(flows->looped.vm, queue);
	}
	return ret;
}

static int
flow_disable_all_enable_all(struct flows *flows)
{
	unsigned int queue;
	int ret = 0;

	for (queue = 0; queue < 2 * flows->looped.pairs && ret == 0; queue++)
		ret = guest_vm_disable(flows->looped.vm, queue);
	for (queue = 0; queue < 2 * flows->looped.pairs && ret == 0; queue++)
		ret = guest_vm_enable(flows->looped.vm, queue);
	return ret;
}

/* A reset loses what is under way: the ledger excuses that. */
static int
flow_reset(struct flows *flows)
{
	return guest_vm_reset(flows->looped.vm);
}

/* Nothing is under way here, so every packet counts. */
static int
flow_reset_idle(struct flows *flows)
{
	int ret;

	guest_vm_quiet(flows->looped.vm);
	ret = guest_ledger_drain(flows->looped.ledger, DRAIN_MS);
	if (ret == 0)
		ret = guest_vm_reset(flows->looped.vm);
	return ret != 0 ? ret : guest_vm_send(flows->looped.vm, &flows->looped.load);
}

/* The back-end serves one front-end: the old connection's end must have been noticed first, which
 * a refused new one tells. */
static int
flow_reconnect(struct flows *flows)
{
	int ret = -EAGAIN, tries;

	guest_vm_disconnect(flows->looped.vm);
	for (tries = 0; tries < RECONNECT_TRIES && ret != 0; tries++) {
		ret = guest_vm_reconnect(flows->looped.vm);
		if (ret != 0)
			poll(NULL, 0, 10);
	}
	return ret != 0 ? ret : guest_vm_send(flows->looped.vm, &flows->looped.load);
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

static int
flows_play(struct flows *flows)
{
	struct guest_ledger_count count;
	unsigned int row, i;
	int ret;

	for (row = 0; row < BASE_ARRAY_SIZE(table); row++) {
		for (i = 0; i < table[row].times; i++) {
			int phase = guest_ledger_phase_open(flows->looped.ledger, table[row].name);

			ret = table[row].act(flows);
			if (ret == 0)
				ret = looped_alive(&flows->looped);
			guest_ledger_phase_count(flows->looped.ledger, (unsigned int)phase, 0,
					&count);
			printf("%-36s %-4s longest gap %.1f ms\n", table[row].name,
					ret == 0 ? "ok" : "FAIL",
					(double)count.longest_gap_ns / 1e6);
			if (ret != 0) {
				printf("%s: %s\n", strerror(-ret),
						guest_vm_error(flows->looped.vm));
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
flows_spread(struct flows *flows)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats));
	uint64_t total = 0, least = UINT64_MAX;
	unsigned int queue;

	if (stats == NULL)
		return -ENOMEM;
	guest_vm_stats(flows->looped.vm, stats);
	printf("received by queue:");
	for (queue = 0; queue < stats->nb_queues; queue += 2) {
		uint64_t frames = stats->queues[queue].frames;

		printf(" %lu", frames);
		total += frames;
		least = frames < least ? frames : least;
	}
	printf("\n");
	total /= stats->nb_queues; /* half of what each would have */
	free(stats);
	return least >= total ? 0 : -ENODATA;
}

int
main(int argc, char **argv)
{
	unsigned int pairs = argc >= 3 ? (unsigned int)atoi(argv[2]) : 0;
	struct guest_vm_attr attr;
	struct flows flows;
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pairs == 0 || pairs > MAX_PAIRS) {
		fprintf(stderr, "usage: guest_flows SOCKET PAIRS [packed] [mergeable] ...\n");
		return 2;
	}
	looped_attr(&attr, argv[1], pairs);
	attr.ram = RAM;
	if (!looped_words(&attr, &argv[3], argc - 3))
		return 2;
	ret = looped_open(&flows.looped, &attr);
	flows.looped.load.rate = 5000;
	if (ret == 0)
		ret = looped_start(&flows.looped);
	if (ret == 0)
		ret = flows_play(&flows);
	if (ret == 0)
		ret = looped_account(&flows.looped);
	if (ret == 0)
		ret = flows_spread(&flows);
	if (ret == 0)
		ret = looped_proof(flows.looped.vm);
	looped_close(&flows.looped);
	printf("%s\n", ret == 0 ? "PASS" : "FAIL");
	return ret == 0 ? 0 : 1;
}
