/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Reading and writing PRM fields: PRM_GET(virtio_q, p, queue_size), PRM_SET(virtio_q, p,
 * queue_size, 256). Buffers are bytes, big endian inside; they need no alignment. Fields of up to
 * 64 bits that do not cross a 64-bit boundary (all fields of the PRM) are handled.
 */
#ifndef PRM_FIELD_H
#define PRM_FIELD_H

#include <assert.h>
#include <stdint.h>

#include "prm_layout.h"

#define PRM_FIELD_ENUM_(s, f, off, bits) \
	PRM_##s##__##f##_OFF = (off), PRM_##s##__##f##_BITS = (bits),
#define PRM_NESTED_ENUM_(s, f, off, bits, type) PRM_FIELD_ENUM_(s, f, off, bits)
#define PRM_STRUCT_ENUM_(s, total)                                                              \
	enum {                                                                                  \
		PRM_FIELDS_##s(PRM_FIELD_ENUM_, PRM_NESTED_ENUM_) PRM_##s##_SIZE_BITS = (total) \
	};
PRM_STRUCTS(PRM_STRUCT_ENUM_)
#undef PRM_STRUCT_ENUM_
#undef PRM_NESTED_ENUM_
#undef PRM_FIELD_ENUM_

#define PRM_FIELD_ASSERT_(s, f, off, bits) \
	static_assert((off) + (bits) <= PRM_##s##_SIZE_BITS, #s "." #f " lies outside of " #s);
#define PRM_NESTED_ASSERT_(s, f, off, bits, type)                          \
	PRM_FIELD_ASSERT_(s, f, off, bits)                                 \
	static_assert((off) % 32 == 0 && (bits) == PRM_##type##_SIZE_BITS, \
			#s "." #f " is not a whole " #type);
#define PRM_STRUCT_ASSERT_(s, total)                                             \
	static_assert((total) % 32 == 0, #s " is not a whole number of dwords"); \
	PRM_FIELDS_##s(PRM_FIELD_ASSERT_, PRM_NESTED_ASSERT_)
PRM_STRUCTS(PRM_STRUCT_ASSERT_)
#undef PRM_STRUCT_ASSERT_
#undef PRM_NESTED_ASSERT_
#undef PRM_FIELD_ASSERT_

/** Bit offset and width of a field, size of a structure in bytes. */
#define PRM_OFF(s, f) ((uint32_t)PRM_##s##__##f##_OFF)
#define PRM_BITS(s, f) ((uint32_t)PRM_##s##__##f##_BITS)
#define PRM_SIZE(s) ((uint32_t)PRM_##s##_SIZE_BITS / 8)

/** Place of a field that is a structure of its own; @p p is a (const) void or byte pointer. */
#define PRM_PTR(s, p, f) ((void *)((uintptr_t)(p) + PRM_OFF(s, f) / 8))

/** Value of a field as uint64_t. */
#define PRM_GET(s, p, f) prm_get((p), PRM_OFF(s, f), PRM_BITS(s, f))
/** Sets a field; bits of @p v that do not fit are a programming error (assert). */
#define PRM_SET(s, p, f, v) prm_set((p), PRM_OFF(s, f), PRM_BITS(s, f), (v))

/** The @p bits bits at bit @p off of @p base, 1 to 64 within one aligned 64-bit word. */
uint64_t prm_get(const void *base, uint32_t off, uint32_t bits);
/** Writes them. */
void prm_set(void *base, uint32_t off, uint32_t bits, uint64_t value);

#endif /* PRM_FIELD_H */
