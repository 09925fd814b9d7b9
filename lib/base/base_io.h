/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Order between memory that a device reads and the register by which it is told to. A C11 fence
 * orders CPUs among each other; a device is outside of that on some of them, and a store to a
 * write-combining page may stay in the CPU for as long as it likes.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdatomic.h>

/** What was stored before is seen by the device before what is stored to its registers next. */
static inline void
base_io_wmb(void)
{
#if defined(__aarch64__)
	__asm__ volatile("dmb oshst" : : : "memory");
#elif defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("sfence" : : : "memory"); /* the page may be write-combining */
#elif defined(__powerpc64__)
	__asm__ volatile("sync" : : : "memory");
#else
	atomic_thread_fence(memory_order_seq_cst);
#endif
}

/** What was stored to a (perhaps write-combining) register page leaves the CPU now. */
static inline void
base_io_flush(void)
{
#if defined(__aarch64__)
	__asm__ volatile("dsb st" : : : "memory");
#else
	base_io_wmb();
#endif
}

#endif /* BASE_IO_H */
