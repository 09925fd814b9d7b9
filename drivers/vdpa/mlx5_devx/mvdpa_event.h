/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The two threads of a device. The fast one relays kicks and completions, which takes
 * microseconds; the repair one deals with errors, which takes firmware commands.
 */
#ifndef MVDPA_EVENT_H
#define MVDPA_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base_log.h"
#include "devx_event.h"
#include "mvdpa_loop.h"
#include "mvdpa_moder.h"

/** What an epoll entry is about; the low half of the tag is a queue index. */
enum mvdpa_event_kind {
	/* in the fast loop */
	MVDPA_EVENT_COMPLETION,
	MVDPA_EVENT_TIMER,
	MVDPA_EVENT_KICK,
	/* in the repair loop */
	MVDPA_EVENT_ERROR,
	MVDPA_EVENT_ATTENTION,
	MVDPA_EVENT_ASYNC,
	MVDPA_EVENT_NB_KINDS,
};

static inline uint64_t
mvdpa_event_tag(enum mvdpa_event_kind kind, uint16_t queue)
{
	return (uint64_t)kind << 32 | queue;
}

/** Whose error an event on the error channel tells of. */
enum mvdpa_event_source {
	MVDPA_EVENT_OF_QUEUE, /**< the virtio queue's */
	MVDPA_EVENT_OF_CQ, /**< that of the completion queue which carries its events */
};

/** Cookie of error events: @p version tells a former object's event from a new one's. */
static inline uint64_t
mvdpa_event_error_cookie(enum mvdpa_event_source source, uint16_t queue, uint32_t version)
{
	return (uint64_t)version << 32 | (uint32_t)source << 16 | queue;
}

/** Called without any lock held. The queue index is not checked. */
struct mvdpa_event_ops {
	/* by the fast thread: nothing in them may wait for firmware */
	void (*kicked)(void *arg, uint16_t queue);
	/** Takes what has completed and tells the guest. @return how many */
	uint32_t (*take)(void *arg, uint16_t queue);
	/** Asks for an event at the next completion, at once if there is one already. */
	void (*ask)(void *arg, uint16_t queue);
	/* by the repair thread */
	void (*failed)(void *arg, uint16_t queue, uint32_t version);
	/** The completion queue of that version is dead. */
	void (*cq_failed)(void *arg, uint16_t queue, uint32_t version);
	void (*lost)(void *arg); /**< error events were lost: any queue may have failed */
	void (*removed)(void *arg); /**< the card is gone; called once */
	void (*attention)(void *arg); /**< attention_fd was written */
};

struct mvdpa_event_attr {
	struct devx_dev *devx;
	const struct mvdpa_event_ops *ops;
	void *arg;
	const struct base_log *log;
	struct mvdpa_moder_conf moder;
	uint32_t core; /**< CPU of the fast thread, MVDPA_ARGS_UNSET: EAL's choice */
	uint16_t nb_queues;
};

struct mvdpa_event {
	struct mvdpa_event_attr attr;
	struct mvdpa_loop fast; /**< kick files are added and removed by their queues */
	struct mvdpa_loop repair;
	struct devx_event_channel *completion; /**< read by the fast thread */
	struct devx_event_channel *error; /**< read by the repair thread */
	int attention_fd; /**< to be written, by whoever wants attention() to be called soon */
	int timer_fd;
	/* The fast thread's own. */
	struct mvdpa_moder moder;
	bool polling; /**< the timer runs; the card is not asked for events */
};

/** Nothing is open; mvdpa_event_close() may be called. */
void mvdpa_event_init(struct mvdpa_event *event);
/** Opens channels and starts the threads. @return 0; -errno, logged, and nothing is open. */
int mvdpa_event_start(struct mvdpa_event *event, const struct mvdpa_event_attr *attr);
/** Tells the threads to stop and waits for them; must not be called from one of them or with a
 * lock held that the ops take. The channels stay until mvdpa_event_close(). */
void mvdpa_event_stop(struct mvdpa_event *event);
/** Closes everything; no object may be subscribed any more. */
void mvdpa_event_close(struct mvdpa_event *event);

#endif /* MVDPA_EVENT_H */
