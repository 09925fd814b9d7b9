/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: every act goes through one function, which notes where the guest's rings are,
 * does it, waits until packets run again on all streams, and puts what it cost into the step.
 */
#include <errno.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "scenario_act.h"

#define ACT_PACKETS 20 /* on each stream: it runs again */
#define ACT_DIMM (128ULL << 20) /* as QEMU's */

/* Of a connection and a start (guest_vhost.h). */
#define ACT_MESSAGES 14
#define ACT_QUEUE_MESSAGES 8

/** One thing to be done to a guest. */
struct act {
	const char *kind;
	unsigned int guest;
	int (*act)(struct scenario_play *play, struct scenario_guest *guest, unsigned int arg);
	unsigned int arg;
};

static int
act_failed(struct scenario_step *step, const struct scenario_guest *guest, const char *what,
		int ret)
{
	const char *text = guest_vm_error(guest->vm);

	scenario_step_fault(step, "guest %s: %s: %s%s%s", guest->name, what, strerror(-ret),
			text[0] != '\0' ? ": " : "", text);
	return ret;
}

/* Where the guest's rings are before the act; the rows are completed when the step ends. */
static void
act_note_places(struct scenario_play *play, struct scenario_guest *guest)
{
	struct guest_vm_place place;

	for (unsigned int i = 0; i < 2 * play->attr->queue_pairs; i++) {
		guest_vm_place(guest->vm, i, &place);
		guest->rings[i].before =
				(struct scenario_indices){ true, place.avail, place.device_used };
	}
}

/* The longest silences of the streams from and to a guest, which are all streams, in a span. */
static void
act_gaps(struct scenario_play *play, struct guest_ledger_span *span, struct scenario_flow *flow)
{
	unsigned int nb = guest_ledger_nb_streams(play->ledger);
	uint64_t gaps[GUEST_LEDGER_MAX_STREAMS];
	struct guest_ledger_count count;

	for (uint32_t i = 0; i < nb; i++) {
		guest_ledger_span_count(span, i, &count);
		gaps[i] = count.longest_gap_ns;
	}
	flow->gap_median_ms = (double)scenario_median(gaps, nb) / BASE_NS_PER_MS;
	flow->gap_max_ms = (double)gaps[nb - 1] / BASE_NS_PER_MS;
}

static int
act_play(struct scenario_play *play, struct scenario_step *step, const struct act *act)
{
	struct scenario_guest *guest = &play->guests[act->guest];
	struct scenario_flow flow = { .guest = guest->name[0] };
	struct guest_ledger_span *span;
	uint64_t begin;
	int ret = guest_ledger_span_open(play->ledger, &span);

	if (ret != 0)
		return act_failed(step, guest, act->kind, ret);
	act_note_places(play, guest);
	snprintf(flow.kind, sizeof(flow.kind), "%s", act->kind);
	flow.begin = scenario_play_seconds(play);
	begin = base_clock_ns();
	flow.result = act->act(play, guest, act->arg);
	flow.ms = (double)(base_clock_ns() - begin) / BASE_NS_PER_MS;
	ret = flow.result;
	if (ret != 0)
		act_failed(step, guest, act->kind, ret);
	else
		ret = scenario_play_packets(play, step, ACT_PACKETS);
	guest_ledger_span_close(span);
	act_gaps(play, span, &flow);
	guest_ledger_span_free(span);
	scenario_step_flow(step, &flow);
	return ret;
}

/* --- life ------------------------------------------------------------------------------------ */

static int
act_do_reset(struct scenario_play *play, struct scenario_guest *guest, unsigned int arg)
{
	return guest_vm_reset(guest->vm);
}

int
scenario_act_reset(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play(play, step, &(struct act){ "reset", g, act_do_reset });
}

static int
act_do_rebind(struct scenario_play *play, struct scenario_guest *guest, unsigned int arg)
{
	return guest_vm_rebind(guest->vm);
}

int
scenario_act_rebind(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play(play, step, &(struct act){ "rebind", g, act_do_rebind });
}

static int
act_do_stop_start(struct scenario_play *play, struct scenario_guest *guest, unsigned int arg)
{
	int ret = guest_vm_pause(guest->vm);

	return ret == 0 ? guest_vm_resume(guest->vm) : ret;
}

int
scenario_act_stop_start(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play(play, step, &(struct act){ "stop", g, act_do_stop_start });
}

static int
act_do_queue(struct scenario_play *play, struct scenario_guest *guest, unsigned int queue)
{
	int ret = guest_vm_disable(guest->vm, queue);

	return ret == 0 ? guest_vm_enable(guest->vm, queue) : ret;
}

int
scenario_act_queues(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	int ret = 0;

	for (unsigned int i = 0; i < 2 * play->attr->queue_pairs && ret == 0; i++)
		ret = act_play(play, step, &(struct act){ "disable", g, act_do_queue, i });
	return ret;
}

/* --- memory ---------------------------------------------------------------------------------- */

/* The region of @mem that was added last; 0 where there is none. */
static uint64_t
act_latest(struct guest_mem *mem, unsigned int *nb)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	unsigned int nb_rows = guest_mem_table(mem, table);
	uint64_t gpa = 0;

	*nb = 0;
	for (unsigned int i = 0; i < nb_rows; i++) {
		if (table[i].gpa < GUEST_MEM_HIGH) /* RAM, which does not reach so far here */
			continue;
		(*nb)++;
		gpa = table[i].gpa > gpa ? table[i].gpa : gpa;
	}
	return gpa;
}

unsigned int
scenario_act_room(struct scenario_play *play, unsigned int g)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];

	return GUEST_MEM_MAX_REGIONS - guest_mem_table(guest_vm_mem(play->guests[g].vm), table);
}

unsigned int
scenario_act_added(struct scenario_play *play, unsigned int g)
{
	unsigned int nb;

	(void)act_latest(guest_vm_mem(play->guests[g].vm), &nb);
	return nb;
}

static int
act_do_hot_add(struct scenario_play *play, struct scenario_guest *guest, unsigned int arg)
{
	return guest_vm_hot_add(guest->vm, ACT_DIMM, NULL);
}

int
scenario_act_hot_add(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play(play, step, &(struct act){ "hot-add", g, act_do_hot_add });
}

static int
act_do_unplug(struct scenario_play *play, struct scenario_guest *guest, unsigned int arg)
{
	unsigned int nb;

	return guest_vm_hot_remove(guest->vm, act_latest(guest_vm_mem(guest->vm), &nb));
}

int
scenario_act_unplug(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play(play, step, &(struct act){ "unplug", g, act_do_unplug });
}

static int
act_do_remap(struct scenario_play *play, struct scenario_guest *guest, unsigned int arg)
{
	unsigned int nb;

	return guest_vm_hot_swap(guest->vm, act_latest(guest_vm_mem(guest->vm), &nb));
}

int
scenario_act_remap(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play(play, step, &(struct act){ "remap", g, act_do_remap });
}

/* --- death ----------------------------------------------------------------------------------- */

/* A back-end has one front-end at a time: the next one waits until the end of the last was seen. */
static int
act_do_kill(struct scenario_play *play, struct scenario_guest *guest, unsigned int message)
{
	uint64_t seen = scenario_rig_front_ends(play, guest);
	int ret = guest_vm_kill(guest->vm, 0);

	if (ret == 0)
		ret = scenario_rig_await_free(play, guest, seen);
	if (ret == 0 && message != 0) {
		ret = guest_vm_kill(guest->vm, message);
		if (ret == -ERANGE)
			return 0; /* not so many messages: it is up */
		if (ret == 0)
			ret = scenario_rig_await_free(play, guest, seen + 1);
	}
	return ret == 0 ? guest_vm_reconnect(guest->vm) : ret;
}

int
scenario_act_kill(struct scenario_play *play, struct scenario_step *step, unsigned int g,
		unsigned int message)
{
	return act_play(play, step, &(struct act){ "kill", g, act_do_kill, message });
}

unsigned int
scenario_act_messages(const struct scenario_play *play)
{
	return ACT_MESSAGES + ACT_QUEUE_MESSAGES * 2 * play->attr->queue_pairs;
}
