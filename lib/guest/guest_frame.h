/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A numbered Ethernet frame: whoever receives it can tell which one it is and whether any byte of
 * it was changed on the way. Pure functions, any thread.
 *
 * It is an IPv4 packet with UDP and both check sums right, so that a card treats it like anybody's
 * traffic. Its addresses are 198.18.x.y (RFC 2544, for benchmarks) with the last two bytes of the
 * MAC addresses; each stream has a source port of its own (guest_frame_port()), so that a card
 * that spreads by addresses and ports (RSS) spreads the streams, and keeps each in one queue.
 *
 * UDP carries, big endian: magic (32 bits), stream (16), sequence number (64), check sum of the
 * frame's bytes before it, the UDP check sum taken as 0 (32). The rest is a pattern made from
 * stream and sequence number.
 */
#ifndef GUEST_FRAME_H
#define GUEST_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_FRAME_PORT 18357u /**< destination port of all */
#define GUEST_FRAME_PORT_FIRST 49152u /**< lowest source port, stream 0's */
#define GUEST_FRAME_MAX_STREAMS 16384u /**< one source port each */
#define GUEST_FRAME_MIN 60u /**< smallest frame, without FCS: headers and no pattern */
#define GUEST_FRAME_MAX 1514u /**< largest frame, without FCS */
#define GUEST_FRAME_MAC_LEN 6u

/** Which frame it is. */
struct guest_frame {
	uint8_t dst[GUEST_FRAME_MAC_LEN];
	uint8_t src[GUEST_FRAME_MAC_LEN];
	uint32_t stream; /**< below GUEST_FRAME_MAX_STREAMS */
	uint64_t seq;
};

/** What guest_frame_check() finds. */
enum guest_frame_verdict {
	GUEST_FRAME_OK, /**< whole */
	GUEST_FRAME_ALIEN, /**< not ours: guest_frame_ours() is false */
	GUEST_FRAME_TORN, /**< its headers are whole, but not its length, pattern or UDP check sum */
	GUEST_FRAME_WRECK, /**< ours, but the headers are damaged: which one is not known */
};

/**
 * The source port of @p stream. Streams n * k to n * k + n - 1, where n is a power of two up to 16,
 * fall on n different queues of n: under the Toeplitz keys that are common (0x6d5a repeated,
 * Microsoft's, mlx5's), consecutive ports would not.
 */
uint16_t guest_frame_port(uint32_t stream);

/** Writes the frame @p frame of @p len bytes (GUEST_FRAME_MIN to GUEST_FRAME_MAX) to @p buf. */
void guest_frame_build(void *buf, size_t len, const struct guest_frame *frame);

/**
 * Turns a whole or torn frame of @p len bytes round, so that it goes back to its sender, where
 * guest_frame_check() finds the same as here: sender and receiver are exchanged, ports, stream,
 * number and pattern stay.
 */
void guest_frame_turn(void *buf, size_t len);

/** Whether a frame of @p len bytes is UDP over IPv4 for GUEST_FRAME_PORT. */
bool guest_frame_ours(const void *buf, size_t len);

/** Reads a frame of @p len bytes; fills @p frame unless the verdict is ALIEN or WRECK. */
enum guest_frame_verdict guest_frame_check(const void *buf, size_t len, struct guest_frame *frame);

#endif /* GUEST_FRAME_H */
