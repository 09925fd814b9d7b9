/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the ones' complement sum of 16-bit words. Since it does not matter which
 * byte order the words are in as long as it is always the same, words are loaded as the host has
 * them and the folded result is stored likewise; only numbers that are not in the frame (the
 * lengths and protocol of the pseudo header) are converted. For the same reason eight bytes can be
 * added at a time, carry included: 2^16 is 1 modulo 2^16 - 1, and so is 2^64.
 *
 * A piece that begins at an odd place of what is summed has its bytes in the other halves of the
 * words; exchanging the halves of its folded sum repairs that.
 */
#include <arpa/inet.h>
#include <string.h>

#include "vnet_csum.h"

#define IP_UDP 17u

uint64_t
vnet_csum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t words;

	for (; len >= sizeof(words); p += sizeof(words), len -= sizeof(words)) {
		memcpy(&words, p, sizeof(words));
		sum += words;
		sum += sum < words;
	}
	if (len != 0) {
		words = 0;
		memcpy(&words, p, len);
		sum += words;
		sum += sum < words;
	}
	return sum;
}

uint16_t
vnet_csum_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint64_t
vnet_csum_pseudo(const void *addrs, uint32_t addr_len, uint8_t proto, uint32_t len)
{
	uint64_t sum = vnet_csum_add(0, addrs, (size_t)addr_len * 2);

	sum = vnet_csum_fold(sum);
	return sum + htons(proto) + htons((uint16_t)(len >> 16)) + htons((uint16_t)len);
}

void
vnet_csum_store(void *field, uint64_t sum)
{
	uint16_t csum = (uint16_t)~vnet_csum_fold(sum);

	if (csum == 0)
		csum = 0xffff; /* the same number */
	memcpy(field, &csum, sizeof(csum));
}

bool
vnet_csum_complete(void *frame, size_t len, size_t start, size_t offset)
{
	uint8_t *p = frame;

	if (start > len || offset > len - start || len - start - offset < 2)
		return false;
	vnet_csum_store(p + start + offset, vnet_csum_add(0, p + start, len - start));
	return true;
}

/* What is left of the bytes to be summed, and the sum so far. */
struct csum_range {
	size_t skip, len;
	size_t done;
	uint64_t sum;
};

static void
csum_piece(struct csum_range *r, const uint8_t *p, size_t len)
{
	uint16_t sum;

	if (r->skip >= len) {
		r->skip -= len;
		return;
	}
	p += r->skip;
	len -= r->skip;
	r->skip = 0;
	if (len > r->len)
		len = r->len;
	sum = vnet_csum_fold(vnet_csum_add(0, p, len));
	if (r->done % 2 != 0)
		sum = (uint16_t)(sum << 8 | sum >> 8);
	r->sum += sum;
	r->done += len;
	r->len -= len;
}

bool
vnet_csum_good(const struct wire_frame *frame, const struct vnet_flow *flow)
{
	struct csum_range range = { .skip = flow->l4_off, .len = flow->l4_len };
	const uint8_t *l4 = frame->head + flow->l4_off;
	unsigned int i;

	if (!flow->has_ports || flow->is_routed)
		return false;
	if (flow->l4_proto == IP_UDP && l4[6] == 0 && l4[7] == 0)
		return false;
	range.sum = vnet_csum_pseudo(frame->head + flow->addr_off, flow->addr_len, flow->l4_proto,
			flow->l4_len);
	csum_piece(&range, frame->head, frame->head_len);
	for (i = 0; i < frame->nb_body && range.len != 0; i++)
		csum_piece(&range, frame->body[i].iov_base, frame->body[i].iov_len);
	return vnet_csum_fold(range.sum) == 0xffff;
}
