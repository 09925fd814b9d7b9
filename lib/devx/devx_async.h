/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Events of the function as a whole (ibv_get_async_event(3)): of interest is its end. One reader.
 */
#ifndef DEVX_ASYNC_H
#define DEVX_ASYNC_H

#include <stdbool.h>

#include "devx_dev.h"

/** Makes the file of asynchronous events non-blocking. */
int devx_async_open(struct devx_dev *dev);
/** Readable when an event is there. Belongs to the device. */
int devx_async_fd(const struct devx_dev *dev);
/**
 * Takes one event.
 * @param fatal set to true when it says that the device is gone, else unchanged.
 * @return 0; -EAGAIN there is none; -errno: the file is of no use any more, so the device is gone.
 */
int devx_async_read(struct devx_dev *dev, bool *fatal);

#endif /* DEVX_ASYNC_H */
