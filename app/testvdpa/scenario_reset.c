/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what a guest's kernel and its user do to a device that stays: reset, another
 * driver, stop and start, queues disabled and enabled. A reset begins the rings anew, at 0; all
 * others must go on where they were. While a machine is reset or stopped, what is sent to it may be
 * gone; what it had sent is not.
 */
#include <base_math.h>

#include "scenario_act.h"

static int
reset_a(struct scenario_play *play, struct scenario_step *step)
{
	return scenario_act_reset(play, step, SCENARIO_A);
}

static int
reset_b(struct scenario_play *play, struct scenario_step *step)
{
	return scenario_act_reset(play, step, SCENARIO_B);
}

static int
rebind_a(struct scenario_play *play, struct scenario_step *step)
{
	return scenario_act_rebind(play, step, SCENARIO_A);
}

static int
rebind_b(struct scenario_play *play, struct scenario_step *step)
{
	return scenario_act_rebind(play, step, SCENARIO_B);
}

static int
stop_start_a(struct scenario_play *play, struct scenario_step *step)
{
	return scenario_act_stop_start(play, step, SCENARIO_A);
}

static int
stop_start_b(struct scenario_play *play, struct scenario_step *step)
{
	return scenario_act_stop_start(play, step, SCENARIO_B);
}

static int
queues_a(struct scenario_play *play, struct scenario_step *step)
{
	return scenario_act_queues(play, step, SCENARIO_A);
}

static int
queues_b(struct scenario_play *play, struct scenario_step *step)
{
	return scenario_act_queues(play, step, SCENARIO_B);
}

static const struct scenario_plan plans[] = {
	{ .name = "traffic" },
	{ .name = "reset of A", .act = reset_a, .may_excuse = true },
	{ .name = "reset of B", .act = reset_b, .may_excuse = true },
	{ .name = "rebind of A", .act = rebind_a, .may_excuse = true },
	{ .name = "rebind of B", .act = rebind_b, .may_excuse = true },
	{ .name = "stop and start of A", .act = stop_start_a, .may_excuse = true },
	{ .name = "stop and start of B", .act = stop_start_b, .may_excuse = true },
	{ .name = "queues of A off and on", .act = queues_a },
	{ .name = "queues of B off and on", .act = queues_b },
};

const struct scenario_kind scenario_reset = {
	.name = "reset",
	.help = "reset, rebind, stop and start, queues disabled and enabled",
	.nb_devices = 2,
	.plans = plans,
	.nb_plans = BASE_ARRAY_SIZE(plans),
};
