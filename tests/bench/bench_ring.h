/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The cheapest guest there can be: a transmit and a receive ring, split or packed, whose buffers
 * never change place, filled and looked at by one thread. Frames carry a number that the receiver
 * checks. What a frame costs here is the same for every back-end.
 */
#ifndef BENCH_RING_H
#define BENCH_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_mem.h"
#include "guest_vring.h"

#define BENCH_RING_SIZE 256u
/** As a packet buffer with its metadata; a power of two would put all frames into the same few sets
 * of the caches. */
#define BENCH_BUF_SIZE 2304u
#define BENCH_HDR 12u
#define BENCH_SEQ_OFF 48u /**< where a frame has its number; frames are of 64 bytes or more */

struct bench_ring {
	bool packed, receives;
	uint32_t frame_len;
	uint8_t *desc, *driver, *device, *bufs;
	uint64_t desc_gpa, driver_gpa, device_gpa, bufs_gpa;
	uint16_t avail, used; /**< split: indices; packed: slots, counted on */
	uint64_t seq; /**< number of the next frame */
	uint64_t lost; /**< numbers that were passed over */
	uint64_t wrong; /**< received twice or out of order */
};

/** Lays out ring and buffers in @p mem. @return 0 or what guest_mem_alloc() says. */
int bench_ring_init(struct bench_ring *ring, struct guest_mem *mem, bool packed, bool receives);
/** Writes all frames' headers; for a ring that sends, from station @p from to station @p to. */
void bench_ring_frames(struct bench_ring *ring, uint32_t len, uint8_t from, uint8_t to);
/** What the back-end has to know. */
void bench_ring_addr(const struct bench_ring *ring, struct guest_vring_addr *addr);
/** VRING_BASE of a ring at its beginning. */
uint16_t bench_ring_base(const struct bench_ring *ring);
/** Takes back up to @p max entries, checks them (receiver), and offers them anew. @return how many. */
unsigned int bench_ring_turn(struct bench_ring *ring, unsigned int max);
/** Offers @p nb buffers, at most BENCH_RING_SIZE; to be called once. */
void bench_ring_fill(struct bench_ring *ring, uint32_t nb);
/** Does the device want to be told of what was offered? */
bool bench_ring_wants_kick(const struct bench_ring *ring);

#endif /* BENCH_RING_H */
