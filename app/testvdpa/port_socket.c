/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: length, then directory, then what lies at the path. Whether a socket file
 * is alive is found out by connecting to it: a dead one refuses. rte_vhost as server leaves its
 * file behind when it is killed and cannot bind over it later, so the file has to go first. There
 * is no lock between check and bind; the bind itself still fails cleanly if somebody was faster.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "port_socket.h"

static int
port_socket_directory(const char *path, const struct base_log *log)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (slash == NULL)
		return 0;
	snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	if (stat(dir, &st) != 0) {
		int err = errno;

		base_err(log, "socket %s: directory %s: %s", path, dir, strerror(err));
		return -err;
	}
	if (!S_ISDIR(st.st_mode)) {
		base_err(log, "socket %s: %s is not a directory", path, dir);
		return -ENOTDIR;
	}
	return 0;
}

/* 0: somebody accepts connections at @path; else the -errno of the connection. */
static int
port_socket_probe(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int ret = 0;
	int fd;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int
port_socket_free_path(const char *path, const struct base_log *log)
{
	struct stat st;
	int ret;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode)) {
		base_err(log, "socket %s: the path exists and is not a socket", path);
		return -EEXIST;
	}
	ret = port_socket_probe(path);
	if (ret != -ECONNREFUSED) {
		base_err(log, "socket %s: the path is in use by another process", path);
		return -EADDRINUSE;
	}
	if (unlink(path) != 0) {
		ret = -errno;
		base_err(log, "socket %s: cannot remove the dead socket there: %s", path,
				strerror(-ret));
		return ret;
	}
	base_notice(log, "socket %s: removed a dead socket of that name", path);
	return 0;
}

int
port_socket_check(const char *path, enum port_mode mode, const struct base_log *log)
{
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	size_t len = strlen(path);
	int ret;

	if (len == 0) {
		base_err(log, "the socket path is empty");
		return -EINVAL;
	}
	if (len > max) {
		base_err(log, "socket %s: the path has %zu characters, at most %zu are possible",
				path, len, max);
		return -ENAMETOOLONG;
	}
	ret = port_socket_directory(path, log);
	if (ret != 0 || mode == PORT_CLIENT)
		return ret;
	return port_socket_free_path(path, log);
}
