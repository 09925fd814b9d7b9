/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the offer waits for the front-end's answer. The vhost thread must not do
 * that (the front-end may be waiting for it), and the event thread should not (interrupts of all
 * queues would wait), so a thread of its own does. It asks when the first kick arrives after
 * the device was configured: then the front-end is up and listens.
 *
 * A refusal is no error: kicks go on being relayed by the event thread, which they do until the
 * front-end has mapped the page anyhow.
 *
 * dev_close only disarms. The asking thread may hang in vhost until the front-end answers or goes
 * away, so dev_cleanup, which comes when it has gone away, waits: behind it vhost frees what the
 * asking thread uses. A front-end can close its connection and keep the channel on which it is
 * asked, and the thread that waits here is the one that serves all guests; so the channel is shut
 * down. vhost does not say which file that is (its message came before the driver could look at
 * messages), the kernel does: the one of the system call that the asking thread is in. It cannot be
 * left to itself instead, behind dev_cleanup vhost frees what it uses; nor can it be interrupted by a
 * signal, whose handlers are the application's.
 */
#include "mvdpa_notifier.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <vdpa_driver.h>

#define HANG_UP_AFTER_NS 10000000

static void
notifier_offer(struct mvdpa_notifier *n, int vid)
{
	int ret = rte_vhost_host_notifier_ctrl(vid, RTE_VHOST_QUEUE_ALL, true);

	if (ret == 0)
		base_info(n->log, "%s: the front-end rings the card's doorbell itself", n->name);
	else
		base_info(n->log, "%s: kicks are relayed (no host notifier: %s)", n->name,
				ret == -ENOTSUP ? "not negotiated" : "refused");
}

static mvdpa_thread_ret
notifier_main(void *arg)
{
	struct mvdpa_notifier *n = arg;
	int vid;

	base_mutex_lock(&n->lock);
	n->tid = syscall(SYS_gettid);
	while (!n->stop) {
		if (n->wish < 0) {
			pthread_cond_wait(&n->changed, &n->lock.m);
			continue;
		}
		vid = n->wish;
		n->wish = -1;
		n->busy = true;
		base_mutex_unlock(&n->lock);
		notifier_offer(n, vid);
		base_mutex_lock(&n->lock);
		n->busy = false;
		pthread_cond_broadcast(&n->changed);
	}
	base_mutex_unlock(&n->lock);
	return MVDPA_THREAD_RET;
}

int
mvdpa_notifier_start(struct mvdpa_notifier *n, const char *name, const struct base_log *log)
{
	pthread_condattr_t attr;
	int ret;

	n->name = name;
	n->log = log;
	base_mutex_init(&n->lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&n->changed, &attr);
	pthread_condattr_destroy(&attr);
	base_mutex_lock(&n->lock);
	n->wish = -1;
	n->armed = false;
	n->stop = false;
	base_mutex_unlock(&n->lock);
	ret = mvdpa_thread_create(&n->thread, "mvdpa-notify", notifier_main, n);
	n->running = ret == 0;
	if (ret != 0)
		base_err(log, "%s: no notifier thread: %s", name, strerror(ret < 0 ? -ret : ret));
	return ret < 0 ? ret : -ret;
}

void
mvdpa_notifier_stop(struct mvdpa_notifier *n)
{
	if (!n->running)
		return;
	base_mutex_lock(&n->lock);
	n->stop = true;
	pthread_cond_broadcast(&n->changed);
	base_mutex_unlock(&n->lock);
	mvdpa_thread_join(n->thread);
	n->running = false;
	pthread_cond_destroy(&n->changed);
	base_mutex_destroy(&n->lock);
}

void
mvdpa_notifier_arm(struct mvdpa_notifier *n, int vid)
{
	base_mutex_lock(&n->lock);
	n->armed = true;
	n->armed_vid = vid;
	base_mutex_unlock(&n->lock);
}

void
mvdpa_notifier_disarm(struct mvdpa_notifier *n)
{
	base_mutex_lock(&n->lock);
	n->armed = false;
	n->wish = -1;
	base_mutex_unlock(&n->lock);
}

void
mvdpa_notifier_kicked(struct mvdpa_notifier *n)
{
	if (!atomic_load_explicit(&n->armed, memory_order_relaxed))
		return; /* all kicks but one in the life of a configuration end here */
	base_mutex_lock(&n->lock);
	if (n->armed) {
		n->armed = false;
		n->wish = n->armed_vid;
		pthread_cond_broadcast(&n->changed);
	}
	base_mutex_unlock(&n->lock);
}

/* Ends a send or receive that the asking thread hangs in, and fails those that come after. */
static void
notifier_hang_up_locked(const struct mvdpa_notifier *n) BASE_REQUIRES(n->lock)
{
	char path[64], line[128] = "";
	unsigned long fd;
	FILE *file;
	long call;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/syscall", n->tid);
	file = fopen(path, "r");
	if (file == NULL)
		return;
	if (fgets(line, sizeof(line), file) != NULL && sscanf(line, "%ld %lx", &call, &fd) == 2 &&
			(call == SYS_recvmsg || call == SYS_sendmsg))
		shutdown((int)fd, SHUT_RDWR);
	fclose(file);
}

void
mvdpa_notifier_wait(struct mvdpa_notifier *n)
{
	struct timespec until;

	base_mutex_lock(&n->lock);
	while (n->busy) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += HANG_UP_AFTER_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		if (pthread_cond_timedwait(&n->changed, &n->lock.m, &until) == ETIMEDOUT && n->busy)
			notifier_hang_up_locked(n);
	}
	base_mutex_unlock(&n->lock);
}
