/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Copies between the user's addresses and ours: a bad address is -EFAULT, as in the kernel, and
 * never a crash of the process. Any thread.
 */
#ifndef UV_USER_H
#define UV_USER_H

#include <stddef.h>
#include <stdint.h>

/** @return 0, or -EFAULT when a byte of [uaddr, uaddr + len) cannot be read. */
int uv_copy_from(void *dst, uint64_t uaddr, size_t len);
/** @return 0, or -EFAULT when a byte of [uaddr, uaddr + len) cannot be written. */
int uv_copy_to(uint64_t uaddr, const void *src, size_t len);

#endif /* UV_USER_H */
