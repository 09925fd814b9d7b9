/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: A moves to the third device and back, with its memory copied page by page by
 * what the dirty logs say, while B goes on sending to it; and once it is to move, but does not. What
 * neither log noted is a fault of the flow (flow_migrate.h).
 */
#include <base_math.h>

#include "scenario_act.h"

#define MIGRATE_HOME 0 /* ports */
#define MIGRATE_SPARE 2

static int
migrate_there(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	return scenario_act_migrate(play, step, guest, MIGRATE_SPARE);
}

static int
migrate_back(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	return scenario_act_migrate(play, step, guest, MIGRATE_HOME);
}

static const struct scenario_plan plans[] = {
	{ .name = "A to the third device", .act = migrate_there, .may_excuse = true },
	{ .name = "A stays after all", .act = scenario_act_migrate_fail, .may_excuse = true },
	{ .name = "A back to its device", .act = migrate_back, .may_excuse = true },
};

const struct scenario_kind scenario_migrate = {
	.name = "migrate",
	.help = "A moves to a third device and back, with its memory",
	.nb_devices = 3,
	.plans = plans,
	.nb_plans = BASE_ARRAY_SIZE(plans),
};
