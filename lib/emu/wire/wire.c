/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: wire_send() asks the kind of wire where a frame goes (a set of ports), then
 * asks all those ports whether they can take it, and only then hands it to any of them. So a
 * flooded frame reaches either all its ports that are up, or none: a sender that is told -EAGAIN
 * may send the same bytes again without anybody seeing them twice.
 *
 * Waiting is measured by the sender's hold: first refusal to now. When the limit is over, the
 * ports that still refuse go down and the frame leaves. All refusing ports are found in one go, so
 * a frame for ten dead ports waits once, not ten times.
 *
 * Threads: none of its own, no lock; see wire.h.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base_clock.h"
#include "wire_priv.h"

#define WIRE_FRAME_MIN 14u /* an Ethernet header */

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

bool
wire_port_arc(enum wire_port_state from, enum wire_port_state to)
{
	return wire_port_arcs[from][to];
}

static void
wire_port_set_state(struct wire *wire, unsigned int port, enum wire_port_state to)
{
	struct wire_port *p = &wire->ports[port];

	assert(wire_port_arc(p->state, to));
	base_dbg(wire->log, "%s port %u: %s -> %s", wire->kind->name, port,
			wire_port_state_names[p->state], wire_port_state_names[to]);
	p->state = to;
}

int
wire_init(const struct wire_kind *kind, size_t size, unsigned int nb_ports, struct wire **out)
{
	struct wire *wire;

	assert(size >= sizeof(*wire));
	if (nb_ports == 0 || nb_ports > WIRE_MAX_PORTS)
		return -EINVAL;
	wire = calloc(1, size);
	if (wire == NULL)
		return -ENOMEM;
	wire->ports = calloc(nb_ports, sizeof(*wire->ports));
	if (wire->ports == NULL) {
		free(wire);
		return -ENOMEM;
	}
	wire->kind = kind;
	wire->nb_ports = nb_ports;
	*out = wire;
	return 0;
}

void
wire_destroy(struct wire *wire)
{
	if (wire == NULL)
		return;
	free(wire->ports);
	free(wire);
}

unsigned int
wire_nb_ports(const struct wire *wire)
{
	return wire->nb_ports;
}

void
wire_plug(struct wire *wire, unsigned int port, const struct wire_port_ops *ops, void *arg)
{
	struct wire_port *p = &wire->ports[port];

	assert(port < wire->nb_ports);
	p->ops = ops;
	p->arg = arg;
	if (p->state != WIRE_PORT_DOWN)
		wire_port_set_state(wire, port, WIRE_PORT_DOWN);
	if (ops == NULL && wire->kind->forget != NULL)
		wire->kind->forget(wire, port);
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

/* What the ports that a frame goes to say about it. */
struct wire_answers {
	uint64_t refusing; /* cannot take it now */
	bool unfinished; /* one that is up takes it only finished */
};

static struct wire_answers
wire_ask(const struct wire *wire, uint64_t to, const struct wire_frame *frame)
{
	struct wire_answers answers = { 0 };
	unsigned int i;

	for (i = 0; i < wire->nb_ports; i++) {
		const struct wire_port *p = &wire->ports[i];
		enum wire_answer answer;

		if ((to >> i & 1) == 0)
			continue;
		answer = p->ops == NULL ? WIRE_NO : p->ops->can_take(p->arg, frame);
		if (answer == WIRE_NO)
			answers.refusing |= 1ULL << i;
		else if (answer == WIRE_FINISHED_ONLY)
			answers.unfinished = true;
	}
	return answers;
}

static uint64_t
wire_up_ports(const struct wire *wire)
{
	uint64_t up = 0;
	unsigned int i;

	for (i = 0; i < wire->nb_ports; i++)
		up |= (uint64_t)(wire->ports[i].state == WIRE_PORT_UP) << i;
	return up;
}

static bool
wire_must_wait(const struct wire *wire, struct wire_hold *hold)
{
	uint64_t now;

	if (wire->pause_ns == 0)
		return false;
	now = base_clock_ns();
	if (hold->since_ns == 0)
		hold->since_ns = now;
	return now - hold->since_ns < wire->pause_ns;
}

static void
wire_watchdog(struct wire *wire, uint64_t ports)
{
	unsigned int i;

	for (i = 0; i < wire->nb_ports; i++) {
		if ((ports >> i & 1) == 0)
			continue;
		base_notice(wire->log,
				"%s port %u: did not take a frame for %llu ms, others no longer "
				"wait for it",
				wire->kind->name, i,
				(unsigned long long)(wire->pause_ns / BASE_NS_PER_MS));
		wire_port_set_state(wire, i, WIRE_PORT_DOWN);
	}
}

static void
wire_deliver(struct wire *wire, unsigned int port, const struct wire_frame *frame)
{
	struct wire_port *p = &wire->ports[port];

	p->stats.rx_frames++;
	p->stats.rx_bytes += frame->len;
	if (p->state == WIRE_PORT_DOWN)
		wire_port_set_state(wire, port, WIRE_PORT_UP);
	p->ops->take(p->arg, frame);
}

void
wire_frame_init(struct wire_frame *frame, const void *data, size_t len)
{
	*frame = (struct wire_frame){
		.head = data,
		.head_len = (uint32_t)len,
		.len = (uint32_t)len,
	};
}

int
wire_send(struct wire *wire, unsigned int port, const struct wire_frame *frame,
		struct wire_hold *hold)
{
	struct wire_answers answers;
	uint64_t to, waiting_for;
	unsigned int i;

	assert(port < wire->nb_ports);
	if (frame->len < WIRE_FRAME_MIN || frame->len > WIRE_FRAME_MAX) {
		hold->since_ns = 0;
		return -EINVAL;
	}
	to = wire->kind->route(wire, port, frame->head);
	answers = wire_ask(wire, to, frame);
	if (answers.unfinished)
		return -EMSGSIZE;
	waiting_for = answers.refusing & wire_up_ports(wire);
	if (waiting_for != 0) {
		if (wire_must_wait(wire, hold))
			return -EAGAIN;
		wire_watchdog(wire, waiting_for);
	}
	hold->since_ns = 0;
	wire->ports[port].stats.tx_frames++;
	wire->ports[port].stats.tx_bytes += frame->len;
	for (i = 0; i < wire->nb_ports; i++) {
		if (answers.refusing >> i & 1)
			wire->ports[i].stats.rx_dropped++;
		else if (to >> i & 1)
			wire_deliver(wire, i, frame);
	}
	return 0;
}
