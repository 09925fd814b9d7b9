/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what a port remembers. Two state machines that have nothing to do with each
 * other: whether senders wait for it (wire.h, flow control), and its link. Each has a table of
 * arcs and one setter.
 */
#include <assert.h>

#include "base_math.h"
#include "wire_priv.h"

static const char *const wire_port_state_names[WIRE_PORT_NB_STATES] = {
	[WIRE_PORT_DOWN] = "DOWN",
	[WIRE_PORT_UP] = "UP",
};

static const bool wire_port_arcs[WIRE_PORT_NB_STATES][WIRE_PORT_NB_STATES] = {
	/* took a frame, or was woken by its owner */
	[WIRE_PORT_DOWN][WIRE_PORT_UP] = true,
	/* let a frame wait for the pause limit, or lost its owner */
	[WIRE_PORT_UP][WIRE_PORT_DOWN] = true,
};

static const char *const wire_link_names[WIRE_LINK_NB_STATES] = {
	[WIRE_LINK_UP] = "up",
	[WIRE_LINK_NO_CARRIER] = "no carrier",
	[WIRE_LINK_OFF] = "off",
};

static const bool wire_link_arcs[WIRE_LINK_NB_STATES][WIRE_LINK_NB_STATES] = {
	/* the other end goes and comes */
	[WIRE_LINK_UP][WIRE_LINK_NO_CARRIER] = true,
	[WIRE_LINK_NO_CARRIER][WIRE_LINK_UP] = true,
	/* the operator */
	[WIRE_LINK_UP][WIRE_LINK_OFF] = true,
	[WIRE_LINK_NO_CARRIER][WIRE_LINK_OFF] = true,
	[WIRE_LINK_OFF][WIRE_LINK_UP] = true,
	[WIRE_LINK_OFF][WIRE_LINK_NO_CARRIER] = true,
};

bool
wire_port_arc(enum wire_port_state from, enum wire_port_state to)
{
	return wire_port_arcs[from][to];
}

bool
wire_link_arc(enum wire_link_state from, enum wire_link_state to)
{
	return wire_link_arcs[from][to];
}

void
wire_port_set_state(struct wire *wire, unsigned int port, enum wire_port_state to)
{
	struct wire_port *p = &wire->ports[port];

	assert(wire_port_arc(p->state, to));
	base_dbg(wire->log, "wire port %s: %s -> %s", p->name, wire_port_state_names[p->state],
			wire_port_state_names[to]);
	p->state = to;
}

static void
wire_link_set_state(struct wire *wire, unsigned int port, enum wire_link_state to)
{
	struct wire_port *p = &wire->ports[port];
	bool was_up = p->link == WIRE_LINK_UP;

	if (p->link == to)
		return;
	assert(wire_link_arc(p->link, to));
	base_info(wire->log, "wire port %s: link %s -> %s", p->name, wire_link_names[p->link],
			wire_link_names[to]);
	p->link = to;
	if (wire->link_changed != NULL && was_up != (to == WIRE_LINK_UP))
		wire->link_changed(wire->link_arg, port, to == WIRE_LINK_UP);
}

static enum wire_link_state
wire_link_wanted(const struct wire_port *p)
{
	return p->carrier ? WIRE_LINK_UP : WIRE_LINK_NO_CARRIER;
}

void
wire_link_on(struct wire *wire, unsigned int port)
{
	assert(port < wire->nb_ports);
	wire_link_set_state(wire, port, wire_link_wanted(&wire->ports[port]));
}

void
wire_link_off(struct wire *wire, unsigned int port)
{
	assert(port < wire->nb_ports);
	wire_link_set_state(wire, port, WIRE_LINK_OFF);
}

void
wire_carrier(struct wire *wire, unsigned int port, bool there)
{
	struct wire_port *p = &wire->ports[port];

	p->carrier = there;
	if (p->link != WIRE_LINK_OFF)
		wire_link_set_state(wire, port, wire_link_wanted(p));
}

bool
wire_link(const struct wire *wire, unsigned int port)
{
	assert(port < wire->nb_ports);
	return wire->ports[port].link == WIRE_LINK_UP;
}

const char *
wire_link_text(const struct wire *wire, unsigned int port)
{
	assert(port < wire->nb_ports);
	return wire_link_names[wire->ports[port].link];
}

void
wire_link_watch(struct wire *wire, void (*changed)(void *arg, unsigned int port, bool up),
		void *arg)
{
	wire->link_changed = changed;
	wire->link_arg = arg;
}

void
wire_plug(struct wire *wire, unsigned int port, const struct wire_port_ops *ops, void *arg)
{
	struct wire_port *p = &wire->ports[port];
	struct wire_net *net;

	assert(port < wire->nb_ports);
	p->ops = ops;
	p->arg = arg;
	if (p->state != WIRE_PORT_DOWN)
		wire_port_set_state(wire, port, WIRE_PORT_DOWN);
	if (ops != NULL || p->net == WIRE_NO_NET)
		return;
	net = &wire->nets[p->net];
	if (net->kind->forget != NULL)
		net->kind->forget(net, port);
}

void
wire_port_wake(struct wire *wire, unsigned int port)
{
	struct wire_port *p = &wire->ports[port];

	assert(port < wire->nb_ports);
	if (p->ops != NULL && p->state == WIRE_PORT_DOWN)
		wire_port_set_state(wire, port, WIRE_PORT_UP);
}

void
wire_port_stats(const struct wire *wire, unsigned int port, struct wire_port_stats *stats)
{
	assert(port < wire->nb_ports);
	*stats = wire->ports[port].stats;
}

/* --- names of the counters ------------------------------------------------------------------ */

#define WIRE_STAT(field)                                         \
	{                                                        \
#field, offsetof(struct wire_port_stats, field), \
	}

static const struct {
	const char *name;
	size_t at;
} wire_stats[] = {
	WIRE_STAT(tx_frames),
	WIRE_STAT(tx_bytes),
	WIRE_STAT(rx_frames),
	WIRE_STAT(rx_bytes),
	WIRE_STAT(rx_dropped),
	WIRE_STAT(tx_link),
	WIRE_STAT(tx_size),
	WIRE_STAT(tx_vlan),
	WIRE_STAT(tx_nowhere),
	WIRE_STAT(tx_rate_waits),
	WIRE_STAT(tx_lost),
	WIRE_STAT(tx_duplicated),
	WIRE_STAT(tx_reordered),
	WIRE_STAT(tx_corrupted),
	WIRE_STAT(tx_delayed),
	WIRE_STAT(rx_link),
	WIRE_STAT(rx_mtu),
	WIRE_STAT(rx_error),
};

_Static_assert(BASE_ARRAY_SIZE(wire_stats) * sizeof(uint64_t) == sizeof(struct wire_port_stats),
		"each counter has its name");

bool
wire_stats_at(const struct wire_port_stats *stats, unsigned int i, const char **name,
		uint64_t *value)
{
	if (i >= BASE_ARRAY_SIZE(wire_stats))
		return false;
	*name = wire_stats[i].name;
	*value = *(const uint64_t *)((const char *)stats + wire_stats[i].at);
	return true;
}
