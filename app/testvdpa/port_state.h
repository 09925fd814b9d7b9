/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The states of a port and which may follow which. Pure.
 */
#ifndef PORT_STATE_H
#define PORT_STATE_H

#include <stdbool.h>

enum port_state {
	/**
	 * Not open: the port is being made or taken away. Front-ends are refused, what vhost still
	 * reports of the last one is ignored.
	 */
	PORT_DOWN,
	/** The socket is open (server) or looked for (client); no front-end is there. */
	PORT_WAITING,
	/** A front-end is there, its rings are not ready or were stopped by it. */
	PORT_CONNECTED,
	/** The rings are ready and belong to the device. */
	PORT_RUNNING,
	PORT_STATE_NB,
};

/** May @p to follow @p from? A state never follows itself. */
bool port_state_may(enum port_state from, enum port_state to);

/** "waiting" for example; "unknown" for what is no state. */
const char *port_state_name(enum port_state state);

#endif /* PORT_STATE_H */
