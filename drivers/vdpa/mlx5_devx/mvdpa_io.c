/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the files of kick and call belong to vhost, which closes and replaces them
 * from its own thread; duplicates are used here, so that a number never comes to mean another
 * file. They come from a process that is not trusted: only eventfds are taken (a write to a pipe
 * could raise SIGPIPE, a read could block), and they are made non-blocking. The front-end can undo
 * that, since both ends share the file's flags, and a thread that hung here would hold up vhost, and
 * with it all other guests. So a read says itself that it must not wait (Linux 5.8 can do that with
 * eventfds), which a front-end that takes its kicks back at the wrong moment cannot break. A write
 * cannot say so; it asks first whether it would block.
 *
 * The doorbell is one 32-bit little-endian store of the queue's index. The guest wrote the ring
 * before it kicked and we have seen the kick, so its ring is visible before our store; the fence
 * keeps the compiler and weakly ordered CPUs to it.
 *
 * A guest that gives no kick file (vhost-user: the file of SET_VRING_KICK may be missing) wants its
 * ring to be looked at again and again. The card does not do that by itself, so the kick file of
 * such a queue is a timer, which is readable every now and then.
 *
 * To take completions is to look at the completion queue, to give the room of the messages back,
 * and to interrupt the guest if there was anything. When it is done, and when the next event is
 * asked for, is the fast thread's matter. The event queue pair can break as any other; then no
 * completion comes any more while the queue itself runs on, so the repair thread is told.
 */
#include "mvdpa_io.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base_io.h"
#include "mvdpa_event.h"

#define READ_TRIES 3

void
mvdpa_io_init(struct mvdpa_io *io)
{
	base_mutex_init(&io->lock);
	io->kick_fd = -1;
	io->call_fd = -1;
}

void
mvdpa_io_fini(struct mvdpa_io *io)
{
	mvdpa_io_stop(io);
	base_mutex_destroy(&io->lock);
}

void
mvdpa_io_ring(const struct mvdpa_io *io)
{
	base_io_wmb();
	/* the register is all queues', and any thread may ring for one of them */
	__atomic_store_n((uint32_t *)io->doorbell, htole32(io->index), __ATOMIC_RELAXED);
}

static bool
io_would_block(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) <= 0 || (p.revents & events) == 0;
}

static void
io_call_locked(struct mvdpa_io *io) BASE_REQUIRES(io->lock)
{
	const uint64_t one = 1;
	ssize_t len;

	/* A counter that is full: the guest has been called often enough. */
	if (io->call_fd < 0 || io_would_block(io->call_fd, POLLOUT))
		return;
	do
		len = write(io->call_fd, &one, sizeof(one));
	while (len < 0 && errno == EINTR);
	if (len < 0 && errno != EAGAIN)
		base_warn(io->log, "%s queue %u: cannot call the guest: %s", io->dev_name,
				io->index, strerror(errno));
}

static uint32_t
io_take_locked(struct mvdpa_io *io) BASE_REQUIRES(io->lock)
{
	uint16_t nb = io->cq != NULL ? devx_cq_poll(io->cq) : 0;

	if (nb == 0)
		return 0;
	devx_qp_credit(io->qp, nb);
	io_call_locked(io);
	if (!io->broken && devx_cq_has_failed(io->cq)) {
		base_err(io->log, "%s queue %u: the card cannot tell of completions any more",
				io->dev_name, io->index);
		io->broken = true;
		eventfd_write(io->attention_fd, 1);
	}
	return nb;
}

uint32_t
mvdpa_io_take(struct mvdpa_io *io)
{
	uint32_t nb;

	base_mutex_lock(&io->lock);
	nb = io_take_locked(io);
	base_mutex_unlock(&io->lock);
	return nb;
}

void
mvdpa_io_ask(struct mvdpa_io *io)
{
	base_mutex_lock(&io->lock);
	if (io->cq != NULL)
		devx_cq_arm(io->cq);
	base_mutex_unlock(&io->lock);
}

bool
mvdpa_io_is_broken(struct mvdpa_io *io)
{
	bool broken;

	base_mutex_lock(&io->lock);
	broken = io->broken;
	base_mutex_unlock(&io->lock);
	return broken;
}

void
mvdpa_io_start(struct mvdpa_io *io, struct devx_cq *cq, struct devx_qp *qp)
{
	base_mutex_lock(&io->lock);
	io->cq = cq;
	io->qp = qp;
	io->broken = false;
	if (cq != NULL)
		devx_cq_arm(cq);
	base_mutex_unlock(&io->lock);
}

static void
io_detach_locked(struct mvdpa_io *io) BASE_REQUIRES(io->lock)
{
	if (io->kick_fd >= 0) {
		epoll_ctl(io->epoll_fd, EPOLL_CTL_DEL, io->kick_fd, NULL);
		close(io->kick_fd);
		io->kick_fd = -1;
	}
	if (io->call_fd >= 0) {
		close(io->call_fd);
		io->call_fd = -1;
	}
}

void
mvdpa_io_stop(struct mvdpa_io *io)
{
	base_mutex_lock(&io->lock);
	io_take_locked(io);
	io->cq = NULL;
	io->qp = NULL;
	io_detach_locked(io);
	base_mutex_unlock(&io->lock);
}

void
mvdpa_io_detach(struct mvdpa_io *io)
{
	base_mutex_lock(&io->lock);
	io_detach_locked(io);
	base_mutex_unlock(&io->lock);
}

static bool
io_is_eventfd(int fd)
{
	static const char want[] = "anon_inode:[eventfd]";
	char path[64], link[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, link, sizeof(link));
	return len == (ssize_t)sizeof(want) - 1 && memcmp(link, want, sizeof(want) - 1) == 0;
}

static int
io_take_fd(struct mvdpa_io *io, const char *what, int fd, int *out)
{
	int own, flags;

	*out = -1;
	if (fd < 0)
		return 0; /* the guest polls */
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		goto failed;
	if (!io_is_eventfd(own)) {
		errno = EINVAL;
		goto close_own;
	}
	flags = fcntl(own, F_GETFL);
	if (flags < 0 || fcntl(own, F_SETFL, flags | O_NONBLOCK) < 0)
		goto close_own;
	*out = own;
	return 0;
close_own:
	flags = errno;
	close(own);
	errno = flags;
failed:
	flags = errno;
	base_err(io->log, "%s queue %u: %s file %d cannot be used (is it an eventfd?): %s",
			io->dev_name, io->index, what, fd, strerror(flags));
	return -flags;
}

/* A kick file that kicks by itself. */
static int
io_take_timer(struct mvdpa_io *io, int *out)
{
	const struct timespec period = { .tv_nsec = MVDPA_IO_KICK_POLL_US * 1000 };
	const struct itimerspec when = { .it_interval = period, .it_value = period };
	int ret;

	*out = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (*out >= 0 && timerfd_settime(*out, 0, &when, NULL) == 0)
		return 0;
	ret = -errno;
	base_err(io->log, "%s queue %u: no timer in place of kicks: %s", io->dev_name, io->index,
			strerror(-ret));
	if (*out >= 0)
		close(*out);
	*out = -1;
	return ret;
}

int
mvdpa_io_attach(struct mvdpa_io *io, int kick_fd, int call_fd)
{
	struct epoll_event event = { .events = EPOLLIN,
		.data.u64 = mvdpa_event_tag(MVDPA_EVENT_KICK, io->index) };
	int kick, call, ret, ret2;

	ret = kick_fd == -1 ? io_take_timer(io, &kick) : io_take_fd(io, "kick", kick_fd, &kick);
	ret2 = io_take_fd(io, "call", call_fd, &call);
	base_mutex_lock(&io->lock);
	io_detach_locked(io);
	io->call_fd = call;
	io->kick_fd = kick;
	if (kick >= 0 && epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, kick, &event) != 0) {
		ret = -errno;
		base_err(io->log, "%s queue %u: kicks cannot be waited for: %s", io->dev_name,
				io->index, strerror(-ret));
	}
	mvdpa_io_ring(io);
	io_call_locked(io);
	base_mutex_unlock(&io->lock);
	return ret != 0 ? ret : ret2;
}

/* Does not block, whatever the front-end does with the file and its flags meanwhile. */
static ssize_t
io_read(int fd, uint64_t *count)
{
	const struct iovec to = { .iov_base = count, .iov_len = sizeof(*count) };
	ssize_t len = preadv2(fd, &to, 1, -1, RWF_NOWAIT);

	if (len >= 0 || errno != EOPNOTSUPP)
		return len;
	/* an older kernel, or a timer of ours */
	errno = EAGAIN;
	return io_would_block(fd, POLLIN) ? -1 : read(fd, count, sizeof(*count));
}

bool
mvdpa_io_kicked(struct mvdpa_io *io)
{
	bool kicked = false;
	uint64_t count;
	ssize_t len = -1;
	int i;

	base_mutex_lock(&io->lock);
	/* Would block: somebody else took the kick, or the event is of an older file. */
	for (i = 0; io->kick_fd >= 0 && i < READ_TRIES; i++) {
		len = io_read(io->kick_fd, &count);
		if (len >= 0 || errno != EINTR)
			break;
	}
	if (len > 0) {
		mvdpa_io_ring(io);
		kicked = true;
	}
	base_mutex_unlock(&io->lock);
	return kicked;
}
