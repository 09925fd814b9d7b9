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
 *
 * A packed ring has no index in memory, only descriptors, and those that a chain consisted of but
 * the first cannot be told from free ones (2.8.6): U cannot be read there. So whoever knows counts:
 * the card when it answers, vhost otherwise (virtq_save_from_memory_locked()).
 */
#include "mvdpa_index.h"

uint16_t
mvdpa_index_in_flight(struct mvdpa_index index, enum prm_virtq_type type, uint16_t ring_size)
{
	unsigned int nb = (uint16_t)(index.avail - index.used);

	if (type == PRM_VIRTQ_PACKED) {
		/* A different wrap counter: A is a round ahead. */
		nb = (index.avail & 0x7fffu) - (index.used & 0x7fffu);
		if ((index.avail ^ index.used) >> 15 != 0)
			nb += ring_size;
	}
	return nb > ring_size ? UINT16_MAX : (uint16_t)nb;
}

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
	if (mvdpa_index_in_flight(start->saved, start->type, start->size) > start->size)
		return base;
	return start->saved;
}
