/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a frame is a function of epoch and number, so the receiver makes no
 * assumption but recomputes it: length, then every byte of the filling. The filling is a linear
 * congruential sequence seeded with both, so bytes of another frame or another place do not fit.
 */
#include <string.h>

#include "agent_frame.h"

#define FRAME_MAGIC 0x76445041u /* "vDPA" */
#define FRAME_MAGIC_AT 14
#define FRAME_EPOCH_AT 18
#define FRAME_NUMBER_AT 22
#define FRAME_LEN_AT 30
#define FRAME_FILL_AT 32

static void
agent_frame_put(uint8_t *at, uint64_t value, unsigned int bytes)
{
	while (bytes-- > 0) {
		at[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static uint64_t
agent_frame_get(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | *at++;
	return value;
}

static uint32_t
agent_frame_seed(const struct agent_frame *frame)
{
	return (uint32_t)frame->number * 2654435761u ^ frame->epoch * 40503u ^
			(uint32_t)(frame->number >> 32);
}

static uint32_t
agent_frame_next(uint32_t x)
{
	return x * 1664525u + 1013904223u;
}

static size_t
agent_frame_len(const struct agent_frame *frame)
{
	return AGENT_FRAME_MIN +
			agent_frame_next(agent_frame_seed(frame)) %
			(AGENT_FRAME_MAX - AGENT_FRAME_MIN + 1);
}

size_t
agent_frame_make(uint8_t *buf, const uint8_t dst[6], const uint8_t src[6],
		const struct agent_frame *frame)
{
	size_t len = agent_frame_len(frame);
	uint32_t x = agent_frame_seed(frame);
	size_t i;

	memcpy(buf, dst, 6);
	memcpy(buf + 6, src, 6);
	agent_frame_put(buf + 12, AGENT_FRAME_ETHERTYPE, 2);
	agent_frame_put(buf + FRAME_MAGIC_AT, FRAME_MAGIC, 4);
	agent_frame_put(buf + FRAME_EPOCH_AT, frame->epoch, 4);
	agent_frame_put(buf + FRAME_NUMBER_AT, frame->number, 8);
	agent_frame_put(buf + FRAME_LEN_AT, len, 2);
	for (i = FRAME_FILL_AT; i < len; i++) {
		x = agent_frame_next(x);
		buf[i] = (uint8_t)(x >> 24);
	}
	return len;
}

enum agent_frame_verdict
agent_frame_check(const uint8_t *buf, size_t len, struct agent_frame *frame)
{
	struct agent_frame f;
	uint32_t x;
	size_t i;

	if (len < FRAME_FILL_AT || agent_frame_get(buf + 12, 2) != AGENT_FRAME_ETHERTYPE)
		return AGENT_FRAME_FOREIGN;
	if (agent_frame_get(buf + FRAME_MAGIC_AT, 4) != FRAME_MAGIC)
		return AGENT_FRAME_CORRUPT;
	f.epoch = (uint32_t)agent_frame_get(buf + FRAME_EPOCH_AT, 4);
	f.number = agent_frame_get(buf + FRAME_NUMBER_AT, 8);
	if (len != agent_frame_len(&f) || agent_frame_get(buf + FRAME_LEN_AT, 2) != len)
		return AGENT_FRAME_CORRUPT;
	x = agent_frame_seed(&f);
	for (i = FRAME_FILL_AT; i < len; i++) {
		x = agent_frame_next(x);
		if (buf[i] != (uint8_t)(x >> 24))
			return AGENT_FRAME_CORRUPT;
	}
	*frame = f;
	return AGENT_FRAME_OURS;
}
