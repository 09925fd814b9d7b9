/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: for each set bit of the input, from the first, the 32 bits of the key that
 * begin at the bit's position are added (xor). The bits of four add up to sixteen sums at each
 * place, which are worked out once for a key.
 *
 * Symmetric hashing puts the smaller of the two addresses, and of the two ports, first, so both
 * directions of a connection give the same input. It applies to a pair of which both are selected.
 */
#include <assert.h>
#include <string.h>

#include "vnet_rss.h"

#define IP_TCP 6u
#define IP_UDP 17u

/* The 32 bits of the key that begin at bit @p bit; behind its end there are zeros. */
static uint32_t
rss_key_window(const uint8_t key[40], unsigned int bit)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < 5; i++)
		bytes = bytes << 8 | (bit / 8 + i < 40 ? key[bit / 8 + i] : 0);
	return (uint32_t)(bytes >> (8 - bit % 8));
}

void
vnet_rss_init(struct vnet_rss *rss, const struct vnet_tir_attr *attr)
{
	unsigned int place, value, bit;

	*rss = (struct vnet_rss){
		.symmetric = attr->symmetric,
		.fields = attr->hash_fields,
		.ip_version = attr->hash_l3 == VNET_HASH_IPV6 ? 6 : 4,
		.l4_proto = attr->hash_l4 == VNET_HASH_UDP ? IP_UDP : IP_TCP,
	};
	for (place = 0; place < 2 * VNET_RSS_INPUT_MAX; place++) {
		for (value = 0; value < 16; value++) {
			for (bit = 0; bit < 4; bit++) {
				if ((value << bit & 8) != 0)
					rss->nibbles[place][value] ^=
							rss_key_window(attr->key, 4 * place + bit);
			}
		}
	}
}

uint32_t
vnet_rss_toeplitz(const struct vnet_rss *rss, const uint8_t *data, size_t len)
{
	uint32_t hash = 0;
	size_t i;

	assert(len <= VNET_RSS_INPUT_MAX);
	for (i = 0; i < len; i++)
		hash ^= rss->nibbles[2 * i][data[i] >> 4] ^ rss->nibbles[2 * i + 1][data[i] & 15];
	return hash;
}

/* A pair of fields of @p len bytes each that follow each other in the frame. */
struct rss_pair {
	const uint8_t *at;
	size_t len;
	bool src, dst; /* which of the two are selected */
};

static size_t
rss_append(uint8_t *input, const struct rss_pair *pair, bool symmetric)
{
	const uint8_t *first = pair->at, *second = pair->at + pair->len;
	size_t n = 0;

	if (symmetric && pair->src && pair->dst && memcmp(first, second, pair->len) > 0) {
		first = second;
		second = pair->at;
	}
	if (pair->src) {
		memcpy(input, first, pair->len);
		n += pair->len;
	}
	if (pair->dst) {
		memcpy(input + n, second, pair->len);
		n += pair->len;
	}
	return n;
}

uint32_t
vnet_rss_hash(const struct vnet_rss *rss, const uint8_t *head, const struct vnet_flow *flow)
{
	uint8_t input[VNET_RSS_INPUT_MAX];
	size_t len = 0;

	if (flow->ip_version != rss->ip_version)
		return 0;
	const struct rss_pair addrs = {
		.at = head + flow->addr_off,
		.len = flow->addr_len,
		.src = (rss->fields & VNET_HASH_SRC_IP) != 0,
		.dst = (rss->fields & VNET_HASH_DST_IP) != 0,
	};
	len += rss_append(input, &addrs, rss->symmetric);
	if (flow->has_ports && flow->l4_proto == rss->l4_proto) {
		const struct rss_pair ports = {
			.at = head + flow->l4_off,
			.len = 2,
			.src = (rss->fields & VNET_HASH_L4_SPORT) != 0,
			.dst = (rss->fields & VNET_HASH_L4_DPORT) != 0,
		};
		len += rss_append(input + len, &ports, rss->symmetric);
	}
	return vnet_rss_toeplitz(rss, input, len);
}
