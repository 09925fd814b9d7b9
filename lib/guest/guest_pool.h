/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Packet buffers of one size, cut from one piece of guest memory in a region of our choice, so that
 * it is known which region a device must reach. A pool belongs to one thread at a time.
 */
#ifndef GUEST_POOL_H
#define GUEST_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_mem.h"

#define GUEST_POOL_SLOT_SIZE 2048u /**< bytes of a buffer: virtio-net header and a whole frame */

struct guest_pool;

/** One buffer. */
struct guest_slot {
	uint8_t *hva;
	uint64_t gpa;
	struct guest_pool *pool; /**< where it goes back to */
	struct guest_slot *next; /**< free list */
	uint64_t seq; /**< for its user: the frame that it holds */
	uint32_t stream;
};

/** Account; any thread may read it, figures may be of different moments. */
struct guest_pool_stats {
	uint64_t region; /**< GPA of the region that was asked for */
	uint64_t received; /**< buffers that the device filled */
	uint64_t sent; /**< buffers that the device read */
	uint32_t nb_slots, nb_out; /**< buffers, and how many are in use */
};

/** @p region: GPA where it starts, or GUEST_MEM_ANY. @return 0, -ENOMEM, -ENOENT. */
int guest_pool_create(struct guest_mem *mem, uint64_t region, uint32_t nb_slots,
		struct guest_pool **pool);

/** Frees the memory; all buffers must be back (assert). NULL is fine. */
void guest_pool_destroy(struct guest_pool *pool);

/** A free buffer, NULL when there is none. */
struct guest_slot *guest_pool_get(struct guest_pool *pool);

/** Buffers that are free. */
uint32_t guest_pool_room(const struct guest_pool *pool);

/** Gives a buffer back to the pool that it is from. */
void guest_pool_put(struct guest_slot *slot);

/** Books that the device wrote, or read, the buffer. */
void guest_pool_note_received(struct guest_slot *slot);
void guest_pool_note_sent(struct guest_slot *slot);

/** Is [@p gpa, @p gpa + @p len) touched by a buffer of @p pool? */
bool guest_pool_touches(const struct guest_pool *pool, uint64_t gpa, uint64_t len);

void guest_pool_stats(const struct guest_pool *pool, struct guest_pool_stats *stats);

#endif /* GUEST_POOL_H */
