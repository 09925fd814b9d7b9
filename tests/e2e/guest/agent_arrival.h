/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * When the last frames came, and how many of its own the guest had sent by then. Pure.
 */
#ifndef AGENT_ARRIVAL_H
#define AGENT_ARRIVAL_H

#include <stdint.h>

#define AGENT_ARRIVAL_MAX 32768u /* frames that are remembered */

/** A frame that came. */
struct agent_arrival {
	uint64_t ns; /**< when */
	uint64_t sent; /**< own frames sent before it came */
};

/** The last ones; zeroed it is empty. */
struct agent_arrivals {
	uint64_t nb; /**< that came, also those that are forgotten */
	struct agent_arrival last[AGENT_ARRIVAL_MAX];
};

/** Enters a frame; times do not decrease. */
void agent_arrival_enter(struct agent_arrivals *log, const struct agent_arrival *arrival);

/**
 * The longest silence of those that have a moment in common with @p from_ns to @p to_ns.
 * @param[out] before the frame that came before it
 * @param[out] after the one that ended it
 * @return 0, or -ENOENT: there is none between frames that are remembered
 */
int agent_arrival_silence(const struct agent_arrivals *log, uint64_t from_ns, uint64_t to_ns,
		struct agent_arrival *before, struct agent_arrival *after);

#endif /* AGENT_ARRIVAL_H */
