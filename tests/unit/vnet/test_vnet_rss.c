/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the hash against the values that Microsoft publishes for implementers
 * ("Verifying the RSS Hash Calculation", Windows driver documentation), and symmetry.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

/* A TCP packet with the vector's addresses and ports, or with both exchanged. */
static size_t
build(const struct vector *v, int family, bool back, uint8_t frame[128])
{
	size_t alen = family == AF_INET ? 4 : 16, ip_len = family == AF_INET ? 20 : 40;
	uint8_t *ip = frame + 14, *addr = ip + (family == AF_INET ? 12 : 8), *l4 = ip + ip_len;
	uint16_t sport = htons(back ? v->dport : v->sport);
	uint16_t dport = htons(back ? v->sport : v->dport);

	memset(frame, 0, 128);
	frame[12] = family == AF_INET ? 0x08 : 0x86;
	frame[13] = family == AF_INET ? 0x00 : 0xdd;
	ip[0] = family == AF_INET ? 0x45 : 0x60;
	ip[family == AF_INET ? 3 : 5] = family == AF_INET ? 40 : 20;
	ip[family == AF_INET ? 9 : 6] = 6;
	assert_int_equal(inet_pton(family, back ? v->dst : v->src, addr), 1);
	assert_int_equal(inet_pton(family, back ? v->src : v->dst, addr + alen), 1);
	memcpy(l4, &sport, 2);
	memcpy(l4 + 2, &dport, 2);
	return 14 + ip_len + 20;
}

static uint32_t
hash(const struct vector *v, int family, bool back, const struct vnet_tir_attr *attr)
{
	struct vnet_flow flow;
	uint8_t frame[128];
	size_t len = build(v, family, back, frame);

	vnet_flow_parse(frame, len, &flow);
	assert_int_equal(flow.ip_version, family == AF_INET ? 4 : 6);
	assert_true(flow.has_ports);
	return vnet_rss_hash(attr, frame, &flow);
}

static void
check(const struct vector *v, int family)
{
	struct vnet_tir_attr attr = { .toeplitz = true, .hash_fields = 0x3 };

	memcpy(attr.key, ms_key, sizeof(attr.key));
	assert_int_equal(hash(v, family, false, &attr), v->ip_hash);
	attr.hash_fields = 0xf;
	assert_int_equal(hash(v, family, false, &attr), v->l4_hash);
	assert_int_not_equal(hash(v, family, true, &attr), v->l4_hash);
	attr.symmetric = true;
	assert_int_equal(hash(v, family, true, &attr), hash(v, family, false, &attr));
	attr.hash_fields = 0;
	assert_int_equal(hash(v, family, false, &attr), 0);
}

static void
test_vectors(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(vectors4) / sizeof(vectors4[0]); i++)
		check(&vectors4[i], AF_INET);
	for (i = 0; i < sizeof(vectors6) / sizeof(vectors6[0]); i++)
		check(&vectors6[i], AF_INET6);
}

static void
test_not_ip(void **state)
{
	struct vnet_tir_attr attr = { .toeplitz = true, .hash_fields = 0xf };
	struct vnet_flow flow;
	uint8_t frame[60] = { 0 };

	(void)state;
	memcpy(attr.key, ms_key, sizeof(attr.key));
	vnet_flow_parse(frame, sizeof(frame), &flow);
	assert_int_equal(vnet_rss_hash(&attr, frame, &flow), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_not_ip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
