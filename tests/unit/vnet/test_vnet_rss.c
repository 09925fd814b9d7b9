/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the hash against the values that Microsoft publishes for implementers
 * ("Verifying the RSS Hash Calculation", Windows driver documentation; all eight of them with and
 * without ports), also behind tags, options and extension headers; symmetry; and what a packet has
 * to be for its fields to count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <cmocka.h>

#include "vnet_rss.h"

static const uint8_t ms_key[40] = { 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77,
	0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa };

struct vector {
	const char *src, *dst;
	uint16_t sport, dport;
	uint32_t ip_hash, l4_hash;
};

static const struct vector vectors4[] = {
	{ "66.9.149.187", "161.142.100.80", 2794, 1766, 0x323e8fc2, 0x51ccc178 },
	{ "199.92.111.2", "65.69.140.83", 14230, 4739, 0xd718262a, 0xc626b0ea },
	{ "24.19.198.95", "12.22.207.184", 12898, 38024, 0xd2d0a5de, 0x5c2b394a },
	{ "38.27.205.30", "209.142.163.6", 48228, 2217, 0x82989176, 0xafc7327f },
	{ "153.39.163.191", "202.188.127.2", 44251, 1303, 0x5d1809c5, 0x10e828a2 },
};

static const struct vector vectors6[] = {
	{ "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x2cc18cd5, 0x40207d3d },
	{ "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0x0f0c461c, 0xdde51bbf },
	{ "3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024,
			0x4b61e985, 0x02d1feef },
};

/* What a packet is made of besides the vector's addresses and ports. */
enum shape {
	PLAIN,
	TAGGED, /* two VLAN tags */
	EXTENDED, /* IPv4 options, IPv6 extension headers */
	FRAGMENT, /* the first of several, with the ports in it */
	NB_SHAPES,
};

struct packet {
	const struct vector *v;
	int family;
	enum shape shape;
	uint8_t proto;
};

/* Ethernet and tags; @return their length. */
static size_t
build_ethernet(int family, enum shape shape, uint8_t *f)
{
	size_t off = 12;

	if (shape == TAGGED) {
		memcpy(f + off, "\x88\xa8\x00\x05\x81\x00\x20\x06", 8);
		off += 8;
	}
	memcpy(f + off, family == AF_INET ? "\x08\x00" : "\x86\xdd", 2);
	return off + 2;
}

/* IP and what belongs to it, before a transport header of @p l4_len bytes; @return its length. */
static size_t
build_ip(int family, enum shape shape, uint8_t proto, uint8_t *ip, size_t l4_len)
{
	size_t more = 0;

	if (family == AF_INET) {
		more = shape == EXTENDED ? 8 : 0;
		ip[0] = (uint8_t)(0x45 + more / 4);
		ip[3] = (uint8_t)(20 + more + l4_len);
		ip[6] = shape == FRAGMENT ? 0x20 : 0;
		ip[9] = proto;
		return 20 + more;
	}
	ip[0] = 0x60;
	ip[6] = proto;
	if (shape == EXTENDED) {
		more = 24; /* destination options of 16 bytes, hop by hop of 8: any order will do */
		ip[6] = 60;
		ip[40] = 0;
		ip[41] = 1;
		ip[56] = proto;
	} else if (shape == FRAGMENT) {
		more = 8;
		ip[6] = 44;
		ip[40] = proto;
		ip[43] = 1;
	}
	ip[5] = (uint8_t)(more + l4_len);
	return 40 + more;
}

/* The packet, or the same with addresses and ports exchanged. */
static void
build(const struct packet *p, bool back, uint8_t f[160], struct wire_frame *frame)
{
	size_t alen = p->family == AF_INET ? 4 : 16, l4_len = p->proto == 6 ? 20 : 8, l2, l3;
	const struct vector *v = p->v;
	uint16_t sport = htons(back ? v->dport : v->sport);
	uint16_t dport = htons(back ? v->sport : v->dport);
	uint8_t *addr;

	memset(f, 0, 160);
	l2 = build_ethernet(p->family, p->shape, f);
	l3 = build_ip(p->family, p->shape, p->proto, f + l2, l4_len);
	addr = f + l2 + (p->family == AF_INET ? 12 : 8);
	assert_int_equal(inet_pton(p->family, back ? v->dst : v->src, addr), 1);
	assert_int_equal(inet_pton(p->family, back ? v->src : v->dst, addr + alen), 1);
	memcpy(f + l2 + l3, &sport, 2);
	memcpy(f + l2 + l3 + 2, &dport, 2);
	wire_frame_init(frame, f, l2 + l3 + l4_len);
}

static uint32_t
hash(const struct packet *p, bool back, const struct vnet_tir_attr *attr)
{
	struct wire_frame frame;
	struct vnet_flow flow;
	struct vnet_rss rss;
	uint8_t f[160];

	build(p, back, f, &frame);
	vnet_flow_parse(&frame, &flow);
	assert_int_equal(flow.ip_version, p->family == AF_INET ? 4 : 6);
	assert_int_equal(flow.has_ports, p->shape != FRAGMENT);
	vnet_rss_init(&rss, attr);
	return vnet_rss_hash(&rss, f, &flow);
}

static void
check(const struct packet *p)
{
	const struct vector *v = p->v;
	struct vnet_tir_attr attr = {
		.toeplitz = true,
		.hash_fields = 0x3,
		.hash_l3 = p->family == AF_INET ? VNET_HASH_IPV4 : VNET_HASH_IPV6,
		.hash_l4 = p->proto == 6 ? VNET_HASH_TCP : VNET_HASH_UDP,
	};
	uint32_t l4_hash = p->shape == FRAGMENT ? v->ip_hash : v->l4_hash;

	memcpy(attr.key, ms_key, sizeof(attr.key));
	assert_int_equal(hash(p, false, &attr), v->ip_hash);
	attr.hash_fields = 0xf;
	assert_int_equal(hash(p, false, &attr), l4_hash);
	assert_int_not_equal(hash(p, true, &attr), l4_hash);
	attr.symmetric = true;
	assert_int_equal(hash(p, true, &attr), hash(p, false, &attr));
	attr.hash_fields = 0;
	assert_int_equal(hash(p, false, &attr), 0);
	/* meant for another transport: addresses only */
	attr.symmetric = false;
	attr.hash_fields = 0xf;
	attr.hash_l4 = p->proto == 6 ? VNET_HASH_UDP : VNET_HASH_TCP;
	assert_int_equal(hash(p, false, &attr), v->ip_hash);
	/* meant for the other version: nothing */
	attr.hash_l3 = p->family == AF_INET ? VNET_HASH_IPV6 : VNET_HASH_IPV4;
	assert_int_equal(hash(p, false, &attr), 0);
}

static void
check_shapes(const struct vector *v, int family)
{
	struct packet p = { .v = v, .family = family };
	unsigned int shape;

	for (shape = 0; shape < NB_SHAPES; shape++) {
		p.shape = (enum shape)shape;
		p.proto = 6;
		check(&p);
		p.proto = 17;
		check(&p);
	}
}

static void
test_vectors(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(vectors4) / sizeof(vectors4[0]); i++)
		check_shapes(&vectors4[i], AF_INET);
	for (i = 0; i < sizeof(vectors6) / sizeof(vectors6[0]); i++)
		check_shapes(&vectors6[i], AF_INET6);
}

/* One of a pair is not exchangeable with anything: the order stays. */
static void
test_symmetric_needs_pairs(void **state)
{
	struct vnet_tir_attr attr = { .toeplitz = true, .symmetric = true };
	const struct packet p = { &vectors4[0], AF_INET, PLAIN, 6 };
	unsigned int fields;

	(void)state;
	memcpy(attr.key, ms_key, sizeof(attr.key));
	for (fields = 1; fields < 16; fields++) {
		bool pairs = (fields & 3) % 3 == 0 && (fields >> 2) % 3 == 0;

		attr.hash_fields = fields;
		if (pairs)
			assert_int_equal(hash(&p, true, &attr), hash(&p, false, &attr));
		else
			assert_int_not_equal(hash(&p, true, &attr), hash(&p, false, &attr));
	}
}

/* Bit by bit, as the hash is defined. */
static uint32_t
slow_toeplitz(const uint8_t key[40], const uint8_t *data, size_t len)
{
	uint32_t sum = 0;
	size_t i;
	int k;

	for (i = 0; i < len * 8; i++) {
		if ((data[i / 8] >> (7 - i % 8) & 1) == 0)
			continue;
		for (k = 0; k < 32; k++)
			sum ^= (uint32_t)(key[(i + k) / 8] >> (7 - (i + k) % 8) & 1) << (31 - k);
	}
	return sum;
}

static void
test_against_definition(void **state)
{
	struct vnet_tir_attr attr = { .toeplitz = true };
	uint8_t input[VNET_RSS_INPUT_MAX];
	struct vnet_rss rss;
	unsigned int round;
	size_t i, len;

	(void)state;
	srand(3);
	for (round = 0; round < 200; round++) {
		for (i = 0; i < sizeof(attr.key); i++)
			attr.key[i] = (uint8_t)rand();
		for (i = 0; i < sizeof(input); i++)
			input[i] = (uint8_t)rand();
		vnet_rss_init(&rss, &attr);
		for (len = 0; len <= sizeof(input); len++)
			assert_int_equal(vnet_rss_toeplitz(&rss, input, len),
					slow_toeplitz(attr.key, input, len));
	}
}

static void
test_not_ip(void **state)
{
	struct vnet_tir_attr attr = { .toeplitz = true, .hash_fields = 0xf };
	uint8_t f[60] = { 0 };
	struct wire_frame frame;
	struct vnet_flow flow;
	struct vnet_rss rss;

	(void)state;
	memcpy(attr.key, ms_key, sizeof(attr.key));
	wire_frame_init(&frame, f, sizeof(f));
	vnet_flow_parse(&frame, &flow);
	vnet_rss_init(&rss, &attr);
	assert_int_equal(vnet_rss_hash(&rss, f, &flow), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_symmetric_needs_pairs),
		cmocka_unit_test(test_against_definition),
		cmocka_unit_test(test_not_ip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
