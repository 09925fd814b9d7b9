/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the ones' complement sum of 16-bit words. Since it does not matter which
 * byte order the words are in as long as it is always the same, words are loaded as the host has
 * them and the folded result is stored likewise; only numbers that are not in the frame (the
 * lengths and protocol of the pseudo header) are converted.
 */
#include <arpa/inet.h>
#include <string.h>

#include "vnet_csum.h"

#define IP_UDP 17u

static uint64_t
csum_add(uint64_t sum, const uint8_t *p, size_t len)
{
	uint16_t word;

	for (; len >= 2; p += 2, len -= 2) {
		memcpy(&word, p, 2);
		sum += word;
	}
	if (len != 0) {
		word = 0;
		memcpy(&word, p, 1);
		sum += word;
	}
	return sum;
}

static uint16_t
csum_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

bool
vnet_csum_complete(void *frame, size_t len, size_t start, size_t offset)
{
	uint8_t *p = frame;
	uint16_t csum;

	if (start > len || offset > len - start || len - start - offset < 2)
		return false;
	csum = (uint16_t)~csum_fold(csum_add(0, p + start, len - start));
	/* All zeros would say "no checksum" to UDP; all ones is the same number. */
	if (csum == 0)
		csum = 0xffff;
	memcpy(p + start + offset, &csum, 2);
	return true;
}

bool
vnet_csum_good(const void *frame, const struct vnet_flow *flow)
{
	const uint8_t *p = frame;
	const uint8_t *l4 = p + flow->l4_off;
	uint64_t sum;

	if (!flow->has_ports)
		return false;
	if (flow->l4_proto == IP_UDP && l4[6] == 0 && l4[7] == 0)
		return false;
	sum = csum_add(0, p + flow->addr_off, (size_t)flow->addr_len * 2);
	sum += htons(flow->l4_proto);
	sum += htons((uint16_t)(flow->l4_len >> 16));
	sum += htons((uint16_t)flow->l4_len);
	sum = csum_add(sum, l4, flow->l4_len);
	return csum_fold(sum) == 0xffff;
}
