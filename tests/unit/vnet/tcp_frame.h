/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * TCP frames for tests, as a guest leaves them when the card is to do the rest, and a judge of
 * finished ones that shares no code with the engine.
 */
#ifndef TCP_FRAME_H
#define TCP_FRAME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/** What a frame is made of. */
struct tcp_shape {
	uint8_t version; /**< 4 or 6 */
	unsigned int nb_tags;
	uint32_t ip_more; /**< options or extension headers, a multiple of 8, at most 32 */
	uint32_t tcp_more; /**< TCP options, a multiple of 4, at most 40 */
	uint8_t flags; /**< of TCP */
	uint16_t ip_id;
	uint32_t seq;
	uint32_t payload;
};

static inline uint32_t
tcp_l2_len(const struct tcp_shape *s)
{
	return 14 + 4 * s->nb_tags;
}

static inline uint32_t
tcp_l4_off(const struct tcp_shape *s)
{
	return tcp_l2_len(s) + (s->version == 4 ? 20 : 40) + s->ip_more;
}

static inline uint32_t
tcp_hdr_len(const struct tcp_shape *s)
{
	return tcp_l4_off(s) + 20 + s->tcp_more;
}

static inline uint32_t
tcp_frame_len(const struct tcp_shape *s)
{
	return tcp_hdr_len(s) + s->payload;
}

/** Byte @p i of the payload. */
static inline uint8_t
tcp_byte(uint32_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

static inline void
tcp_put(uint8_t *p, uint32_t value, unsigned int bytes)
{
	while (bytes-- != 0) {
		p[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static inline uint32_t
tcp_get(const uint8_t *p, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes-- != 0)
		value = value << 8 | *p++;
	return value;
}

static inline void
tcp_build_ip(const struct tcp_shape *s, uint8_t *ip)
{
	uint32_t rest = 20 + s->tcp_more + s->payload;
	unsigned int i;

	if (s->version == 4) {
		ip[0] = (uint8_t)(0x45 + s->ip_more / 4);
		tcp_put(ip + 2, 20 + s->ip_more + rest, 2);
		tcp_put(ip + 4, s->ip_id, 2);
		ip[8] = 64;
		ip[9] = 6;
		memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
		memset(ip + 20, 1, s->ip_more); /* no operation */
		return;
	}
	ip[0] = 0x60;
	tcp_put(ip + 4, s->ip_more + rest, 2);
	ip[6] = s->ip_more != 0 ? 60 : 6; /* one destination options header */
	ip[7] = 64;
	for (i = 8; i < 40; i++)
		ip[i] = (uint8_t)(i * 11);
	if (s->ip_more != 0) {
		ip[40] = 6;
		ip[41] = (uint8_t)(s->ip_more / 8 - 1);
	}
}

/** Writes the frame, its checksums zero; @p f has room for tcp_frame_len(). */
static inline void
tcp_build(const struct tcp_shape *s, uint8_t *f)
{
	uint8_t *tcp = f + tcp_l4_off(s);
	uint32_t i;

	memset(f, 0, tcp_hdr_len(s));
	memset(f, 0xff, 6);
	f[6] = 2;
	for (i = 0; i < s->nb_tags; i++)
		tcp_put(f + 12 + 4 * i, 0x81000064 + i, 4);
	tcp_put(f + 12 + 4 * s->nb_tags, s->version == 4 ? 0x0800 : 0x86dd, 2);
	tcp_build_ip(s, f + tcp_l2_len(s));
	tcp_put(tcp, 0x3039d431, 4);
	tcp_put(tcp + 4, s->seq, 4);
	tcp_put(tcp + 8, 0x01020304, 4);
	tcp[12] = (uint8_t)((20 + s->tcp_more) / 4 << 4);
	tcp[13] = s->flags;
	tcp_put(tcp + 14, 0x2000, 2);
	memset(tcp + 20, 1, s->tcp_more);
	for (i = 0; i < s->payload; i++)
		tcp[20 + s->tcp_more + i] = tcp_byte(i);
}

/** RFC 1071, two bytes at a time; 0xffff when a checksum in it is right. */
static inline uint32_t
tcp_sum(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (; len >= 2; p += 2, len -= 2)
		sum += tcp_get(p, 2);
	if (len != 0)
		sum += (uint32_t)*p << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/**
 * Judges segment @p i of @p nb of the frame: lengths, checksums, numbers, flags, payload.
 * @p off is where its payload begins in the frame's.
 */
static inline void
tcp_judge(const struct tcp_shape *s, const uint8_t *f, uint32_t len, uint32_t off, bool last)
{
	const uint8_t *ip = f + tcp_l2_len(s), *tcp = f + tcp_l4_off(s);
	uint32_t l4_len = len - tcp_l4_off(s), i, sum;
	uint8_t flags = s->flags;

	if (off != 0)
		flags &= 0x7f; /* CWR */
	if (!last)
		flags &= 0xf6; /* FIN, PSH */
	if (s->version == 4) {
		assert_int_equal(tcp_get(ip + 2, 2), len - tcp_l2_len(s));
		assert_int_equal(tcp_sum(0, ip, 20 + s->ip_more), 0xffff);
		sum = tcp_sum(6 + l4_len, ip + 12, 8);
	} else {
		assert_int_equal(tcp_get(ip + 4, 2), len - tcp_l2_len(s) - 40);
		sum = tcp_sum(6 + l4_len, ip + 8, 32);
	}
	assert_int_equal(tcp_sum(sum, tcp, l4_len), 0xffff);
	assert_int_equal(tcp_get(tcp + 4, 4), (uint32_t)(s->seq + off));
	assert_int_equal(tcp[13], flags);
	for (i = tcp_hdr_len(s); i < len; i++)
		assert_int_equal(f[i], tcp_byte(off + i - tcp_hdr_len(s)));
}

#endif /* TCP_FRAME_H */
