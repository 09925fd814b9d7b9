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
	/** One of the three. */
	int (*flow)(const struct flow_call *call);
	int (*numbered)(const struct flow_call *call, unsigned int number);
	const struct flow_migrate_to *to;
	unsigned int number;
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
		guest->rings[i].before = record->queues[i].before;
}

static int
act_run(const struct act *act, const struct flow_call *call)
{
	if (act->to != NULL)
		return flow_migrate(call, act->to, NULL);
	return act->flow != NULL ? act->flow(call) : act->numbered(call, act->number);
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
	ret = act_run(act, &call);
	if (record->id != 0)
		act_note(play, step, guest, record);
	else if (ret != 0)
		scenario_step_fault(step, "guest %s: %s: %s", guest->name,
				flow_kind_name(act->kind), strerror(-ret));
	if (ret == 0 && record->nb_dead != 0)
		ret = -ETIMEDOUT; /* a stream that is dead need not be waited for again */
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

int
scenario_act_reset(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_RESET, g, flow_reset });
}

int
scenario_act_rebind(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_REBIND, g, flow_rebind });
}

int
scenario_act_stop_start(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	int ret = act_play(play, step, &(struct act){ FLOW_STOP, g, flow_stop });

	return ret == 0 ? act_play_on(play, step, &(struct act){ FLOW_START, g, flow_start }) : ret;
}

int
scenario_act_queues(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	int ret = 0;

	for (unsigned int i = 0; i < 2 * play->attr->queue_pairs && ret == 0; i++) {
		ret = act_play(play, step,
				&(struct act){ FLOW_DISABLE, g, .numbered = flow_disable,
						.number = i });
		if (ret == 0)
			ret = act_play_on(play, step,
					&(struct act){ FLOW_ENABLE, g, .numbered = flow_enable,
							.number = i });
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
act_hot_add(const struct flow_call *call)
{
	return flow_hot_add(call, ACT_DIMM);
}

int
scenario_act_hot_add(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_HOT_ADD, g, act_hot_add });
}

int
scenario_act_unplug(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_UNPLUG, g, flow_unplug });
}

int
scenario_act_remap(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_REMAP, g, flow_remap });
}

/* --- death ----------------------------------------------------------------------------------- */

int
scenario_act_kill(struct scenario_play *play, struct scenario_step *step, unsigned int g,
		unsigned int message)
{
	return act_play_on(play, step,
			&(struct act){ FLOW_KILL, g, .numbered = flow_kill, .number = message });
}

int
scenario_act_error(struct scenario_play *play, struct scenario_step *step, unsigned int g,
		unsigned int queue)
{
	return act_play_on(play, step,
			&(struct act){ FLOW_ERROR, g, .numbered = flow_error, .number = queue });
}

/* --- migration ------------------------------------------------------------------------------- */

int
scenario_act_migrate(struct scenario_play *play, struct scenario_step *step, unsigned int g,
		unsigned int port)
{
	struct scenario_guest *guest = &play->guests[g];
	const struct flow_migrate_to to = {
		.device = play->ports[port].device,
		.socket = play->ports[port].socket,
		.check = GUEST_MIGRATE_COMPARE,
	};
	int ret = act_play(play, step, &(struct act){ FLOW_MIGRATE, g, .to = &to });

	/* it may have moved, and be dead there */
	if (strcmp(guest->vm->socket, to.socket) == 0)
		guest->port = port;
	return ret == 0 ? scenario_play_packets(play, step, ACT_PACKETS) : ret;
}

static int
act_migrate_fail(const struct flow_call *call)
{
	return flow_migrate_fail(call, GUEST_MIGRATE_COMPARE, NULL);
}

int
scenario_act_migrate_fail(struct scenario_play *play, struct scenario_step *step, unsigned int g)
{
	return act_play_on(play, step, &(struct act){ FLOW_MIGRATE_FAIL, g, act_migrate_fail });
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
