/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a table of steps, each of which is legal in one state and leads to one. The
 * first step that fails is the end of the way there; what has been done is undone according to the
 * state that was reached. So every failure, and a cancelled migration, takes the same way back:
 *
 *   LOGGING, COPYING  the guest runs: the copy is dropped, the log ended
 *   STOPPED           the same, then the guest is started at the bases where the source stopped
 *
 * A source that does not come back, or a copy that could only be taken over in part, is LOST.
 *
 * The source's connection stays until the destination runs (guest_vm_switch()), as the source's QEMU
 * process does: a destination that refuses has cost the guest a pause.
 *
 * The device's part of the rings costs nothing to compare, so that is done in any case.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "base_math.h"
#include "guest_migrate.h"

#define GUEST_MIGRATE_MIN 3u
#define GUEST_MIGRATE_ROUNDS 16u
#define GUEST_MIGRATE_FEW 64u
#define GUEST_MIGRATE_HOLD_MS 20u
#define GUEST_MIGRATE_QUIET 4u /* attempts, where there is no traffic */
#define GUEST_MIGRATE_HOLDS 50u /* where there is: on a busy machine most may show nothing */

struct guest_migrate {
	struct guest_migrate_attr attr; /* without zeroes that stand for something */
	struct guest_migrate_result *result;
	enum guest_migrate_state state;
	struct guest_move *move;
	uint64_t begin_ns, hold_ns, stop_ns;
};

const char *
guest_migrate_state_name(enum guest_migrate_state state)
{
	static const char *const names[] = {
		[GUEST_MIGRATE_IDLE] = "idle",
		[GUEST_MIGRATE_LOGGING] = "logging",
		[GUEST_MIGRATE_COPYING] = "copying",
		[GUEST_MIGRATE_STOPPED] = "stopped",
		[GUEST_MIGRATE_MOVED] = "moved",
		[GUEST_MIGRATE_STAYED] = "stayed",
		[GUEST_MIGRATE_LOST] = "lost",
	};

	return (unsigned int)state < BASE_ARRAY_SIZE(names) ? names[state] : "unknown";
}

bool
guest_migrate_may(enum guest_migrate_state from, enum guest_migrate_state to)
{
#define GUEST_MIGRATE_TO(name) (1u << GUEST_MIGRATE_##name)
	static const uint8_t arcs[GUEST_MIGRATE_NB_STATES] = {
		[GUEST_MIGRATE_IDLE] = GUEST_MIGRATE_TO(LOGGING) | GUEST_MIGRATE_TO(STAYED) |
				GUEST_MIGRATE_TO(LOST),
		[GUEST_MIGRATE_LOGGING] = GUEST_MIGRATE_TO(COPYING) | GUEST_MIGRATE_TO(STAYED) |
				GUEST_MIGRATE_TO(LOST),
		[GUEST_MIGRATE_COPYING] = GUEST_MIGRATE_TO(STOPPED) | GUEST_MIGRATE_TO(STAYED) |
				GUEST_MIGRATE_TO(LOST),
		[GUEST_MIGRATE_STOPPED] = GUEST_MIGRATE_TO(MOVED) | GUEST_MIGRATE_TO(STAYED) |
				GUEST_MIGRATE_TO(LOST),
	};
#undef GUEST_MIGRATE_TO

	return from < GUEST_MIGRATE_NB_STATES && to < GUEST_MIGRATE_NB_STATES &&
			(arcs[from] >> to & 1) != 0;
}

static void
guest_migrate_enter(struct guest_migrate *m, enum guest_migrate_state state)
{
	assert(guest_migrate_may(m->state, state));
	base_dbg(m->attr.log, "migration: %s -> %s", guest_migrate_state_name(m->state),
			guest_migrate_state_name(state));
	m->state = state;
}

/* --- steps ---------------------------------------------------------------------------------- */

static int
guest_migrate_log_on(struct guest_migrate *m)
{
	if (!guest_vm_is_up(m->attr.vm))
		return -ENOTCONN;
	if (m->attr.check == GUEST_MIGRATE_HOLD)
		guest_vm_cross_out_on(m->attr.vm);
	return guest_vm_log_on(m->attr.vm);
}

static int
guest_migrate_copy(struct guest_migrate *m)
{
	return guest_move_begin(guest_vm_mem(m->attr.vm), m->attr.log, &m->move);
}

static uint64_t
guest_migrate_round(struct guest_migrate *m)
{
	struct guest_dirty *device = guest_vm_dirty(m->attr.vm);

	m->result->device_pages += guest_dirty_count(device);
	return guest_move_round(m->move, device);
}

static int
guest_migrate_rounds(struct guest_migrate *m)
{
	struct guest_migrate_result *r = m->result;
	uint64_t nb = UINT64_MAX;
	int ret = 0;

	while (ret == 0 && r->nb_rounds < m->attr.max_rounds &&
			(r->nb_rounds < m->attr.min_rounds || nb > m->attr.few_pages)) {
		if (!guest_vm_is_up(m->attr.vm))
			return -ENOTCONN;
		ret = guest_move_follow(m->move);
		if (ret != 0)
			break;
		nb = guest_migrate_round(m);
		r->pages[r->nb_rounds++] = nb;
		if (m->attr.between != NULL)
			ret = m->attr.between(m->attr.arg, r->nb_rounds - 1);
	}
	return ret;
}

/* A buffer whose page only the device's mark can bring into the copy: the guest has not written it
 * since the last round, and it is not what was copied. */
static void
guest_migrate_look_at_buffer(void *arg, uint64_t gpa)
{
	struct guest_migrate *m = arg;
	uint64_t page = gpa - gpa % GUEST_DIRTY_PAGE;

	m->result->judged += !guest_move_guest_wrote(m->move, page) &&
			!guest_move_same(m->move, page, GUEST_DIRTY_PAGE);
}

/* Have frames come that are not in the copy yet? */
static bool
guest_migrate_has_frames(struct guest_migrate *m)
{
	m->result->judged = 0;
	guest_vm_each_buffer(m->attr.vm, guest_migrate_look_at_buffer, m);
	return m->result->judged != 0;
}

/*
 * What was marked so far is copied, then the guest leaves its frames alone: those that come from now
 * on are in the copy only if the device marks them. Frames that were there before the round are in
 * the copy, and those in pages that the guest has written meanwhile will be, whatever the device
 * does; if there are no others it is tried again. Without
 * traffic there is nothing to judge, which is no error.
 */
static int
guest_migrate_hold(struct guest_migrate *m)
{
	uint64_t until = base_clock_ns() +
			GUEST_MIGRATE_HOLDS * m->attr.hold_ms * (uint64_t)BASE_NS_PER_MS;
	unsigned int nb_quiet = 0;
	int ret = 0;

	if (m->attr.check != GUEST_MIGRATE_HOLD)
		return 0;
	do {
		guest_vm_release(m->attr.vm);
		guest_migrate_round(m);
		m->hold_ns = base_clock_ns();
		ret = guest_vm_hold(m->attr.vm);
		if (ret == 0)
			(void)guest_vm_wait_unread(m->attr.vm, m->attr.hold_ms);
		nb_quiet += guest_vm_unread(m->attr.vm) == 0;
	} while (ret == 0 && !guest_migrate_has_frames(m) && nb_quiet < GUEST_MIGRATE_QUIET &&
			base_clock_ns() < until);
	return ret;
}

static int
guest_migrate_stop(struct guest_migrate *m)
{
	m->stop_ns = base_clock_ns();
	if (m->hold_ns != 0)
		m->result->hold_ns = m->stop_ns - m->hold_ns;
	return guest_vm_pause(m->attr.vm);
}

static void
guest_migrate_note_queue(struct guest_migrate *m, unsigned int queue)
{
	struct guest_migrate_queue *q = &m->result->queues[queue];
	uint64_t gpa, len;

	guest_vm_place(m->attr.vm, queue, &q->source);
	q->base = guest_vm_base(m->attr.vm, queue);
	q->unread = guest_vm_unread_of(m->attr.vm, queue);
	guest_vm_device_part(m->attr.vm, queue, &gpa, &len);
	q->stale = !guest_move_same(m->move, gpa, len);
	if (q->stale)
		base_err(m->attr.log, "the copy of %s of queue %u is not what the device wrote",
				guest_vm_device_part_name(m->attr.vm), queue);
}

static int
guest_migrate_last_round(struct guest_migrate *m)
{
	int ret = guest_move_follow(m->move);

	if (ret != 0)
		return ret;
	m->result->last_pages = guest_migrate_round(m);
	for (unsigned int i = 0; i < m->result->nb_queues; i++)
		guest_migrate_note_queue(m, i);
	if (m->attr.check == GUEST_MIGRATE_HOLD)
		m->result->held = guest_vm_unread(m->attr.vm);
	return 0;
}

static void
guest_migrate_name_page(void *arg, uint64_t gpa)
{
	struct guest_migrate *m = arg;
	struct guest_migrate_result *r = m->result;
	struct guest_migrate_page page = { .gpa = gpa };

	guest_vm_whose(m->attr.vm, gpa, page.whose);
	if (r->nb_differ++ >= GUEST_MIGRATE_MAX_DIFFER)
		return;
	r->differ[r->nb_differ - 1] = page;
	base_err(m->attr.log, "page 0x%" PRIx64 " (%s) was written, but is in no dirty log", gpa,
			page.whose);
}

static int
guest_migrate_compare(struct guest_migrate *m)
{
	uint64_t begin = base_clock_ns();

	if (m->attr.check != GUEST_MIGRATE_COMPARE)
		return 0;
	guest_move_differ(m->move, guest_migrate_name_page, m);
	m->result->compared = true;
	m->result->compare_ns = base_clock_ns() - begin;
	return 0;
}

static int
guest_migrate_switch(struct guest_migrate *m)
{
	return m->attr.to == NULL ? -ECANCELED : guest_vm_switch(m->attr.vm, m->move, m->attr.to);
}

struct guest_migrate_step {
	const char *name;
	enum guest_migrate_state in, then;
	int (*act)(struct guest_migrate *m);
};

static const struct guest_migrate_step guest_migrate_steps[] = {
	{ "log on", GUEST_MIGRATE_IDLE, GUEST_MIGRATE_LOGGING, guest_migrate_log_on },
	{ "first copy", GUEST_MIGRATE_LOGGING, GUEST_MIGRATE_COPYING, guest_migrate_copy },
	{ "rounds", GUEST_MIGRATE_COPYING, GUEST_MIGRATE_COPYING, guest_migrate_rounds },
	{ "hold", GUEST_MIGRATE_COPYING, GUEST_MIGRATE_COPYING, guest_migrate_hold },
	{ "stop", GUEST_MIGRATE_COPYING, GUEST_MIGRATE_STOPPED, guest_migrate_stop },
	{ "last round", GUEST_MIGRATE_STOPPED, GUEST_MIGRATE_STOPPED, guest_migrate_last_round },
	{ "compare", GUEST_MIGRATE_STOPPED, GUEST_MIGRATE_STOPPED, guest_migrate_compare },
	{ "switch-over", GUEST_MIGRATE_STOPPED, GUEST_MIGRATE_MOVED, guest_migrate_switch },
};

/* --- the way back --------------------------------------------------------------------------- */

/* The device is stopped: starts it again where it was. */
static int
guest_migrate_go_on(struct guest_migrate *m)
{
	int ret = guest_vm_log_off(m->attr.vm);

	return ret == 0 ? guest_vm_resume(m->attr.vm) : ret;
}

static int
guest_migrate_stay(struct guest_migrate *m)
{
	guest_vm_release(m->attr.vm);
	return guest_vm_is_up(m->attr.vm) ? guest_vm_log_off(m->attr.vm) : -ENOTCONN;
}

/* The stop itself may have failed half way: then the guest does not run, but is not STOPPED. With a
 * memory that is half the copy's it must not run. */
static void
guest_migrate_return(struct guest_migrate *m, int why)
{
	int ret = why;

	if (why != -ENOTRECOVERABLE)
		ret = m->state == GUEST_MIGRATE_STOPPED ? guest_migrate_go_on(m) :
							  guest_migrate_stay(m);
	guest_migrate_enter(m, ret == 0 ? GUEST_MIGRATE_STAYED : GUEST_MIGRATE_LOST);
	if (ret != 0)
		base_err(m->attr.log, "the guest cannot go on where it was: %s", strerror(-ret));
}

/* --- all of it ------------------------------------------------------------------------------ */

static void
guest_migrate_explain(struct guest_migrate *m, const char *step, int why)
{
	const char *error = guest_vm_error(m->attr.vm);

	m->result->step = step;
	snprintf(m->result->why, sizeof(m->result->why), "%s",
			error[0] != '\0' ? error : strerror(-why));
}

static int
guest_migrate_steps_do(struct guest_migrate *m)
{
	int ret = 0;

	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(guest_migrate_steps) && ret == 0; i++) {
		const struct guest_migrate_step *step = &guest_migrate_steps[i];

		assert(m->state == step->in);
		ret = step->act(m);
		if (ret != 0 && ret != -ECANCELED)
			guest_migrate_explain(m, step->name, ret);
		else if (ret == 0 && step->then != step->in)
			guest_migrate_enter(m, step->then);
	}
	return ret;
}

static void
guest_migrate_fill_attr(struct guest_migrate *m, const struct guest_migrate_attr *attr)
{
	struct guest_migrate_attr *a = &m->attr;

	*a = *attr;
	if (a->min_rounds == 0)
		a->min_rounds = GUEST_MIGRATE_MIN;
	if (a->max_rounds == 0)
		a->max_rounds = GUEST_MIGRATE_ROUNDS;
	if (a->max_rounds > GUEST_MIGRATE_MAX_ROUNDS)
		a->max_rounds = GUEST_MIGRATE_MAX_ROUNDS;
	if (a->few_pages == 0)
		a->few_pages = GUEST_MIGRATE_FEW;
	if (a->hold_ms == 0)
		a->hold_ms = GUEST_MIGRATE_HOLD_MS;
}

/* Times, the rings at the place where the guest is now, and the verdict on the copy. */
static bool
guest_migrate_account(struct guest_migrate *m)
{
	struct guest_migrate_result *r = m->result;
	bool whole = true;

	r->state = m->state;
	r->total_ns = base_clock_ns() - m->begin_ns;
	if (m->stop_ns != 0)
		r->downtime_ns = base_clock_ns() - m->stop_ns - r->compare_ns;
	r->stale_bits = guest_vm_stale_bits(m->attr.vm);
	for (unsigned int i = 0; i < r->nb_queues; i++) {
		guest_vm_place(m->attr.vm, i, &r->queues[i].there);
		whole = whole && !r->queues[i].stale;
	}
	return whole && r->nb_differ == 0 && r->stale_bits == 0;
}

int
guest_migrate_run(const struct guest_migrate_attr *attr, struct guest_migrate_result *result)
{
	struct guest_migrate m = { .result = result, .begin_ns = base_clock_ns() };
	bool whole;
	int ret;

	memset(result, 0, sizeof(*result));
	guest_migrate_fill_attr(&m, attr);
	result->nb_queues = guest_vm_nb_queues(attr->vm);
	guest_vm_forget_error(attr->vm);
	ret = guest_migrate_steps_do(&m);
	if (ret != 0) {
		guest_migrate_return(&m, ret);
		if (ret == -ECANCELED && attr->to == NULL && m.state == GUEST_MIGRATE_STAYED)
			ret = 0;
	}
	whole = guest_migrate_account(&m);
	guest_vm_end_move(attr->vm, m.move);
	if (m.attr.check == GUEST_MIGRATE_HOLD)
		guest_vm_cross_out_off(attr->vm);
	return ret == 0 && !whole ? -EBADMSG : ret;
}
