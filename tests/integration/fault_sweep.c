/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one flow of a front-end is played again and again under traffic; the k-th
 * time the k-th firmware command that the flow costs goes wrong, until the flow has no k-th command
 * any more. Each time
 *
 *   - the back-end must live and the next attempt must work: at least one of playing the flow
 *     again, enabling each ring again, or a new connection brings all queues back, without any
 *     further fault;
 *   - the rings must hold: nothing returned twice, passed over or invented, no packet doubled or
 *     out of order, each GET_VRING_BASE between used and available;
 *   - no index is lost: the guest stops to send, and then every packet has arrived, every chain that
 *     was posted to send has been returned, and the card's indices are those of guest memory;
 *   - then the connection is closed, and every object must be gone that was made for it.
 *
 * Two things may be missing: packets that the card dropped and counted, because a failed command has
 * left it without a way to a receive queue, and, where the guest itself resets its rings, what it
 * took back or had not read yet.
 *
 * NO_RES, and not the status INT_ERR that a fault has unless told otherwise: with DPDK's mlx4 driver
 * in the process (it sets MLX4_DEVICE_FATAL_CLEANUP) rdma-core takes EIO at the destruction of a
 * rule or a memory region for the end of the device, forgets the handle and reports success.
 *
 * usage: fault_sweep SOCKET CONTROL PAIRS[p] FLOW [RULE [STRIDE]]   (p: packed rings)
 *   (RULE: "action=fail status=NO_RES" if not given or empty; STRIDE: only every so many-th command)
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "chaos.h"

#define DIMM (4u << 20)
#define MAX_K 2000u
#define SETTLE_MS 300u /* for queues that come back by themselves */
#define ALIVE_MS 400u /* queues run, so packets come at once, unless steering is missing */
#define LAST_ALIVE_MS 8000u
#define DRAIN_MS 2000u
#define REST_MS 2000u

struct sweep {
	struct chaos chaos;
	const char *rule;
	unsigned int stride;
	bool resets; /* the guest takes its rings back in this flow */
	uint64_t dimm; /* guest address of the region that is hot-plugged, 0: none */
	unsigned int queue; /* that the flow is about */
	struct guest_ledger_count before; /* at rest, when the last turn was over */
};

/* Whether the back-end has it or not, the guest gets rid of it. Nothing is under way, and a receive
 * queue may hold buffers that it took from there while another one was away: only a reset gets all
 * of them back. */
static int
sweep_drop_dimm(struct sweep *sweep)
{
	struct guest_vm *vm = sweep->chaos.vm;
	int ret;

	if (sweep->dimm == 0)
		return 0;
	guest_vm_use_ram(vm);
	ret = guest_vm_reset(vm);
	if (ret == 0)
		ret = guest_vm_hot_remove(vm, sweep->dimm);
	sweep->dimm = ret == 0 ? 0 : sweep->dimm;
	return ret;
}

/* --- flows: what comes before the fault, and what it is to meet ------------------------------- */

static int
act_add(struct sweep *sweep)
{
	return sweep->dimm != 0 ? 0 : guest_vm_hot_add(sweep->chaos.vm, DIMM, &sweep->dimm);
}

static int
act_remove(struct sweep *sweep)
{
	int ret = sweep->dimm == 0 ? 0 : guest_vm_hot_remove(sweep->chaos.vm, sweep->dimm);

	if (ret == 0)
		sweep->dimm = 0;
	return ret;
}

static int
act_swap(struct sweep *sweep)
{
	return sweep->dimm != 0 ? guest_vm_hot_swap(sweep->chaos.vm, sweep->dimm) : 0;
}

static int
ready_log(struct sweep *sweep)
{
	return guest_vm_log_on(sweep->chaos.vm);
}

static int
act_log_off(struct sweep *sweep)
{
	return guest_vm_log_off(sweep->chaos.vm);
}

static int
act_log_renew(struct sweep *sweep)
{
	return guest_vm_log_renew(sweep->chaos.vm, 0);
}

static int
ready_down(struct sweep *sweep)
{
	return chaos_disconnect(&sweep->chaos);
}

static int
act_start(struct sweep *sweep)
{
	return guest_vm_reconnect(sweep->chaos.vm);
}

static int
act_stop(struct sweep *sweep)
{
	int ret = guest_vm_pause(sweep->chaos.vm);

	return ret == 0 ? guest_vm_resume(sweep->chaos.vm) : ret;
}

static int
ready_paused(struct sweep *sweep)
{
	return guest_vm_pause(sweep->chaos.vm);
}

static int
act_restart(struct sweep *sweep)
{
	return guest_vm_resume(sweep->chaos.vm);
}

static int
act_disable(struct sweep *sweep)
{
	return guest_vm_disable(sweep->chaos.vm, sweep->queue);
}

static int
act_enable(struct sweep *sweep)
{
	return guest_vm_enable(sweep->chaos.vm, sweep->queue);
}

static int
ready_rx(struct sweep *sweep)
{
	sweep->queue = 0;
	return 0;
}

static int
ready_tx(struct sweep *sweep)
{
	sweep->queue = 1;
	return 0;
}

static int
ready_rx_disabled(struct sweep *sweep)
{
	sweep->queue = 0;
	return act_disable(sweep);
}

static int
ready_tx_disabled(struct sweep *sweep)
{
	sweep->queue = 1;
	return act_disable(sweep);
}

static int
act_reset(struct sweep *sweep)
{
	return guest_vm_reset(sweep->chaos.vm);
}

static int
act_error(struct sweep *sweep)
{
	card_ctl_try(sweep->chaos.card, "queue-error 0 %u invalid-buffer", sweep->queue);
	/* The back-end works on it in its own time. */
	poll(NULL, 0, 20);
	chaos_all_run(&sweep->chaos, SETTLE_MS);
	return 0;
}

static int
act_cleanup(struct sweep *sweep)
{
	guest_vm_disconnect(sweep->chaos.vm);
	poll(NULL, 0, 30); /* the back-end notices, and nothing tells when it is through */
	return -ENOTCONN;
}

static const struct sweep_flow {
	const char *name;
	int (*ready)(struct sweep *sweep); /* may be NULL */
	int (*act)(struct sweep *sweep);
} sweep_flows[] = {
	{ "start", ready_down, act_start },
	{ "stop", NULL, act_stop },
	{ "restart", ready_paused, act_restart },
	{ "mem_add", NULL, act_add },
	{ "mem_remove", act_add, act_remove },
	{ "mem_swap", act_add, act_swap },
	{ "log_on", NULL, ready_log },
	{ "log_off", ready_log, act_log_off },
	{ "log_renew", ready_log, act_log_renew },
	{ "stop_logged", ready_log, act_stop },
	{ "disable_rx", ready_rx, act_disable },
	{ "disable_tx", ready_tx, act_disable },
	{ "enable_rx", ready_rx_disabled, act_enable },
	{ "enable_tx", ready_tx_disabled, act_enable },
	{ "reset", NULL, act_reset },
	{ "error_rx", ready_rx, act_error },
	{ "error_tx", ready_tx, act_error },
	{ "cleanup", NULL, act_cleanup },
};

/* --- after the fault -------------------------------------------------------------------------- */

static int
try_nothing(struct sweep *sweep, const struct sweep_flow *flow)
{
	(void)flow;
	return guest_vm_is_up(sweep->chaos.vm) ? 0 : -ENOTCONN;
}

static int
try_flow(struct sweep *sweep, const struct sweep_flow *flow)
{
	return flow->act(sweep);
}

static int
try_enable(struct sweep *sweep, const struct sweep_flow *flow)
{
	unsigned int i;
	int ret = try_nothing(sweep, flow);

	/* vhost tells the driver of changes only */
	for (i = 0; i < 2 * sweep->chaos.attr.pairs && ret == 0; i++) {
		ret = guest_vm_disable(sweep->chaos.vm, i);
		if (ret == 0)
			ret = guest_vm_enable(sweep->chaos.vm, i);
	}
	return ret;
}

static int
try_reconnect(struct sweep *sweep, const struct sweep_flow *flow)
{
	(void)flow;
	return chaos_connect(&sweep->chaos);
}

/* If not, there is another try. */
static bool
alive_soon(struct chaos *chaos)
{
	return chaos_alive_within(chaos, ALIVE_MS);
}

static bool
alive_at_last(struct chaos *chaos)
{
	return chaos_alive(chaos, LAST_ALIVE_MS) == 0;
}

static const struct {
	const char *name;
	int (*act)(struct sweep *sweep, const struct sweep_flow *flow);
	bool (*alive)(struct chaos *chaos);
} sweep_tries[] = {
	{ "by itself", try_nothing, alive_soon },
	{ "by enabling the rings", try_enable, alive_soon },
	{ "by the flow once more", try_flow, alive_soon },
	{ "by a new connection", try_reconnect, alive_at_last },
};
#define NB_TRIES BASE_ARRAY_SIZE(sweep_tries)

/* @return which try brought all queues back, NB_TRIES: none. */
static unsigned int
sweep_recover(struct sweep *sweep, const struct sweep_flow *flow)
{
	struct chaos *chaos = &sweep->chaos;
	unsigned int i;

	for (i = 0; i < NB_TRIES; i++) {
		const char *what = NULL;

		if (sweep_tries[i].act(sweep, flow) != 0 || !guest_vm_is_up(chaos->vm))
			what = "refused";
		else if (!chaos_all_run(chaos, i == 0 ? 20 : SETTLE_MS))
			what = "a queue does not run";
		else if (!sweep_tries[i].alive(chaos))
			what = "silent";
		if (what == NULL)
			break;
		if (i != 0)
			printf("  not %s: %s\n", sweep_tries[i].name, what);
	}
	return i;
}

/* The guest is quiet: what was sent since the last turn must be here. */
static int
sweep_judge_missing(struct sweep *sweep, uint64_t dropped)
{
	struct guest_ledger_count sum;
	uint64_t missing, old, excused;

	old = sweep->before.sent - sweep->before.received - sweep->before.torn;
	chaos_drain(&sweep->chaos, sweep->resets ? UINT64_MAX : old + dropped, DRAIN_MS, &missing);
	guest_ledger_total(sweep->chaos.ledger, &sum);
	excused = sweep->resets ? sum.excused - sweep->before.excused : 0;
	sweep->before = sum;
	if (missing - old <= dropped + excused)
		return 0;
	printf("%lu packets are missing; %lu were dropped, %lu the guest took back\n",
			missing - old, dropped, excused);
	return -EBADMSG;
}

static int
sweep_judge(struct sweep *sweep)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats));
	struct guest_ledger_count sum;
	int ret = 0;

	if (stats == NULL)
		return -ENOMEM;
	guest_vm_stats(sweep->chaos.vm, stats);
	guest_ledger_total(sweep->chaos.ledger, &sum);
	if (stats->device_errors != 0 || stats->base_errors != 0 || sum.duplicated != 0 ||
			sum.reordered != 0 || sum.torn != 0 || sum.invented != 0) {
		printf("device errors %lu, GET_VRING_BASE errors %lu, duplicated %lu, "
		       "reordered %lu, torn %lu, invented %lu\n",
				stats->device_errors, stats->base_errors, sum.duplicated,
				sum.reordered, sum.torn, sum.invented);
		ret = -EBADMSG;
	}
	free(stats);
	return ret;
}

/* One k. @return 1: the fault did not happen, 0, or -errno. */
static int
sweep_once(struct sweep *sweep, const struct sweep_flow *flow, unsigned int k, unsigned int *by)
{
	struct chaos *chaos = &sweep->chaos;
	uint64_t dropped = chaos_dropped(chaos);
	bool fired;
	int ret = flow->ready != NULL ? flow->ready(sweep) : 0;

	if (ret != 0) {
		printf("k = %u: not even ready for the flow: %s\n", k, guest_vm_error(chaos->vm));
		return ret;
	}
	card_ctl_tell(chaos->card, "fault add id=k nth=%u %s", k, sweep->rule);
	flow->act(sweep);
	chaos_calm(chaos); /* not every command comes before the reply */
	fired = card_ctl_fired(chaos->card, "k") != 0;
	card_ctl_tell(chaos->card, "fault clear");
	*by = sweep_recover(sweep, flow);
	if (*by == NB_TRIES) {
		printf("k = %u: the back-end does not recover\n", k);
		return -ETIMEDOUT;
	}
	guest_vm_quiet(chaos->vm);
	ret = sweep_judge_missing(sweep, chaos_dropped(chaos) - dropped);
	if (ret == 0)
		ret = chaos_rest(chaos, REST_MS);
	if (ret == 0)
		ret = sweep_judge(sweep);
	if (ret == 0)
		ret = sweep_drop_dimm(sweep);
	if (ret == 0)
		ret = chaos_disconnect(chaos);
	if (ret == 0)
		ret = chaos_connect(chaos);
	if (ret != 0) {
		printf("k = %u (back %s): %s\n", k, sweep_tries[*by].name, strerror(-ret));
		return ret;
	}
	return fired ? 0 : 1;
}

static int
sweep_flow(struct sweep *sweep, const struct sweep_flow *flow)
{
	unsigned int k, by, count[NB_TRIES] = { 0 }, nb = 0, i;
	int ret = 0;

	for (k = 1; k <= MAX_K && ret == 0; k += sweep->stride) {
		ret = sweep_once(sweep, flow, k, &by);
		if (ret == 0) {
			count[by]++;
			nb++;
		}
		if (ret == 0 && by > 1)
			printf("  k = %u: back %s\n", k, sweep_tries[by].name);
	}
	if (ret != 1)
		return ret != 0 ? ret : -E2BIG;
	printf("%s, %s: %u commands;", flow->name, sweep->rule, nb);
	for (i = 0; i < NB_TRIES; i++)
		printf(" %u back %s%s", count[i], sweep_tries[i].name,
				i + 1 < NB_TRIES ? "," : "\n");
	if (nb == 0) {
		printf("%s: no command failed, so nothing was tried\n", flow->name);
		return -ENOENT;
	}
	return 0;
}

static int
sweep_run(struct sweep *sweep, const char *name)
{
	unsigned int i;
	int ret;

	/* The first life makes what is kept for the next ones. */
	ret = chaos_connect(&sweep->chaos);
	if (ret == 0)
		ret = chaos_alive(&sweep->chaos, LAST_ALIVE_MS);
	if (ret == 0)
		ret = chaos_disconnect(&sweep->chaos);
	if (ret == 0)
		ret = chaos_connect(&sweep->chaos);
	for (i = 0; i < BASE_ARRAY_SIZE(sweep_flows) && ret == 0; i++) {
		if (strcmp(name, sweep_flows[i].name) != 0)
			continue;
		sweep->resets = sweep_flows[i].act == act_reset;
		return sweep_flow(sweep, &sweep_flows[i]);
	}
	return ret != 0 ? ret : -EINVAL;
}

int
main(int argc, char **argv)
{
	struct sweep sweep = { 0 };
	struct chaos_attr attr = { 0 };
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	attr.pairs = argc >= 5 ? (unsigned int)atoi(argv[3]) : 0;
	attr.packed = argc >= 5 && strchr(argv[3], 'p') != NULL;
	if (attr.pairs == 0 || attr.pairs > CHAOS_MAX_PAIRS) {
		fprintf(stderr, "usage: fault_sweep SOCKET CONTROL PAIRS[p] FLOW [RULE [STRIDE]]\n");
		return 2;
	}
	attr.socket = argv[1];
	attr.control = argv[2];
	sweep.rule = argc > 5 && argv[5][0] != '\0' ? argv[5] : "action=fail status=NO_RES";
	sweep.stride = argc > 6 && atoi(argv[6]) > 0 ? (unsigned int)atoi(argv[6]) : 1;
	ret = chaos_open(&sweep.chaos, &attr);
	if (ret == 0)
		ret = sweep_run(&sweep, argv[4]);
	if (ret != 0) {
		printf("guest: %s\n", guest_vm_error(sweep.chaos.vm));
		chaos_print_log();
	}
	chaos_close(&sweep.chaos);
	printf("%s\n", ret == 0 ? "PASS" : "FAIL");
	return ret == 0 ? 0 : 1;
}
