/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Is a path fit for a vhost-user socket? Asked before vhost is, which would cut long paths
 * silently and tells the reason of a failure only to its log.
 */
#ifndef PORT_SOCKET_H
#define PORT_SOCKET_H

#include <base_log.h>

enum port_mode {
	PORT_SERVER, /**< we listen, the front-end connects */
	PORT_CLIENT, /**< the front-end listens, we connect, and again after it went away */
};

/**
 * Checks @p path; says why not in one sentence to @p log. A server's path may hold a socket that
 * nobody listens on any more (its owner was killed): that one is removed.
 * @return 0, -EINVAL (empty), -ENAMETOOLONG, -ENOENT/-ENOTDIR (the directory), -EEXIST (something
 * that is no socket), -EADDRINUSE (somebody listens), or another -errno of the system
 */
int port_socket_check(const char *path, enum port_mode mode, const struct base_log *log);

#endif /* PORT_SOCKET_H */
