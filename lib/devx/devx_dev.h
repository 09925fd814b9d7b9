/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * One mlx5 function, opened for DevX: command context, protection domain, doorbell pages.
 *
 * This library is the only user of rdma-core. All functions return 0 or -errno; a destroy
 * function takes NULL and cannot fail (what the kernel refuses is logged). Objects belong to their
 * device and must be destroyed before it is closed. Creating and destroying objects of one device
 * is thread-safe; using one object from two threads is the caller's to order.
 */
#ifndef DEVX_DEV_H
#define DEVX_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base_log.h"

struct devx_dev;

/** The device's doorbell page for its virtio queues (mapped for the life of the device). */
struct devx_var {
	void *addr; /**< start of the mapped area */
	uint64_t offset; /**< mmap offset of the area on the command fd */
	uint32_t length; /**< of the area in bytes, a multiple of the page size */
	uint32_t page_id; /**< number that firmware knows it by */
};

/** What names of sub-functions on the auxiliary bus begin with. */
#define DEVX_SF_PREFIX "mlx5_core.sf."

/** Which function is opened, and how. */
struct devx_dev_attr {
	/** PCI address ("0000:03:00.2"), or a sub-function's name on the auxiliary bus
	 * ("mlx5_core.sf.2"). */
	const char *name;
	const struct base_log *log; /**< must stay valid until devx_dev_close() */
	/** Completion doorbells through a non-cached page at once; false: only where the platform
	 * has no write-combining one. */
	bool doorbell_nc;
};

/** @return 0; -ENODEV no RDMA device belongs to the name; -errno of what failed. */
int devx_dev_open(const struct devx_dev_attr *attr, struct devx_dev **dev);
void devx_dev_close(struct devx_dev *dev);

/** Command file: a process that gets it can map the doorbell page at devx_var.offset. */
int devx_dev_cmd_fd(const struct devx_dev *dev);
/** Number of the protection domain that all objects are created in. */
uint32_t devx_dev_pd(const struct devx_dev *dev);
const struct devx_var *devx_dev_var(const struct devx_dev *dev);
/**
 * Where in its page the doorbell lies (pure): the kernel maps whole pages of the host, and the card
 * counts from the start of its BAR, so on a host with pages of 64 KiB it may be in the middle.
 * @param page_size a power of two
 */
size_t devx_var_in_page(uint64_t doorbell_offset, size_t page_size);
/** Bytes in a page of this host. */
size_t devx_dev_page_size(const struct devx_dev *dev);

/**
 * Finds the value of @p key ("PCI_SLOT_NAME") in the text of a sysfs uevent file.
 * @return the value, which ends at a newline or at the text's end, or NULL.
 */
const char *devx_uevent_find(const char *text, const char *key);

#endif /* DEVX_DEV_H */
