/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: memory comes and goes under A while packets run, until its table is full and
 * back to the beginning; every queue must go on at the used index where it was stopped, nothing is
 * excused, and the device must use what was added.
 */
#include <inttypes.h>
#include <stdlib.h>

#include <base_math.h>

#include "scenario_act.h"

static int
hotplug_add_all(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	int ret = 0;

	while (ret == 0 && scenario_act_room(play, guest) > 0)
		ret = scenario_act_hot_add(play, step, guest);
	return ret;
}

static int
hotplug_unplug_all(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	int ret = 0;

	while (ret == 0 && scenario_act_added(play, guest) > 0)
		ret = scenario_act_unplug(play, step, guest);
	return ret;
}

/* The device must have read and written the new memory. */
static void
hotplug_used(struct scenario_play *play, struct scenario_step *step)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats)); /* large */
	const struct guest_pool_stats *pool;

	if (stats == NULL)
		return;
	guest_vm_stats(play->guests[SCENARIO_A].vm->guest, stats);
	pool = &stats->pools[stats->nb_pools - 1];
	if (stats->nb_pools < 2 || pool->received == 0 || pool->sent == 0)
		scenario_step_fault(step,
				"the device did not use the added memory (%" PRIu64
				" received into it, %" PRIu64 " sent from it)",
				pool->received, pool->sent);
	free(stats);
}

static const struct scenario_plan plans[] = {
	{ .name = "hot-add", .act = scenario_act_hot_add, .judge = hotplug_used },
	{ .name = "remap", .act = scenario_act_remap, .judge = hotplug_used },
	{ .name = "unplug", .act = scenario_act_unplug },
	{ .name = "hot-add to the limit", .act = hotplug_add_all, .judge = hotplug_used },
	{ .name = "remap with a full table", .act = scenario_act_remap, .judge = hotplug_used },
	{ .name = "unplug of all", .act = hotplug_unplug_all },
};

const struct scenario_kind scenario_hotplug = {
	.name = "hotplug",
	.help = "memory comes, is put elsewhere and goes, up to a full table",
	.nb_devices = 2,
	.plans = plans,
	.nb_plans = BASE_ARRAY_SIZE(plans),
};
