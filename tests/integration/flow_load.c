/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one built-in guest on a looped port, told what to do by lines on standard
 * input; after each it says, in one line of JSON, when the flow began, when the last message was
 * answered, how many queue pairs carry frames again, and the longest time between two arrivals of
 * one pair. What the back-end made of it (commands) is for the reader to find in the card's trace:
 * the times are those of the trace's clock.
 *
 *   start, stop, cont, stop_cont, reset, add, remove
 *   disable, enable   the first receive queue
 *   call              SET_VRING_CALL of every queue, which says nothing new
 *   add_call, remove_call
 *   quit              accounts for every packet
 *
 * usage: flow_load SOCKET PAIRS RATE ALIVE_MS FEATURES
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "base_math.h"
#include "looped.h"

#define MAX_PAIRS 32u
#define DIMM (128u << 20)
#define ALIVE_PACKETS 3u /* of each stream */
#define DRAIN_MS 5000u

struct load {
	struct looped looped;
	unsigned int alive_ms;
	uint64_t dimm; /* guest address of the one that was added last */
};

static int
verb_start(struct load *load)
{
	int ret = guest_vm_start(load->looped.vm);

	return ret == 0 ? guest_vm_send(load->looped.vm, &load->looped.load) : ret;
}

static int
verb_stop(struct load *load)
{
	return guest_vm_pause(load->looped.vm);
}

static int
verb_cont(struct load *load)
{
	return guest_vm_resume(load->looped.vm);
}

static int
verb_stop_cont(struct load *load)
{
	int ret = guest_vm_pause(load->looped.vm);

	return ret == 0 ? guest_vm_resume(load->looped.vm) : ret;
}

static int
verb_reset(struct load *load)
{
	return guest_vm_reset(load->looped.vm);
}

static int
verb_add(struct load *load)
{
	return guest_vm_hot_add(load->looped.vm, DIMM, &load->dimm);
}

static int
verb_remove(struct load *load)
{
	return guest_vm_hot_remove(load->looped.vm, load->dimm);
}

/* A reset takes all buffers back, and new ones come from the memory that stays. */
static int
verb_leave(struct load *load)
{
	guest_vm_use_ram(load->looped.vm);
	return guest_vm_reset(load->looped.vm);
}

static int
verb_disable(struct load *load)
{
	return guest_vm_disable(load->looped.vm, 0);
}

static int
verb_enable(struct load *load)
{
	return guest_vm_enable(load->looped.vm, 0);
}

static int
verb_call(struct load *load)
{
	return guest_vm_call_again(load->looped.vm);
}

static int
verb_add_call(struct load *load)
{
	int ret = verb_add(load);

	return ret == 0 ? verb_call(load) : ret;
}

static int
verb_remove_call(struct load *load)
{
	int ret = verb_remove(load);

	return ret == 0 ? verb_call(load) : ret;
}

static const struct {
	const char *name;
	int (*act)(struct load *load);
	bool stops; /* nobody is to wait for frames */
} verbs[] = {
	{ "start", verb_start },
	{ "stop", verb_stop, true },
	{ "cont", verb_cont },
	{ "stop_cont", verb_stop_cont },
	{ "reset", verb_reset },
	{ "add", verb_add },
	{ "remove", verb_remove },
	{ "leave", verb_leave },
	{ "disable", verb_disable, true },
	{ "enable", verb_enable },
	{ "call", verb_call },
	{ "add_call", verb_add_call },
	{ "remove_call", verb_remove_call },
};

/* Pairs that carry frames after the flow; all of them share one time limit. */
static unsigned int
load_alive(struct load *load, unsigned int alive_ms)
{
	uint64_t seen[MAX_PAIRS], end = base_clock_ns() + alive_ms * BASE_NS_PER_MS;
	unsigned int stream, alive = 0;

	for (stream = 0; stream < load->looped.pairs; stream++)
		seen[stream] = guest_ledger_arrived(load->looped.ledger, stream);
	for (stream = 0; stream < load->looped.pairs; stream++) {
		uint64_t now = base_clock_ns();
		uint64_t left = now < end ? (end - now) / BASE_NS_PER_MS : 0;

		if (guest_ledger_wait(load->looped.ledger, stream, seen[stream] + ALIVE_PACKETS,
				    (unsigned int)left + 1) == 0)
			alive++;
	}
	return alive;
}

static uint64_t
load_gap(struct load *load, int phase)
{
	struct guest_ledger_count count;
	unsigned int stream;
	uint64_t gap = 0;

	for (stream = 0; stream < load->looped.pairs && phase >= 0; stream++) {
		if (guest_ledger_phase_count(load->looped.ledger, (unsigned int)phase, stream,
				    &count) == 0 &&
				count.longest_gap_ns > gap)
			gap = count.longest_gap_ns;
	}
	return gap;
}

static void
load_do(struct load *load, unsigned int verb, unsigned int alive_ms)
{
	int phase = guest_ledger_phase_open(load->looped.ledger, verbs[verb].name), ret;
	uint64_t start, reply;
	unsigned int alive = 0;

	poll(NULL, 0, 20); /* so that an arrival before the flow belongs to the phase */
	start = base_clock_ns();
	ret = verbs[verb].act(load);
	if (ret == 0)
		ret = guest_vm_barrier(
				load->looped.vm); /* a table is answered before the queues run */
	reply = base_clock_ns();
	if (ret == 0 && !verbs[verb].stops && guest_vm_is_up(load->looped.vm))
		alive = load_alive(load, alive_ms);
	printf("{\"step\": \"%s\", \"ret\": %d, \"start_ns\": %lu, \"reply_ns\": %lu, "
	       "\"alive\": %u, \"gap_ns\": %lu}\n",
			verbs[verb].name, ret, start, reply, alive, load_gap(load, phase));
}

static void
load_account(struct load *load)
{
	struct guest_ledger_count sum;

	guest_vm_quiet(load->looped.vm);
	guest_ledger_drain(load->looped.ledger, DRAIN_MS);
	guest_ledger_total(load->looped.ledger, &sum);
	printf("{\"step\": \"account\", \"received\": %lu, \"lost\": %lu, \"duplicated\": %lu, "
	       "\"reordered\": %lu, \"torn\": %lu, \"invented\": %lu}\n",
			sum.received, sum.lost, sum.duplicated, sum.reordered, sum.torn,
			sum.invented);
}

/* "STEP" or "STEP ALIVE_MS". */
static void
load_obey(struct load *load)
{
	unsigned int alive_ms;
	char line[64];
	size_t i;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "quit") == 0)
			break;
		i = strcspn(line, " ");
		alive_ms = line[i] == ' ' ? (unsigned int)atoi(&line[i]) : load->alive_ms;
		line[i] = '\0';
		for (i = 0; i < BASE_ARRAY_SIZE(verbs) && strcmp(line, verbs[i].name) != 0;)
			i++;
		if (i < BASE_ARRAY_SIZE(verbs))
			load_do(load, (unsigned int)i, alive_ms);
		else
			printf("{\"step\": \"%s\", \"ret\": %d}\n", line, -EINVAL);
	}
	load_account(load);
}

int
main(int argc, char **argv)
{
	unsigned int pairs = argc == 6 ? (unsigned int)atoi(argv[2]) : 0;
	struct guest_vm_attr attr;
	struct load load;
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pairs == 0 || pairs > MAX_PAIRS) {
		fprintf(stderr, "usage: flow_load SOCKET PAIRS RATE ALIVE_MS FEATURES\n");
		return 2;
	}
	looped_attr(&attr, argv[1], pairs);
	attr.timeout_ms = 20000;
	attr.features = strtoull(argv[5], NULL, 0);
	ret = looped_open(&load.looped, &attr);
	load.looped.load.frame_len = 64;
	load.looped.load.rate = (uint32_t)atoi(argv[3]);
	load.alive_ms = (unsigned int)atoi(argv[4]);
	if (ret == 0)
		load_obey(&load);
	looped_close(&load.looped);
	return ret == 0 ? 0 : 1;
}
