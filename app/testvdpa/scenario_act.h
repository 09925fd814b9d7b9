/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What steps do to a guest: one flow each, measured and put into the step. One thread.
 *
 * Every function: @return 0; -errno, with a fault in the step that says what did not work.
 */
#ifndef SCENARIO_ACT_H
#define SCENARIO_ACT_H

#include "scenario_play.h"

/** Guests by their place in struct scenario_play. */
enum {
	SCENARIO_A,
	SCENARIO_B
};

/** The guest's driver resets the device and begins anew. */
int scenario_act_reset(struct scenario_play *play, struct scenario_step *step, unsigned int g);
/** As a reset, with features negotiated anew: another driver is bound. */
int scenario_act_rebind(struct scenario_play *play, struct scenario_step *step, unsigned int g);
/** The machine is stopped and goes on. */
int scenario_act_stop_start(struct scenario_play *play, struct scenario_step *step, unsigned int g);
/** Each queue is disabled and enabled, one after the other. */
int scenario_act_queues(struct scenario_play *play, struct scenario_step *step, unsigned int g);

/** Memory that was added to a guest comes and goes. */
int scenario_act_hot_add(struct scenario_play *play, struct scenario_step *step, unsigned int g);
/** The latest added goes. */
int scenario_act_unplug(struct scenario_play *play, struct scenario_step *step, unsigned int g);
/** The latest added gets another file. */
int scenario_act_remap(struct scenario_play *play, struct scenario_step *step, unsigned int g);
/** Regions that the guest's memory table has room for. */
unsigned int scenario_act_room(const struct scenario_play *play, unsigned int g);
/** Regions that were added and are there. */
unsigned int scenario_act_added(const struct scenario_play *play, unsigned int g);

/**
 * The front-end dies; its next life dies before message number @p message of its start (0: does
 * not), and the one after that runs.
 */
int scenario_act_kill(struct scenario_play *play, struct scenario_step *step, unsigned int g,
		unsigned int message);

/** A virtqueue breaks (needs a card, see card_used.h), and its driver repairs it. */
int scenario_act_error(struct scenario_play *play, struct scenario_step *step, unsigned int g,
		unsigned int queue);

/** The guest moves to another device, with its memory. */
int scenario_act_migrate(struct scenario_play *play, struct scenario_step *step, unsigned int g,
		unsigned int port);
/** It is to move, but goes on where it is. */
int
scenario_act_migrate_fail(struct scenario_play *play, struct scenario_step *step, unsigned int g);

/** A handful of flows at random, on both guests. */
int scenario_act_soak(struct scenario_play *play, struct scenario_step *step);

/** Messages that a front-end sends to connect and start, about. */
unsigned int scenario_act_messages(const struct scenario_play *play);

#endif /* SCENARIO_ACT_H */
