/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: attaching enters the port into the table in state DOWN, lets vhost open the
 * socket, and moves the port to WAITING just before the socket can be connected to. Detaching goes
 * back the same way: DOWN first (vhost's reports are ignored from then on), then vhost is told to
 * let go, which waits for its threads; only then the entry goes. The lock is never held while
 * vhost works, because its callbacks take it.
 *
 * rte_vhost_driver_detach_vdpa_device() is not called: unregistering forgets the device with the
 * socket, and it must still be known there, since the connection is closed at that point.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_vhost.h>

#include <base_math.h>

#include "port_table.h"
#include "port_vhost.h"

/* Enters a port in state DOWN. */
static int
port_enter(const char *device, const char *socket, enum port_mode mode, const struct base_log *log)
{
	struct port *port;
	struct port *other;
	int ret = 0;

	port = calloc(1, sizeof(*port));
	if (port == NULL)
		return -ENOMEM;
	port->log = log;
	port->vid = -1;
	port->info.mode = mode;
	port->info.state = PORT_DOWN;
	snprintf(port->info.device, sizeof(port->info.device), "%s", device);
	snprintf(port->info.socket, sizeof(port->info.socket), "%s", socket);

	base_mutex_lock(&port_table.lock);
	other = port_table_find_locked(device);
	if (other == NULL)
		other = port_table_find_locked(socket);
	if (other != NULL) {
		base_err(log, "cannot attach %s to %s: device %s is attached to %s", device, socket,
				other->info.device, other->info.socket);
		ret = -EBUSY;
	} else {
		TAILQ_INSERT_TAIL(&port_table.ports, port, next);
	}
	base_mutex_unlock(&port_table.lock);
	if (ret != 0)
		free(port);
	return ret;
}

static void
port_leave(const char *device)
{
	struct port *port;

	base_mutex_lock(&port_table.lock);
	port = port_table_find_locked(device);
	if (port != NULL)
		TAILQ_REMOVE(&port_table.ports, port, next);
	base_mutex_unlock(&port_table.lock);
	free(port);
}

/* Moves a port between DOWN and WAITING; vhost's reports begin or end to count. */
static void
port_open(const char *device, enum port_state to)
{
	struct port *port;

	base_mutex_lock(&port_table.lock);
	port = port_table_find_locked(device);
	if (port != NULL && port->info.state != to) {
		port->vid = -1;
		(void)port_table_set_state_locked(port, to);
	}
	base_mutex_unlock(&port_table.lock);
}

/* Lets vhost serve @socket with @device. */
static int
port_start(const char *device, const char *socket, enum port_mode mode, const struct base_log *log)
{
	struct rte_vdpa_device *dev = rte_vdpa_find_device_by_name(device);
	const char *step = "rte_vhost_driver_register";

	if (dev == NULL)
		return -ENODEV;
	if (rte_vhost_driver_register(socket, mode == PORT_CLIENT ? RTE_VHOST_USER_CLIENT : 0) != 0)
		goto fail;
	step = "rte_vhost_driver_callback_register";
	if (rte_vhost_driver_callback_register(socket, port_vhost_ops()) != 0)
		goto unregister;
	step = "rte_vhost_driver_attach_vdpa_device";
	if (rte_vhost_driver_attach_vdpa_device(socket, dev) != 0)
		goto unregister;
	step = "rte_vhost_driver_start";
	port_open(device, PORT_WAITING);
	if (rte_vhost_driver_start(socket) == 0)
		return 0;
	port_open(device, PORT_DOWN);
unregister:
	rte_vhost_driver_unregister(socket);
fail:
	base_err(log, "cannot attach %s to %s: %s failed", device, socket, step);
	return -EIO;
}

int
port_attach(const char *device, const char *socket, enum port_mode mode, const struct base_log *log)
{
	int ret;

	if (strlen(device) >= DEVICE_NAME_MAX || rte_vdpa_find_device_by_name(device) == NULL) {
		base_err(log, "no vDPA device is called '%s'", device);
		return -ENODEV;
	}
	ret = port_enter(device, socket, mode, log);
	if (ret != 0)
		return ret;
	ret = port_socket_check(socket, mode, log);
	if (ret == 0)
		ret = port_start(device, socket, mode, log);
	if (ret != 0)
		port_leave(device);
	return ret;
}

static void
port_stop(const struct port_info *info, const struct base_log *log)
{
	port_open(info->device, PORT_DOWN);
	if (rte_vhost_driver_unregister(info->socket) != 0)
		base_err(log, "port %s: rte_vhost_driver_unregister(%s) failed", info->device,
				info->socket);
	port_leave(info->device);
}

int
port_detach(const char *name, const struct base_log *log)
{
	struct port_info info;

	if (port_get(name, &info) != 0) {
		base_err(log, "no port has a device or a socket called '%s'", name);
		return -ENOENT;
	}
	port_stop(&info, log);
	return 0;
}

void
port_detach_all(const struct base_log *log)
{
	struct port_info info;
	struct port *port;

	do {
		base_mutex_lock(&port_table.lock);
		port = TAILQ_FIRST(&port_table.ports);
		if (port != NULL)
			info = port->info;
		base_mutex_unlock(&port_table.lock);
		if (port != NULL)
			port_stop(&info, log);
	} while (port != NULL);
}

int
port_get(const char *name, struct port_info *info)
{
	struct port *port;

	base_mutex_lock(&port_table.lock);
	port = port_table_find_locked(name);
	if (port != NULL) {
		port_vhost_refresh_locked(port);
		*info = port->info;
	}
	base_mutex_unlock(&port_table.lock);
	return port != NULL ? 0 : -ENOENT;
}

/* The @index-th port's device; false behind the last. */
static bool
port_device(unsigned int index, char device[DEVICE_NAME_MAX])
{
	const struct port *port;

	base_mutex_lock(&port_table.lock);
	TAILQ_FOREACH(port, &port_table.ports, next) {
		if (index-- == 0) {
			memcpy(device, port->info.device, DEVICE_NAME_MAX);
			break;
		}
	}
	base_mutex_unlock(&port_table.lock);
	return port != NULL;
}

int
port_foreach(int (*visit)(const char *device, void *arg), void *arg)
{
	char device[DEVICE_NAME_MAX];
	unsigned int i;
	int ret = 0;

	for (i = 0; ret == 0 && port_device(i, device); i++)
		ret = visit(device, arg);
	return ret;
}

int
port_guest_address(const struct port_info *info, uint64_t host, uint64_t *gpa)
{
	unsigned int i;

	for (i = 0; i < info->nb_regions; i++) {
		const struct port_region *region = &info->region[i];

		if (!base_range_inside(host, 1, region->host, region->size))
			continue;
		*gpa = region->gpa + (host - region->host);
		return 0;
	}
	return -ENOENT;
}

int
port_await_free(const char *name, uint64_t nb, unsigned int timeout_ms)
{
	const struct port *port;
	struct timespec ts;
	int ret = 0;

	/* the condition's clock; where somebody sets it the wait is longer or shorter, no more */
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	ts.tv_sec += timeout_ms / 1000 + ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	base_mutex_lock(&port_table.lock);
	for (;;) {
		port = port_table_find_locked(name);
		if (port == NULL)
			ret = ENOENT;
		else if (port->info.state == PORT_WAITING && port->info.nb_connected >= nb)
			ret = 0;
		else if (ret == 0) {
			ret = pthread_cond_timedwait(&port_table.changed, &port_table.lock.m, &ts);
			continue;
		}
		break;
	}
	base_mutex_unlock(&port_table.lock);
	return -ret;
}
