/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: two tables. `arcs` is what firmware allows (rows: from, bits: to). `next`
 * is the way to a wish; each of its entries is the state itself or one arc, which a test proves
 * over all pairs, as well as that every way ends.
 *
 * Whether an object that waits can be made ready depends on the card and on what has changed since
 * it was made; where it cannot, the way leads over ABSENT.
 */
#include "mvdpa_virtq_state.h"

#include <stddef.h>

#define TO(state) (1u << MVDPA_VIRTQ_##state)

static const unsigned int arcs[MVDPA_VIRTQ_NB_STATES] = {
	[MVDPA_VIRTQ_ABSENT] = TO(INIT),
	[MVDPA_VIRTQ_INIT] = TO(READY) | TO(ABSENT),
	[MVDPA_VIRTQ_READY] = TO(SUSPENDED) | TO(ERROR),
	[MVDPA_VIRTQ_SUSPENDED] = TO(READY) | TO(ABSENT),
	[MVDPA_VIRTQ_ERROR] = TO(ABSENT),
};

#define S(state) MVDPA_VIRTQ_##state

static const enum mvdpa_virtq_state next[MVDPA_VIRTQ_NB_STATES][MVDPA_VIRTQ_NB_WANTED] = {
	/* wanted:                ABSENT        INIT          READY         SUSPENDED */
	[MVDPA_VIRTQ_ABSENT] = { S(ABSENT), S(INIT), S(INIT), S(ABSENT) },
	[MVDPA_VIRTQ_INIT] = { S(ABSENT), S(INIT), S(READY), S(INIT) },
	[MVDPA_VIRTQ_READY] = { S(SUSPENDED), S(SUSPENDED), S(READY), S(SUSPENDED) },
	[MVDPA_VIRTQ_SUSPENDED] = { S(ABSENT), S(ABSENT), S(READY), S(SUSPENDED) },
	[MVDPA_VIRTQ_ERROR] = { S(ABSENT), S(ABSENT), S(ABSENT), S(ERROR) },
};

const char *
mvdpa_virtq_state_name(enum mvdpa_virtq_state state)
{
	static const char *const names[MVDPA_VIRTQ_NB_STATES] = {
		[MVDPA_VIRTQ_ABSENT] = "ABSENT",
		[MVDPA_VIRTQ_INIT] = "INIT",
		[MVDPA_VIRTQ_READY] = "READY",
		[MVDPA_VIRTQ_SUSPENDED] = "SUSPENDED",
		[MVDPA_VIRTQ_ERROR] = "ERROR",
	};

	return (unsigned int)state < MVDPA_VIRTQ_NB_STATES ? names[state] : "state?";
}

bool
mvdpa_virtq_arc(enum mvdpa_virtq_state from, enum mvdpa_virtq_state to)
{
	return (unsigned int)from < MVDPA_VIRTQ_NB_STATES &&
			(unsigned int)to < MVDPA_VIRTQ_NB_STATES && (arcs[from] >> to & 1) != 0;
}

enum mvdpa_virtq_state
mvdpa_virtq_next(enum mvdpa_virtq_state state, enum mvdpa_virtq_wanted wanted, bool fits)
{
	enum mvdpa_virtq_state to = next[state][wanted];

	return to == MVDPA_VIRTQ_READY && state != MVDPA_VIRTQ_READY && !fits ? MVDPA_VIRTQ_ABSENT :
										to;
}
