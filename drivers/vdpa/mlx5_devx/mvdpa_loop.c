/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one epoll set with a stop eventfd in it, which is written once and never
 * read. Everything is level-triggered, so what a call of ready() leaves is told of again, and no
 * file can keep the others waiting. The thread is never cancelled: stopping writes and joins.
 */
#include "mvdpa_loop.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOP_BATCH 32
#define LOOP_STOP UINT64_MAX

void
mvdpa_loop_init(struct mvdpa_loop *loop, const struct base_log *log)
{
	*loop = (struct mvdpa_loop){ .epoll_fd = -1, .stop_fd = -1, .core = UINT32_MAX };
	loop->log = log;
}

int
mvdpa_loop_open(struct mvdpa_loop *loop)
{
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	loop->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->stop_fd < 0)
		return -errno;
	return mvdpa_loop_add(loop, loop->stop_fd, LOOP_STOP);
}

int
mvdpa_loop_add(struct mvdpa_loop *loop, int fd, uint64_t tag)
{
	struct epoll_event entry = { .events = EPOLLIN, .data.u64 = tag };

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &entry) == 0 ? 0 : -errno;
}

void
mvdpa_loop_remove(struct mvdpa_loop *loop, int fd)
{
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* Wherever else the thread runs it does its work, so a CPU that is not to be had is no error. */
static void
loop_settle(const struct mvdpa_loop *loop)
{
	cpu_set_t cpus;

	if (loop->core == UINT32_MAX)
		return;
	CPU_ZERO(&cpus);
	if (loop->core < CPU_SETSIZE)
		CPU_SET(loop->core, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0)
		base_warn(loop->log, "the event thread cannot run on CPU %u: %s", loop->core,
				strerror(errno));
}

static mvdpa_thread_ret
loop_main(void *arg)
{
	struct epoll_event ready[LOOP_BATCH];
	struct mvdpa_loop *loop = arg;
	int i, nb;

	loop_settle(loop);
	for (;;) {
		nb = epoll_wait(loop->epoll_fd, ready, LOOP_BATCH, -1);
		for (i = 0; i < nb; i++) {
			if (ready[i].data.u64 == LOOP_STOP)
				return MVDPA_THREAD_RET;
			loop->ready(loop->arg, ready[i].data.u64);
		}
		if (nb < 0 && errno != EINTR) {
			base_err(loop->log, "cannot wait for events: %s", strerror(errno));
			return MVDPA_THREAD_RET;
		}
	}
}

int
mvdpa_loop_start(struct mvdpa_loop *loop, const char *name)
{
	int ret = mvdpa_thread_create(&loop->thread, name, loop_main, loop);

	loop->running = ret == 0;
	return ret < 0 ? ret : -ret;
}

void
mvdpa_loop_stop(struct mvdpa_loop *loop)
{
	if (!loop->running)
		return;
	eventfd_write(loop->stop_fd, 1);
	mvdpa_thread_join(loop->thread);
	loop->running = false;
}

void
mvdpa_loop_close(struct mvdpa_loop *loop)
{
	mvdpa_loop_stop(loop);
	if (loop->stop_fd >= 0)
		close(loop->stop_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	loop->stop_fd = -1;
	loop->epoll_fd = -1;
}
