/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A port's owner for tests: takes frames or not, and remembers the last one.
 */
#ifndef WIRE_PEER_H
#define WIRE_PEER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "wire_priv.h"

struct wire_peer {
	bool full; /**< can_take() says no */
	bool plain; /**< takes finished frames only */
	unsigned int asked; /**< calls of can_take() */
	unsigned int frames; /**< calls of take() */
	uint8_t last[64]; /**< beginning of the last frame */
	size_t last_len;
};

static inline enum wire_answer
wire_peer_can_take(void *arg, const struct wire_frame *frame)
{
	struct wire_peer *peer = arg;

	peer->asked++;
	if (peer->full)
		return WIRE_NO;
	return peer->plain && frame->csum_partial ? WIRE_FINISHED_ONLY : WIRE_YES;
}

static inline void
wire_peer_take(void *arg, const struct wire_frame *frame)
{
	struct wire_peer *peer = arg;
	size_t len = frame->len;

	assert_false(peer->full);
	peer->frames++;
	peer->last_len = len;
	memcpy(peer->last, frame->head, len < sizeof(peer->last) ? len : sizeof(peer->last));
}

static const struct wire_port_ops wire_peer_ops = {
	.can_take = wire_peer_can_take,
	.take = wire_peer_take,
};

/** Sends a finished frame. */
static inline int
wire_peer_send(struct wire *wire, unsigned int port, const void *data, size_t len,
		struct wire_hold *hold)
{
	struct wire_frame frame;

	wire_frame_init(&frame, data, len);
	return wire_send(wire, port, &frame, hold);
}

/** A 60-byte frame from station @p src to @p dst (0xff: broadcast), both last address bytes. */
static inline void
wire_peer_frame(uint8_t frame[60], uint8_t dst, uint8_t src)
{
	memset(frame, 0, 60);
	frame[0] = 0x02;
	frame[5] = dst;
	if (dst == 0xff)
		memset(frame, 0xff, 6);
	frame[6] = 0x02;
	frame[11] = src;
	frame[12] = 0x08;
}

#endif /* WIRE_PEER_H */
