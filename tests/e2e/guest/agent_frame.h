/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A numbered Ethernet frame whose every byte can be checked. Pure.
 *
 * A UDP packet over IPv4: number n belongs to stream n modulo AGENT_FRAME_STREAMS, and each stream
 * has a port of its own, so that a card and a kernel with many queues spread them. Behind the
 * headers, in network order: magic, epoch (32 bits each), number (64), the longest length that
 * the sender makes, the frame's own (16 each), then bytes that follow from these and their place.
 */
#ifndef AGENT_FRAME_H
#define AGENT_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define AGENT_FRAME_MIN 96
#define AGENT_FRAME_MAX 9014
#define AGENT_FRAME_USUAL 1514 /* longest of a network with the usual MTU */
#define AGENT_FRAME_STREAMS 64

/** What a frame says of itself. */
struct agent_frame {
	uint32_t epoch; /**< the sender's life: numbers begin anew with each */
	uint64_t number; /**< from 0 */
	uint16_t longest; /**< bytes of the sender's longest frames */
};

enum agent_frame_verdict {
	AGENT_FRAME_OURS,
	AGENT_FRAME_FOREIGN, /**< not one of these frames */
	AGENT_FRAME_CORRUPT, /**< one of these, but not as it was sent */
};

/**
 * Makes a frame; its length varies with its number.
 * @param buf at least frame->longest bytes
 * @return length in bytes
 */
size_t agent_frame_make(uint8_t *buf, const uint8_t dst[6], const uint8_t src[6],
		const struct agent_frame *frame);

/** Checks @p len bytes at @p buf; @p frame is set for AGENT_FRAME_OURS only. */
enum agent_frame_verdict
agent_frame_check(const uint8_t *buf, size_t len, struct agent_frame *frame);

#endif /* AGENT_FRAME_H */
