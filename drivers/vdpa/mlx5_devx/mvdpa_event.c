/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the fast thread waits for kick files, the completion channel and, in two of
 * three modes, a timer; the repair thread for the error channel, the events of the function
 * itself (of which its end is the one of interest) and an eventfd. A queue that is being repaired takes milliseconds of firmware commands, and no other queue notices.
 *
 * Completions, by event_mode: with interrupts each event is followed by a look at its completion
 * queue and by asking for the next one. With a timer the first event starts rounds over all
 * queues (mvdpa_moder.c says when), in which no event is asked for; when they end, all queues are
 * asked for one. Asking comes after the last look and tells the card how far that look went; what
 * completed in between makes an event at once. So the first completion after a pause is not lost,
 * and there is no thread that spins while nothing happens.
 *
 * From a channel at most BATCH events are taken at a time, so that one busy channel cannot keep
 * kicks waiting. The kernel says EOVERFLOW once when it had no memory for an event (the file works
 * on); a channel whose read fails for good (the card was pulled out) is taken out of the set, or
 * it would keep the thread spinning.
 */
#include "mvdpa_event.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "devx_async.h"

#define BATCH 64

/* --- completions ----------------------------------------------------------------------------- */

static void
event_set_timer(struct mvdpa_event *event)
{
	const struct itimerspec when = {
		.it_value.tv_sec = event->moder.delay_us / 1000000,
		/* none at all would switch the timer off */
		.it_value.tv_nsec = event->moder.delay_us % 1000000 * 1000 +
				(event->moder.delay_us == 0 ? 1 : 0),
	};

	timerfd_settime(event->timer_fd, 0, &when, NULL);
}

static void
event_completed(struct mvdpa_event *event, uint16_t queue)
{
	const struct mvdpa_event_attr *attr = &event->attr;
	uint32_t nb = attr->ops->take(attr->arg, queue);

	if (event->polling)
		return;
	if (nb == 0 || !mvdpa_moder_polls(&attr->moder)) {
		attr->ops->ask(attr->arg, queue);
		return;
	}
	event->polling = true;
	mvdpa_moder_begin(&attr->moder, &event->moder);
	event_set_timer(event);
}

static void
event_round(struct mvdpa_event *event, uint16_t queue)
{
	const struct mvdpa_event_attr *attr = &event->attr;
	uint32_t nb, most = 0;
	uint64_t times;
	uint16_t i;

	if (read(event->timer_fd, &times, sizeof(times)) < 0 || !event->polling)
		return;
	for (i = 0; i < attr->nb_queues; i++) {
		nb = attr->ops->take(attr->arg, i);
		most = nb > most ? nb : most;
	}
	if (mvdpa_moder_next(&attr->moder, &event->moder, most)) {
		event_set_timer(event);
		return;
	}
	event->polling = false;
	for (i = 0; i < attr->nb_queues; i++)
		attr->ops->ask(attr->arg, i);
}

static void
event_channel_lost(struct mvdpa_loop *loop, struct devx_event_channel *channel, int error)
{
	base_err(loop->log, "an event channel is lost: %s", strerror(-error));
	mvdpa_loop_remove(loop, devx_event_channel_fd(channel));
}

static void
event_completions(struct mvdpa_event *event, uint16_t queue)
{
	uint64_t cookie;
	int i, ret = 0;
	uint16_t q;

	for (i = 0; i < BATCH && ret == 0; i++) {
		ret = devx_event_read(event->completion, &cookie);
		if (ret == 0)
			event_completed(event, (uint16_t)cookie);
	}
	if (ret == -EOVERFLOW) {
		for (q = 0; q < event->attr.nb_queues; q++)
			event_completed(event, q);
	} else if (ret != 0 && ret != -EAGAIN) {
		event_channel_lost(&event->fast, event->completion, ret);
	}
}

static void
event_kick(struct mvdpa_event *event, uint16_t queue)
{
	event->attr.ops->kicked(event->attr.arg, queue);
}

/* --- errors ---------------------------------------------------------------------------------- */

static void
event_error(struct mvdpa_event *event, uint64_t cookie)
{
	const struct mvdpa_event_attr *attr = &event->attr;
	uint32_t version = (uint32_t)(cookie >> 32);

	if ((cookie >> 16 & 0xffff) == MVDPA_EVENT_OF_CQ)
		attr->ops->cq_failed(attr->arg, (uint16_t)cookie, version);
	else
		attr->ops->failed(attr->arg, (uint16_t)cookie, version);
}

static void
event_errors(struct mvdpa_event *event, uint16_t queue)
{
	uint64_t cookie;
	int i, ret = 0;

	for (i = 0; i < BATCH && ret == 0; i++) {
		ret = devx_event_read(event->error, &cookie);
		if (ret == 0)
			event_error(event, cookie);
	}
	if (ret == -EOVERFLOW) {
		base_warn(event->attr.log, "error events were lost, all queues are looked at");
		event->attr.ops->lost(event->attr.arg);
	} else if (ret != 0 && ret != -EAGAIN) {
		event_channel_lost(&event->repair, event->error, ret);
	}
}

/* The function's end is the last that comes. */
static void
event_async(struct mvdpa_event *event, uint16_t queue)
{
	struct devx_dev *devx = event->attr.devx;
	bool fatal = false;
	int i, ret = 0;

	for (i = 0; i < BATCH && ret == 0 && !fatal; i++)
		ret = devx_async_read(devx, &fatal);
	if (ret == -EAGAIN || (ret == 0 && !fatal))
		return;
	mvdpa_loop_remove(&event->repair, devx_async_fd(devx));
	event->attr.ops->removed(event->attr.arg);
}

static void
event_attention(struct mvdpa_event *event, uint16_t queue)
{
	uint64_t times;

	if (read(event->attention_fd, &times, sizeof(times)) > 0)
		event->attr.ops->attention(event->attr.arg);
}

/* --- life ------------------------------------------------------------------------------------ */

static void
event_ready(void *arg, uint64_t tag)
{
	static void (*const handlers[MVDPA_EVENT_NB_KINDS])(struct mvdpa_event *, uint16_t) = {
		[MVDPA_EVENT_COMPLETION] = event_completions,
		[MVDPA_EVENT_TIMER] = event_round,
		[MVDPA_EVENT_KICK] = event_kick,
		[MVDPA_EVENT_ERROR] = event_errors,
		[MVDPA_EVENT_ATTENTION] = event_attention,
		[MVDPA_EVENT_ASYNC] = event_async,
	};

	handlers[tag >> 32](arg, (uint16_t)tag);
}

static int
event_open_fast(struct mvdpa_event *event)
{
	int ret;

	ret = mvdpa_loop_open(&event->fast);
	if (ret == 0)
		ret = devx_event_channel_create(event->attr.devx, false, &event->completion);
	if (ret != 0)
		return ret;
	event->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (event->timer_fd < 0)
		return -errno;
	ret = mvdpa_loop_add(&event->fast, devx_event_channel_fd(event->completion),
			mvdpa_event_tag(MVDPA_EVENT_COMPLETION, 0));
	if (ret == 0)
		ret = mvdpa_loop_add(&event->fast, event->timer_fd,
				mvdpa_event_tag(MVDPA_EVENT_TIMER, 0));
	return ret;
}

static int
event_open_repair(struct mvdpa_event *event)
{
	int ret;

	ret = mvdpa_loop_open(&event->repair);
	if (ret == 0)
		ret = devx_event_channel_create(event->attr.devx, true, &event->error);
	if (ret != 0)
		return ret;
	event->attention_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event->attention_fd < 0)
		return -errno;
	ret = mvdpa_loop_add(&event->repair, devx_event_channel_fd(event->error),
			mvdpa_event_tag(MVDPA_EVENT_ERROR, 0));
	if (ret == 0)
		ret = mvdpa_loop_add(&event->repair, event->attention_fd,
				mvdpa_event_tag(MVDPA_EVENT_ATTENTION, 0));
	if (ret == 0)
		ret = devx_async_open(event->attr.devx);
	if (ret == 0)
		ret = mvdpa_loop_add(&event->repair, devx_async_fd(event->attr.devx),
				mvdpa_event_tag(MVDPA_EVENT_ASYNC, 0));
	return ret;
}

void
mvdpa_event_init(struct mvdpa_event *event)
{
	*event = (struct mvdpa_event){ .attention_fd = -1, .timer_fd = -1 };
	mvdpa_loop_init(&event->fast, NULL);
	mvdpa_loop_init(&event->repair, NULL);
}

int
mvdpa_event_start(struct mvdpa_event *event, const struct mvdpa_event_attr *attr)
{
	int ret;

	mvdpa_event_init(event);
	event->attr = *attr;
	mvdpa_loop_init(&event->fast, attr->log);
	mvdpa_loop_init(&event->repair, attr->log);
	event->fast.core = attr->core;
	event->fast.ready = event->repair.ready = event_ready;
	event->fast.arg = event->repair.arg = event;
	ret = event_open_fast(event);
	if (ret == 0)
		ret = event_open_repair(event);
	if (ret == 0)
		ret = mvdpa_loop_start(&event->fast, "mvdpa-event");
	if (ret == 0)
		ret = mvdpa_loop_start(&event->repair, "mvdpa-repair");
	if (ret != 0) {
		base_err(attr->log, "no event threads: %s", strerror(-ret));
		mvdpa_event_close(event);
	}
	return ret;
}

void
mvdpa_event_stop(struct mvdpa_event *event)
{
	mvdpa_loop_stop(&event->repair);
	mvdpa_loop_stop(&event->fast);
}

void
mvdpa_event_close(struct mvdpa_event *event)
{
	mvdpa_event_stop(event);
	devx_event_channel_destroy(event->completion);
	devx_event_channel_destroy(event->error);
	event->completion = NULL;
	event->error = NULL;
	if (event->attention_fd >= 0)
		close(event->attention_fd);
	if (event->timer_fd >= 0)
		close(event->timer_fd);
	event->attention_fd = -1;
	event->timer_fd = -1;
	mvdpa_loop_close(&event->fast);
	mvdpa_loop_close(&event->repair);
}
