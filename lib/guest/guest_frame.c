/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the header carries its own check sum (FNV-1a, 32 bits), so that the stream
 * and number of a frame with a damaged payload are still known and the damage is booked where it
 * belongs. The payload is compared byte by byte with the pattern that it must have: no damage can
 * hide behind a sum. The pattern is a 64-bit mix of stream, number and position, so that bytes of
 * another frame, or of another place of the same frame, never fit.
 */
#include <assert.h>
#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "guest_frame.h"

#define GUEST_FRAME_MAGIC 0x76647061u /* "vdpa" */

struct guest_frame_wire {
	uint8_t dst[GUEST_FRAME_MAC_LEN];
	uint8_t src[GUEST_FRAME_MAC_LEN];
	uint16_t ethertype;
	uint32_t magic;
	uint32_t stream;
	uint64_t seq;
	uint16_t len;
	uint16_t zero;
	uint32_t sum;
} __attribute__((packed));

static uint32_t
guest_frame_sum(const struct guest_frame_wire *wire)
{
	const uint8_t *p = (const uint8_t *)wire;
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < offsetof(struct guest_frame_wire, sum); i++)
		sum = (sum ^ p[i]) * 16777619u;
	return sum;
}

/* Eight pattern bytes as a number whose bytes are stored little endian. */
static uint64_t
guest_frame_word(const struct guest_frame *frame, uint64_t index)
{
	uint64_t v = frame->seq * 0x9e3779b97f4a7c15ULL + ((uint64_t)frame->stream << 32) + index;

	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9ULL;
	v = (v ^ v >> 27) * 0x94d049bb133111ebULL;
	return htole64(v ^ v >> 31);
}

void
guest_frame_build(void *buf, size_t len, const struct guest_frame *frame)
{
	struct guest_frame_wire wire = {
		.ethertype = htobe16(GUEST_FRAME_ETHERTYPE),
		.magic = htobe32(GUEST_FRAME_MAGIC),
		.stream = htobe32(frame->stream),
		.seq = htobe64(frame->seq),
		.len = htobe16((uint16_t)len),
	};
	uint8_t *p = buf;

	assert(len >= GUEST_FRAME_MIN && len <= GUEST_FRAME_MAX);
	memcpy(wire.dst, frame->dst, sizeof(wire.dst));
	memcpy(wire.src, frame->src, sizeof(wire.src));
	wire.sum = htobe32(guest_frame_sum(&wire));
	memcpy(p, &wire, sizeof(wire));
	for (size_t at = sizeof(wire), i = 0; at < len; at += sizeof(uint64_t), i++) {
		uint64_t word = guest_frame_word(frame, i);

		memcpy(p + at, &word, len - at < sizeof(word) ? len - at : sizeof(word));
	}
}

void
guest_frame_turn(void *buf, size_t len)
{
	struct guest_frame_wire wire;
	uint8_t src[GUEST_FRAME_MAC_LEN];

	assert(len >= sizeof(wire));
	memcpy(&wire, buf, sizeof(wire));
	memcpy(src, wire.src, sizeof(src));
	memcpy(wire.src, wire.dst, sizeof(wire.src));
	memcpy(wire.dst, src, sizeof(wire.dst));
	wire.sum = htobe32(guest_frame_sum(&wire));
	memcpy(buf, &wire, sizeof(wire));
}

static bool
guest_frame_pattern_ok(const uint8_t *p, size_t len, const struct guest_frame *frame)
{
	for (size_t at = sizeof(struct guest_frame_wire), i = 0; at < len; at += 8, i++) {
		uint64_t word = guest_frame_word(frame, i);

		if (memcmp(p + at, &word, len - at < sizeof(word) ? len - at : sizeof(word)) != 0)
			return false;
	}
	return true;
}

enum guest_frame_verdict
guest_frame_check(const void *buf, size_t len, struct guest_frame *frame)
{
	struct guest_frame_wire wire;
	const uint8_t *p = buf;

	if (len < offsetof(struct guest_frame_wire, magic) || p[12] != GUEST_FRAME_ETHERTYPE >> 8 ||
			p[13] != (GUEST_FRAME_ETHERTYPE & 0xff))
		return GUEST_FRAME_ALIEN;
	if (len < sizeof(wire))
		return GUEST_FRAME_WRECK;
	memcpy(&wire, buf, sizeof(wire));
	if (be32toh(wire.magic) != GUEST_FRAME_MAGIC || be32toh(wire.sum) != guest_frame_sum(&wire))
		return GUEST_FRAME_WRECK;
	memcpy(frame->dst, wire.dst, sizeof(frame->dst));
	memcpy(frame->src, wire.src, sizeof(frame->src));
	frame->stream = be32toh(wire.stream);
	frame->seq = be64toh(wire.seq);
	if (be16toh(wire.len) != len || !guest_frame_pattern_ok(buf, len, frame))
		return GUEST_FRAME_TORN;
	return GUEST_FRAME_OK;
}
