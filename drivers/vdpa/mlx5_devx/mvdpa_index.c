/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the used index is the only one that both sides can see (it is in guest
 * memory), so it is what survives. The card re-reads the available ring from memory; its available
 * index says how far it had fetched, not what is done. Going on at A when U is behind would leave
 * U..A-1 unreturned for ever; going on at U does them again (virtio 1.2, 2.7.8 and 2.7.14).
 *
 * vhost is always told (U, U): it answers GET_VRING_BASE with the available part, and whoever
 * continues from that number must lose nothing.
 *
 * At the start the ring is asked again. A front-end may give a running queue another ring
 * (SET_VRING_ADDR, then SET_VRING_KICK): what was published when the old one stopped says nothing
 * of the new one.
 */
#include "mvdpa_index.h"

void
mvdpa_index_at_stop(struct mvdpa_index hw, uint16_t used_idx, struct mvdpa_index_stop *stop)
{
	stop->memory_differs = hw.used != used_idx;
	stop->saved = (struct mvdpa_index){ .avail = hw.avail, .used = used_idx };
	stop->publish = (struct mvdpa_index){ .avail = used_idx, .used = used_idx };
	stop->in_flight = stop->saved.avail != stop->saved.used;
}

void
mvdpa_index_from_memory(uint16_t used_idx, struct mvdpa_index_stop *stop)
{
	mvdpa_index_at_stop((struct mvdpa_index){ used_idx, used_idx }, used_idx, stop);
}

struct mvdpa_index
mvdpa_index_at_start(const struct mvdpa_index_start *start)
{
	struct mvdpa_index base = { .avail = start->used_idx, .used = start->used_idx };

	if (start->policy != MVDPA_INDEX_SAVED || !start->same_life)
		return base;
	/* Another number from vhost means that somebody decided since: it counts, not the past. */
	if (start->base.used != start->saved.used || start->base.avail != start->saved.used ||
			start->used_idx != start->saved.used)
		return base;
	/* More in flight than the ring holds cannot be. */
	if ((uint16_t)(start->saved.avail - start->saved.used) > start->size)
		return base;
	return start->saved;
}
