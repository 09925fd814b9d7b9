/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a message is a header, a payload whose size the header tells, and file
 * descriptors as ancillary data of the first byte. It is sent in one piece (a retry after a short
 * send carries no descriptors again); it is received in two: header and descriptors, then payload,
 * whose size is checked in between. Sockets may be blocking: every step is preceded by poll() with
 * what is left until the deadline, and uses MSG_DONTWAIT.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base_clock.h"
#include "base_math.h"
#include "guest_msg.h"

struct guest_msg_row {
	const char *name;
	uint32_t reply_size;
};

static const struct guest_msg_row rows[GUEST_MSG_NB_REQUESTS] = {
	[GUEST_MSG_GET_FEATURES] = { "GET_FEATURES", 8 },
	[GUEST_MSG_SET_FEATURES] = { "SET_FEATURES", 0 },
	[GUEST_MSG_SET_OWNER] = { "SET_OWNER", 0 },
	[GUEST_MSG_SET_MEM_TABLE] = { "SET_MEM_TABLE", 0 },
	[GUEST_MSG_SET_LOG_BASE] = { "SET_LOG_BASE", 0 }, /* QEMU expects nothing in its answer */
	[GUEST_MSG_SET_VRING_NUM] = { "SET_VRING_NUM", 0 },
	[GUEST_MSG_SET_VRING_ADDR] = { "SET_VRING_ADDR", 0 },
	[GUEST_MSG_SET_VRING_BASE] = { "SET_VRING_BASE", 0 },
	[GUEST_MSG_GET_VRING_BASE] = { "GET_VRING_BASE", 8 },
	[GUEST_MSG_SET_VRING_KICK] = { "SET_VRING_KICK", 0 },
	[GUEST_MSG_SET_VRING_CALL] = { "SET_VRING_CALL", 0 },
	[GUEST_MSG_SET_VRING_ERR] = { "SET_VRING_ERR", 0 },
	[GUEST_MSG_GET_PROTOCOL_FEATURES] = { "GET_PROTOCOL_FEATURES", 8 },
	[GUEST_MSG_SET_PROTOCOL_FEATURES] = { "SET_PROTOCOL_FEATURES", 0 },
	[GUEST_MSG_GET_QUEUE_NUM] = { "GET_QUEUE_NUM", 8 },
	[GUEST_MSG_SET_VRING_ENABLE] = { "SET_VRING_ENABLE", 0 },
	[GUEST_MSG_SET_BACKEND_REQ_FD] = { "SET_BACKEND_REQ_FD", 0 },
	[GUEST_MSG_SET_STATUS] = { "SET_STATUS", 0 },
	[GUEST_MSG_GET_STATUS] = { "GET_STATUS", 8 },
};

const char *
guest_msg_name(uint32_t request)
{
	return request < GUEST_MSG_NB_REQUESTS && rows[request].name != NULL ? rows[request].name :
									       "unknown";
}

uint32_t
guest_msg_reply_size(uint32_t request)
{
	return request < GUEST_MSG_NB_REQUESTS ? rows[request].reply_size : 0;
}

/* Waits until @fd is ready for @events. */
static int
guest_msg_wait(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	for (;;) {
		uint64_t now = base_clock_ns();
		uint64_t left = now < deadline_ns ? deadline_ns - now : 0;
		int ret = poll(&pfd, 1, (int)((left + BASE_NS_PER_MS - 1) / BASE_NS_PER_MS));

		if (ret > 0)
			return 0;
		if (ret == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* Room for the descriptors of one message, aligned as CMSG_* need it. */
union guest_msg_control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(int) * GUEST_MSG_MAX_FDS)];
};

static void
guest_msg_attach(struct msghdr *hdr, union guest_msg_control *control, const struct guest_msg *msg)
{
	struct cmsghdr *cmsg;

	if (msg->nb_fds == 0)
		return;
	memset(control, 0, sizeof(*control));
	hdr->msg_control = control->buf;
	hdr->msg_controllen = CMSG_SPACE(sizeof(int) * msg->nb_fds);
	cmsg = CMSG_FIRSTHDR(hdr);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int) * msg->nb_fds);
	memcpy(CMSG_DATA(cmsg), msg->fds, sizeof(int) * msg->nb_fds);
}

int
guest_msg_send(int fd, const struct guest_msg *msg, uint64_t deadline_ns)
{
	size_t len = GUEST_MSG_HDR_SIZE + msg->wire.size, done = 0;
	union guest_msg_control control;

	assert(len <= sizeof(msg->wire) && msg->nb_fds <= GUEST_MSG_MAX_FDS);
	while (done < len) {
		struct iovec iov = { (char *)&msg->wire + done, len - done };
		struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t nb;
		int ret = guest_msg_wait(fd, POLLOUT, deadline_ns);

		if (ret != 0)
			return ret;
		if (done == 0)
			guest_msg_attach(&hdr, &control, msg);
		nb = sendmsg(fd, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (nb < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (nb > 0)
			done += (size_t)nb;
	}
	return 0;
}

/* Takes the descriptors out of the ancillary data; those that do not fit are closed. */
static int
guest_msg_take_fds(struct msghdr *hdr, struct guest_msg *msg)
{
	int ret = hdr->msg_flags & MSG_CTRUNC ? -EMSGSIZE : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c != NULL; c = CMSG_NXTHDR(hdr, c)) {
		unsigned int nb = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (unsigned int i = 0; i < nb; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (msg->nb_fds < GUEST_MSG_MAX_FDS) {
				msg->fds[msg->nb_fds++] = fd;
			} else {
				close(fd);
				ret = -EMSGSIZE;
			}
		}
	}
	return ret;
}

/* Receives exactly @len bytes to @buf, and descriptors on the way. */
static int
guest_msg_fill(int fd, struct guest_msg *msg, void *buf, size_t len, uint64_t deadline_ns)
{
	size_t done = 0;

	while (done < len) {
		union guest_msg_control control;
		struct iovec iov = { (char *)buf + done, len - done };
		struct msghdr hdr = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.buf,
			.msg_controllen = sizeof(control.buf),
		};
		ssize_t nb;
		int ret = guest_msg_wait(fd, POLLIN, deadline_ns);

		if (ret != 0)
			return ret;
		nb = recvmsg(fd, &hdr, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (nb < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (nb < 0)
			return -errno;
		ret = guest_msg_take_fds(&hdr, msg);
		if (ret != 0)
			return ret;
		if (nb == 0)
			return -ECONNRESET;
		done += (size_t)nb;
	}
	return 0;
}

int
guest_msg_recv(int fd, struct guest_msg *msg, uint64_t deadline_ns)
{
	int ret;

	memset(msg, 0, sizeof(*msg));
	ret = guest_msg_fill(fd, msg, &msg->wire, GUEST_MSG_HDR_SIZE, deadline_ns);
	if (ret == 0 && msg->wire.size > sizeof(msg->wire.u))
		ret = -EMSGSIZE;
	if (ret == 0)
		ret = guest_msg_fill(fd, msg, &msg->wire.u, msg->wire.size, deadline_ns);
	if (ret != 0)
		guest_msg_close(msg);
	return ret;
}

void
guest_msg_close(struct guest_msg *msg)
{
	for (unsigned int i = 0; i < msg->nb_fds; i++)
		close(msg->fds[i]);
	msg->nb_fds = 0;
}
