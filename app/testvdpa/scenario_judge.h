/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What is right and what is a fault: accounts of packets and descriptors, errors that the guests'
 * drivers saw, indices. One thread.
 */
#ifndef SCENARIO_JUDGE_H
#define SCENARIO_JUDGE_H

#include "scenario_play.h"

/** Fills both directions' accounts of ledger phase @p phase, and judges them by the plan. */
void scenario_judge_traffic(struct scenario_play *play, struct scenario_step *step,
		unsigned int phase, const struct scenario_plan *plan);

/** Names what the guests' drivers saw since the last step, descriptors included; the step's rows of
 * queues must be there. */
void scenario_judge_guests(struct scenario_play *play, struct scenario_step *step);

#endif /* SCENARIO_JUDGE_H */
