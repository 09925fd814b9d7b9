/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: flows at random, one after the other, on both guests (flow_soak.h): which
 * ones comes from the seed and from what can be done. A step is a handful of them, so that each
 * has its account; the seed of each is the user's plus its number.
 */
#include <base_math.h>

#include "scenario_act.h"

static int
soak_some(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	return scenario_act_soak(play, step);
}

#define SOAK_STEP(n)                                                             \
	{                                                                        \
		.name = "random flows " n, .act = soak_some, .may_excuse = true, \
		.may_duplicate = true                                            \
	}

static const struct scenario_plan plans[] = {
	SOAK_STEP("I"),
	SOAK_STEP("II"),
};

const struct scenario_kind scenario_soak = {
	.name = "soak",
	.help = "flows at random, by the seed",
	.nb_devices = 2,
	.plans = plans,
	.nb_plans = BASE_ARRAY_SIZE(plans),
};
