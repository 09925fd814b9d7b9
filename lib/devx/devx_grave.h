/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Objects that the card, or the kernel, would not give up: they are kept, and tried again. For the
 * files of this library, and for who knows that now would be a good time.
 */
#ifndef DEVX_GRAVE_H
#define DEVX_GRAVE_H

#include "devx_dev.h"

struct devx_grave_item;

/** Gives the object up and frees its memory. @return 0, or -errno and all is as before. */
typedef int (*devx_grave_fn)(struct devx_grave_item *item);

/** Part of everything that may have to be kept; all 0 to begin with. */
struct devx_grave_item {
	struct devx_grave_item *next;
	devx_grave_fn fn;
	unsigned int tries;
};

/** At which level a refusal is worth a line: the first is an error, the same again is not. */
static inline enum base_log_level
devx_grave_level(const struct devx_grave_item *item)
{
	return item->tries == 0 ? BASE_LOG_ERR : BASE_LOG_DEBUG;
}

struct devx_grave;
struct devx_grave *devx_grave_create(void); /**< NULL: no memory */
void devx_grave_destroy(struct devx_grave *grave); /**< items still in it are forgotten */

/** Calls @p fn, again later if it fails. What is kept already goes first, it may be what is in the
 * way. Thread-safe. */
void devx_grave_give_up(struct devx_dev *dev, struct devx_grave_item *item, devx_grave_fn fn);

/** Tries again to destroy what could not be destroyed, the oldest first; costs nothing where there
 * is nothing. Thread-safe. */
void devx_grave_reap(struct devx_dev *dev);

#endif /* DEVX_GRAVE_H */
