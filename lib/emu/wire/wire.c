/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: wire_send() asks the net where a frame goes (a set of ports), then
 * asks all those ports whether they can take it, and only then hands it to any of them. So a
 * flooded frame reaches either all its ports that are up, or none: a sender that is told -EAGAIN
 * may send the same bytes again without anybody seeing them twice.
 *
 * Waiting is measured by the sender's hold: first refusal to now. When the limit is over, the
 * ports that still refuse go down and the frame leaves. All refusing ports are found in one go, so
 * a frame for ten dead ports waits once, not ten times.
 *
 * Where the ports of a net have VLANs, a frame can leave in two forms, with and without a tag: as
 * it came, and rewritten. The rewritten one is made once, if somebody needs it, before the ports
 * are asked, because they are asked about what they would get.
 *
 * Threads: none of its own, no lock; see wire.h.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base_clock.h"
#include "wire_priv.h"

#define WIRE_ADDRS 12u /* bytes: destination and source */
#define WIRE_HEADER_MAX (WIRE_FRAME_MIN + WIRE_VLAN_TAG) /* what the MTU does not count */

/* A frame on its way through its net. */
struct wire_way {
	struct wire_net *net;
	unsigned int from;
	uint16_t vid; /* meaningless in a net without VLANs */
	uint64_t to;
	uint64_t rewritten; /* those of @c to that get the second form */
	uint64_t untaggable; /* those that cannot, as it would be too long */
	const struct wire_frame *frame;
	struct wire_frame other; /* the second form */
	uint64_t refusing; /* those of @c to that cannot take it now */
	bool unfinished; /* one that can take it wants it finished */
	bool nowhere; /* only recorders see it */
};

#define WIRE_FOREACH(i, set)                                                           \
	for (uint64_t left_ = (set);                                                   \
			left_ != 0 && ((i) = (unsigned int)__builtin_ctzll(left_), 1); \
			left_ &= left_ - 1)

static const struct wire_frame *
wire_form(const struct wire_way *way, unsigned int port)
{
	return (way->rewritten >> port & 1) != 0 ? &way->other : way->frame;
}

/* Members of the frame's VLAN only, and the form that each of them gets. */
static void
wire_apply_vlans(struct wire *wire, struct wire_way *way)
{
	unsigned int i;

	WIRE_FOREACH(i, way->to) {
		const struct wire_vlan *vlan = &wire->ports[i].vlan;

		if (!wire_vlan_is_member(vlan, way->vid))
			way->to &= ~(1ULL << i);
		else if (wire_vlan_must_rewrite(vlan, way->frame, way->vid))
			way->rewritten |= 1ULL << i;
	}
	if (way->rewritten == 0 ||
			wire_vlan_rewrite(way->frame, way->vid, wire->rewritten, &way->other))
		return;
	way->untaggable = way->rewritten;
	way->rewritten = 0;
	way->to &= ~way->untaggable;
}

/* Who records frames between the sender and those who get them. */
static uint64_t
wire_recorders(const struct wire *wire, const struct wire_way *way)
{
	uint64_t recorders = 0;
	unsigned int i;

	WIRE_FOREACH(i, way->net->recorders & ~(1ULL << way->from)) {
		if ((wire->ports[i].mirrors & (way->to | 1ULL << way->from)) != 0)
			recorders |= 1ULL << i;
	}
	return recorders;
}

static bool
wire_is_too_long(const struct wire_port *port, const struct wire_frame *frame)
{
	/* one that is still to be segmented will be finished first */
	return port->mtu != 0 && frame->gso == WIRE_GSO_NONE &&
			frame->len > port->mtu + WIRE_HEADER_MAX;
}

/* Finds all ports that the frame goes to; false: it may not enter. */
static bool
wire_route(struct wire *wire, struct wire_way *way)
{
	struct wire_port *from = &wire->ports[way->from];
	struct wire_net *net = way->net;

	if (net->vlans && !wire_vlan_classify(&from->vlan, way->frame, &way->vid)) {
		from->stats.tx_vlan++;
		return false;
	}
	way->to = net->kind->route(net, way->from, net->vlans ? way->vid : 0, way->frame->head) &
			~net->recorders;
	if (net->vlans)
		wire_apply_vlans(wire, way);
	way->nowhere = (way->to | way->untaggable) == 0;
	if (net->recorders != 0)
		way->to |= wire_recorders(wire, way);
	return true;
}

/* What cannot get there whatever the port says. */
static uint64_t
wire_unreachable(const struct wire *wire, const struct wire_way *way)
{
	uint64_t unreachable = 0;
	unsigned int i;

	WIRE_FOREACH(i, way->to) {
		const struct wire_port *p = &wire->ports[i];

		if (p->link != WIRE_LINK_UP || wire_is_too_long(p, wire_form(way, i)))
			unreachable |= 1ULL << i;
	}
	return unreachable;
}

/*
 * The frame leaves for good: what became of it where nobody was asked. Not before, or one that has
 * to wait, or comes back in segments, would be counted each time.
 */
static void
wire_count_lost(struct wire *wire, const struct wire_way *way, uint64_t unreachable)
{
	unsigned int i;

	wire->ports[way->from].stats.tx_nowhere += way->nowhere;
	WIRE_FOREACH(i, unreachable | way->untaggable) {
		struct wire_port_stats *stats = &wire->ports[i].stats;

		(*(wire->ports[i].link != WIRE_LINK_UP ? &stats->rx_link : &stats->rx_mtu))++;
	}
}

static void
wire_ask(struct wire *wire, struct wire_way *way)
{
	unsigned int i;

	WIRE_FOREACH(i, way->to) {
		const struct wire_port *p = &wire->ports[i];
		enum wire_answer answer;

		answer = p->ops == NULL ? WIRE_NO : p->ops->can_take(p->arg, wire_form(way, i));
		if (answer == WIRE_NO)
			way->refusing |= 1ULL << i;
		else if (answer == WIRE_FINISHED_ONLY)
			way->unfinished = true;
	}
}

static uint64_t
wire_up_ports(const struct wire *wire, uint64_t ports)
{
	uint64_t up = 0;
	unsigned int i;

	WIRE_FOREACH(i, ports)
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

	WIRE_FOREACH(i, ports) {
		base_notice(wire->log,
				"wire port %s: did not take a frame for %llu ms, others no longer "
				"wait for it",
				wire->ports[i].name,
				(unsigned long long)(wire->pause_ns / BASE_NS_PER_MS));
		wire_port_set_state(wire, i, WIRE_PORT_DOWN);
	}
}

static void
wire_deliver(struct wire *wire, const struct wire_way *way)
{
	unsigned int i;

	WIRE_FOREACH(i, way->refusing)
		wire->ports[i].stats.rx_dropped++;
	WIRE_FOREACH(i, way->to & ~way->refusing) {
		const struct wire_frame *frame = wire_form(way, i);
		struct wire_port *p = &wire->ports[i];

		p->stats.rx_frames++;
		p->stats.rx_bytes += frame->len;
		if (p->state == WIRE_PORT_DOWN)
			wire_port_set_state(wire, i, WIRE_PORT_UP);
		p->ops->take(p->arg, frame);
	}
}

/* --- the short ways: frames for one port, in a net without VLANs and recorders --------------- */

/* The port that frames with these addresses go to, if nothing has to be seen to; else NULL. */
static inline struct wire_port *
wire_neighbour(struct wire *wire, unsigned int port, const uint8_t *head)
{
	struct wire_net *net = &wire->nets[wire->ports[port].net];
	struct wire_port *p;
	uint64_t to;

	if (net->vlans || net->recorders != 0)
		return NULL;
	to = net->kind->route(net, port, 0, head);
	if (to == 0 || (to & (to - 1)) != 0)
		return NULL;
	p = &wire->ports[__builtin_ctzll(to)];
	return p->state == WIRE_PORT_UP && p->link == WIRE_LINK_UP && p->ops != NULL ? p : NULL;
}

/*
 * Most frames go to one port that takes them; this is their short way. All others are left for the
 * long one; asking a port twice does no harm.
 */
static inline bool
wire_pass_to_one(struct wire *wire, unsigned int port, const struct wire_frame *frame)
{
	struct wire_port *p = wire_neighbour(wire, port, frame->head);

	if (p == NULL || wire_is_too_long(p, frame) || p->ops->can_take(p->arg, frame) != WIRE_YES)
		return false;
	p->stats.rx_frames++;
	p->stats.rx_bytes += frame->len;
	p->ops->take(p->arg, frame);
	return true;
}

/* How many frames from the first on have its addresses, and @p p lets pass. */
static unsigned int
wire_run(const struct wire_port *p, const struct wire_plain *frames, unsigned int nb)
{
	uint32_t max = p->mtu != 0 ? p->mtu + WIRE_HEADER_MAX : WIRE_FRAME_MAX;
	unsigned int i;

	for (i = 0; i < nb && frames[i].len <= max; i++) {
		if (memcmp(frames[i].head, frames[0].head, WIRE_ADDRS) != 0)
			break;
	}
	return i;
}

/* Hands frames with the same addresses on; @return how many of them are gone. */
static unsigned int
wire_pass_run(struct wire *wire, unsigned int port, const struct wire_plain *frames,
		unsigned int nb)
{
	struct wire_port *p = wire_neighbour(wire, port, frames[0].head);
	struct wire_port_stats *from = &wire->ports[port].stats;
	unsigned int i;
	uint64_t bytes = 0;

	if (p == NULL || p->ops->take_plain == NULL)
		return 0;
	nb = p->ops->take_plain(p->arg, frames, wire_run(p, frames, nb));
	for (i = 0; i < nb; i++)
		bytes += frames[i].len;
	p->stats.rx_frames += nb;
	p->stats.rx_bytes += bytes;
	from->tx_frames += nb;
	from->tx_bytes += bytes;
	return nb;
}

unsigned int
wire_send_plain(struct wire *wire, unsigned int port, const struct wire_plain *frames,
		unsigned int nb)
{
	const struct wire_port *p = &wire->ports[port];
	unsigned int sent = 0, run;

	assert(port < wire->nb_ports);
	if (p->link != WIRE_LINK_UP || p->trouble != NULL || p->net == WIRE_NO_NET)
		return 0;
	do {
		run = wire_pass_run(wire, port, frames + sent, nb - sent);
		sent += run;
	} while (run != 0 && sent < nb);
	return sent;
}

static int
wire_pass_to_all(struct wire *wire, unsigned int port, const struct wire_frame *frame,
		struct wire_hold *hold)
{
	struct wire_way way = { .from = port, .frame = frame };
	uint64_t unreachable, waiting_for;

	way.net = &wire->nets[wire->ports[port].net];
	if (!wire_route(wire, &way)) {
		hold->since_ns = 0;
		return 0;
	}
	unreachable = wire_unreachable(wire, &way);
	way.to &= ~unreachable;
	wire_ask(wire, &way);
	if (way.unfinished)
		return -EMSGSIZE;
	waiting_for = wire_up_ports(wire, way.refusing);
	if (waiting_for != 0) {
		if (wire_must_wait(wire, hold))
			return -EAGAIN;
		wire_watchdog(wire, waiting_for);
	}
	hold->since_ns = 0;
	wire_count_lost(wire, &way, unreachable);
	wire_deliver(wire, &way);
	return 0;
}

int
wire_pass(struct wire *wire, unsigned int port, const struct wire_frame *frame,
		struct wire_hold *hold)
{
	if (wire->ports[port].net == WIRE_NO_NET) {
		wire->ports[port].stats.tx_nowhere++;
		hold->since_ns = 0;
		return 0;
	}
	return wire_pass_to_all(wire, port, frame, hold);
}

int
wire_send(struct wire *wire, unsigned int port, const struct wire_frame *frame,
		struct wire_hold *hold)
{
	struct wire_port *p = &wire->ports[port];
	uint32_t len = frame->len;
	int ret = 0;

	assert(port < wire->nb_ports);
	if (len < WIRE_FRAME_MIN || len > WIRE_FRAME_MAX) {
		p->stats.tx_size++;
		hold->since_ns = 0;
		return -EINVAL;
	}
	if (p->link != WIRE_LINK_UP) {
		p->stats.tx_link++;
		hold->since_ns = 0;
	} else if (p->trouble == NULL && p->net != WIRE_NO_NET &&
			wire_pass_to_one(wire, port, frame)) {
		hold->since_ns = 0;
	} else {
		ret = (p->trouble != NULL ? wire_trouble_send : wire_pass)(wire, port, frame, hold);
	}
	if (ret != 0)
		return ret;
	p->stats.tx_frames++;
	p->stats.tx_bytes += len;
	return 0;
}
