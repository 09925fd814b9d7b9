/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one thread that sleeps in epoll until something comes for a port that leads
 * out; it then marks the port and wakes the engine, which does all the work. A descriptor is armed
 * for one event (EPOLLONESHOT): from the event until the engine has nothing left to fetch the
 * thread has no part in it. What had come before a descriptor was armed is seen by arming it.
 *
 * Ports that want to be looked after from time to time (a socket without a peer) are marked every
 * 50 ms, as long as there is one.
 *
 * The thread knows of a port the pointer that it has given to epoll, writes its "ready" flag and
 * nothing else. Ports live until wire_stop() has ended the thread.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "wire_out.h"

#define WATCH_EVENTS 16
#define WATCH_TICK_MS 50

struct wire_watch {
	pthread_t thread;
	int epoll_fd;
	int call_fd; /* eventfd: look at "stop" and "ticking" again */
	atomic_bool stop;
	atomic_uint_fast64_t ticking; /* ports that want ticks, bit i for port i */
	void (*wake)(void *arg);
	void *arg;
	struct wire *wire; /* for the ticks: the array of its ports does not move */
};

static void
watch_ready(struct wire_out *out)
{
	atomic_store_explicit(&out->ready, true, memory_order_release);
}

static void
watch_tick(struct wire_watch *watch)
{
	uint64_t left = atomic_load(&watch->ticking);

	for (; left != 0; left &= left - 1)
		watch_ready(watch->wire->ports[__builtin_ctzll(left)].out);
}

static void *
watch_run(void *arg)
{
	struct wire_watch *watch = arg;
	struct epoll_event events[WATCH_EVENTS];

	while (!atomic_load(&watch->stop)) {
		int timeout = atomic_load(&watch->ticking) != 0 ? WATCH_TICK_MS : -1;
		int i, nb = epoll_wait(watch->epoll_fd, events, WATCH_EVENTS, timeout);
		unsigned int nb_ports = 0;
		eventfd_t calls;

		if (nb < 0 && errno != EINTR) {
			/* Somebody has closed what is not his. Better deaf than at 100 %. */
			base_err(watch->wire->log,
					"wire: cannot wait any more (%s): nothing comes from outside",
					strerror(errno));
			break;
		}
		for (i = 0; i < nb; i++) {
			if (events[i].data.ptr == NULL) {
				eventfd_read(watch->call_fd, &calls);
			} else {
				watch_ready(events[i].data.ptr);
				nb_ports++;
			}
		}
		if (nb == 0)
			watch_tick(watch);
		if (nb == 0 || nb_ports != 0)
			watch->wake(watch->arg);
	}
	return NULL;
}

static void
watch_call(struct wire_watch *watch)
{
	eventfd_write(watch->call_fd, 1);
}

void
wire_watch_arm(struct wire_watch *watch, struct wire_out *out)
{
	int fd = out->fds[0] >= 0 ? out->fds[0] : out->fds[1];
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = out };
	uint64_t bit = 1ULL << out->port;

	if (!out->ticks)
		atomic_fetch_and(&watch->ticking, ~bit);
	else if ((atomic_fetch_or(&watch->ticking, bit) & bit) == 0)
		watch_call(watch); /* it may be sleeping without a limit */
	if (fd < 0)
		return;
	if (epoll_ctl(watch->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
		epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void
watch_free(struct wire_watch *watch)
{
	if (watch->call_fd >= 0)
		close(watch->call_fd);
	if (watch->epoll_fd >= 0)
		close(watch->epoll_fd);
	free(watch);
}

static int
watch_open(struct wire_watch *watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

	watch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	watch->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (watch->epoll_fd < 0 || watch->call_fd < 0 ||
			epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, watch->call_fd, &event) != 0)
		return -errno;
	return 0;
}

int
wire_start(struct wire *wire, void (*wake)(void *arg), void *arg)
{
	struct wire_watch *watch;
	sigset_t all, old;
	int ret;

	if (wire->outs == 0)
		return 0;
	watch = calloc(1, sizeof(*watch));
	if (watch == NULL)
		return -ENOMEM;
	watch->wire = wire;
	watch->wake = wake;
	watch->arg = arg;
	ret = watch_open(watch);
	if (ret == 0) {
		/* Signals are for the program's own threads. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		ret = -pthread_create(&watch->thread, NULL, watch_run, watch);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	if (ret != 0) {
		base_err(wire->log, "wire: cannot start the watcher: %s", strerror(-ret));
		watch_free(watch);
		return ret;
	}
	pthread_setname_np(watch->thread, "wire");
	wire->watch = watch;
	return 0;
}

void
wire_stop(struct wire *wire)
{
	struct wire_watch *watch = wire->watch;

	if (watch == NULL)
		return;
	atomic_store(&watch->stop, true);
	watch_call(watch);
	pthread_join(watch->thread, NULL);
	watch_free(watch);
	wire->watch = NULL;
}
