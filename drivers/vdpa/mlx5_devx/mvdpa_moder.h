/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * When the completion queues are looked at next, in the modes in which a timer says so. Pure.
 */
#ifndef MVDPA_MODER_H
#define MVDPA_MODER_H

#include <stdbool.h>
#include <stdint.h>

#include "mvdpa_args.h"

/** The longest delay that a dynamic timer grows to. */
#define MVDPA_MODER_MAX_US 1000000u

/** What the user asked for (device arguments event_mode, event_us, no_traffic_time). */
struct mvdpa_moder_conf {
	enum mvdpa_event_mode mode;
	uint32_t event_us; /**< fixed timer: the delay; dynamic timer: its step, 0 counts as 1 */
	uint32_t no_traffic_time; /**< rounds without a completion that are polled all the same */
};

/** Where the timer is. */
struct mvdpa_moder {
	uint32_t delay_us; /**< until the next round; 0: at once */
	uint32_t idle; /**< rounds without a completion so far */
};

/** Is there a timer at all? */
static inline bool
mvdpa_moder_polls(const struct mvdpa_moder_conf *conf)
{
	return conf->mode != MVDPA_EVENT_INTERRUPT;
}

/** Traffic begins: the first round comes after the user's delay. */
void mvdpa_moder_begin(const struct mvdpa_moder_conf *conf, struct mvdpa_moder *moder);

/**
 * After a round in which the busiest queue had @p most completions.
 * @return true: the next round comes in moder->delay_us; false: there is no traffic any more, the
 * card has to be asked for an event.
 */
bool
mvdpa_moder_next(const struct mvdpa_moder_conf *conf, struct mvdpa_moder *moder, uint32_t most);

#endif /* MVDPA_MODER_H */
