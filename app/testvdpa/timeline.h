/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Traffic over time: a thread of its own reads counters at equal intervals and keeps them. Memory is
 * bounded: when it is used up the interval doubles, so hours fit as well as seconds. What is kept:
 * timeline_data.h.
 *
 * All functions may be called by any thread, but create and destroy, which are one thread's.
 */
#ifndef TIMELINE_H
#define TIMELINE_H

#include <guest_ledger.h>

#include "timeline_data.h"

#define TIMELINE_INTERVAL_NS 10000000ULL /**< unless said otherwise: 10 ms */
#define TIMELINE_SAMPLES 8192 /**< unless said otherwise: 82 s before the interval doubles */

struct timeline;

/** Something that is counted. */
struct timeline_direction {
	const char *name; /**< for people, "A to B"; copied */
	/**
	 * Fills in what was sent and has arrived since a beginning of its own; neither goes down. Called
	 * by timeline_create() and then by the timeline's thread, until timeline_stop().
	 */
	void (*count)(void *arg, struct timeline_count *count);
	void *arg; /**< for @c count; not the timeline's */
};

struct timeline_attr {
	unsigned int nb_directions;
	struct timeline_direction directions[TIMELINE_DIRECTIONS_MAX];
	uint64_t interval_ns; /**< 0: TIMELINE_INTERVAL_NS */
	unsigned int max_samples; /**< even; 0: TIMELINE_SAMPLES */
};

/** Streams of a ledger: the argument of timeline_count_streams(). Lives as long as the timeline runs. */
struct timeline_streams {
	struct guest_ledger *ledger;
	uint32_t first;
	unsigned int nb;
};

/** A ready-made timeline_direction.count: sums of a range of a ledger's streams. */
void timeline_count_streams(void *streams, struct timeline_count *count);

/**
 * Begins: time 0 and count 0 are now.
 * @return 0, -EINVAL, -ENOMEM, or what kept the timer or the thread from being made
 */
int timeline_create(const struct timeline_attr *attr, struct timeline **timeline);

/** Takes a last sample and ends the thread; what was kept stays. A second time does nothing. */
void timeline_stop(struct timeline *timeline);

/** Stops and frees it; NULL is fine. */
void timeline_destroy(struct timeline *timeline);

/** base_clock_ns() as the timeline's time; 0 for what was before its beginning. */
uint64_t timeline_ns(const struct timeline *timeline, uint64_t clock_ns);

/** Copies what there is so far; the caller calls timeline_data_fini(). @return 0, -ENOMEM. */
int timeline_copy(struct timeline *timeline, struct timeline_data *copy);

#endif /* TIMELINE_H */
