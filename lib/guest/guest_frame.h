/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A numbered Ethernet frame: whoever receives it can tell which one it is and whether any byte of
 * it was changed on the way. Pure functions, any thread.
 *
 * Behind the Ethernet header (EtherType GUEST_FRAME_ETHERTYPE) all fields are big endian: magic
 * (32 bits), stream (32), sequence number (64), frame length (16), 0 (16), check sum of the frame's
 * bytes before it (32). The rest is a pattern made from stream and sequence number.
 */
#ifndef GUEST_FRAME_H
#define GUEST_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define GUEST_FRAME_ETHERTYPE 0x88b5u /**< IEEE 802 local experimental 1 */
#define GUEST_FRAME_MIN 60u /**< smallest frame, without FCS */
#define GUEST_FRAME_MAX 1514u /**< largest frame, without FCS */
#define GUEST_FRAME_MAC_LEN 6u

/** Which frame it is. */
struct guest_frame {
	uint8_t dst[GUEST_FRAME_MAC_LEN];
	uint8_t src[GUEST_FRAME_MAC_LEN];
	uint32_t stream;
	uint64_t seq;
};

/** What guest_frame_check() finds. */
enum guest_frame_verdict {
	GUEST_FRAME_OK, /**< whole */
	GUEST_FRAME_ALIEN, /**< not ours: another EtherType */
	GUEST_FRAME_TORN, /**< ours, its header is whole, but not its length or its pattern */
	GUEST_FRAME_WRECK, /**< our EtherType, but the header is damaged: which one is not known */
};

/** Writes the frame @p frame of @p len bytes (GUEST_FRAME_MIN to GUEST_FRAME_MAX) to @p buf. */
void guest_frame_build(void *buf, size_t len, const struct guest_frame *frame);

/**
 * Turns a whole or torn frame of @p len bytes round, so that it goes back to its sender, where
 * guest_frame_check() finds the same as here: sender and receiver are exchanged, stream, number and
 * pattern stay.
 */
void guest_frame_turn(void *buf, size_t len);

/** Reads a frame of @p len bytes; fills @p frame unless the verdict is ALIEN or WRECK. */
enum guest_frame_verdict guest_frame_check(const void *buf, size_t len, struct guest_frame *frame);

#endif /* GUEST_FRAME_H */
