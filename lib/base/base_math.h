/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Arithmetic on sizes and addresses that come from somebody else: checked, never wrapping.
 */
#ifndef BASE_MATH_H
#define BASE_MATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/** The structure that @p ptr, its member, is part of. */
#define base_container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/** @p a + @p b into @p sum; false on overflow. */
static inline bool
base_add_ok(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

/** @p a * @p b into @p product; false on overflow. */
static inline bool
base_mul_ok(uint64_t a, uint64_t b, uint64_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

/** Is [addr, addr + len) inside [start, start + size)? An empty range at the end is inside. */
static inline bool
base_range_inside(uint64_t addr, uint64_t len, uint64_t start, uint64_t size)
{
	return addr >= start && addr - start <= size && len <= size - (addr - start);
}

/** Do [a, a + alen) and [b, b + blen) share a byte? */
static inline bool
base_range_overlap(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
	return alen != 0 && blen != 0 && (a <= b ? b - a < alen : a - b < blen);
}

static inline bool
base_is_pow2(uint64_t v)
{
	return v != 0 && (v & (v - 1)) == 0;
}

/** Base-2 logarithm, rounded down; @p v must not be 0. */
static inline unsigned int
base_log2(uint64_t v)
{
	return 63u - (unsigned int)__builtin_clzll(v);
}

/** Smallest power of two that is not below @p v (1 for 0; @p v must not exceed 2^63). */
static inline uint64_t
base_pow2_ceil(uint64_t v)
{
	return v <= 1 ? 1 : 1ULL << (base_log2(v - 1) + 1);
}

/** @p v rounded up to a multiple of @p align, a power of two; wraps like the addition does. */
static inline uint64_t
base_align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/** Greatest common divisor; gcd(0, b) is b. */
static inline uint64_t
base_gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

#endif /* BASE_MATH_H */
