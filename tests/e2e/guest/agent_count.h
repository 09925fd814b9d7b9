/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Exact accounting of numbered frames: a bit for each number. Pure.
 */
#ifndef AGENT_COUNT_H
#define AGENT_COUNT_H

#include <stdint.h>

#define AGENT_COUNT_MAX (1u << 22) /* numbers that can be told apart in one epoch */
#define AGENT_COUNT_STREAMS 64 /* number n is of stream n modulo this one */

/** The receiver's book of one epoch of its peer. */
struct agent_count {
	uint32_t epoch; /**< the one that counts */
	uint64_t unique; /**< different numbers seen */
	uint64_t duplicated; /**< frames whose number had been seen */
	uint64_t reordered; /**< new numbers below one seen before */
	uint64_t reordered_in_stream; /**< the same within a stream: all that many queues keep */
	uint64_t corrupt; /**< as agent_frame_check() says */
	uint64_t stale; /**< frames of another epoch */
	uint64_t beyond; /**< numbers too big for the book: must be 0 */
	uint64_t next; /**< highest number seen + 1 */
	uint64_t stream_next[AGENT_COUNT_STREAMS]; /**< the same of each stream */
	uint64_t last_ns; /**< when the last good frame came, or the mark was set; 0: neither */
	uint64_t gap_ns; /**< longest time between two good frames since the mark */
	uint8_t seen[AGENT_COUNT_MAX / 8];
};

/** Begins the book of @p epoch. */
void agent_count_reset(struct agent_count *count, uint32_t epoch);

/** Begins a new measurement of the longest gap. */
void agent_count_mark(struct agent_count *count, uint64_t now_ns);

/** Enters a good frame that came at @p now_ns. */
void agent_count_frame(struct agent_count *count, uint32_t epoch, uint64_t number, uint64_t now_ns);

/** How many of the numbers @p from to @p to - 1 have not been seen. */
uint64_t agent_count_missing(const struct agent_count *count, uint64_t from, uint64_t to);

#endif /* AGENT_COUNT_H */
