/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the kinds of wire share. A kind only says where a frame goes; waiting, dropping and
 * counting are done once, in wire.c.
 */
#ifndef WIRE_PRIV_H
#define WIRE_PRIV_H

#include "wire.h"

#define WIRE_MAX_PORTS 64u

enum wire_port_state {
	/** Holds nobody up: a frame that it cannot take is dropped. State of a new port, of one
	 * without an owner, and of one that let a frame wait for the whole pause limit. */
	WIRE_PORT_DOWN,
	/** Frames that it cannot take now wait for it. */
	WIRE_PORT_UP,
};
#define WIRE_PORT_NB_STATES 2u

struct wire_port {
	enum wire_port_state state;
	const struct wire_port_ops *ops; /**< NULL: nothing is plugged in */
	void *arg;
	struct wire_port_stats stats;
};

struct wire_kind {
	const char *name;
	/** Ports that the frame goes to, bit i for port i; learns from the frame if it wants to. */
	uint64_t (*route)(struct wire *wire, unsigned int port, const uint8_t *frame);
	/** Forgets what it knows of a port that was unplugged; NULL: knows nothing. */
	void (*forget)(struct wire *wire, unsigned int port);
};

/** The part of every wire; the kinds put their own behind it. */
struct wire {
	const struct wire_kind *kind;
	const struct base_log *log;
	uint64_t pause_ns;
	unsigned int nb_ports;
	struct wire_port *ports;
};

/**
 * Allocates a wire of @p size bytes (struct wire first, the rest zero).
 * @return 0, -EINVAL (no port or too many), -ENOMEM.
 */
int wire_init(const struct wire_kind *kind, size_t size, unsigned int nb_ports, struct wire **wire);

/** Is there an arc from @p from to @p to? */
bool wire_port_arc(enum wire_port_state from, enum wire_port_state to);

#endif /* WIRE_PRIV_H */
