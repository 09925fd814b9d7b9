/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: vhost's callbacks carry nothing but a connection number, so the table that
 * leads from a socket path to its port has to be findable without a pointer: it is the one object
 * of the process besides vhost's own. Lookups are linear: a port is looked up for messages of the
 * control path only.
 */
#include <errno.h>
#include <string.h>

#include "port_table.h"

struct port_table port_table = {
	.lock = BASE_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
	.ports = TAILQ_HEAD_INITIALIZER(port_table.ports),
};

struct port *
port_table_find_locked(const char *name)
{
	struct port *port;

	TAILQ_FOREACH(port, &port_table.ports, next) {
		if (strcmp(port->info.device, name) == 0 || strcmp(port->info.socket, name) == 0)
			return port;
	}
	return NULL;
}

int
port_table_set_state_locked(struct port *port, enum port_state to)
{
	enum port_state from = port->info.state;

	if (!port_state_may(from, to)) {
		base_err(port->log, "port %s: no way from %s to %s", port->info.device,
				port_state_name(from), port_state_name(to));
		return -EPROTO;
	}
	port->info.state = to;
	pthread_cond_broadcast(&port_table.changed);
	base_info(port->log, "port %s: %s -> %s", port->info.device, port_state_name(from),
			port_state_name(to));
	return 0;
}
