/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what a guest's kernel and its user do to a device that stays: reset, another
 * driver, stop and start, queues disabled and enabled. A reset begins the rings anew, at 0; all
 * others must go on where they were. While a machine is reset or stopped, what is sent to it may be
 * gone; what it had sent is not.
 */
#include <base_math.h>

#include "scenario_act.h"

static const struct scenario_plan plans[] = {
	{ .name = "traffic" },
	{ .name = "reset of A", .act = scenario_act_reset, .may_excuse = true },
	{ .name = "reset of B",
			.act = scenario_act_reset,
			.guest = SCENARIO_B,
			.may_excuse = true },
	{ .name = "rebind of A", .act = scenario_act_rebind, .may_excuse = true },
	{ .name = "rebind of B",
			.act = scenario_act_rebind,
			.guest = SCENARIO_B,
			.may_excuse = true },
	{ .name = "stop and start of A", .act = scenario_act_stop_start, .may_excuse = true },
	{ .name = "stop and start of B",
			.act = scenario_act_stop_start,
			.guest = SCENARIO_B,
			.may_excuse = true },
	{ .name = "queues of A off and on", .act = scenario_act_queues },
	{ .name = "queues of B off and on", .act = scenario_act_queues, .guest = SCENARIO_B },
};

const struct scenario_kind scenario_reset = {
	.name = "reset",
	.help = "reset, rebind, stop and start, queues disabled and enabled",
	.nb_devices = 2,
	.plans = plans,
	.nb_plans = BASE_ARRAY_SIZE(plans),
};
