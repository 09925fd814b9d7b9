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
	unsigned int asked; /**< calls of can_take() */
	unsigned int frames; /**< calls of take() */
	uint8_t last[64]; /**< beginning of the last frame */
	size_t last_len;
};

static inline bool
wire_peer_can_take(void *arg, const void *frame, size_t len)
{
	struct wire_peer *peer = arg;

	(void)frame;
	(void)len;
	peer->asked++;
	return !peer->full;
}

static inline void
wire_peer_take(void *arg, const void *frame, size_t len)
{
	struct wire_peer *peer = arg;

	assert_false(peer->full);
	peer->frames++;
	peer->last_len = len;
	memcpy(peer->last, frame, len < sizeof(peer->last) ? len : sizeof(peer->last));
}

static const struct wire_port_ops wire_peer_ops = {
	.can_take = wire_peer_can_take,
	.take = wire_peer_take,
};

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
