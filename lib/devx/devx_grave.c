/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a destruction that fails leaves the object where it is: in the kernel's
 * tables, in the card, and in the way of all that it refers to. rdma-core then leaves its own handle
 * alone as well, so the call can be made again. An object whose destruction failed is therefore put
 * at the end of a list, and the list is tried from its head before the next object is created or
 * destroyed, and when the device is cleaned up or closed. The order is that of the first attempts,
 * which is the order of dependence. An item that fails for the last time is forgotten: closing the
 * device destroys it by force.
 *
 * The lock is held while a command of the list runs; the functions of the items take no lock.
 */
#include "devx_grave.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base_mutex.h"
#include "devx_priv.h"

#define DEVX_GRAVE_TRIES 32u

struct devx_grave {
	struct base_mutex lock;
	struct devx_grave_item *head, **tail; /* (lock) */
	atomic_uint nb;
};

struct devx_grave *
devx_grave_create(void)
{
	struct devx_grave *grave = calloc(1, sizeof(*grave));

	if (grave == NULL)
		return NULL;
	base_mutex_init(&grave->lock);
	grave->tail = &grave->head;
	return grave;
}

void
devx_grave_destroy(struct devx_grave *grave)
{
	if (grave == NULL)
		return;
	base_mutex_destroy(&grave->lock);
	free(grave);
}

static void
devx_grave_append_locked(struct devx_grave *grave, struct devx_grave_item *item)
		BASE_REQUIRES(grave->lock)
{
	item->next = NULL;
	*grave->tail = item;
	grave->tail = &item->next;
	atomic_fetch_add(&grave->nb, 1);
}

/* Takes the list and puts back what still fails. */
static void
devx_grave_reap_locked(struct devx_dev *dev, struct devx_grave *grave) BASE_REQUIRES(grave->lock)
{
	struct devx_grave_item *item = grave->head, *next;

	grave->head = NULL;
	grave->tail = &grave->head;
	atomic_store(&grave->nb, 0);
	for (; item != NULL; item = next) {
		next = item->next;
		if (item->fn(item) == 0)
			continue;
		if (++item->tries < DEVX_GRAVE_TRIES)
			devx_grave_append_locked(grave, item);
		else
			base_err(dev->log,
					"%s: an object could not be destroyed in %u tries; it goes "
					"when the device is closed",
					dev->pci_addr, item->tries);
	}
}

void
devx_grave_reap(struct devx_dev *dev)
{
	struct devx_grave *grave = dev->grave;

	if (atomic_load(&grave->nb) == 0)
		return;
	base_mutex_lock(&grave->lock);
	devx_grave_reap_locked(dev, grave);
	base_mutex_unlock(&grave->lock);
}

void
devx_grave_give_up(struct devx_dev *dev, struct devx_grave_item *item, devx_grave_fn fn)
{
	struct devx_grave *grave = dev->grave;

	devx_grave_reap(dev);
	if (fn(item) == 0)
		return;
	item->fn = fn;
	item->tries = 1;
	base_mutex_lock(&grave->lock);
	devx_grave_append_locked(grave, item);
	base_mutex_unlock(&grave->lock);
}
