/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what stands between a port and its net when an operator wants it worse than
 * it is: a rate limit, mishaps, a delay. In this order:
 * 1. rate: a frame that would be too early is refused (-EAGAIN), so the sender waits and nothing is
 *    lost. The wait is not the receivers' fault and does not run their watchdog;
 * 2. fate: wire_mishap.c decides, the same again if the frame is refused and comes back;
 * 3. a frame that is lost is gone, one that is delayed or overtaken is copied and held back, all
 *    others go on to their receivers at once, and only when those took it is the fate committed.
 *
 * Frames that are held back leave in wire_poll(), or behind the frame that overtakes them; they
 * wait for receivers like any other. There is room for so many; then the sender waits.
 *
 * Things happen to bits on a cable, so a port with mishaps or delay takes finished frames only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "wire_priv.h"

#define TROUBLE_HELD_MAX 1024u
#define TROUBLE_BURST_NS (2 * BASE_NS_PER_MS)
/* A frame that nobody overtakes must not stay for ever. */
#define TROUBLE_OVERTAKE_NS (20 * BASE_NS_PER_MS)

struct wire_trouble *
wire_trouble_get(struct wire *wire, unsigned int port)
{
	struct wire_port *p = &wire->ports[port];

	if (p->trouble != NULL)
		return p->trouble;
	p->trouble = calloc(1, sizeof(*p->trouble));
	if (p->trouble == NULL)
		return NULL;
	STAILQ_INIT(&p->trouble->held);
	p->trouble->rate.burst_ns = TROUBLE_BURST_NS;
	p->trouble->seed = 1;
	wire_mishaps_seed(&p->trouble->mishaps, p->trouble->seed);
	return p->trouble;
}

static void
trouble_drop_first(struct wire *wire, unsigned int port)
{
	struct wire_trouble *t = wire->ports[port].trouble;
	struct wire_held *held = STAILQ_FIRST(&t->held);

	STAILQ_REMOVE_HEAD(&t->held, link);
	t->nb_held--;
	if (t->nb_held == 0)
		wire->held &= ~(1ULL << port);
	free(held);
}

void
wire_trouble_free(struct wire *wire, unsigned int port)
{
	struct wire_trouble *t = wire->ports[port].trouble;

	if (t == NULL)
		return;
	while (t->nb_held != 0)
		trouble_drop_first(wire, port);
	free(t);
	wire->ports[port].trouble = NULL;
}

/* Room for so many more, or the sender has to wait. */
static bool
trouble_has_room(const struct wire_trouble *t, unsigned int nb)
{
	return t->nb_held + nb <= TROUBLE_HELD_MAX;
}

/* Is @p a to leave before @p b? Frames that wait to be overtaken make room for all others. */
static bool
held_before(const struct wire_held *a, const struct wire_held *b)
{
	return a->due_ns < b->due_ns;
}

/* A copy to be held back, not in the list yet; NULL: no memory. */
static struct wire_held *
trouble_copy(const struct wire_frame *frame, const struct wire_held *when)
{
	struct wire_held *held = malloc(sizeof(*held) + frame->len);

	if (held == NULL)
		return NULL;
	*held = (struct wire_held){ .due_ns = when->due_ns, .due_passed = when->due_passed };
	held->len = frame->len;
	wire_frame_copy(frame, held->data);
	return held;
}

static void
trouble_hold(struct wire *wire, unsigned int port, struct wire_held *held)
{
	struct wire_trouble *t = wire->ports[port].trouble;
	struct wire_held *before = NULL, *i;

	STAILQ_FOREACH(i, &t->held, link) {
		if (held_before(held, i))
			break;
		before = i;
	}
	if (before == NULL)
		STAILQ_INSERT_HEAD(&t->held, held, link);
	else
		STAILQ_INSERT_AFTER(&t->held, before, held, link);
	t->nb_held++;
	wire->held |= 1ULL << port;
}

/* The first frame that may leave now, at the head of the list then. */
static struct wire_held *
trouble_due(struct wire_trouble *t, uint64_t now)
{
	struct wire_held *held = STAILQ_FIRST(&t->held), *i;

	if (held == NULL || held->due_ns <= now)
		return held;
	STAILQ_FOREACH(i, &t->held, link) {
		if (i->due_passed == 0 || t->passed < i->due_passed)
			continue;
		if (i != held) {
			STAILQ_REMOVE(&t->held, i, wire_held, link);
			STAILQ_INSERT_HEAD(&t->held, i, link);
		}
		i->due_ns = now;
		return i;
	}
	return NULL;
}

unsigned int
wire_trouble_poll(struct wire *wire, unsigned int port)
{
	struct wire_trouble *t = wire->ports[port].trouble;
	uint64_t now = base_clock_ns();
	struct wire_held *held;
	unsigned int nb = 0;

	while ((held = trouble_due(t, now)) != NULL) {
		struct wire_frame frame;

		wire_frame_init(&frame, held->data, held->len);
		if (wire->ports[port].link != WIRE_LINK_UP)
			wire->ports[port].stats.tx_link++;
		else if (wire_pass(wire, port, &frame, &held->hold) == -EAGAIN)
			break;
		t->passed++;
		trouble_drop_first(wire, port);
		nb++;
	}
	return nb;
}

/* Turns a bit behind the Ethernet header. */
static void
trouble_spoil(struct wire *wire, const struct wire_trouble *t, struct wire_frame *frame)
{
	uint64_t bit;

	wire_frame_copy(frame, wire->spoiled);
	if (frame->len > WIRE_FRAME_MIN) {
		bit = wire_mishaps_bit(&t->mishaps, WIRE_FRAME_MIN, frame->len);
		wire->spoiled[bit / 8] = (uint8_t)(wire->spoiled[bit / 8] ^ 1u << bit % 8);
	}
	wire_frame_init(frame, wire->spoiled, frame->len);
}

static bool
trouble_is(wire_fate fate, enum wire_mishap mishap)
{
	return (fate >> mishap & 1) != 0;
}

/* Holds the frame back, once or twice. */
static int
trouble_hold_back(struct wire *wire, unsigned int port, const struct wire_frame *frame,
		wire_fate fate)
{
	struct wire_trouble *t = wire->ports[port].trouble;
	struct wire_held when = { .due_ns = base_clock_ns() + t->delay_ns };
	struct wire_held *copy, *twin = NULL;

	if (!trouble_has_room(t, 2))
		return -EAGAIN;
	if (trouble_is(fate, WIRE_MISHAP_REORDER)) {
		when.due_passed = t->passed + t->nb_held + 1;
		when.due_ns += TROUBLE_OVERTAKE_NS;
	}
	copy = trouble_copy(frame, &when);
	if (trouble_is(fate, WIRE_MISHAP_DUPLICATE))
		twin = trouble_copy(frame, &when);
	if (copy == NULL || (twin == NULL && trouble_is(fate, WIRE_MISHAP_DUPLICATE))) {
		free(copy);
		free(twin);
		return -EAGAIN;
	}
	trouble_hold(wire, port, copy);
	if (twin != NULL)
		trouble_hold(wire, port, twin);
	return 0;
}

/* Sends it now, and its twin behind it. */
static int
trouble_send_now(struct wire *wire, unsigned int port, const struct wire_frame *frame,
		struct wire_hold *hold, wire_fate fate)
{
	struct wire_trouble *t = wire->ports[port].trouble;
	struct wire_held *twin = NULL;
	int ret;

	if (trouble_is(fate, WIRE_MISHAP_DUPLICATE)) {
		/* Before the first one goes: what is refused behind it would come a third time. */
		if (trouble_has_room(t, 1))
			twin = trouble_copy(frame, &(struct wire_held){ .due_ns = 0 });
		if (twin == NULL)
			return -EAGAIN;
	}
	ret = wire_pass(wire, port, frame, hold);
	if (ret != 0) {
		free(twin);
		return ret;
	}
	t->passed++;
	if (twin != NULL)
		trouble_hold(wire, port, twin);
	return 0;
}

static void
trouble_count(struct wire_port_stats *stats, wire_fate fate)
{
	stats->tx_lost += trouble_is(fate, WIRE_MISHAP_LOSE);
	stats->tx_duplicated += trouble_is(fate, WIRE_MISHAP_DUPLICATE);
	stats->tx_reordered += trouble_is(fate, WIRE_MISHAP_REORDER);
	stats->tx_corrupted += trouble_is(fate, WIRE_MISHAP_CORRUPT);
}

/* What happens to one frame, once the rate limit lets it go. */
static int
trouble_befall(struct wire *wire, unsigned int port, const struct wire_frame *sent,
		struct wire_hold *hold)
{
	struct wire_trouble *t = wire->ports[port].trouble;
	wire_fate fate = wire_mishaps_decide(&t->mishaps);
	struct wire_frame frame = *sent;
	int ret = 0;

	if (trouble_is(fate, WIRE_MISHAP_CORRUPT))
		trouble_spoil(wire, t, &frame);
	if (trouble_is(fate, WIRE_MISHAP_LOSE)) {
		hold->since_ns = 0;
	} else if (t->delay_ns != 0 || trouble_is(fate, WIRE_MISHAP_REORDER)) {
		ret = trouble_hold_back(wire, port, &frame, fate);
		wire->ports[port].stats.tx_delayed += t->delay_ns != 0 && ret == 0;
	} else {
		ret = trouble_send_now(wire, port, &frame, hold, fate);
	}
	if (ret != 0)
		return ret;
	wire_mishaps_commit(&t->mishaps, fate);
	trouble_count(&wire->ports[port].stats, fate);
	return 0;
}

int
wire_trouble_send(struct wire *wire, unsigned int port, const struct wire_frame *frame,
		struct wire_hold *hold)
{
	struct wire_trouble *t = wire->ports[port].trouble;
	uint64_t now = base_clock_ns();
	int ret;

	if (wire_rate_wait_ns(&t->rate, now) != 0) {
		wire->ports[port].stats.tx_rate_waits++;
		return -EAGAIN;
	}
	if (t->nb_held == 0 && t->delay_ns == 0 && !wire_mishaps_any(&t->mishaps)) {
		ret = wire_pass(wire, port, frame, hold);
	} else if (frame->csum_partial) {
		return -EMSGSIZE;
	} else {
		ret = trouble_befall(wire, port, frame, hold);
		wire_trouble_poll(wire, port);
	}
	if (ret == 0)
		wire_rate_spend(&t->rate, now, frame->len);
	return ret;
}
