/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A ring and its two layouts, for guest_vring*.c.
 */
#ifndef GUEST_VRING_PRIV_H
#define GUEST_VRING_PRIV_H

#include <linux/virtio_ring.h>
#include <stddef.h>

#include "guest_vring.h"

#define GUEST_VRING_END UINT32_MAX /* no next descriptor */
#define GUEST_VRING_WRAP 0x8000u /* in the indices of packed rings, as in vhost-user's base */

/* What the device wants when something was made available. */
enum guest_vring_wish {
	GUEST_VRING_QUIET,
	GUEST_VRING_KICK,
	GUEST_VRING_CONFUSED, /* it says what cannot be: it is notified, to be safe */
};

struct guest_vring_slot {
	uint32_t next; /* of the chain, or of the free list */
	uint32_t nb_desc; /* of the chain that begins here; 0: none does */
	uint32_t in_len; /* writable bytes of the chain */
	uint64_t serial; /* of the last posting that began here, 0: never */
	void *cookie;
};

/* What depends on where things lie in guest memory. */
struct guest_vring_layout {
	/* Bytes from the beginning to the parts that SET_VRING_ADDR calls avail and used, and in all. */
	void (*measure)(uint16_t size, size_t *avail, size_t *used, size_t *all);
	/* Empties the ring at the three addresses; indices as in a new one. */
	void (*init)(struct guest_vring *vring);
	/* Writes the chain whose descriptors are the slots from @head on; @flags go to each. */
	void (*write)(struct guest_vring *vring, uint32_t head,
			const struct guest_vring_chain *chain, uint16_t flags);
	/* Writes the chain to a table. */
	void (*write_table)(struct vring_desc *table, const struct guest_vring_chain *chain);
	/* Lets the device see what was written. */
	void (*show)(struct guest_vring *vring);
	/* Does the device want to know what is available from index @from up to index @to? */
	enum guest_vring_wish (
			*wants_kick)(const struct guest_vring *vring, uint16_t from, uint16_t to);
	/* Asks for an interrupt when @ahead entries (descriptors) from the next on are behind us. */
	void (*irq_on)(struct guest_vring *vring, uint16_t ahead);
	void (*irq_off)(struct guest_vring *vring);
	bool (*has_used)(const struct guest_vring *vring);
	/* Reads the next entry, which is there; false: the used index cannot be true. */
	bool (*read)(const struct guest_vring *vring, uint32_t *id, uint32_t *len);
	/* Goes on behind an entry of @nb_desc descriptors, 0: of a chain that is unknown. */
	bool (*skip)(struct guest_vring *vring, uint32_t nb_desc);
	uint16_t (*device_used)(const struct guest_vring *vring);
};

extern const struct guest_vring_layout guest_vring_split_layout, guest_vring_packed_layout;

struct guest_vring {
	struct guest_mem *mem;
	const struct guest_vring_layout *layout;
	uint64_t gpa; /* of the allocation */
	uint16_t size;
	bool packed;
	bool event_idx;
	struct vring_desc *tables; /* GUEST_VRING_TABLE_LEN descriptors for each slot; NULL: none */
	uint64_t tables_gpa;
	union {
		struct vring_desc *desc;
		struct vring_packed_desc *packed_desc;
	};
	union {
		struct vring_avail *avail;
		struct vring_packed_desc_event *driver_event;
	};
	union {
		struct vring_used *used;
		struct vring_packed_desc_event *device_event;
	};
	uint16_t next_avail; /* index behind the last entry written; packed: with wrap counter */
	uint16_t shown_avail; /* what the device can see */
	uint16_t next_used; /* packed: with wrap counter */
	uint16_t hidden_flags; /* packed: of the descriptor at shown_avail */
	uint16_t room;
	uint16_t in_flight;
	bool broken;
	uint32_t free_head;
	uint64_t last_serial; /* of the last posting */
	uint64_t returned_serial; /* highest that came back */
	struct guest_vring_stats stats;
	struct guest_vring_slot *slots;
};

/* Is @event among the indices from @from up to, not including, @to, modulo 65536? */
static inline bool
guest_vring_split_passed(uint16_t event, uint16_t from, uint16_t to)
{
	return (uint16_t)(event - from) < (uint16_t)(to - from);
}

#endif /* GUEST_VRING_PRIV_H */
