/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The one control thread of a device: waits for kicks, completions, errors and its own end.
 */
#ifndef MVDPA_EVENT_H
#define MVDPA_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base_log.h"
#include "devx_event.h"
#include "mvdpa_compat.h"

/** What an epoll entry is about; the low half of the tag is a queue index. */
enum mvdpa_event_kind {
	MVDPA_EVENT_STOP,
	MVDPA_EVENT_COMPLETION,
	MVDPA_EVENT_ERROR,
	MVDPA_EVENT_KICK,
	MVDPA_EVENT_ASYNC,
	MVDPA_EVENT_NB_KINDS,
};

static inline uint64_t
mvdpa_event_tag(enum mvdpa_event_kind kind, uint16_t queue)
{
	return (uint64_t)kind << 32 | queue;
}

/** Cookie of a queue's error events: @p version tells a former object's event from a new one's. */
static inline uint64_t
mvdpa_event_error_cookie(uint16_t queue, uint32_t version)
{
	return (uint64_t)version << 32 | queue;
}

/** Called by the thread, without any lock held. The queue index is not checked. */
struct mvdpa_event_ops {
	void (*kicked)(void *arg, uint16_t queue);
	void (*completed)(void *arg, uint16_t queue);
	void (*failed)(void *arg, uint16_t queue, uint32_t version);
	void (*lost)(void *arg); /**< error events were lost: any queue may have failed */
	void (*removed)(void *arg); /**< the card is gone; called once */
};

struct mvdpa_event {
	int epoll_fd; /**< kick files are added and removed by their queues */
	int stop_fd;
	struct devx_dev *devx;
	struct devx_event_channel *completion;
	struct devx_event_channel *error;
	mvdpa_thread thread;
	bool running;
	const struct mvdpa_event_ops *ops;
	void *arg;
	const struct base_log *log;
};

/** Opens channels and starts the thread. */
int mvdpa_event_start(struct mvdpa_event *event, struct devx_dev *devx,
		const struct mvdpa_event_ops *ops, void *arg, const struct base_log *log);
/** Tells the thread to stop and waits for it; must not be called from it or with a lock held that
 * the ops take. The channels stay until mvdpa_event_close(). */
void mvdpa_event_stop(struct mvdpa_event *event);
/** Closes everything; no object may be subscribed any more. */
void mvdpa_event_close(struct mvdpa_event *event);

#endif /* MVDPA_EVENT_H */
