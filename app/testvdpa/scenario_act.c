/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: every act is a flow (flow.h), measured and judged there; here it is put into
 * the step, with what was found wrong, and waited for: packets must run again on all streams.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "flow.h"
#include "flow_migrate.h"
#include "flow_soak.h"
#include "scenario_act.h"

#define ACT_PACKETS 20 /* on each stream: it runs again */
#define ACT_SOAK_MS 5000 /* of a soak step, at most */
#define ACT_SOAK_FLOWS 6
#define ACT_DIMM (128ULL << 20) /* as QEMU's */

/* Of a connection and a start (guest_vhost.h). */
#define ACT_MESSAGES 14
#define ACT_QUEUE_MESSAGES 8

/** One flow. */
struct act {
	enum flow_kind kind;
	unsigned int guest;
	int (*run)(const struct flow_call *call, unsigned int arg);
	unsigned int arg;
};

/* Puts a flow into the step. */
static void
act_note(const struct scenario_play *play, struct scenario_step *step, struct scenario_guest *guest,
		const struct flow_record *record)
{
	struct scenario_flow flow = {
		.guest = guest->name[0],
		.begin = (double)(record->begin_ns - play->report.begin_ns) / BASE_NS_PER_S,
		.ms = (double)record->duration_ns / BASE_NS_PER_MS,
		.result = record->result,
		.gap_median_ms = (double)record->gap_median_ns / BASE_NS_PER_MS,
		.gap_max_ms = (double)record->gap_max_ns / BASE_NS_PER_MS,
	};
	const char *name = flow_kind_name(record->kind);

	snprintf(flow.kind, sizeof(flow.kind), "%s", name);
	flow_title(record, flow.title, sizeof(flow.title));
	scenario_step_flow(step, &flow);
	if (record->result != 0)
		scenario_step_fault(step, "guest %s: %s: %s", guest->name, name, record->text);
	for (unsigned int i = 0; i < record->nb_faults && i < FLOW_FAULTS_MAX; i++)
		scenario_step_fault(step, "guest %s: %s: %s", guest->name, name, record->faults[i]);
	if (record->nb_slow != 0)
		scenario_step_note(step, SCENARIO_NOTE_SLOW, record->nb_slow);
	if (record->nb_dead != 0)
		flow_autopsy(&play->log);
	for (unsigned int i = 0; i < record->nb_queues; i++)
		guest->rings[i].before = (struct scenario_indices){
			record->queues[i].before.known,
			record->queues[i].before.avail,
			record->queues[i].before.used,
		};
}

/* A flow that left a stream dead need not be waited for again. */
static int
act_result(const struct flow_record *record, int ret)
{
	return ret == 0 && record->nb_dead != 0 ? -ETIMEDOUT : ret;
}

static int
act_play(struct scenario_play *play, struct scenario_step *step, const struct act *act)
{
	struct scenario_guest *guest = &play->guests[act->guest];
	struct flow_record *record = calloc(1, sizeof(*record)); /* large */
	const struct flow_call call = { .vm = guest->vm, .log = &play->log, .record = record };
	int ret;

	if (record == NULL)
		return -ENOMEM;
	ret = act->run(&call, act->arg);
	if (record->id != 0)
		act_note(play, step, guest, record);
	else if (ret != 0)
		scenario_step_fault(step, "guest %s: %s: %s", guest->name,
				flow_kind_name(act->kind), strerror(-ret));
	ret = act_result(record, ret);
	free(record);
	return ret;
}

/* The same, of which traffic must come through at once. */
static int
act_play_on(struct scenario_play *play, struct scenario_step *step, const struct act *act)
{
	int ret = act_play(play, step, act);

	return ret == 0 ? scenario_play_packets(play, step, ACT_PACKETS) : ret;
}

/* --- life ------------------------------------------------------------------------------------ */

static int
act_reset(const struct flow_call *call, unsigned int arg)
{
	return flow_reset(call);
}

int
scenario_act_reset(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_RESET, g, act_reset });
}

static int
act_rebind(const struct flow_call *call, unsigned int arg)
{
	return flow_rebind(call);
}

int
scenario_act_rebind(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_REBIND, g, act_rebind });
}

static int
act_stop(const struct flow_call *call, unsigned int arg)
{
	return flow_stop(call);
}

static int
act_start(const struct flow_call *call, unsigned int arg)
{
	return flow_start(call);
}

int
scenario_act_stop_start(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	int ret = act_play(play, step, &(struct act){ FLOW_STOP, g, act_stop });

	return ret == 0 ? act_play_on(play, step, &(struct act){ FLOW_START, g, act_start }) : ret;
}

int
scenario_act_queues(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	int ret = 0;

	for (unsigned int i = 0; i < 2 * play->attr->queue_pairs && ret == 0; i++) {
		ret = act_play(play, step, &(struct act){ FLOW_DISABLE, g, flow_disable, i });
		if (ret == 0)
			ret = act_play_on(play, step,
					&(struct act){ FLOW_ENABLE, g, flow_enable, i });
	}
	return ret;
}

/* --- memory ---------------------------------------------------------------------------------- */

unsigned int
scenario_act_room(const struct scenario_play *play, unsigned int g)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];

	return GUEST_MEM_MAX_REGIONS -
			guest_mem_table(guest_vm_mem(play->guests[g].vm->guest), table);
}

unsigned int
scenario_act_added(const struct scenario_play *play, unsigned int g)
{
	return play->guests[g].vm->nb_dimms;
}

static int
act_hot_add(const struct flow_call *call, unsigned int arg)
{
	return flow_hot_add(call, ACT_DIMM);
}

int
scenario_act_hot_add(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_HOT_ADD, g, act_hot_add });
}

static int
act_unplug(const struct flow_call *call, unsigned int arg)
{
	return flow_unplug(call);
}

int
scenario_act_unplug(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_UNPLUG, g, act_unplug });
}

static int
act_remap(const struct flow_call *call, unsigned int arg)
{
	return flow_remap(call);
}

int
scenario_act_remap(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_REMAP, g, act_remap });
}

/* --- death ----------------------------------------------------------------------------------- */

int
scenario_act_kill(struct scenario_play *play, struct scenario_step *step, unsigned int g,
		unsigned int message)
{
	return act_play_on(play, step, &(struct act){ FLOW_KILL, g, flow_kill, message });
}

int
scenario_act_error(struct scenario_play *play, struct scenario_step *step, unsigned int g,
		unsigned int queue)
{
	return act_play_on(play, step, &(struct act){ FLOW_ERROR, g, flow_error, queue });
}

/* --- migration ------------------------------------------------------------------------------- */

/* Puts a flow that was run into the step, or why it did not begin. */
static int
act_finish(struct scenario_play *play, struct scenario_step *step, struct scenario_guest *guest,
		const struct flow_record *record, int ret)
{
	if (record->id != 0)
		act_note(play, step, guest, record);
	else if (ret != 0)
		scenario_step_fault(step, "guest %s: migration: %s", guest->name, strerror(-ret));
	ret = act_result(record, ret);
	return ret == 0 ? scenario_play_packets(play, step, ACT_PACKETS) : ret;
}

int
scenario_act_migrate(struct scenario_play *play, struct scenario_step *step, unsigned int g,
		unsigned int port)
{
	struct scenario_guest *guest = &play->guests[g];
	struct flow_record *record = calloc(1, sizeof(*record)); /* large */
	const struct flow_call call = { .vm = guest->vm, .log = &play->log, .record = record };
	const struct flow_migrate_to to = {
		.device = play->ports[port].device,
		.socket = play->ports[port].socket,
		.check = GUEST_MIGRATE_COMPARE,
	};
	int ret;

	if (record == NULL)
		return -ENOMEM;
	ret = flow_migrate(&call, &to, NULL);
	if (ret == 0)
		guest->port = port;
	ret = act_finish(play, step, guest, record, ret);
	free(record);
	return ret;
}

int
scenario_act_migrate_fail(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	struct scenario_guest *guest = &play->guests[g];
	struct flow_record *record = calloc(1, sizeof(*record)); /* large */
	const struct flow_call call = { .vm = guest->vm, .log = &play->log, .record = record };
	int ret;

	if (record == NULL)
		return -ENOMEM;
	ret = act_finish(play, step, guest, record,
			flow_migrate_fail(&call, GUEST_MIGRATE_COMPARE, NULL));
	free(record);
	return ret;
}

/* --- soak ------------------------------------------------------------------------------------ */

struct act_soak {
	struct scenario_play *play;
	struct scenario_step *step;
};

static int
act_soak_tell(void *arg, const struct flow_record *record)
{
	const struct act_soak *soak = arg;

	act_note(soak->play, soak->step,
			&soak->play->guests[record->guest[0] == 'A' ? SCENARIO_A : SCENARIO_B],
			record);
	return 0;
}

int
scenario_act_soak(struct scenario_play *play, struct scenario_step *step)
{
	/* No guest moves: B on A's switch would have a shorter way than the packets on the wire, and
	 * overtake them. */
	struct act_soak soak = { play, step };
	struct flow_soak_attr attr = {
		.ms = ACT_SOAK_MS,
		.max_flows = ACT_SOAK_FLOWS,
		.seed = play->attr->seed + play->report.nb_steps,
		.tell = act_soak_tell,
		.arg = &soak,
		.log = &play->log,
	};
	struct flow_soak_result result;
	int ret;

	ret = flow_soak(&attr, &result);
	if (ret != 0 && step->nb_faults == 0)
		scenario_step_fault(step, "soak: %s", strerror(-ret));
	return ret == -EBADMSG ? 0 : ret;
}

unsigned int
scenario_act_messages(const struct scenario_play *play)
{
	return ACT_MESSAGES + ACT_QUEUE_MESSAGES * 2 * play->attr->queue_pairs;
}
