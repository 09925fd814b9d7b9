/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The port table: which device serves which vhost-user socket, and what its front-end has said.
 *
 * Threads: every function may be called from any thread that is not one of vhost's; attach and
 * detach of the same port must not run at the same time. The table belongs to the process, as
 * vhost's own table of sockets does.
 */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include <base_log.h>

#include "device.h"
#include "port_socket.h"
#include "port_state.h"

#define PORT_REGIONS_MAX 64
#define PORT_VIRTQS_MAX 256

/** One region of the front-end's memory table (vhost-user SET_MEM_TABLE). */
struct port_region {
	uint64_t gpa; /**< guest physical address */
	uint64_t size; /**< bytes */
	uint64_t frontend; /**< front-end's virtual address */
	uint64_t host; /**< ours */
	uint64_t mmap_size; /**< bytes mapped, with what lies before the region */
};

/** One ring as vhost knew it after the front-end's last message. */
struct port_virtq {
	uint16_t size; /**< 0: the front-end has not set it up */
	bool enabled; /**< vhost found it ready and told the driver so */
	int kickfd; /**< -1: none */
	int callfd; /**< -1: none */
	uint16_t avail; /**< available index that vhost keeps (the driver saves it at a stop) */
	uint16_t used; /**< used index, likewise */
	uint64_t desc; /**< where the ring's parts are mapped here; 0: nowhere yet */
	uint64_t driver; /**< available ring, or the driver's event structure (packed) */
	uint64_t device; /**< used ring, or the device's event structure (packed) */
};

/** A copy of all that is known about a port. */
struct port_info {
	char device[DEVICE_NAME_MAX];
	char socket[sizeof(((struct sockaddr_un *)0)->sun_path)];
	enum port_mode mode;
	enum port_state state;
	uint64_t features; /**< negotiated; 0 before that */
	uint64_t nb_connected; /**< front-ends seen so far */
	uint64_t nb_messages; /**< vhost-user messages handled, of all front-ends */
	uint64_t nb_mem_table; /**< of these, the ones that set the memory table */
	bool is_watched; /**< messages are seen; else what follows is as of the rings' start
				  or stop, and the two counts end before it */
	unsigned int nb_regions;
	struct port_region region[PORT_REGIONS_MAX];
	unsigned int nb_virtqs;
	struct port_virtq virtq[PORT_VIRTQS_MAX];
};

/**
 * Gives @p device to the front-end at @p socket and opens the socket.
 * Every refusal is one sentence to @p log, which must live until the port is detached.
 * @return 0; -ENODEV no such device; -EBUSY device or socket attached already; what
 * port_socket_check() says of the path; -EIO vhost refused
 */
int port_attach(const char *device, const char *socket, enum port_mode mode,
		const struct base_log *log);

/**
 * Takes the port of @p name, a device or a socket, away: rings stopped, front-end disconnected,
 * socket file removed. Blocks until vhost's threads have let go of it.
 * @return 0, -ENOENT no such port (one sentence to @p log)
 */
int port_detach(const char *name, const struct base_log *log);

/** Detaches all ports. */
void port_detach_all(const struct base_log *log);

/** Copies the port of a device or a socket. @return 0, -ENOENT */
int port_get(const char *name, struct port_info *info);

/** Calls @p visit with the device of each port, oldest first, until it returns other than 0. */
int port_foreach(int (*visit)(const char *device, void *arg), void *arg);

/** Guest physical address of what is mapped here at @p host. @return 0, -ENOENT */
int port_guest_address(const struct port_info *info, uint64_t host, uint64_t *gpa);

/**
 * Waits until @p nb front-ends or more have come to the port of a device or socket, and none is there
 * now: a front-end that died is gone only when vhost's thread has seen it.
 * @return 0, -ENOENT no such port, -ETIMEDOUT
 */
int port_await_free(const char *name, uint64_t nb, unsigned int timeout_ms);

#endif /* PORT_H */
