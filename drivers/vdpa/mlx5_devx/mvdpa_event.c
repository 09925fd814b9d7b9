/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: everything the thread waits for is in one epoll set: a stop eventfd, the
 * completion channel, the error channel, and the kick file of each running queue. It is never
 * cancelled: stopping writes the eventfd and joins.
 *
 * All files are non-blocking and level-triggered; from a channel at most BATCH events are taken at
 * a time, so that one busy channel cannot keep kicks waiting. The kernel says EOVERFLOW once when
 * it had no memory for an event (the file works on); a channel whose read fails for good
 * (the card was pulled out) is taken out of the set, or it would keep the thread spinning.
 */
#include "mvdpa_event.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devx_async.h"

#define BATCH 64
#define EPOLL_BATCH 32

static void
event_channel_lost(struct mvdpa_event *event, struct devx_event_channel *channel, int error)
{
	base_err(event->log, "an event channel is lost: %s", strerror(-error));
	epoll_ctl(event->epoll_fd, EPOLL_CTL_DEL, devx_event_channel_fd(channel), NULL);
}

static void
event_completions(struct mvdpa_event *event, uint16_t queue)
{
	uint64_t cookie;
	int i, ret = 0;

	for (i = 0; i < BATCH && ret == 0; i++) {
		ret = devx_event_read(event->completion, &cookie);
		if (ret == 0)
			event->ops->completed(event->arg, (uint16_t)cookie);
	}
	if (ret != 0 && ret != -EAGAIN)
		event_channel_lost(event, event->completion, ret);
}

static void
event_errors(struct mvdpa_event *event, uint16_t queue)
{
	uint64_t cookie;
	int i, ret = 0;

	for (i = 0; i < BATCH && ret == 0; i++) {
		ret = devx_event_read(event->error, &cookie);
		if (ret == 0)
			event->ops->failed(event->arg, (uint16_t)cookie, (uint32_t)(cookie >> 32));
	}
	if (ret == -EOVERFLOW) {
		base_warn(event->log, "error events were lost, all queues are looked at");
		event->ops->lost(event->arg);
	} else if (ret != 0 && ret != -EAGAIN) {
		event_channel_lost(event, event->error, ret);
	}
}

static void
event_kick(struct mvdpa_event *event, uint16_t queue)
{
	event->ops->kicked(event->arg, queue);
}

/* Events of the function itself. Its end is the only one of interest, and the last one. */
static void
event_async(struct mvdpa_event *event, uint16_t queue)
{
	bool fatal = false;
	int i, ret = 0;

	for (i = 0; i < BATCH && ret == 0 && !fatal; i++)
		ret = devx_async_read(event->devx, &fatal);
	if (ret == -EAGAIN || (ret == 0 && !fatal))
		return;
	epoll_ctl(event->epoll_fd, EPOLL_CTL_DEL, devx_async_fd(event->devx), NULL);
	event->ops->removed(event->arg);
}

static mvdpa_thread_ret
event_main(void *arg)
{
	static void (*const handlers[MVDPA_EVENT_NB_KINDS])(struct mvdpa_event *, uint16_t) = {
		[MVDPA_EVENT_COMPLETION] = event_completions,
		[MVDPA_EVENT_ERROR] = event_errors,
		[MVDPA_EVENT_KICK] = event_kick,
		[MVDPA_EVENT_ASYNC] = event_async,
	};
	struct epoll_event ready[EPOLL_BATCH];
	struct mvdpa_event *event = arg;
	int i, nb;

	for (;;) {
		nb = epoll_wait(event->epoll_fd, ready, EPOLL_BATCH, -1);
		for (i = 0; i < nb; i++) {
			enum mvdpa_event_kind kind =
					(enum mvdpa_event_kind)(ready[i].data.u64 >> 32);

			if (kind == MVDPA_EVENT_STOP)
				return MVDPA_THREAD_RET;
			handlers[kind](event, (uint16_t)ready[i].data.u64);
		}
		if (nb < 0 && errno != EINTR) {
			base_err(event->log, "cannot wait for events: %s", strerror(errno));
			return MVDPA_THREAD_RET;
		}
	}
}

static int
event_add(struct mvdpa_event *event, int fd, enum mvdpa_event_kind kind)
{
	struct epoll_event entry = { .events = EPOLLIN, .data.u64 = mvdpa_event_tag(kind, 0) };

	return epoll_ctl(event->epoll_fd, EPOLL_CTL_ADD, fd, &entry) == 0 ? 0 : -errno;
}

static int
event_open(struct mvdpa_event *event, struct devx_dev *devx)
{
	int ret;

	event->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	event->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event->epoll_fd < 0 || event->stop_fd < 0)
		return -errno;
	ret = devx_event_channel_create(devx, false, &event->completion);
	if (ret == 0)
		ret = devx_event_channel_create(devx, true, &event->error);
	if (ret == 0)
		ret = event_add(event, event->stop_fd, MVDPA_EVENT_STOP);
	if (ret == 0)
		ret = event_add(event, devx_event_channel_fd(event->completion),
				MVDPA_EVENT_COMPLETION);
	if (ret == 0)
		ret = event_add(event, devx_event_channel_fd(event->error), MVDPA_EVENT_ERROR);
	if (ret == 0)
		ret = devx_async_open(devx);
	if (ret == 0)
		ret = event_add(event, devx_async_fd(devx), MVDPA_EVENT_ASYNC);
	return ret;
}

int
mvdpa_event_start(struct mvdpa_event *event, struct devx_dev *devx,
		const struct mvdpa_event_ops *ops, void *arg, const struct base_log *log)
{
	int ret;

	*event = (struct mvdpa_event){
		.epoll_fd = -1,
		.stop_fd = -1,
		.devx = devx,
		.ops = ops,
		.arg = arg,
		.log = log,
	};
	ret = event_open(event, devx);
	if (ret == 0) {
		ret = -mvdpa_thread_create(&event->thread, "mvdpa-event", event_main, event);
		event->running = ret == 0;
	}
	if (ret != 0) {
		base_err(log, "no event thread: %s", strerror(ret < 0 ? -ret : ret));
		mvdpa_event_close(event);
		return ret < 0 ? ret : -ret;
	}
	return 0;
}

void
mvdpa_event_stop(struct mvdpa_event *event)
{
	if (!event->running)
		return;
	eventfd_write(event->stop_fd, 1);
	mvdpa_thread_join(event->thread);
	event->running = false;
}

void
mvdpa_event_close(struct mvdpa_event *event)
{
	mvdpa_event_stop(event);
	devx_event_channel_destroy(event->completion);
	devx_event_channel_destroy(event->error);
	event->completion = NULL;
	event->error = NULL;
	if (event->stop_fd >= 0)
		close(event->stop_fd);
	if (event->epoll_fd >= 0)
		close(event->epoll_fd);
	event->stop_fd = -1;
	event->epoll_fd = -1;
}
