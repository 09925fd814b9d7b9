/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Event channels: file descriptors on which the card's events of subscribed objects arrive.
 *
 * A channel is read by one thread; subscriptions may come from any. A subscription ends with its
 * object or its channel, whichever goes first; events that were sent before may still be read, so
 * a cookie should carry what tells an old event from a new one.
 */
#ifndef DEVX_EVENT_H
#define DEVX_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "devx_cmd.h"

struct devx_event_channel;

/** @param with_data false: events are just cookies (several of one object may merge). */
int devx_event_channel_create(struct devx_dev *dev, bool with_data,
		struct devx_event_channel **channel);
void devx_event_channel_destroy(struct devx_event_channel *channel);
/** Readable when an event is there; non-blocking. */
int devx_event_channel_fd(const struct devx_event_channel *channel);

int devx_event_subscribe(struct devx_event_channel *channel, struct devx_obj *obj,
		enum prm_event event, uint64_t cookie);
/** Takes one event. @return 0; -EAGAIN there is none; -errno. */
int devx_event_read(struct devx_event_channel *channel, uint64_t *cookie);

#endif /* DEVX_EVENT_H */
