/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What a timeline remembers, as plain data: packets sent and arrived by direction at points in time.
 * Pure functions; no thread, no clock, no lock: timeline.h has these.
 *
 * All times are nanoseconds since the timeline's beginning.
 */
#ifndef TIMELINE_DATA_H
#define TIMELINE_DATA_H

#include <stdbool.h>
#include <stdint.h>

#define TIMELINE_DIRECTIONS_MAX 4
#define TIMELINE_NAME_LEN 48

/** What a direction carried since the beginning, in packets. */
struct timeline_count {
	uint64_t sent, arrived;
};

/** One direction in one sample. */
struct timeline_point {
	struct timeline_count count;
	/** Arrivals per second in the slowest and the fastest of the intervals that this one is made of. */
	double low, high;
};

/** The interval from the sample before (from 0) to @c end_ns. */
struct timeline_sample {
	uint64_t end_ns;
	struct timeline_point points[TIMELINE_DIRECTIONS_MAX];
};

/** Owned by whoever allocated it; timeline_data_fini() frees what it points to. */
struct timeline_data {
	unsigned int nb_directions;
	char directions[TIMELINE_DIRECTIONS_MAX][TIMELINE_NAME_LEN];
	uint64_t interval_ns; /**< between two samples, by now */
	unsigned int max_samples, nb_samples;
	struct timeline_sample *samples; /**< ascending times */
};

/** Allocates room for @p max_samples (even, at least 2). @return 0, -EINVAL, -ENOMEM. */
int timeline_data_init(struct timeline_data *data, unsigned int max_samples, uint64_t interval_ns);
void timeline_data_fini(struct timeline_data *data);

/** A copy with as much room as it needs. @return 0, -ENOMEM. */
int timeline_data_copy(struct timeline_data *copy, const struct timeline_data *data);

/**
 * Adds a sample, @p counts by direction; ignored unless it is later than the last. When there is no
 * room, neighbours are merged first and the interval doubles.
 */
void timeline_data_add(struct timeline_data *data, uint64_t end_ns,
		const struct timeline_count counts[TIMELINE_DIRECTIONS_MAX]);

/** Merges samples 0 and 1, 2 and 3 and so on; a single one at the end stays. Doubles the interval. */
void timeline_data_merge(struct timeline_data *data);

/** End of the last sample; 0 where there is none. */
uint64_t timeline_data_end(const struct timeline_data *data);

/** Packets per second in a window. */
struct timeline_rate {
	bool known; /**< a sample covers part of the window */
	double sent, arrived; /**< mean */
	double low, high; /**< arrived, of the intervals that share time with the window */
};

/** Rates of a direction in [begin_ns, end_ns); a sample that is partly inside counts in part. */
struct timeline_rate timeline_data_rate(const struct timeline_data *data, unsigned int direction,
		uint64_t begin_ns, uint64_t end_ns);

/** A silence: nothing arrived from @c begin_ns to @c end_ns, to the resolution of the samples. */
struct timeline_gap {
	unsigned int direction;
	uint64_t begin_ns, end_ns;
};

/** Where to look for silences. */
struct timeline_window {
	unsigned int direction;
	uint64_t begin_ns, end_ns; /**< traffic was on between these */
	uint64_t min_ns; /**< shorter ones are none */
};

/**
 * Finds the silences in a window that ended with an arrival in it, the longest first. Like the
 * ledger's gaps they begin with the window at the earliest, and silence at its end is none.
 * @return how many are in @p gaps, at most @p max
 */
unsigned int timeline_data_gaps(const struct timeline_data *data,
		const struct timeline_window *window, struct timeline_gap *gaps, unsigned int max);

#endif /* TIMELINE_DATA_H */
