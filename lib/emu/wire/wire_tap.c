/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a TAP interface of the kernel without the extra header (IFF_NO_PI, no
 * virtio-net header): one read() or write() is one Ethernet frame. The interface is not
 * persistent, so it goes when the descriptor does, however the process ends. A descriptor that
 * was handed in (by whoever may make interfaces, while this process may not) is used as it is.
 *
 * The kernel never makes a writer wait: what it cannot take it drops and counts at the interface.
 * While the interface is down, reading finds nothing and writing gives EIO.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire_out.h"

#define TAP_PATH "/dev/net/tun"
#define TAP_IOV 64u

static int
tap_recv(struct wire_out *out, void *buf)
{
	ssize_t len;

	if (out->fds[0] < 0)
		return 0;
	len = read(out->fds[0], buf, WIRE_FRAME_MAX);
	if (len >= 0)
		return (int)len;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	/* somebody has deleted the interface */
	wire_out_error(out, "read", errno);
	wire_carrier(out->wire, out->port, false);
	close(out->fds[0]);
	out->fds[0] = -1;
	return 0;
}

static int
tap_send(struct wire_out *out, const struct wire_frame *frame)
{
	struct iovec iov[TAP_IOV];
	unsigned int nb = wire_out_iov(out, frame, iov, TAP_IOV);

	if (writev(out->fds[0], iov, (int)nb) >= 0) {
		out->last_error = 0;
		return 0;
	}
	wire_out_error(out, "write (is the interface up?)", errno);
	return errno == EAGAIN ? -EIO : -errno;
}

static void
tap_destroy(struct wire_out *out)
{
	if (out->fds[0] >= 0)
		close(out->fds[0]);
}

static const struct wire_out_ops tap_ops = {
	.kind = "tap",
	.recv = tap_recv,
	.send = tap_send,
	.destroy = tap_destroy,
};

/* Opens the interface that is asked for, or looks at the descriptor that was handed in. */
static int
tap_open(const struct wire_tap_attr *attr, struct ifreq *ifr, int *fd)
{
	bool given = attr->fd >= 0;
	int ret;

	memset(ifr, 0, sizeof(*ifr));
	if (!given && attr->ifname != NULL && strlen(attr->ifname) >= IFNAMSIZ)
		return -ENAMETOOLONG;
	*fd = given ? attr->fd : open(TAP_PATH, O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return -errno;
	if (!given && attr->ifname != NULL)
		strcpy(ifr->ifr_name, attr->ifname);
	ifr->ifr_flags = IFF_TAP | IFF_NO_PI;
	if (ioctl(*fd, given ? TUNGETIFF : TUNSETIFF, ifr) != 0 ||
			fcntl(*fd, F_SETFL, O_NONBLOCK) != 0 ||
			fcntl(*fd, F_SETFD, FD_CLOEXEC) != 0) {
		ret = -errno;
		goto close_fd;
	}
	if ((ifr->ifr_flags & (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)) == (IFF_TAP | IFF_NO_PI))
		return 0;
	ret = -EPROTOTYPE;
close_fd:
	/* a descriptor that was handed in belongs to the wire in any case */
	close(*fd);
	return ret;
}

/* Brings the interface up and finds or sets its MTU. */
static int
tap_configure(const struct wire_tap_attr *attr, const char *ifname, uint32_t *mtu)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;
	struct ifreq ifr = { .ifr_mtu = (int)attr->mtu };

	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, ifname, IFNAMSIZ);
	if ((attr->mtu != 0 && ioctl(fd, SIOCSIFMTU, &ifr) != 0) ||
			ioctl(fd, SIOCGIFMTU, &ifr) != 0) {
		ret = -errno;
		goto close_fd;
	}
	*mtu = (uint32_t)ifr.ifr_mtu;
	if (!attr->up)
		goto close_fd;
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) != 0)
		ret = -errno;
	ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP);
	if (ret == 0 && ioctl(fd, SIOCSIFFLAGS, &ifr) != 0)
		ret = -errno;
close_fd:
	close(fd);
	return ret;
}

int
wire_tap_add(struct wire *wire, unsigned int net, const char *name,
		const struct wire_tap_attr *attr)
{
	const char *wanted = attr->ifname == NULL || *attr->ifname == '\0' ? "(any)" : attr->ifname;
	struct wire_out *out;
	struct ifreq ifr;
	uint32_t mtu = 0;
	int fd, ret;

	ret = tap_open(attr, &ifr, &fd);
	if (ret != 0) {
		base_err(wire->log, "wire port %s: TAP interface %s: %s%s", name, wanted,
				strerror(-ret),
				ret == -EPERM ? " (CAP_NET_ADMIN, or an interface of one's own)" :
						"");
		return ret;
	}
	ret = tap_configure(attr, ifr.ifr_name, &mtu);
	if (ret != 0) {
		base_err(wire->log, "wire port %s: TAP interface %s: cannot be set up: %s", name,
				ifr.ifr_name, strerror(-ret));
		goto close_fd;
	}
	ret = wire_out_create(wire, net, name, &tap_ops, sizeof(*out), &out);
	if (ret != 0)
		goto close_fd;
	out->fds[0] = fd;
	wire->ports[out->port].mtu = mtu;
	base_info(wire->log, "wire port %s: TAP interface %s, MTU %u", name, ifr.ifr_name, mtu);
	return (int)out->port;

close_fd:
	close(fd);
	return ret;
}
