/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a frame is a function of epoch, number and the sender's longest length, so
 * the receiver makes no assumption: it makes the frame anew and compares all but the addresses.
 * The filling is a linear congruential sequence seeded with epoch and number, so bytes of another
 * frame or another place do not fit.
 */
#include <string.h>

#include "agent_frame.h"

#define FRAME_IPV4 0x0800
#define FRAME_UDP 17
#define FRAME_TYPE_AT 12
#define FRAME_IP_AT 14
#define FRAME_PROTOCOL_AT (FRAME_IP_AT + 9)
#define FRAME_UDP_AT (FRAME_IP_AT + 20)
#define FRAME_PORT 35000 /* to this one, from this one and those that follow */
#define FRAME_MAGIC 0x76445041u /* "vDPA" */
#define FRAME_MAGIC_AT (FRAME_UDP_AT + 8)
#define FRAME_EPOCH_AT (FRAME_MAGIC_AT + 4)
#define FRAME_NUMBER_AT (FRAME_EPOCH_AT + 4)
#define FRAME_LONGEST_AT (FRAME_NUMBER_AT + 8)
#define FRAME_LEN_AT (FRAME_LONGEST_AT + 2)
#define FRAME_FILL_AT (FRAME_LEN_AT + 2)

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
			(frame->longest - AGENT_FRAME_MIN + 1u);
}

/* RFC 1071; over its own field, that is 0. */
static uint16_t
agent_frame_ip_sum(const uint8_t *ip)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < 20; i += 2)
		sum += (uint32_t)agent_frame_get(ip + i, 2);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* IPv4 (RFC 791) between documentation addresses, UDP (RFC 768) without a checksum. */
static void
agent_frame_headers(uint8_t *buf, uint64_t number, size_t len)
{
	uint8_t *ip = buf + FRAME_IP_AT;
	uint8_t *udp = buf + FRAME_UDP_AT;

	agent_frame_put(buf + FRAME_TYPE_AT, FRAME_IPV4, 2);
	memset(ip, 0, FRAME_MAGIC_AT - FRAME_IP_AT);
	ip[0] = 0x45;
	agent_frame_put(ip + 2, len - FRAME_IP_AT, 2);
	ip[8] = 64;
	ip[9] = FRAME_UDP;
	agent_frame_put(ip + 12, 0xc0000201, 4); /* 192.0.2.1 */
	agent_frame_put(ip + 16, 0xc0000202, 4);
	agent_frame_put(ip + 10, agent_frame_ip_sum(ip), 2);
	agent_frame_put(udp, FRAME_PORT + number % AGENT_FRAME_STREAMS, 2);
	agent_frame_put(udp + 2, FRAME_PORT, 2);
	agent_frame_put(udp + 4, len - FRAME_UDP_AT, 2);
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
	agent_frame_headers(buf, frame->number, len);
	agent_frame_put(buf + FRAME_MAGIC_AT, FRAME_MAGIC, 4);
	agent_frame_put(buf + FRAME_EPOCH_AT, frame->epoch, 4);
	agent_frame_put(buf + FRAME_NUMBER_AT, frame->number, 8);
	agent_frame_put(buf + FRAME_LONGEST_AT, frame->longest, 2);
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
	uint8_t same[AGENT_FRAME_MAX];
	struct agent_frame f;

	if (len < FRAME_FILL_AT || agent_frame_get(buf + FRAME_TYPE_AT, 2) != FRAME_IPV4 ||
			buf[FRAME_PROTOCOL_AT] != FRAME_UDP ||
			agent_frame_get(buf + FRAME_UDP_AT + 2, 2) != FRAME_PORT)
		return AGENT_FRAME_FOREIGN;
	f.epoch = (uint32_t)agent_frame_get(buf + FRAME_EPOCH_AT, 4);
	f.number = agent_frame_get(buf + FRAME_NUMBER_AT, 8);
	f.longest = (uint16_t)agent_frame_get(buf + FRAME_LONGEST_AT, 2);
	if (f.longest < AGENT_FRAME_MIN || f.longest > AGENT_FRAME_MAX)
		return AGENT_FRAME_CORRUPT;
	if (agent_frame_make(same, buf, buf + 6, &f) != len || memcmp(buf, same, len) != 0)
		return AGENT_FRAME_CORRUPT;
	*frame = f;
	return AGENT_FRAME_OURS;
}
