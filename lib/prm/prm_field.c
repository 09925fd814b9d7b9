/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the bytes that hold the field are folded, most significant first, into one
 * 64-bit number; the field is then a shift and a mask of it. No host byte order, no alignment.
 */
#include "prm_field.h"

struct prm_window {
	uint32_t first; /* first byte */
	uint32_t count; /* bytes, 1 to 8 */
	uint32_t shift; /* from the field's last bit to the window's last bit */
	uint64_t mask; /* of the field, unshifted */
};

static struct prm_window
prm_window(uint32_t off, uint32_t bits)
{
	struct prm_window w;
	uint32_t end = off + bits;

	assert(bits >= 1 && bits <= 64 && off / 64 == (end - 1) / 64);
	w.first = off / 8;
	w.count = (end + 7) / 8 - w.first;
	w.shift = (w.first + w.count) * 8 - end;
	w.mask = bits == 64 ? UINT64_MAX : (1ULL << bits) - 1;
	return w;
}

static uint64_t
prm_load(const uint8_t *p, uint32_t count)
{
	uint64_t v = 0;
	uint32_t i;

	for (i = 0; i < count; i++)
		v = v << 8 | p[i];
	return v;
}

uint64_t
prm_get(const void *base, uint32_t off, uint32_t bits)
{
	struct prm_window w = prm_window(off, bits);

	return prm_load((const uint8_t *)base + w.first, w.count) >> w.shift & w.mask;
}

void
prm_set(void *base, uint32_t off, uint32_t bits, uint64_t value)
{
	struct prm_window w = prm_window(off, bits);
	uint8_t *p = (uint8_t *)base + w.first;
	uint64_t v = prm_load(p, w.count);
	uint32_t i;

	assert((value & ~w.mask) == 0);
	v = (v & ~(w.mask << w.shift)) | value << w.shift;
	for (i = w.count; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
}
