/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the header carries its own check sum (FNV-1a, 32 bits) over all headers, so
 * that the stream and number of a frame with a damaged payload are still known and the damage is
 * booked where it belongs. The payload is compared byte by byte with the pattern that it must have:
 * no damage can hide behind a sum. The pattern is a 64-bit mix of stream, number and position, so
 * that bytes of another frame, or of another place of the same frame, never fit.
 *
 * The UDP check sum covers the header's own one, so the latter takes it as 0; it is the last that
 * is written, and verified beside the pattern. Both Internet check sums (RFC 1071) are sums of
 * 16-bit words in the order in which they lie in memory: the result has that order, too.
 */
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "guest_frame.h"

#define GUEST_FRAME_MAGIC 0x76647061u /* "vdpa" */
#define GUEST_FRAME_ETH_LEN 14u
#define GUEST_FRAME_IPV4 0x0800u
#define GUEST_FRAME_IPV4_LEN 20u
#define GUEST_FRAME_NET 0xc612u /* 198.18 */
#define GUEST_FRAME_UDP 17u

struct guest_frame_wire {
	uint8_t dst[GUEST_FRAME_MAC_LEN];
	uint8_t src[GUEST_FRAME_MAC_LEN];
	uint16_t ethertype;
	/* IPv4, RFC 791 */
	uint8_t version_ihl;
	uint8_t tos;
	uint16_t total_len;
	uint16_t id;
	uint16_t flags_offset;
	uint8_t ttl;
	uint8_t protocol;
	uint16_t ip_sum;
	uint16_t src_net;
	uint8_t src_host[2];
	uint16_t dst_net;
	uint8_t dst_host[2];
	/* UDP, RFC 768 */
	uint16_t src_port;
	uint16_t dst_port;
	uint16_t udp_len;
	uint16_t udp_sum;
	/* ours */
	uint32_t magic;
	uint16_t stream;
	uint64_t seq;
	uint32_t sum;
} __attribute__((packed));

#define GUEST_FRAME_AT(field) offsetof(struct guest_frame_wire, field)

static_assert(sizeof(struct guest_frame_wire) == GUEST_FRAME_MIN, "headers");

static uint32_t
guest_frame_sum(const struct guest_frame_wire *wire)
{
	const uint8_t *p = (const uint8_t *)wire;
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < GUEST_FRAME_AT(sum); i++) {
		bool zero = i == GUEST_FRAME_AT(udp_sum) || i == GUEST_FRAME_AT(udp_sum) + 1;

		sum = (sum ^ (zero ? 0 : p[i])) * 16777619u;
	}
	return sum;
}

/* The Internet check sum of @len bytes, in memory's order, on top of @acc. */
static uint16_t
guest_frame_inet_sum(const void *buf, size_t len, uint64_t acc)
{
	const uint8_t *p = buf;
	uint32_t word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		acc += word;
	}
	word = 0;
	memcpy(&word, p, len);
	acc += word;
	while (acc >> 16 != 0)
		acc = (acc & 0xffff) + (acc >> 16);
	return (uint16_t)~acc;
}

/* Over the pseudo header and all of UDP: what the field must be, or 0 when it is in and right. */
static uint16_t
guest_frame_udp_sum(const uint8_t *p, size_t len)
{
	uint64_t pseudo = (uint64_t)htobe16(GUEST_FRAME_UDP) +
			htobe16((uint16_t)(len - GUEST_FRAME_AT(src_port)));

	return guest_frame_inet_sum(p + GUEST_FRAME_AT(src_net), len - GUEST_FRAME_AT(src_net),
			pseudo);
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

/*
 * A Toeplitz hash is linear over bits: which low bits of it a port bit turns over depends on the
 * key only. In these keys the patterns of neighbouring bits are often each other's sum, so that half
 * of the queues would stay empty; with three more bits of the port for each bit of the stream they
 * are independent. (The shifts were found by trying; the unit test has the proof.)
 */
uint16_t
guest_frame_port(uint32_t stream)
{
	uint32_t bits = stream ^ stream << 9 ^ stream << 10 ^ stream << 11;

	return (uint16_t)(GUEST_FRAME_PORT_FIRST + bits % GUEST_FRAME_MAX_STREAMS);
}

static void
guest_frame_head(struct guest_frame_wire *wire, size_t len, const struct guest_frame *frame)
{
	*wire = (struct guest_frame_wire){
		.ethertype = htobe16(GUEST_FRAME_IPV4),
		.version_ihl = 0x45,
		.total_len = htobe16((uint16_t)(len - GUEST_FRAME_ETH_LEN)),
		.id = htobe16((uint16_t)frame->seq),
		.flags_offset = htobe16(0x4000), /* do not fragment */
		.ttl = 64,
		.protocol = GUEST_FRAME_UDP,
		.src_net = htobe16(GUEST_FRAME_NET),
		.src_host = { frame->src[4], frame->src[5] },
		.dst_net = htobe16(GUEST_FRAME_NET),
		.dst_host = { frame->dst[4], frame->dst[5] },
		.src_port = htobe16(guest_frame_port(frame->stream)),
		.dst_port = htobe16(GUEST_FRAME_PORT),
		.udp_len = htobe16((uint16_t)(len - GUEST_FRAME_AT(src_port))),
		.magic = htobe32(GUEST_FRAME_MAGIC),
		.stream = htobe16((uint16_t)frame->stream),
		.seq = htobe64(frame->seq),
	};
	memcpy(wire->dst, frame->dst, sizeof(wire->dst));
	memcpy(wire->src, frame->src, sizeof(wire->src));
	wire->ip_sum = guest_frame_inet_sum(&wire->version_ihl, GUEST_FRAME_IPV4_LEN, 0);
	wire->sum = htobe32(guest_frame_sum(wire));
}

void
guest_frame_build(void *buf, size_t len, const struct guest_frame *frame)
{
	struct guest_frame_wire wire;
	uint8_t *p = buf;
	uint16_t sum;

	assert(len >= GUEST_FRAME_MIN && len <= GUEST_FRAME_MAX);
	assert(frame->stream < GUEST_FRAME_MAX_STREAMS);
	guest_frame_head(&wire, len, frame);
	memcpy(p, &wire, sizeof(wire));
	for (size_t at = sizeof(wire), i = 0; at < len; at += sizeof(uint64_t), i++) {
		uint64_t word = guest_frame_word(frame, i);

		memcpy(p + at, &word, len - at < sizeof(word) ? len - at : sizeof(word));
	}
	sum = guest_frame_udp_sum(p, len);
	if (sum == 0)
		sum = 0xffff; /* 0 would mean that there is none */
	memcpy(p + GUEST_FRAME_AT(udp_sum), &sum, sizeof(sum));
}

/* The check sums do not mind in which order addresses come; of UDP's only our own one's share is
 * exchanged (RFC 1624), so that one that is wrong stays so. */
void
guest_frame_turn(void *buf, size_t len)
{
	struct guest_frame_wire wire, from;

	assert(len >= sizeof(wire));
	memcpy(&from, buf, sizeof(from));
	wire = from;
	memcpy(wire.src, from.dst, sizeof(wire.src));
	memcpy(wire.dst, from.src, sizeof(wire.dst));
	memcpy(wire.src_host, from.dst_host, sizeof(wire.src_host));
	memcpy(wire.dst_host, from.src_host, sizeof(wire.dst_host));
	wire.sum = htobe32(guest_frame_sum(&wire));
	wire.udp_sum = guest_frame_inet_sum(&wire.sum, sizeof(wire.sum),
			(uint64_t)(uint16_t)~from.udp_sum + (uint32_t)~from.sum);
	if (wire.udp_sum == 0)
		wire.udp_sum = 0xffff;
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

static bool
guest_frame_has(const uint8_t *p, size_t at, unsigned int value)
{
	return p[at] == value >> 8 && p[at + 1] == (value & 0xff);
}

bool
guest_frame_ours(const void *buf, size_t len)
{
	const uint8_t *p = buf;

	return len >= GUEST_FRAME_AT(udp_len) &&
			guest_frame_has(p, GUEST_FRAME_AT(ethertype), GUEST_FRAME_IPV4) &&
			p[GUEST_FRAME_AT(protocol)] == GUEST_FRAME_UDP &&
			guest_frame_has(p, GUEST_FRAME_AT(dst_port), GUEST_FRAME_PORT);
}

enum guest_frame_verdict
guest_frame_check(const void *buf, size_t len, struct guest_frame *frame)
{
	struct guest_frame_wire wire;

	if (!guest_frame_ours(buf, len))
		return GUEST_FRAME_ALIEN;
	if (len < sizeof(wire))
		return GUEST_FRAME_WRECK;
	memcpy(&wire, buf, sizeof(wire));
	if (be32toh(wire.magic) != GUEST_FRAME_MAGIC || be32toh(wire.sum) != guest_frame_sum(&wire))
		return GUEST_FRAME_WRECK;
	memcpy(frame->dst, wire.dst, sizeof(frame->dst));
	memcpy(frame->src, wire.src, sizeof(frame->src));
	frame->stream = be16toh(wire.stream);
	frame->seq = be64toh(wire.seq);
	if (be16toh(wire.total_len) + GUEST_FRAME_ETH_LEN != len ||
			!guest_frame_pattern_ok(buf, len, frame) ||
			guest_frame_udp_sum(buf, len) != 0)
		return GUEST_FRAME_TORN;
	return GUEST_FRAME_OK;
}
