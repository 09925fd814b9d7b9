/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the arcs of a port's life as one table, a bit for each state that may
 * follow. Who walks an arc, and under which lock, is port.c's business.
 *
 *   DOWN -> WAITING <-> CONNECTED <-> RUNNING, and from each of them -> DOWN
 *
 * RUNNING -> WAITING does not exist: vhost stops the rings before it drops a connection.
 */
#include "port_state.h"

#define PORT_STATE_BIT(state) (1u << (state))

static const struct {
	const char *name;
	unsigned int next;
} port_states[PORT_STATE_NB] = {
	[PORT_DOWN] = { "down", PORT_STATE_BIT(PORT_WAITING) },
	[PORT_WAITING] = { "waiting", PORT_STATE_BIT(PORT_CONNECTED) | PORT_STATE_BIT(PORT_DOWN) },
	[PORT_CONNECTED] = { "connected",
			PORT_STATE_BIT(PORT_RUNNING) | PORT_STATE_BIT(PORT_WAITING) |
					PORT_STATE_BIT(PORT_DOWN) },
	[PORT_RUNNING] = { "running", PORT_STATE_BIT(PORT_CONNECTED) | PORT_STATE_BIT(PORT_DOWN) },
};

bool
port_state_may(enum port_state from, enum port_state to)
{
	if ((unsigned int)from >= PORT_STATE_NB || (unsigned int)to >= PORT_STATE_NB)
		return false;
	return (port_states[from].next & PORT_STATE_BIT(to)) != 0;
}

const char *
port_state_name(enum port_state state)
{
	return (unsigned int)state < PORT_STATE_NB ? port_states[state].name : "unknown";
}
