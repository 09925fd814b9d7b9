/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The inside of the port table, shared by port.c (what the user wants) and port_vhost.c (what
 * vhost's threads report).
 */
#ifndef PORT_TABLE_H
#define PORT_TABLE_H

#include <pthread.h>
#include <sys/queue.h>

#include <base_mutex.h>

#include "port.h"

/** One port; all members are guarded by the table's lock. */
struct port {
	TAILQ_ENTRY(port) next;
	const struct base_log *log;
	int vid; /**< vhost's number of the connection; -1: none */
	bool saw_kick; /**< of this connection a SET_VRING_KICK was seen */
	struct port_info info;
};

/** The table and its lock. Nothing of vhost is called under the lock that calls back. */
struct port_table {
	struct base_mutex lock;
	pthread_cond_t changed; /**< the state of a port */
	TAILQ_HEAD(, port) ports; /**< under the lock */
};

extern struct port_table port_table;

/** The port of a device or socket, or NULL. */
struct port *port_table_find_locked(const char *name) BASE_REQUIRES(port_table.lock);

/**
 * The one setter of a port's state; logs "A -> B".
 * @return 0, or -EPROTO where the arc does not exist (logged with both names)
 */
int
port_table_set_state_locked(struct port *port, enum port_state to) BASE_REQUIRES(port_table.lock);

#endif /* PORT_TABLE_H */
