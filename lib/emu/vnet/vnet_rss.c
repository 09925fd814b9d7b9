/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: for each set bit of the input, from the first, the 32 bits of the key that
 * begin at the bit's position are added (xor). Symmetric hashing puts the smaller of the two
 * addresses, and of the two ports, first, so both directions of a connection give the same input.
 */
#include <assert.h>
#include <string.h>

#include "vnet_rss.h"

uint32_t
vnet_rss_toeplitz(const uint8_t key[40], const uint8_t *data, size_t len)
{
	uint32_t hash = 0;
	uint32_t window = (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 | (uint32_t)key[2] << 8 |
			key[3];
	size_t i;
	int bit;

	assert(len <= VNET_RSS_INPUT_MAX);
	for (i = 0; i < len; i++) {
		for (bit = 7; bit >= 0; bit--) {
			if (data[i] >> bit & 1)
				hash ^= window;
			window = window << 1 | (key[i + 4] >> bit & 1);
		}
	}
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
vnet_rss_hash(const struct vnet_tir_attr *attr, const void *frame, const struct vnet_flow *flow)
{
	uint8_t input[VNET_RSS_INPUT_MAX];
	size_t len = 0;

	if (flow->addr_len != 0) {
		struct rss_pair addrs = {
			.at = (const uint8_t *)frame + flow->addr_off,
			.len = flow->addr_len,
			.src = (attr->hash_fields & VNET_HASH_SRC_IP) != 0,
			.dst = (attr->hash_fields & VNET_HASH_DST_IP) != 0,
		};
		len += rss_append(input, &addrs, attr->symmetric);
	}
	if (flow->has_ports) {
		struct rss_pair ports = {
			.at = (const uint8_t *)frame + flow->l4_off,
			.len = 2,
			.src = (attr->hash_fields & VNET_HASH_L4_SPORT) != 0,
			.dst = (attr->hash_fields & VNET_HASH_L4_DPORT) != 0,
		};
		len += rss_append(input + len, &ports, attr->symmetric);
	}
	return vnet_rss_toeplitz(attr->key, input, len);
}
