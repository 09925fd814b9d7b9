/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one thread waits for a timer and for an eventfd by which it is told to end.
 * At each tick it reads the counters, without the timeline's lock (a counter has a lock of its own),
 * and adds a sample under the lock. When that made the interval double, the timer is set anew.
 *
 * A tick that comes late is no error: a sample carries its own time, taken before the counters are
 * read. Ticks that were missed are one sample.
 *
 * timeline_stop() joins the thread and then takes the last sample itself, so that what came after the
 * last tick is there too.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <base_clock.h>
#include <base_mutex.h>

#include "timeline.h"

struct timeline {
	unsigned int nb_directions;
	struct timeline_direction directions[TIMELINE_DIRECTIONS_MAX];
	struct timeline_count base[TIMELINE_DIRECTIONS_MAX]; /* counters at the beginning */
	uint64_t begin_ns;
	int timer_fd, stop_fd;
	bool running; /* of whoever created it */
	pthread_t thread;
	struct base_mutex lock;
	struct timeline_data data BASE_GUARDED_BY(lock);
};

void
timeline_count_streams(void *streams, struct timeline_count *count)
{
	const struct timeline_streams *s = streams;

	*count = (struct timeline_count){ 0, 0 };
	for (unsigned int i = 0; i < s->nb; i++) {
		struct guest_ledger_count one;

		if (guest_ledger_count(s->ledger, s->first + i, &one) != 0)
			continue;
		count->sent += one.sent;
		count->arrived += one.sent - one.lost - one.excused;
	}
}

/* @return the interval from now on */
static uint64_t
timeline_sample(struct timeline *timeline)
{
	struct timeline_count counts[TIMELINE_DIRECTIONS_MAX] = { { 0, 0 } };
	uint64_t now = base_clock_ns(), interval_ns;

	for (unsigned int i = 0; i < timeline->nb_directions; i++) {
		timeline->directions[i].count(timeline->directions[i].arg, &counts[i]);
		counts[i].sent -= timeline->base[i].sent;
		counts[i].arrived -= timeline->base[i].arrived;
	}
	base_mutex_lock(&timeline->lock);
	timeline_data_add(&timeline->data, now - timeline->begin_ns, counts);
	interval_ns = timeline->data.interval_ns;
	base_mutex_unlock(&timeline->lock);
	return interval_ns;
}

static int
timeline_set_timer(int fd, uint64_t interval_ns)
{
	struct timespec t = { .tv_sec = (time_t)(interval_ns / BASE_NS_PER_S),
		.tv_nsec = (long)(interval_ns % BASE_NS_PER_S) };
	struct itimerspec spec = { .it_interval = t, .it_value = t };

	return timerfd_settime(fd, 0, &spec, NULL) == 0 ? 0 : -errno;
}

static void *
timeline_run(void *arg)
{
	struct timeline *timeline = arg;
	struct pollfd fds[] = { { .fd = timeline->stop_fd, .events = POLLIN },
		{ .fd = timeline->timer_fd, .events = POLLIN } };
	uint64_t ticks, interval_ns = 0;

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue; /* EINTR: nothing else can happen to two files of our own */
		if (fds[0].revents != 0)
			return NULL;
		if (read(timeline->timer_fd, &ticks, sizeof(ticks)) == sizeof(ticks)) {
			uint64_t now_ns = timeline_sample(timeline);

			/* cannot fail: the same call made the timer run */
			if (interval_ns != 0 && now_ns != interval_ns)
				(void)timeline_set_timer(timeline->timer_fd, now_ns);
			interval_ns = now_ns;
		}
	}
}

static int
timeline_start(struct timeline *timeline, uint64_t interval_ns)
{
	int ret;

	timeline->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (timeline->stop_fd < 0)
		return -errno;
	timeline->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timeline->timer_fd < 0) {
		ret = -errno;
		goto close_stop;
	}
	ret = timeline_set_timer(timeline->timer_fd, interval_ns);
	if (ret == 0)
		ret = -pthread_create(&timeline->thread, NULL, timeline_run, timeline);
	if (ret != 0)
		goto close_timer;
	timeline->running = true;
	return 0;
close_timer:
	close(timeline->timer_fd);
close_stop:
	close(timeline->stop_fd);
	return ret;
}

int
timeline_create(const struct timeline_attr *attr, struct timeline **timeline) BASE_NO_TSA
{
	uint64_t interval_ns = attr->interval_ns != 0 ? attr->interval_ns : TIMELINE_INTERVAL_NS;
	unsigned int max = attr->max_samples != 0 ? attr->max_samples : TIMELINE_SAMPLES;
	struct timeline *t;
	int ret;

	if (attr->nb_directions == 0 || attr->nb_directions > TIMELINE_DIRECTIONS_MAX)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	ret = timeline_data_init(&t->data, max, interval_ns);
	if (ret != 0)
		goto free_timeline;
	base_mutex_init(&t->lock);
	t->nb_directions = t->data.nb_directions = attr->nb_directions;
	t->begin_ns = base_clock_ns();
	for (unsigned int i = 0; i < attr->nb_directions; i++) {
		t->directions[i] = attr->directions[i];
		t->directions[i].count(t->directions[i].arg, &t->base[i]);
		snprintf(t->data.directions[i], TIMELINE_NAME_LEN, "%s", attr->directions[i].name);
	}
	ret = timeline_start(t, interval_ns);
	if (ret != 0)
		goto fini_data;
	*timeline = t;
	return 0;
fini_data:
	base_mutex_destroy(&t->lock);
	timeline_data_fini(&t->data);
free_timeline:
	free(t);
	return ret;
}

void
timeline_stop(struct timeline *timeline)
{
	if (!timeline->running)
		return;
	timeline->running = false;
	if (eventfd_write(timeline->stop_fd, 1) != 0)
		abort(); /* a counter of our own at 0 takes 1 */
	pthread_join(timeline->thread, NULL);
	close(timeline->timer_fd);
	close(timeline->stop_fd);
	(void)timeline_sample(timeline);
}

void
timeline_destroy(struct timeline *timeline) BASE_NO_TSA
{
	if (timeline == NULL)
		return;
	timeline_stop(timeline);
	base_mutex_destroy(&timeline->lock);
	timeline_data_fini(&timeline->data);
	free(timeline);
}

uint64_t
timeline_ns(const struct timeline *timeline, uint64_t clock_ns)
{
	return clock_ns > timeline->begin_ns ? clock_ns - timeline->begin_ns : 0;
}

int
timeline_copy(struct timeline *timeline, struct timeline_data *copy)
{
	int ret;

	base_mutex_lock(&timeline->lock);
	ret = timeline_data_copy(copy, &timeline->data);
	base_mutex_unlock(&timeline->lock);
	return ret;
}
