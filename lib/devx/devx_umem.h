/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Memory of this process that firmware objects live in (completion queues, work queues, the
 * buffers of a virtio queue). The memory is the caller's: page aligned, and valid until
 * devx_umem_destroy(), or the umem's: see devx_umem_own().
 */
#ifndef DEVX_UMEM_H
#define DEVX_UMEM_H

#include <stddef.h>
#include <stdint.h>

#include "devx_dev.h"

struct devx_umem;

int devx_umem_create(struct devx_dev *dev, void *addr, size_t len, struct devx_umem **umem);
void devx_umem_destroy(struct devx_umem *umem);
/**
 * From now on @p mem is the umem's: @p release gets it when the card has given the registration up,
 * and not before: what could not be destroyed may still be written to. NULL @p release: it stays
 * the caller's.
 */
void devx_umem_own(struct devx_umem *umem, void (*release)(void *mem), void *mem);
/** Number by which commands name it. */
uint32_t devx_umem_id(const struct devx_umem *umem);

#endif /* DEVX_UMEM_H */
