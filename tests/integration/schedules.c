/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a random schedule of everything that a front-end, a guest and a card may do to
 * a device that carries traffic. A seed makes the whole schedule: which steps, on which queues. After
 * each step every pair that can carry packets must do so; at the end
 *
 *   - no packet is lost: what is missing at the end was in a ring that the guest itself took back;
 *   - none is doubled, except as many as chains were left in flight by order (fault stop-early);
 *   - every chain came back once and none was passed over, except with resume_index=saved as many as
 *     were left in flight, because the card does not keep them;
 *   - with nothing under way, guest, memory and card say the same of where each ring is (not after
 *     chains were passed over: they are never at rest);
 *   - each GET_VRING_BASE lay between used and available;
 *   - every object is gone.
 *
 * A run that fails prints its steps; --until N plays only the first N of them.
 *
 * usage: schedules SOCKET CONTROL [--seed N] [--steps N] [--until N] [--pairs N] [--packed]
 *        [--saved] [--early]
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "base_math.h"
#include "chaos.h"

#define DIMM (16u << 20)
#define MAX_DIMMS 5u
#define MAX_STEPS 10000u
#define ALIVE_MS 8000u
#define REVIVE_MS 400u
#define DRAIN_MS 8000u
#define REST_MS 5000u
#define EARLY_CHAINS 4u

struct schedule {
	struct chaos chaos;
	struct chaos_attr attr;
	uint64_t seed, random;
	unsigned int steps, until;
	bool early, saved;
	/* what the guest knows of itself */
	bool enabled[2 * CHAOS_MAX_PAIRS];
	bool unconfigured; /* vhost configures a device only while its first pair is enabled */
	uint64_t dimms[MAX_DIMMS];
	unsigned int nb_dimms;
	bool logging;
	bool rings_in_dimms; /* buffers of idle rings may lie in one */
	/* the account */
	uint64_t may_miss; /* packets that the guest took back, at most */
	uint64_t nb_early; /* stop-early faults that were ordered */
	uint64_t in_flight; /* chains that they left, at most */
	char (*played)[64];
	unsigned int nb_played;
};

static uint64_t
schedule_random(struct schedule *s, uint64_t below)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random % below;
}

static void __attribute__((format(printf, 2, 3)))
schedule_note(struct schedule *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->played[s->nb_played - 1], sizeof(s->played[0]), fmt, ap);
	va_end(ap);
}

static unsigned int
schedule_queue(struct schedule *s)
{
	return (unsigned int)schedule_random(s, 2 * s->attr.pairs);
}

/* A reset that comes now may take back what is under way; the window bounds it, and a packet more now
 * and then while nothing was heard. */
static void
schedule_excuse(struct schedule *s)
{
	unsigned int i;

	for (i = 0; i < s->attr.pairs; i++)
		s->may_miss += guest_ledger_in_flight(s->chaos.ledger, i) + s->chaos.load.window;
}

static int
schedule_enable_all(struct schedule *s)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 2 * s->attr.pairs && ret == 0; i++) {
		if (s->enabled[i])
			continue;
		ret = guest_vm_enable(s->chaos.vm, i);
		s->enabled[i] = true;
	}
	return ret;
}

/* --- steps ---------------------------------------------------------------------------------- */

static int
step_add(struct schedule *s)
{
	schedule_note(s, "add memory");
	s->unconfigured |= s->nb_dimms < MAX_DIMMS;
	if (s->nb_dimms == MAX_DIMMS)
		return 0;
	return guest_vm_hot_add(s->chaos.vm, DIMM, &s->dimms[s->nb_dimms++]);
}

/* Whether the card's hash has a stream for each receive queue; see guest_frame_port(). */
static bool
schedule_all_receive(const struct schedule *s)
{
	return (s->attr.pairs & (s->attr.pairs - 1)) == 0;
}

/* Its buffers come back from rings that run; from one that gets no packets never. */
static int
schedule_free_dimms(struct schedule *s)
{
	int ret = schedule_enable_all(s);

	if (ret != 0 || !s->rings_in_dimms)
		return ret;
	guest_vm_use_ram(s->chaos.vm);
	schedule_excuse(s);
	s->rings_in_dimms = false;
	return guest_vm_reset(s->chaos.vm);
}

static int
step_unplug(struct schedule *s)
{
	unsigned int i = (unsigned int)schedule_random(s, s->nb_dimms + 1);
	int ret;

	schedule_note(s, "remove memory %u of %u", i, s->nb_dimms);
	if (i == s->nb_dimms)
		return 0;
	ret = schedule_free_dimms(s);
	if (ret == 0)
		ret = guest_vm_hot_remove(s->chaos.vm, s->dimms[i]);
	if (ret == 0)
		s->dimms[i] = s->dimms[--s->nb_dimms];
	return ret;
}

static int
step_swap(struct schedule *s)
{
	unsigned int i = (unsigned int)schedule_random(s, s->nb_dimms + 1);
	int ret;

	schedule_note(s, "another file for memory %u of %u", i, s->nb_dimms);
	if (i == s->nb_dimms)
		return 0;
	ret = schedule_free_dimms(s);
	return ret == 0 ? guest_vm_hot_swap(s->chaos.vm, s->dimms[i]) : ret;
}

static int
step_disable(struct schedule *s)
{
	unsigned int queue = schedule_queue(s);

	schedule_note(s, "disable queue %u%s", queue, s->enabled[queue] ? "" : " (is)");
	s->enabled[queue] = false;
	return guest_vm_disable(s->chaos.vm, queue);
}

static int
step_enable(struct schedule *s)
{
	unsigned int queue = schedule_queue(s), i;

	/* One that is disabled, if there is one. */
	for (i = 0; i < 2 * s->attr.pairs && s->enabled[queue]; i++)
		queue = (queue + 1) % (2 * s->attr.pairs);
	schedule_note(s, "enable queue %u%s", queue, s->enabled[queue] ? " (is)" : "");
	s->enabled[queue] = true;
	return guest_vm_enable(s->chaos.vm, queue);
}

static int
step_toggle(struct schedule *s)
{
	unsigned int queue = schedule_queue(s);
	int ret;

	schedule_note(s, "disable and enable queue %u", queue);
	s->enabled[queue] = true;
	ret = guest_vm_disable(s->chaos.vm, queue);
	return ret == 0 ? guest_vm_enable(s->chaos.vm, queue) : ret;
}

static int
step_stop(struct schedule *s)
{
	int ret = guest_vm_pause(s->chaos.vm);

	schedule_note(s, "stop and start");
	s->unconfigured = true;
	return ret == 0 ? guest_vm_resume(s->chaos.vm) : ret;
}

static int
step_reset(struct schedule *s)
{
	bool idle = schedule_random(s, 2) == 0;
	uint64_t missing;
	int ret = 0;

	schedule_note(s, "reset%s", idle ? " with nothing under way" : "");
	if (idle) {
		ret = schedule_enable_all(s);
		guest_vm_quiet(s->chaos.vm);
		if (ret == 0)
			ret = chaos_drain(&s->chaos, s->may_miss, DRAIN_MS, &missing);
	} else {
		schedule_excuse(s);
	}
	if (ret == 0)
		ret = guest_vm_reset(s->chaos.vm);
	memset(s->enabled, true, sizeof(s->enabled));
	s->rings_in_dimms |= s->nb_dimms != 0;
	return ret != 0 ? ret : guest_vm_send(s->chaos.vm, &s->chaos.load);
}

static int
step_error(struct schedule *s)
{
	static const char *const errors[] = { "bad-descriptor", "invalid-buffer", "ring-access" };
	unsigned int queue = schedule_queue(s);
	const char *error = errors[schedule_random(s, BASE_ARRAY_SIZE(errors))];
	int ret;

	schedule_note(s, "error '%s' of queue %u", error, queue);
	if (card_ctl_try(s->chaos.card, "queue-error 0 %u %s", queue, error) != 0)
		return 0; /* it does not run */
	/* Recovered by itself, or too many of them: then the front-end may enable it again, and vhost
	 * tells the driver of changes only. */
	if (chaos_runs(&s->chaos, queue, REVIVE_MS))
		return 0;
	schedule_note(s, "error '%s' of queue %u, enabled again", error, queue);
	ret = guest_vm_disable(s->chaos.vm, queue);
	return ret == 0 ? guest_vm_enable(s->chaos.vm, queue) : ret;
}

static int
step_log(struct schedule *s)
{
	s->logging = !s->logging;
	schedule_note(s, "log %s", s->logging ? "on" : "off");
	return s->logging ? guest_vm_log_on(s->chaos.vm) : guest_vm_log_off(s->chaos.vm);
}

static int
step_log_renew(struct schedule *s)
{
	schedule_note(s, "another log%s", s->logging ? "" : ": none");
	return s->logging ? guest_vm_log_renew(s->chaos.vm, 0) : 0;
}

static int
step_files(struct schedule *s)
{
	unsigned int queue = schedule_queue(s);

	schedule_note(s, "kick and call files of queue %u", queue);
	return guest_vm_renew_files(s->chaos.vm, queue);
}

static int
step_reconnect(struct schedule *s)
{
	schedule_note(s, "reconnect");
	guest_vm_disconnect(s->chaos.vm);
	memset(s->enabled, true, sizeof(s->enabled));
	s->logging = false;
	return chaos_connect(&s->chaos);
}

static int
step_early(struct schedule *s)
{
	unsigned int queue = schedule_queue(s);

	schedule_note(s, "queue %u will stop early", queue);
	if (!s->early)
		return 0;
	/* One rule at a time: it acts once, at the queue's next stop. */
	card_ctl_try(s->chaos.card, "fault del early%" PRIu64, s->nb_early);
	s->nb_early++;
	s->in_flight += EARLY_CHAINS;
	card_ctl_tell(s->chaos.card,
			"fault add id=early%" PRIu64
			" action=stop-early queue=%u chains=%u count=1",
			s->nb_early, queue, EARLY_CHAINS);
	return 0;
}

static const struct {
	unsigned int weight;
	int (*act)(struct schedule *s);
} steps[] = {
	{ 12, step_add },
	{ 8, step_unplug },
	{ 12, step_disable },
	{ 14, step_enable },
	{ 10, step_toggle },
	{ 12, step_stop },
	{ 8, step_reset },
	{ 8, step_error },
	{ 4, step_reconnect },
	{ 10, step_early },
	{ 8, step_log },
	{ 4, step_log_renew },
	{ 6, step_files },
	{ 6, step_swap },
};

static int
schedule_step(struct schedule *s)
{
	unsigned int sum = 0, i;
	uint64_t pick;
	int ret;

	for (i = 0; i < BASE_ARRAY_SIZE(steps); i++)
		sum += steps[i].weight;
	pick = schedule_random(s, sum);
	for (i = 0; pick >= steps[i].weight; i++)
		pick -= steps[i].weight;
	s->nb_played++;
	ret = steps[i].act(s);
	/* While queues are replaced others receive, and then have buffers that never come back. */
	if (!schedule_all_receive(s))
		s->rings_in_dimms |= s->nb_dimms != 0;
	return ret;
}

/* --- judgement ------------------------------------------------------------------------------ */

/* Every pair that can carry packets does: its own transmit queue is enabled, and any receive queue
 * is. After a stop vhost leaves a device alone until both queues of the first pair are enabled. */
static int
schedule_alive(struct schedule *s)
{
	unsigned int pair, pairs = 0, receivers = 0;

	for (pair = 0; pair < s->attr.pairs; pair++) {
		receivers += s->enabled[2 * pair];
		pairs |= (unsigned int)s->enabled[2 * pair + 1] << pair;
	}
	if (s->enabled[0] && s->enabled[1])
		s->unconfigured = false;
	if (receivers == 0 || s->unconfigured)
		return 0;
	return chaos_pairs_alive(&s->chaos, pairs, ALIVE_MS);
}

static int
schedule_account(struct schedule *s)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats));
	struct guest_ledger_count sum;
	uint64_t missing, may_skip = s->saved ? s->in_flight : 0;
	int ret = 0;

	if (stats == NULL)
		return -ENOMEM;
	guest_vm_quiet(s->chaos.vm);
	chaos_drain(&s->chaos, s->may_miss + may_skip, DRAIN_MS, &missing);
	guest_ledger_total(s->chaos.ledger, &sum);
	guest_vm_stats(s->chaos.vm, stats);
	printf("seed %" PRIu64 ", %u steps: sent %lu received %lu missing %lu (%lu may be) "
	       "duplicated %lu (%lu may be) reordered %lu moved %lu torn %lu invented %lu; "
	       "driver errors %lu, GET_VRING_BASE errors %lu\n",
			s->seed, s->nb_played, sum.sent, sum.received, missing,
			s->may_miss + may_skip, sum.duplicated, s->in_flight, sum.reordered,
			sum.moved, sum.torn, sum.invented, stats->device_errors,
			stats->base_errors);
	if (missing > s->may_miss + may_skip || sum.duplicated > s->in_flight ||
			sum.torn + sum.invented + stats->base_errors != 0 ||
			guest_vm_stale_bits(s->chaos.vm) != 0 || stats->device_errors > may_skip ||
			sum.reordered > sum.duplicated + s->in_flight || sum.received == 0)
		ret = -EBADMSG;
	free(stats);
	return ret;
}

static int
schedule_play(struct schedule *s)
{
	int ret = chaos_connect(&s->chaos);

	memset(s->enabled, true, sizeof(s->enabled));
	if (ret == 0)
		ret = schedule_alive(s);
	while (ret == 0 && s->nb_played < s->steps && s->nb_played < s->until) {
		ret = schedule_step(s);
		if (ret == 0)
			ret = schedule_alive(s);
		if (ret != 0)
			printf("step %u (%s): %s: %s\n", s->nb_played, s->played[s->nb_played - 1],
					strerror(-ret), guest_vm_error(s->chaos.vm));
	}
	return ret;
}

static int
schedule_run(struct schedule *s)
{
	unsigned int i;
	int ret;

	/* The first life makes what the device keeps for the next ones. */
	ret = chaos_connect(&s->chaos);
	if (ret == 0)
		ret = chaos_alive(&s->chaos, ALIVE_MS);
	if (ret == 0)
		ret = chaos_disconnect(&s->chaos);
	if (ret == 0)
		ret = schedule_play(s);
	if (ret == 0)
		ret = schedule_enable_all(s);
	if (ret == 0)
		ret = schedule_alive(s);
	card_ctl_tell(s->chaos.card, "fault clear");
	/* also of a run that has failed: the verdict helps to find why */
	i = (unsigned int)schedule_account(s);
	if (ret == 0)
		ret = (int)i;
	if (ret != 0)
		chaos_rest(&s->chaos, 0); /* tells where each ring is */
	else if (!s->saved || s->nb_early == 0)
		ret = chaos_rest(&s->chaos, REST_MS);
	if (ret == 0)
		ret = chaos_disconnect(&s->chaos);
	for (i = 0; ret != 0 && i < s->nb_played; i++)
		printf("%5u %s\n", i + 1, s->played[i]);
	return ret;
}

static int
schedule_options(struct schedule *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "steps", required_argument, NULL, 'n' },
		{ "until", required_argument, NULL, 'u' },
		{ "pairs", required_argument, NULL, 'p' },
		{ "packed", no_argument, NULL, 'k' },
		{ "saved", no_argument, NULL, 'v' },
		{ "early", no_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	s->seed = 1;
	s->steps = s->until = 200;
	s->attr.pairs = 2;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned long value = optarg != NULL ? strtoul(optarg, NULL, 0) : 0;

		s->seed = c == 's' ? value : s->seed;
		s->steps = c == 'n' ? (unsigned int)value : s->steps;
		s->until = c == 'u' ? (unsigned int)value : s->until;
		s->attr.pairs = c == 'p' ? (unsigned int)value : s->attr.pairs;
		s->attr.packed |= c == 'k';
		s->saved |= c == 'v';
		s->early |= c == 'e';
		if (c == '?')
			return -EINVAL;
	}
	if (s->until == 200)
		s->until = s->steps;
	if (argc - optind != 2 || s->attr.pairs == 0 || s->attr.pairs > CHAOS_MAX_PAIRS ||
			s->steps > MAX_STEPS)
		return -EINVAL;
	s->attr.socket = argv[optind];
	s->attr.control = argv[optind + 1];
	/* not 0, and near seeds far apart */
	s->random = (s->seed + 1) * 0x9e3779b97f4a7c15u;
	return 0;
}

int
main(int argc, char **argv)
{
	static struct schedule schedule;
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (schedule_options(&schedule, argc, argv) != 0) {
		fprintf(stderr,
				"usage: schedules SOCKET CONTROL [--seed N] [--steps N] [--until N] "
				"[--pairs N] [--packed] [--saved] [--early]\n");
		return 2;
	}
	schedule.played = calloc(schedule.steps + 1, sizeof(schedule.played[0]));
	if (schedule.played == NULL)
		return 1;
	ret = chaos_open(&schedule.chaos, &schedule.attr);
	if (ret == 0)
		ret = schedule_run(&schedule);
	if (ret != 0)
		chaos_print_log();
	chaos_close(&schedule.chaos);
	free(schedule.played);
	printf("%s\n", ret == 0 ? "PASS" : "FAIL");
	return ret == 0 ? 0 : 1;
}
