/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what breaks: A's front-end dies, and dies again in the middle of its next
 * start, at a message here and a message there; rings are used further by the life that follows, at
 * the used index that the guest's memory has. A queue breaks, which only an emulated card can be
 * asked for: what was in flight is processed again, so that it may come twice.
 */
#include <base_math.h>

#include "card_used.h"
#include "scenario_act.h"

#define RECOVER_PARTS 8 /* of a start, at whose borders the front-end dies */

static int
recover_kill(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	return scenario_act_kill(play, step, guest, 0);
}

/* At the borders of half of the parts of a start, from number @first on. */
static int
recover_spread(struct scenario_play *play, struct scenario_step *step, unsigned int guest,
		unsigned int first)
{
	int ret = 0;

	for (unsigned int i = first; i < first + RECOVER_PARTS / 2 && ret == 0; i++)
		ret = scenario_act_kill(play, step, guest,
				1 + i * scenario_act_messages(play) / RECOVER_PARTS);
	return ret;
}

/* While the two get to know each other. */
static int
recover_kill_early(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	return recover_spread(play, step, guest, 0);
}

/* While memory and rings are handed over. */
static int
recover_kill_late(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	return recover_spread(play, step, guest, RECOVER_PARTS / 2);
}

static const char *
recover_no_card(const struct scenario_play *play)
{
	return card_used() == NULL ? "needs an emulated card (--card SOCKET)" : NULL;
}

static int
recover_rx_error(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	return scenario_act_error(play, step, guest, 0);
}

static int
recover_tx_error(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	return scenario_act_error(play, step, guest, 1);
}

/* The last pair's. */
static int
recover_last_errors(struct scenario_play *play, struct scenario_step *step, unsigned int guest)
{
	unsigned int last = 2 * play->attr->queue_pairs - 1;
	int ret = scenario_act_error(play, step, guest, last - 1);

	return ret == 0 ? scenario_act_error(play, step, guest, last) : ret;
}

static const struct scenario_plan plans[] = {
	{ .name = "death", .act = recover_kill, .may_excuse = true },
	{ .name = "death in a connection", .act = recover_kill_early, .may_excuse = true },
	{ .name = "death in a start", .act = recover_kill_late, .may_excuse = true },
	{ .name = "error of A's rx0",
			.skip = recover_no_card,
			.act = recover_rx_error,
			.may_duplicate = true },
	{ .name = "error of A's tx0",
			.skip = recover_no_card,
			.act = recover_tx_error,
			.may_duplicate = true },
	{ .name = "errors of B's last pair",
			.skip = recover_no_card,
			.act = recover_last_errors,
			.guest = SCENARIO_B,
			.may_duplicate = true },
};

const struct scenario_kind scenario_recover = {
	.name = "recover",
	.help = "front-ends that die and come again, queues that break",
	.nb_devices = 2,
	.plans = plans,
	.nb_plans = BASE_ARRAY_SIZE(plans),
};
