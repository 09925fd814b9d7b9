/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a scenario is a table of steps (scenario_reset.c and its like). Each step is
 * one phase of the ledger: both guests send, the step's act happens in the middle of it, every
 * stream must carry packets again, the senders fall silent, and when nothing can arrive any more
 * the phase is judged. So a packet that is missing is lost, not late.
 *
 * A guest's queue pair n sends stream vm->tx_stream + n of the ledger that all guests share.
 *
 * A fault does not end a scenario. A stream that stays silent for too long is dead, or slow if it runs
 * after all (flow.h). A dead one is a fault of the step; then both front-ends connect again, so that the steps that follow say something. If
 * nothing runs even then, they are faults too, and the next scenario tries once more. So the
 * program comes to its end whatever a driver does.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "flow.h"
#include "patience.h"
#include "scenario_judge.h"
#include "scenario_play.h"

#define PLAY_RATE 10000u /* packets per second of a guest: a card in software is to keep up */
#define PLAY_RATE_MAX 5000u /* of a queue pair */
#define PLAY_RATE_MIN 1000u
#define PLAY_WINDOW 64 /* packets under way at most, a quarter of a ring */
#define PLAY_BEFORE 100 /* packets that must arrive on each stream before an act */
#define PLAY_AFTER \
	300 /* and after it: more than a ring has entries, so that new buffers are used */
#define PLAY_DRAIN_MS 2000

double
scenario_play_seconds(const struct scenario_play *play)
{
	return (double)(base_clock_ns() - play->report.begin_ns) / BASE_NS_PER_S;
}

/* --- traffic --------------------------------------------------------------------------------- */

/* Does the user want the end? The descriptor stays readable: nobody reads it. */
static bool
play_stopped(const struct scenario_play *play)
{
	struct pollfd pfd = { .fd = play->attr->stop_fd, .events = POLLIN };

	return pfd.fd >= 0 && poll(&pfd, 1, 0) > 0;
}

/* The stream of row @i of all: first those of A, then those of B. */
static uint32_t
play_stream(const struct scenario_play *play, unsigned int i)
{
	unsigned int pairs = play->attr->queue_pairs;

	return play->guests[i / pairs].vm->tx_stream + i % pairs;
}

static uint64_t
play_arrived(const struct scenario_play *play, uint32_t stream)
{
	return guest_ledger_arrived(play->ledger, stream);
}

/* Waits for one stream; it may be slow, but not silent for longer than @patience_ms. */
static int
play_wait_stream(const struct scenario_play *play, uint32_t stream, uint64_t goal,
		unsigned int patience_ms)
{
	struct patience patience = { patience_ms };
	uint64_t seen = play_arrived(play, stream);

	while (guest_ledger_wait(play->ledger, stream, goal, patience_slice(&patience)) != 0) {
		uint64_t arrived = play_arrived(play, stream);

		if (play_stopped(play))
			return -EINTR;
		if (arrived != seen)
			patience.left_ms = patience_ms;
		else if (!patience_go_on(&patience))
			return -ETIMEDOUT;
		seen = arrived;
	}
	return 0;
}

/* Stream @i of all was silent for too long: is it slow, or dead? @return 0: slow, it has run again */
static int
play_wait_on(struct scenario_play *play, struct scenario_step *step, unsigned int i)
{
	unsigned int pairs = play->attr->queue_pairs, patience_ms = play->attr->patience_ms;
	uint32_t stream = play_stream(play, i);
	int ret = play_wait_stream(play, stream, play_arrived(play, stream) + 1,
			FLOW_DEAD_TIMES * patience_ms);

	if (ret == 0)
		scenario_step_note(step, SCENARIO_NOTE_SLOW, 1);
	if (ret != -ETIMEDOUT)
		return ret;
	scenario_step_fault(step, "%s->%s, queue pair %u: no packet in %u ms",
			play->guests[i / pairs].name, play->guests[1 - i / pairs].name, i % pairs,
			(1 + FLOW_DEAD_TIMES) * patience_ms);
	play->is_dead = true;
	flow_autopsy(&play->log);
	return ret;
}

/* Waits until nothing is missing; @ms for what is still to come, if anything is. */
static void
play_drain(struct scenario_play *play, unsigned int ms)
{
	struct patience patience = { ms };

	while (guest_ledger_drain(play->ledger, patience_slice(&patience)) != 0 &&
			patience_go_on(&patience))
		;
}

int
scenario_play_packets(struct scenario_play *play, struct scenario_step *step, uint64_t nb)
{
	unsigned int nb_streams = SCENARIO_GUESTS * play->attr->queue_pairs, i = 0;
	uint64_t goal[GUEST_LEDGER_MAX_STREAMS];
	int ret = 0;

	for (uint32_t k = 0; k < nb_streams; k++)
		goal[k] = play_arrived(play, play_stream(play, k)) + nb;
	while (i < nb_streams && ret == 0) {
		ret = play_wait_stream(play, play_stream(play, i), goal[i],
				play->attr->patience_ms);
		if (ret == -ETIMEDOUT)
			ret = play_wait_on(play, step, i);
		else
			i++;
	}
	return ret;
}

/* Of a queue pair. */
static uint32_t
play_rate(const struct scenario_play *play)
{
	uint32_t rate = PLAY_RATE / play->attr->queue_pairs;

	return rate > PLAY_RATE_MAX ? PLAY_RATE_MAX : rate < PLAY_RATE_MIN ? PLAY_RATE_MIN : rate;
}

int
scenario_play_send(struct scenario_play *play)
{
	struct vm_load load = { .job = VM_TX, .window = PLAY_WINDOW, .rate = play_rate(play) };
	int ret = 0;

	for (unsigned int g = 0; g < SCENARIO_GUESTS && ret == 0; g++) {
		load.peer = play->guests[1 - g].name;
		load.frame_len = g == 0 ? 200 : 900;
		ret = vm_start(play->guests[g].vm, &load, &play->log);
	}
	return ret;
}

void
scenario_play_quiet(struct scenario_play *play)
{
	for (unsigned int g = 0; g < SCENARIO_GUESTS; g++)
		vm_quiet(play->guests[g].vm);
}

/* --- a step ---------------------------------------------------------------------------------- */

/* Firmware commands of all devices so far; UINT64_MAX: not known. */
static uint64_t
play_commands(const struct scenario_play *play)
{
	uint64_t sum = 0, nb;

	for (unsigned int i = 0; i < play->nb_ports; i++) {
		if (!flow_device_commands(play->ports[i].device, &nb))
			return UINT64_MAX;
		sum += nb;
	}
	return sum;
}

/* What the step cost: asking costs commands, too, as many as a second time. */
static void
play_count_commands(const struct scenario_play *play, struct scenario_step *step, uint64_t before)
{
	uint64_t now = play_commands(play), again = play_commands(play);

	step->commands_known = before != UINT64_MAX && now != UINT64_MAX && again != UINT64_MAX;
	if (step->commands_known)
		step->commands = now - before - (again - now);
}

/* A row a queue; what acts have noted of it is used up. */
static void
play_fill_queues(struct scenario_play *play, struct scenario_step *step)
{
	struct flow_queue told;

	for (unsigned int g = 0; g < SCENARIO_GUESTS; g++) {
		struct scenario_guest *guest = &play->guests[g];

		for (unsigned int i = 0; i < 2 * play->attr->queue_pairs; i++) {
			flow_device_queue(play->ports[guest->port].device, i, &told);
			step->queues[step->nb_queues++] = (struct scenario_queue){
				.guest = guest->name[0],
				.queue = i,
				.before = guest->rings[i].before,
				.saved = told.saved,
				.resumed = told.resumed,
			};
			guest->rings[i].before.known = false;
		}
	}
}

static void
play_tell(const struct scenario_play *play, const struct scenario_step *step)
{
	const char *more = step->nb_faults != 0 ? step->faults[0] : step->skipped;

	printf("[%6.1f s] %s%s%s: %s%s%s\n", scenario_play_seconds(play), step->scenario,
			step->scenario[0] != '\0' ? ": " : "", step->name,
			step->nb_faults == 0 && more[0] == '\0' ? "ok" :
								  scenario_step_verdict(step),
			more[0] != '\0' ? ": " : "", more);
}

struct scenario_step *
scenario_play_begin(struct scenario_play *play, const char *name, uint64_t *commands)
{
	struct scenario_step *step = scenario_report_step(&play->report, name);

	if (step == NULL)
		return NULL;
	*commands = play_commands(play);
	step->begin = scenario_play_seconds(play);
	return step;
}

void
scenario_play_end(struct scenario_play *play, struct scenario_step *step, uint64_t commands)
{
	play_count_commands(play, step, commands);
	play_fill_queues(play, step);
	scenario_judge_guests(play, step);
	step->seconds = scenario_play_seconds(play) - step->begin;
}

/* The part of a step while both guests send. */
static int
play_traffic(struct scenario_play *play, struct scenario_step *step,
		const struct scenario_plan *plan)
{
	int ret = scenario_play_packets(play, step, PLAY_BEFORE);

	if (ret != 0 || plan->act == NULL)
		return ret;
	ret = plan->act(play, step, plan->guest);
	if (ret != 0) {
		play->is_dead = true; /* nobody knows what works now */
		return ret;
	}
	return scenario_play_packets(play, step, PLAY_AFTER);
}

/* Gives the guests a new life where they are dead. What they lost is accounted for before. */
static void
play_revive(struct scenario_play *play, struct scenario_step *step)
{
	int ret = scenario_rig_revive(play, step);

	if (ret != 0)
		return;
	ret = scenario_play_send(play);
	for (unsigned int i = 0; i < SCENARIO_GUESTS * play->attr->queue_pairs && ret == 0; i++) {
		uint32_t stream = play_stream(play, i);

		ret = play_wait_stream(play, stream, play_arrived(play, stream) + 1,
				play->attr->patience_ms);
	}
	scenario_play_quiet(play);
	play_drain(play, PLAY_DRAIN_MS);
	play->is_dead = ret != 0;
	if (ret == 0)
		scenario_step_note(step, "revived", 1);
	else
		scenario_step_fault(step, "no traffic even after the front-ends came anew");
}

static void
play_not_sending(struct scenario_play *play, struct scenario_step *step, int ret)
{
	scenario_step_fault(step, "the guests cannot send: %s", strerror(-ret));
	play->is_dead = true;
}

static int
play_step(struct scenario_play *play, const struct scenario_plan *plan, struct scenario_step *step,
		uint64_t commands)
{
	int phase = guest_ledger_phase_open(play->ledger, step->name), ret;

	if (phase < 0) {
		scenario_step_fault(step, "no room in the ledger: %s", strerror(-phase));
		return -ENOSPC;
	}
	ret = scenario_play_send(play);
	if (ret == 0)
		ret = play_traffic(play, step, plan);
	else
		play_not_sending(play, step, ret);
	scenario_play_quiet(play);
	play_drain(play, ret == 0 ? PLAY_DRAIN_MS : PLAY_DRAIN_MS / 4);
	guest_ledger_phase_close(play->ledger);
	scenario_judge_traffic(play, step, (unsigned int)phase, plan);
	scenario_play_end(play, step, commands);
	if (ret == 0 && plan->judge != NULL)
		plan->judge(play, step);
	play_tell(play, step);
	if (play->is_dead && ret != -EINTR)
		play_revive(play, step);
	return ret == -EINTR ? ret : 0;
}

static int
play_plan(struct scenario_play *play, const struct scenario_plan *plan, const char *scenario,
		unsigned int iteration)
{
	const char *reason = plan->skip != NULL ? plan->skip(play) : NULL;
	char name[GUEST_LEDGER_NAME_LEN];
	struct scenario_step *step;
	uint64_t commands;
	int ret = 0;

	snprintf(name, sizeof(name), iteration == 0 ? "%s" : "%s, %u", plan->name, iteration + 1);
	step = scenario_play_begin(play, name, &commands);
	if (step == NULL)
		return -ENOSPC;
	snprintf(step->scenario, sizeof(step->scenario), "%s", scenario);
	if (reason == NULL && !play->is_dead)
		return play_step(play, plan, step, commands);
	if (reason != NULL)
		snprintf(step->skipped, sizeof(step->skipped), "%s", reason);
	else
		scenario_step_fault(step, "not played: no traffic");
	play_tell(play, step);
	return ret;
}

int
scenario_play_kind(struct scenario_play *play, const struct scenario_kind *kind)
{
	int ret = 0;

	play->is_dead = false; /* perhaps */
	for (unsigned int i = 0; i < play->attr->iterations && ret == 0; i++)
		for (unsigned int k = 0; k < kind->nb_plans && ret == 0; k++)
			ret = play_plan(play, &kind->plans[k], kind->name, i);
	return ret;
}
