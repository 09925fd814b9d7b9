/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a cable between two cards in two processes. SOCK_SEQPACKET keeps the bounds
 * of messages and their order, loses nothing, and tells when the peer is gone. One side has the
 * socket's name (it listens), the other one connects; either may come first, go, and come back.
 * While there is no connection the port has no carrier.
 *
 * The listener takes one peer; the next one stays in the backlog until that one is gone. A name
 * that a killed process has left behind is taken over, one that somebody listens on is not. The
 * name's mode comes from the socket's own inode (0600) before bind(), so there is no moment in
 * which others could connect, and no umask of the whole process is changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base_math.h"
#include "wire_out.h"

#define UNIX_IOV 64u
/* Room for the frames of a busy moment; more than the system's limit is cut to it. */
#define UNIX_BUFFER (1 << 20)

struct wire_unix {
	struct wire_out out; /* fds[0]: the peer, fds[1]: listens */
	enum wire_unix_role role;
	struct sockaddr_un addr;
};

static struct wire_unix *
unix_of(struct wire_out *out)
{
	return base_container_of(out, struct wire_unix, out);
}

static int
unix_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int
unix_dial(const struct sockaddr_un *addr)
{
	int fd = unix_socket(), ret;

	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

static void
unix_connected(struct wire_out *out, int fd)
{
	int size = UNIX_BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	out->fds[0] = fd;
	out->ticks = false;
	out->last_error = 0;
	wire_carrier(out->wire, out->port, true);
	/* the new peer is waited for, whatever the last one did */
	wire_port_wake(out->wire, out->port);
}

static void
unix_hang_up(struct wire_out *out)
{
	if (out->fds[0] < 0)
		return;
	close(out->fds[0]);
	out->fds[0] = -1;
	out->ticks = unix_of(out)->role == WIRE_UNIX_CONNECT;
	wire_carrier(out->wire, out->port, false);
}

static void
unix_tend(struct wire_out *out)
{
	struct wire_unix *u = unix_of(out);
	int fd;

	if (out->fds[0] >= 0)
		return;
	if (u->role == WIRE_UNIX_LISTEN) {
		fd = accept4(out->fds[1], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && errno != EAGAIN && errno != EINTR)
			wire_out_error(out, "accept", errno);
	} else {
		fd = unix_dial(&u->addr);
		/* not there yet, not there any more, or busy with another: that is normal */
		if (fd < 0 && fd != -ENOENT && fd != -ECONNREFUSED && fd != -EAGAIN)
			wire_out_error(out, "connect", -fd);
	}
	if (fd >= 0)
		unix_connected(out, fd);
}

static int
unix_recv(struct wire_out *out, void *buf)
{
	ssize_t len;

	if (out->fds[0] < 0)
		return 0;
	len = recv(out->fds[0], buf, WIRE_FRAME_MAX, MSG_TRUNC);
	if (len > (ssize_t)WIRE_FRAME_MAX) {
		out->wire->ports[out->port].stats.tx_size++;
		return 0;
	}
	if (len > 0)
		return (int)len;
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	unix_hang_up(out);
	return 0;
}

static int
unix_send(struct wire_out *out, const struct wire_frame *frame)
{
	struct iovec iov[UNIX_IOV];
	struct msghdr msg = { .msg_iov = iov };
	int error;

	if (out->fds[0] < 0)
		return -ENOTCONN;
	msg.msg_iovlen = wire_out_iov(out, frame, iov, UNIX_IOV);
	if (sendmsg(out->fds[0], &msg, MSG_NOSIGNAL) >= 0)
		return 0;
	error = errno;
	if (error == EAGAIN || error == EINTR || error == ENOBUFS)
		return -EAGAIN;
	if (error == EPIPE || error == ECONNRESET)
		unix_hang_up(out);
	else
		wire_out_error(out, "send", error);
	return -error;
}

static void
unix_halt(struct wire_out *out)
{
	if (unix_of(out)->role == WIRE_UNIX_LISTEN)
		unlink(unix_of(out)->addr.sun_path);
}

static void
unix_destroy(struct wire_out *out)
{
	if (out->fds[1] >= 0)
		unix_halt(out);
	if (out->fds[0] >= 0)
		close(out->fds[0]);
	if (out->fds[1] >= 0)
		close(out->fds[1]);
}

static const struct wire_out_ops unix_ops = {
	.kind = "unix",
	.tend = unix_tend,
	.recv = unix_recv,
	.send = unix_send,
	.halt = unix_halt,
	.destroy = unix_destroy,
};

/* Removes the name that a dead listener has left behind. */
static int
unix_take_over(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd;

	if (lstat(addr->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -EADDRINUSE; /* connecting to it would be refused, too */
	fd = unix_dial(addr);
	if (fd == -ECONNREFUSED)
		return unlink(addr->sun_path) == 0 ? 0 : -errno;
	if (fd >= 0)
		close(fd);
	return -EADDRINUSE;
}

static int
unix_listen(const struct sockaddr_un *addr)
{
	int fd = unix_socket(), ret;

	if (fd < 0)
		return fd;
	if (fchmod(fd, 0600) != 0)
		goto close_fd;
	while (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0) {
		if (errno != EADDRINUSE)
			goto close_fd;
		ret = unix_take_over(addr);
		if (ret != 0) {
			errno = -ret;
			goto close_fd;
		}
	}
	if (listen(fd, 1) == 0)
		return fd;
	unlink(addr->sun_path);
close_fd:
	ret = -errno;
	close(fd);
	return ret;
}

int
wire_unix_add(struct wire *wire, unsigned int net, const char *name, const char *path,
		enum wire_unix_role role)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct wire_out *out;
	int fd = -1, ret;

	if (*path == '\0' || strlen(path) >= sizeof(addr.sun_path)) {
		base_err(wire->log, "wire port %s: path of a socket: 1 to %zu characters", name,
				sizeof(addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(addr.sun_path, path);
	if (role == WIRE_UNIX_LISTEN) {
		fd = unix_listen(&addr);
		if (fd < 0) {
			base_err(wire->log, "wire port %s: %s: cannot listen: %s", name, path,
					strerror(-fd));
			return fd;
		}
	}
	ret = wire_out_create(wire, net, name, &unix_ops, sizeof(struct wire_unix), &out);
	if (ret != 0) {
		if (fd >= 0) {
			unlink(path);
			close(fd);
		}
		return ret;
	}
	out->fds[1] = fd;
	out->ticks = role == WIRE_UNIX_CONNECT;
	unix_of(out)->role = role;
	unix_of(out)->addr = addr;
	wire_carrier(wire, out->port, false);
	base_info(wire->log, "wire port %s: %s %s", name,
			role == WIRE_UNIX_LISTEN ? "listens on" : "connects to", path);
	return (int)out->port;
}
