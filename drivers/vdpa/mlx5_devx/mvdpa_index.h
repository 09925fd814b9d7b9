/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The index rule: what is kept of a ring's place when its queue stops, what vhost is told, and
 * where the queue goes on. Pure.
 *
 * A = hw_available_index, U = hw_used_index. In a split ring both are free-running 16-bit counters;
 * in a packed one a position in bits 0 to 14 and the wrap counter in bit 15, as vhost has them, too.
 */
#ifndef MVDPA_INDEX_H
#define MVDPA_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "prm_cmd.h"

/** Where a queue that stopped with A != U goes on. */
enum mvdpa_index_policy {
	/** At (U, U): what was fetched but not returned is done again. Nothing is lost; a packet
	 * may be sent twice. */
	MVDPA_INDEX_USED,
	/** At (A, U), for firmware that keeps what is in flight. */
	MVDPA_INDEX_SAVED,
};

struct mvdpa_index {
	uint16_t avail, used;
};

/** Entries that were fetched and not returned, 65535 if that cannot be. */
uint16_t
mvdpa_index_in_flight(struct mvdpa_index index, enum prm_virtq_type type, uint16_t ring_size);

/** What a stopped queue leaves behind. */
struct mvdpa_index_stop {
	struct mvdpa_index saved; /**< A and U, as far as memory agrees */
	struct mvdpa_index publish; /**< for rte_vhost_set_vring_base() */
	bool in_flight; /**< A != U */
	bool memory_differs; /**< the card's U was not the ring's; the ring's was taken */
};

/** @param used_idx the used index in guest memory (mvdpa_ring_used_idx()), read after the queue
 * stopped. */
void mvdpa_index_at_stop(struct mvdpa_index hw, uint16_t used_idx, struct mvdpa_index_stop *stop);
/** The same when the card gave no indices: memory is all there is. */
void mvdpa_index_from_memory(uint16_t used_idx, struct mvdpa_index_stop *stop);

/** What decides where a queue starts. */
struct mvdpa_index_start {
	enum mvdpa_index_policy policy;
	struct mvdpa_index base; /**< what vhost says (rte_vhost_get_vring_base()) */
	uint16_t used_idx; /**< what the ring itself says (mvdpa_ring_used_idx()) */
	struct mvdpa_index saved; /**< of the last stop */
	bool same_life; /**< @c saved belongs to the ring that is to be started */
	uint16_t size; /**< of the ring */
	enum prm_virtq_type type; /**< of the ring */
};

/**
 * Where the queue starts: at the ring's own used index, which is vhost's base unless the ring was
 * exchanged under us; vhost's rule for split rings is the same (a base that differs gives way).
 */
struct mvdpa_index mvdpa_index_at_start(const struct mvdpa_index_start *start);

#endif /* MVDPA_INDEX_H */
