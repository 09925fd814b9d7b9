/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: wrappers of calls that take a descriptor, or make one out of another. They
 * ask the table, and keep it in step: who copies a served descriptor gets a served one, and the
 * last number that goes tells the owner.
 *
 * No lock is held while a function of libc runs, and read() is not wrapped: descriptors that we
 * give out are real memfds and sockets, so a thread may be cancelled in read() and any process may
 * map a page that it was sent. What is served runs with cancellation off: a thread that ends inside
 * (in a write() to the log, say) would keep the card's locks.
 *
 * Where a number changes its owner the table follows the kernel: before a close, because the number
 * may be somebody else's right after it; after a dup2(), because it is open all the time.
 */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "seam_fd.h"
#include "seam_real.h"

/* --- ioctl ---------------------------------------------------------------------------------- */

static int
seam_serve_ioctl(struct seam_node *node, unsigned long cmd, void *arg)
{
	int old, ret;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	ret = seam_node_ops(node)->ioctl(seam_node_arg(node), cmd, (uintptr_t)arg);
	seam_fd_put(node);
	pthread_setcancelstate(old, NULL);
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

SEAM_EXPORT int
ioctl(int fd, unsigned long cmd, ...)
{
	struct seam_node *node = seam_fd_get(fd);
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (node != NULL && seam_node_ops(node)->ioctl != NULL)
		return seam_serve_ioctl(node, cmd, arg);
	if (node != NULL)
		seam_fd_put(node);
	return SEAM_REAL(ioctl)(fd, cmd, arg);
}

/* --- close ---------------------------------------------------------------------------------- */

/* Gives a hold back, which may be the end of a file; errno stays. */
static void
seam_let_go(struct seam_node *node)
{
	int saved = errno, old;

	if (node == NULL)
		return;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	seam_fd_put(node);
	pthread_setcancelstate(old, NULL);
	errno = saved;
}

SEAM_EXPORT int
close(int fd)
{
	struct seam_node *node = seam_fd_del(fd);
	int ret = SEAM_REAL(close)(fd);

	seam_let_go(node);
	return ret;
}

static void
seam_close_all(unsigned int first, unsigned int last)
{
	int saved = errno, old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	seam_fd_del_range(first, last);
	pthread_setcancelstate(old, NULL);
	errno = saved;
}

SEAM_EXPORT int
close_range(unsigned int first, unsigned int last, int flags)
{
	/* With a flag they are not closed, or in a copy of the descriptors that is made now; who
	 * calls for the latter has no other threads, and is noticed by the next use. */
	if (flags == 0 && first <= last)
		seam_close_all(first, last);
	return SEAM_REAL(close_range)(first, last, flags);
}

SEAM_EXPORT void
closefrom(int first)
{
	seam_close_all(first > 0 ? (unsigned int)first : 0, ~0u);
	SEAM_REAL(closefrom)(first);
}

/* --- copies --------------------------------------------------------------------------------- */

/* "to" has become a copy of "from", or what it was is gone; takes the caller's hold. */
static int
seam_copied(struct seam_node *from, int to)
{
	if (from == NULL) {
		seam_let_go(seam_fd_del(to));
		return to;
	}
	/* Without room in the table it is a plain descriptor: pages can be mapped, no more. */
	if (to >= 0)
		(void)seam_fd_dup(from, to);
	seam_let_go(from);
	return to;
}

SEAM_EXPORT int
dup(int fd)
{
	struct seam_node *node = seam_fd_get(fd);

	return seam_copied(node, SEAM_REAL(dup)(fd));
}

SEAM_EXPORT int
dup2(int fd, int to)
{
	struct seam_node *node = seam_fd_get(fd);
	int ret = SEAM_REAL(dup2)(fd, to);

	if (fd != to)
		return seam_copied(node, ret);
	seam_let_go(node);
	return ret;
}

SEAM_EXPORT int
dup3(int fd, int to, int flags)
{
	struct seam_node *node = seam_fd_get(fd);

	return seam_copied(node, SEAM_REAL(dup3)(fd, to, flags));
}

/* The third argument of fcntl() is an int, a pointer or absent; all fit a pointer's register. */
#define SEAM_FCNTL(name)                                                 \
	SEAM_EXPORT int name(int fd, int cmd, ...)                       \
	{                                                                \
		struct seam_node *node;                                  \
		va_list ap;                                              \
		void *arg;                                               \
                                                                         \
		va_start(ap, cmd);                                       \
		arg = va_arg(ap, void *);                                \
		va_end(ap);                                              \
		if (cmd != F_DUPFD && cmd != F_DUPFD_CLOEXEC)            \
			return SEAM_REAL(name)(fd, cmd, arg);            \
		node = seam_fd_get(fd);                                  \
		return seam_copied(node, SEAM_REAL(name)(fd, cmd, arg)); \
	}

SEAM_FCNTL(fcntl)
SEAM_FCNTL(fcntl64)

/* --- netlink -------------------------------------------------------------------------------- */

SEAM_EXPORT int
socket(int family, int type, int protocol)
{
	/* libibverbs asks the kernel for devices first and reads sysfs only if it cannot. */
	if (family == AF_NETLINK && protocol == NETLINK_RDMA && !seam_is_stopped() &&
			seam_ops.conf() != NULL) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	return SEAM_REAL(socket)(family, type, protocol);
}
