/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each stream has one byte of state per number that was sent: SEEN once it has
 * arrived in any condition, EXCUSED when its absence has a known reason. Both bits are only ever
 * set, so the order in which excuse and arrival come does not matter: SEEN wins.
 *
 * Two counters per stream follow the bits (seen; excused and not seen), so that "how many are
 * missing" costs nothing per packet and guest_ledger_drain() can wait for zero.
 *
 * Order is judged within a receive queue: when a flow moves to another one (its queue stops, the
 * table of queues is rewritten), who reads them one after the other meets what came into the second
 * before the rest of the first, on every card. Such packets count as moved, not as reordered.
 *
 * An outage excuses numbers from one above the highest that had arrived when it began (that moves
 * up with arrivals while it lasts) to the last that was sent before it ended, and from there to the
 * first of the later ones that arrives. Numbers before the outage that are missing stay lost. What
 * is excused may still arrive (it may have lain in the receiver's ring): then it needs no excuse.
 *
 * A span remembers which number came next in each stream when it opened and closed, and the fault
 * counters at both times; its account is worked out on demand from the bytes, so that late arrivals
 * are booked to the span in which the packet was sent. A phase is a span with a name and a number.
 * Gaps cannot be worked out later: each arrival goes through the spans that are open, of which
 * there are one or two.
 *
 * A stream that is recycled forgets the bytes, not the number that comes next: what still arrives
 * of the life before is known by its lower number, and is nobody's any more.
 *
 * One mutex covers all ("(lock)" beside a member; clang 14 cannot check members in C); the condition variable is for drain() only.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base_clock.h"
#include "base_math.h"
#include "base_mutex.h"
#include "guest_ledger.h"

#define GUEST_LEDGER_SEEN 1u
#define GUEST_LEDGER_EXCUSED 2u
#define GUEST_LEDGER_TORN 4u
#define GUEST_LEDGER_FIRST_CAP 4096u

/* What can go wrong with an arrival; counted from the beginning. */
struct guest_ledger_faults {
	uint64_t duplicated, reordered, torn, invented;
};

/* An outage of the stream's receiver. */
enum guest_ledger_outage {
	GUEST_LEDGER_UP, /* none */
	GUEST_LEDGER_DOWN, /* between begin and end */
	GUEST_LEDGER_COMING, /* ended; waiting for the first arrival that was sent since */
};

struct guest_ledger_stream {
	uint8_t *state; /* by number - base; sent - base bytes are valid */
	uint64_t cap; /* bytes allocated */
	uint64_t base; /* first number of this life */
	uint64_t sent; /* number that comes next */
	uint64_t seen; /* numbers with SEEN */
	uint64_t torn_first; /* of these: first arrival was torn */
	uint64_t excused; /* numbers with EXCUSED and not SEEN */
	uint64_t next; /* one above the highest number seen */
	uint64_t next_of[GUEST_LEDGER_MAX_QUEUES]; /* the same, by receive queue */
	uint64_t moved; /* numbers that came late, but not in their queue */
	uint64_t last_ns; /* time of the last arrival, 0: none yet */
	uint64_t gap_ns; /* longest so far */
	struct guest_ledger_faults faults;
	struct guest_ledger_faults former; /* of these: of the lives before */
	enum guest_ledger_outage outage;
	uint64_t outage_from;
	uint64_t watched; /* somebody waits until so many have arrived; 0: nobody does */
	uint64_t fresh; /* somebody waits for number fresh - 1 or a later one; 0: nobody does */
	uint64_t settling; /* somebody waits for all below this number; 0: nobody does */
	uint64_t wake_below; /* write wake_fd when fewer are in flight; 0: nobody sleeps */
	int wake_fd;
};

/* One stream at the opening and closing of a span. */
struct guest_ledger_mark {
	uint64_t first, end;
	struct guest_ledger_faults open, close;
	uint64_t gap_ns;
};

struct guest_ledger_span {
	struct guest_ledger *ledger;
	uint64_t open_ns, close_ns; /* (lock) close_ns 0: open */
	struct guest_ledger_span *next; /* (lock) that is open, too */
	struct guest_ledger_mark marks[]; /* (lock) one for each stream */
};

struct guest_ledger_phase {
	char name[GUEST_LEDGER_NAME_LEN];
	struct guest_ledger_span *span;
};

struct guest_ledger {
	struct base_mutex lock;
	pthread_cond_t arrived;
	unsigned int nb_streams;
	unsigned int nb_waiters; /* (lock) */
	uint64_t wrecks; /* (lock) */
	struct guest_ledger_stream *streams; /* (lock) */
	struct guest_ledger_phase phases[GUEST_LEDGER_MAX_PHASES]; /* (lock) */
	unsigned int nb_phases; /* (lock) */
	struct guest_ledger_span *open; /* (lock) list of open spans */
};

int
guest_ledger_create(unsigned int nb_streams, struct guest_ledger **ledger)
{
	struct guest_ledger *l;
	pthread_condattr_t attr;

	if (nb_streams == 0 || nb_streams > GUEST_LEDGER_MAX_STREAMS)
		return -EINVAL;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	l->streams = calloc(nb_streams, sizeof(*l->streams));
	if (l->streams == NULL) {
		free(l);
		return -ENOMEM;
	}
	l->nb_streams = nb_streams;
	base_mutex_init(&l->lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->arrived, &attr);
	pthread_condattr_destroy(&attr);
	*ledger = l;
	return 0;
}

void
guest_ledger_destroy(struct guest_ledger *ledger) BASE_NO_TSA
{
	if (ledger == NULL)
		return;
	for (unsigned int i = 0; i < ledger->nb_streams; i++)
		free(ledger->streams[i].state);
	for (unsigned int i = 0; i < ledger->nb_phases; i++)
		free(ledger->phases[i].span);
	pthread_cond_destroy(&ledger->arrived);
	base_mutex_destroy(&ledger->lock);
	free(ledger->streams);
	free(ledger);
}

static uint8_t *
guest_ledger_state(const struct guest_ledger_stream *s, uint64_t seq)
{
	return &s->state[seq - s->base];
}

/* Makes room for number s->sent. */
static int
guest_ledger_grow(struct guest_ledger_stream *s)
{
	uint64_t cap = s->cap != 0 ? s->cap * 2 : GUEST_LEDGER_FIRST_CAP;
	uint8_t *state;

	if (s->sent - s->base < s->cap)
		return 0;
	state = realloc(s->state, cap);
	if (state == NULL)
		return -ENOMEM;
	memset(state + s->cap, 0, cap - s->cap);
	s->state = state;
	s->cap = cap;
	return 0;
}

int
guest_ledger_send(struct guest_ledger *ledger, uint32_t stream, uint64_t *seq)
{
	struct guest_ledger_stream *s;
	int ret;

	if (stream >= ledger->nb_streams)
		return -EINVAL;
	base_mutex_lock(&ledger->lock);
	s = &ledger->streams[stream];
	ret = guest_ledger_grow(s);
	if (ret == 0)
		*seq = s->sent++;
	base_mutex_unlock(&ledger->lock);
	return ret;
}

static void
guest_ledger_excuse(struct guest_ledger_stream *s, uint64_t seq)
{
	uint8_t *state = guest_ledger_state(s, seq);

	if (*state == 0)
		s->excused++;
	*state |= GUEST_LEDGER_EXCUSED;
}

static void
guest_ledger_excuse_range(struct guest_ledger_stream *s, uint64_t from, uint64_t end)
{
	for (uint64_t i = from; i < end; i++)
		guest_ledger_excuse(s, i);
}

/* An arrival, in whatever condition, while the receiver is down or coming back. */
static void
guest_ledger_outage_step(struct guest_ledger_stream *s, uint64_t seq)
{
	if (s->outage == GUEST_LEDGER_DOWN && seq >= s->outage_from)
		s->outage_from = seq + 1;
	if (s->outage != GUEST_LEDGER_COMING || seq < s->outage_from)
		return;
	guest_ledger_excuse_range(s, s->outage_from, seq);
	s->outage = GUEST_LEDGER_UP;
}

static void
guest_ledger_gap_locked(struct guest_ledger *ledger, struct guest_ledger_stream *s, uint64_t now_ns)
		BASE_REQUIRES(ledger->lock)
{
	uint64_t last = s->last_ns;

	s->last_ns = now_ns;
	if (last == 0)
		return;
	if (now_ns > last && now_ns - last > s->gap_ns)
		s->gap_ns = now_ns - last;
	for (struct guest_ledger_span *span = ledger->open; span != NULL; span = span->next) {
		struct guest_ledger_mark *mark = &span->marks[s - ledger->streams];
		uint64_t from = last > span->open_ns ? last : span->open_ns;

		if (now_ns > from && now_ns - from > mark->gap_ns)
			mark->gap_ns = now_ns - from;
	}
}

/* Is anything missing anywhere? */
static bool
guest_ledger_settled_locked(struct guest_ledger *ledger) BASE_REQUIRES(ledger->lock)
{
	for (unsigned int i = 0; i < ledger->nb_streams; i++) {
		const struct guest_ledger_stream *s = &ledger->streams[i];

		if (s->sent - s->base != s->seen + s->excused)
			return false;
	}
	return true;
}

/* Wakes the sender that waits for room in its window. */
static void
guest_ledger_wake(struct guest_ledger_stream *s)
{
	uint64_t one = 1;
	ssize_t nb;

	if (s->sent - s->next >= s->wake_below)
		return;
	s->wake_below = 0;
	nb = write(s->wake_fd, &one, sizeof(one));
	(void)nb; /* EAGAIN: it is awake already */
}

/* Books the first arrival of number @seq. */
static enum guest_ledger_verdict
guest_ledger_first_locked(struct guest_ledger *ledger, struct guest_ledger_stream *s,
		unsigned int queue, uint64_t seq) BASE_REQUIRES(ledger->lock)
{
	bool late = seq < s->next_of[queue], settles = seq < s->settling;
	uint8_t *state = guest_ledger_state(s, seq);

	/* the end of an outage excuses others */
	settles |= s->settling != 0 && s->outage != GUEST_LEDGER_UP;
	settles |= s->fresh != 0 && seq >= s->fresh - 1;
	guest_ledger_outage_step(s, seq);
	if (*state & GUEST_LEDGER_EXCUSED)
		s->excused--;
	*state |= GUEST_LEDGER_SEEN;
	s->seen++;
	if (late)
		s->faults.reordered++;
	else
		s->next_of[queue] = seq + 1;
	if (!late && seq < s->next)
		s->moved++;
	else if (seq >= s->next)
		s->next = seq + 1;
	guest_ledger_wake(s);
	if ((ledger->nb_waiters != 0 && guest_ledger_settled_locked(ledger)) ||
			(s->watched != 0 && s->seen >= s->watched) || settles)
		pthread_cond_broadcast(&ledger->arrived);
	return late ? GUEST_LEDGER_REORDERED : GUEST_LEDGER_OK;
}

static enum guest_ledger_verdict
guest_ledger_arrive_locked(struct guest_ledger *ledger, const struct guest_ledger_arrival *arrival)
		BASE_REQUIRES(ledger->lock)
{
	struct guest_ledger_stream *s = &ledger->streams[arrival->stream];
	uint64_t seq = arrival->seq;

	if (seq >= s->sent) {
		s->faults.invented++;
		return GUEST_LEDGER_INVENTED;
	}
	if (seq < s->base)
		return GUEST_LEDGER_BYGONE;
	guest_ledger_gap_locked(ledger, s, arrival->now_ns);
	if (*guest_ledger_state(s, seq) & GUEST_LEDGER_SEEN) {
		s->faults.duplicated++;
		return GUEST_LEDGER_DUPLICATED;
	}
	return guest_ledger_first_locked(ledger, s, arrival->queue % GUEST_LEDGER_MAX_QUEUES, seq);
}

enum guest_ledger_verdict
guest_ledger_receive(struct guest_ledger *ledger, const struct guest_ledger_arrival *arrival)
{
	enum guest_ledger_verdict verdict;

	if (arrival->stream >= ledger->nb_streams)
		return GUEST_LEDGER_NO_STREAM;
	base_mutex_lock(&ledger->lock);
	verdict = guest_ledger_arrive_locked(ledger, arrival);
	base_mutex_unlock(&ledger->lock);
	return verdict;
}

enum guest_ledger_verdict
guest_ledger_torn(struct guest_ledger *ledger, const struct guest_ledger_arrival *arrival)
{
	enum guest_ledger_verdict verdict;
	struct guest_ledger_stream *s;

	if (arrival->stream >= ledger->nb_streams)
		return GUEST_LEDGER_NO_STREAM;
	base_mutex_lock(&ledger->lock);
	s = &ledger->streams[arrival->stream];
	verdict = guest_ledger_arrive_locked(ledger, arrival);
	s->faults.torn += verdict != GUEST_LEDGER_BYGONE;
	if (verdict == GUEST_LEDGER_OK || verdict == GUEST_LEDGER_REORDERED) {
		*guest_ledger_state(s, arrival->seq) |= GUEST_LEDGER_TORN;
		s->torn_first++;
	}
	base_mutex_unlock(&ledger->lock);
	return verdict;
}

void
guest_ledger_wreck(struct guest_ledger *ledger)
{
	base_mutex_lock(&ledger->lock);
	ledger->wrecks++;
	base_mutex_unlock(&ledger->lock);
}

uint64_t
guest_ledger_wrecks(struct guest_ledger *ledger)
{
	uint64_t wrecks;

	base_mutex_lock(&ledger->lock);
	wrecks = ledger->wrecks;
	base_mutex_unlock(&ledger->lock);
	return wrecks;
}

void
guest_ledger_abandon(struct guest_ledger *ledger, uint32_t stream, uint64_t seq)
{
	if (stream >= ledger->nb_streams)
		return;
	base_mutex_lock(&ledger->lock);
	if (seq >= ledger->streams[stream].base && seq < ledger->streams[stream].sent)
		guest_ledger_excuse(&ledger->streams[stream], seq);
	base_mutex_unlock(&ledger->lock);
}

void
guest_ledger_outage_begin(struct guest_ledger *ledger, uint32_t stream)
{
	struct guest_ledger_stream *s;

	if (stream >= ledger->nb_streams)
		return;
	base_mutex_lock(&ledger->lock);
	s = &ledger->streams[stream];
	if (s->outage == GUEST_LEDGER_UP)
		s->outage_from = s->next;
	s->outage = GUEST_LEDGER_DOWN;
	base_mutex_unlock(&ledger->lock);
}

void
guest_ledger_outage_end(struct guest_ledger *ledger, uint32_t stream)
{
	struct guest_ledger_stream *s;

	if (stream >= ledger->nb_streams)
		return;
	base_mutex_lock(&ledger->lock);
	s = &ledger->streams[stream];
	if (s->outage == GUEST_LEDGER_DOWN) {
		guest_ledger_excuse_range(s, s->outage_from, s->sent);
		s->outage = GUEST_LEDGER_COMING;
		s->outage_from = s->sent;
	}
	base_mutex_unlock(&ledger->lock);
}

uint64_t
guest_ledger_in_flight(struct guest_ledger *ledger, uint32_t stream)
{
	uint64_t nb = 0;

	if (stream >= ledger->nb_streams)
		return 0;
	base_mutex_lock(&ledger->lock);
	nb = ledger->streams[stream].sent - ledger->streams[stream].next;
	base_mutex_unlock(&ledger->lock);
	return nb;
}

bool
guest_ledger_arm(struct guest_ledger *ledger, uint32_t stream, uint64_t below, int fd)
{
	struct guest_ledger_stream *s;
	bool already;

	if (stream >= ledger->nb_streams)
		return false;
	base_mutex_lock(&ledger->lock);
	s = &ledger->streams[stream];
	already = s->sent - s->next < below;
	s->wake_below = already ? 0 : below;
	s->wake_fd = fd;
	base_mutex_unlock(&ledger->lock);
	return already;
}

/* The moment @timeout_ms from now, as pthread_cond_timedwait() wants it. */
static struct timespec
guest_ledger_deadline(unsigned int timeout_ms)
{
	uint64_t end = base_clock_ns() + timeout_ms * BASE_NS_PER_MS;

	return (struct timespec){
		.tv_sec = (time_t)(end / BASE_NS_PER_S),
		.tv_nsec = (long)(end % BASE_NS_PER_S),
	};
}

int
guest_ledger_drain(struct guest_ledger *ledger, unsigned int timeout_ms)
{
	struct timespec ts = guest_ledger_deadline(timeout_ms);
	bool settled;
	int ret = 0;

	base_mutex_lock(&ledger->lock);
	ledger->nb_waiters++;
	while (!(settled = guest_ledger_settled_locked(ledger)) && ret == 0)
		ret = pthread_cond_timedwait(&ledger->arrived, &ledger->lock.m, &ts);
	ledger->nb_waiters--;
	base_mutex_unlock(&ledger->lock);
	return settled ? 0 : -ETIMEDOUT;
}

int
guest_ledger_wait(struct guest_ledger *ledger, uint32_t stream, uint64_t nb,
		unsigned int timeout_ms)
{
	struct timespec ts = guest_ledger_deadline(timeout_ms);
	struct guest_ledger_stream *s;
	bool enough;
	int ret = 0;

	if (stream >= ledger->nb_streams)
		return -EINVAL;
	base_mutex_lock(&ledger->lock);
	s = &ledger->streams[stream];
	s->watched = nb;
	while (!(enough = s->seen >= nb) && ret == 0)
		ret = pthread_cond_timedwait(&ledger->arrived, &ledger->lock.m, &ts);
	s->watched = 0;
	base_mutex_unlock(&ledger->lock);
	return enough ? 0 : -ETIMEDOUT;
}

/* --- spans and phases ----------------------------------------------------------------------- */

static struct guest_ledger_span *
guest_ledger_span_alloc(struct guest_ledger *ledger)
{
	struct guest_ledger_span *span =
			calloc(1, sizeof(*span) + ledger->nb_streams * sizeof(span->marks[0]));

	if (span != NULL)
		span->ledger = ledger;
	return span;
}

static void
guest_ledger_span_open_locked(struct guest_ledger *ledger, struct guest_ledger_span *span)
		BASE_REQUIRES(ledger->lock)
{
	span->open_ns = base_clock_ns();
	for (unsigned int i = 0; i < ledger->nb_streams; i++) {
		span->marks[i].first = ledger->streams[i].sent;
		span->marks[i].open = ledger->streams[i].faults;
	}
	span->next = ledger->open;
	ledger->open = span;
}

static void
guest_ledger_span_close_locked(struct guest_ledger *ledger, struct guest_ledger_span *span)
		BASE_REQUIRES(ledger->lock)
{
	struct guest_ledger_span **link = &ledger->open;

	if (span->close_ns != 0)
		return;
	span->close_ns = base_clock_ns();
	for (unsigned int i = 0; i < ledger->nb_streams; i++) {
		span->marks[i].end = ledger->streams[i].sent;
		span->marks[i].close = ledger->streams[i].faults;
	}
	while (*link != span)
		link = &(*link)->next;
	*link = span->next;
}

int
guest_ledger_span_open(struct guest_ledger *ledger, struct guest_ledger_span **span)
{
	*span = guest_ledger_span_alloc(ledger);
	if (*span == NULL)
		return -ENOMEM;
	base_mutex_lock(&ledger->lock);
	guest_ledger_span_open_locked(ledger, *span);
	base_mutex_unlock(&ledger->lock);
	return 0;
}

void
guest_ledger_span_close(struct guest_ledger_span *span)
{
	struct guest_ledger *ledger = span->ledger;

	base_mutex_lock(&ledger->lock);
	guest_ledger_span_close_locked(ledger, span);
	base_mutex_unlock(&ledger->lock);
}

void
guest_ledger_span_free(struct guest_ledger_span *span)
{
	if (span == NULL)
		return;
	guest_ledger_span_close(span);
	free(span);
}

int
guest_ledger_wait_past(struct guest_ledger *ledger, uint32_t stream, uint64_t seq,
		unsigned int timeout_ms)
{
	struct timespec ts = guest_ledger_deadline(timeout_ms);
	struct guest_ledger_stream *s;
	bool fresh;
	int ret = 0;

	if (stream >= ledger->nb_streams)
		return -EINVAL;
	base_mutex_lock(&ledger->lock);
	s = &ledger->streams[stream];
	s->fresh = seq + 1;
	while (!(fresh = s->next >= s->fresh) && ret == 0)
		ret = pthread_cond_timedwait(&ledger->arrived, &ledger->lock.m, &ts);
	s->fresh = 0;
	base_mutex_unlock(&ledger->lock);
	return fresh ? 0 : -ETIMEDOUT;
}

uint64_t
guest_ledger_sent(struct guest_ledger *ledger, uint32_t stream)
{
	uint64_t sent;

	if (stream >= ledger->nb_streams)
		return 0;
	base_mutex_lock(&ledger->lock);
	sent = ledger->streams[stream].sent;
	base_mutex_unlock(&ledger->lock);
	return sent;
}

static void
guest_ledger_phase_close_locked(struct guest_ledger *ledger) BASE_REQUIRES(ledger->lock)
{
	if (ledger->nb_phases != 0)
		guest_ledger_span_close_locked(ledger, ledger->phases[ledger->nb_phases - 1].span);
}

int
guest_ledger_phase_open(struct guest_ledger *ledger, const char *name)
{
	struct guest_ledger_span *span = guest_ledger_span_alloc(ledger);
	struct guest_ledger_phase *phase;
	int ret = -ENOSPC;

	if (span == NULL)
		return -ENOMEM;
	base_mutex_lock(&ledger->lock);
	guest_ledger_phase_close_locked(ledger);
	if (ledger->nb_phases < GUEST_LEDGER_MAX_PHASES) {
		ret = (int)ledger->nb_phases++;
		phase = &ledger->phases[ret];
		snprintf(phase->name, sizeof(phase->name), "%s", name);
		phase->span = span;
		guest_ledger_span_open_locked(ledger, span);
		span = NULL;
	}
	base_mutex_unlock(&ledger->lock);
	free(span);
	return ret;
}

void
guest_ledger_phase_close(struct guest_ledger *ledger)
{
	base_mutex_lock(&ledger->lock);
	guest_ledger_phase_close_locked(ledger);
	base_mutex_unlock(&ledger->lock);
}

/* --- accounts ------------------------------------------------------------------------------- */

/* Counts the numbers [first, end) by their state. */
static void
guest_ledger_tally(const struct guest_ledger_stream *s, uint64_t first, uint64_t end,
		struct guest_ledger_count *count)
{
	count->sent = end - first;
	for (uint64_t i = first; i < end; i++) {
		uint8_t state = *guest_ledger_state(s, i);

		if (state & GUEST_LEDGER_SEEN)
			count->received += (state & GUEST_LEDGER_TORN) == 0;
		else if (state & GUEST_LEDGER_EXCUSED)
			count->excused++;
		else
			count->lost++;
	}
}

int
guest_ledger_count(struct guest_ledger *ledger, uint32_t stream, struct guest_ledger_count *count)
{
	const struct guest_ledger_stream *s;

	if (stream >= ledger->nb_streams)
		return -EINVAL;
	base_mutex_lock(&ledger->lock);
	s = &ledger->streams[stream];
	*count = (struct guest_ledger_count){
		.sent = s->sent - s->base,
		.received = s->seen - s->torn_first,
		.lost = s->sent - s->base - s->seen - s->excused,
		.excused = s->excused,
		.duplicated = s->faults.duplicated - s->former.duplicated,
		.reordered = s->faults.reordered - s->former.reordered,
		.moved = s->moved,
		.torn = s->faults.torn - s->former.torn,
		.invented = s->faults.invented - s->former.invented,
		.longest_gap_ns = s->gap_ns,
	};
	base_mutex_unlock(&ledger->lock);
	return 0;
}

static void
guest_ledger_span_count_locked(const struct guest_ledger *ledger,
		const struct guest_ledger_span *span, uint32_t stream,
		struct guest_ledger_count *count) BASE_REQUIRES(ledger->lock)
{
	const struct guest_ledger_stream *s = &ledger->streams[stream];
	const struct guest_ledger_mark *mark = &span->marks[stream];
	bool closed = span->close_ns != 0;
	const struct guest_ledger_faults *now = closed ? &mark->close : &s->faults;
	uint64_t first = mark->first > s->base ? mark->first : s->base;
	uint64_t end = closed ? mark->end : s->sent;

	*count = (struct guest_ledger_count){
		.duplicated = now->duplicated - mark->open.duplicated,
		.reordered = now->reordered - mark->open.reordered,
		.torn = now->torn - mark->open.torn,
		.invented = now->invented - mark->open.invented,
		.longest_gap_ns = mark->gap_ns,
	};
	if (first < end)
		guest_ledger_tally(s, first, end, count);
}

int
guest_ledger_span_count(struct guest_ledger_span *span, uint32_t stream,
		struct guest_ledger_count *count)
{
	struct guest_ledger *ledger = span->ledger;

	if (stream >= ledger->nb_streams)
		return -EINVAL;
	base_mutex_lock(&ledger->lock);
	guest_ledger_span_count_locked(ledger, span, stream, count);
	base_mutex_unlock(&ledger->lock);
	return 0;
}

int
guest_ledger_span_settle(struct guest_ledger_span *span, uint32_t stream, unsigned int timeout_ms)
{
	struct timespec ts = guest_ledger_deadline(timeout_ms);
	struct guest_ledger *ledger = span->ledger;
	struct guest_ledger_count count;
	struct guest_ledger_stream *s;
	int ret = 0;

	if (stream >= ledger->nb_streams)
		return -EINVAL;
	base_mutex_lock(&ledger->lock);
	s = &ledger->streams[stream];
	s->settling = span->close_ns != 0 ? span->marks[stream].end : s->sent;
	for (;;) {
		guest_ledger_span_count_locked(ledger, span, stream, &count);
		if (count.lost == 0 || ret != 0)
			break;
		ret = pthread_cond_timedwait(&ledger->arrived, &ledger->lock.m, &ts);
	}
	s->settling = 0;
	base_mutex_unlock(&ledger->lock);
	return count.lost == 0 ? 0 : -ETIMEDOUT;
}

void
guest_ledger_recycle(struct guest_ledger *ledger, uint32_t stream)
{
	struct guest_ledger_stream *s;

	if (stream >= ledger->nb_streams)
		return;
	base_mutex_lock(&ledger->lock);
	s = &ledger->streams[stream];
	free(s->state);
	*s = (struct guest_ledger_stream){
		.base = s->sent,
		.sent = s->sent,
		.next = s->sent,
		.faults = s->faults,
		.former = s->faults,
	};
	for (unsigned int i = 0; i < GUEST_LEDGER_MAX_QUEUES; i++)
		s->next_of[i] = s->base;
	base_mutex_unlock(&ledger->lock);
}

int
guest_ledger_phase_count(struct guest_ledger *ledger, unsigned int phase, uint32_t stream,
		struct guest_ledger_count *count)
{
	int ret = -EINVAL;

	base_mutex_lock(&ledger->lock);
	if (phase < ledger->nb_phases && stream < ledger->nb_streams) {
		guest_ledger_span_count_locked(ledger, ledger->phases[phase].span, stream, count);
		ret = 0;
	}
	base_mutex_unlock(&ledger->lock);
	return ret;
}

void
guest_ledger_count_add(struct guest_ledger_count *sum, const struct guest_ledger_count *count)
{
	sum->sent += count->sent;
	sum->received += count->received;
	sum->lost += count->lost;
	sum->excused += count->excused;
	sum->duplicated += count->duplicated;
	sum->reordered += count->reordered;
	sum->moved += count->moved;
	sum->torn += count->torn;
	sum->invented += count->invented;
	if (count->longest_gap_ns > sum->longest_gap_ns)
		sum->longest_gap_ns = count->longest_gap_ns;
}

void
guest_ledger_total(struct guest_ledger *ledger, struct guest_ledger_count *sum)
{
	struct guest_ledger_count count;

	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = 0; i < ledger->nb_streams; i++) {
		guest_ledger_count(ledger, i, &count);
		guest_ledger_count_add(sum, &count);
	}
}

uint64_t
guest_ledger_arrived(struct guest_ledger *ledger, uint32_t stream)
{
	uint64_t seen;

	if (stream >= ledger->nb_streams)
		return 0;
	base_mutex_lock(&ledger->lock);
	seen = ledger->streams[stream].seen;
	base_mutex_unlock(&ledger->lock);
	return seen;
}

int
guest_ledger_summarise(struct guest_ledger *ledger, unsigned int phase,
		struct guest_ledger_summary *summary)
{
	const struct guest_ledger_phase *p;
	int ret = -EINVAL;

	memset(summary, 0, sizeof(*summary));
	base_mutex_lock(&ledger->lock);
	if (phase >= ledger->nb_phases)
		goto unlock;
	p = &ledger->phases[phase];
	memcpy(summary->name, p->name, sizeof(summary->name));
	summary->duration_ns = (p->span->close_ns != 0 ? p->span->close_ns : base_clock_ns()) -
			p->span->open_ns;
	summary->nb_streams = ledger->nb_streams;
	for (uint32_t i = 0; i < ledger->nb_streams; i++) {
		guest_ledger_span_count_locked(ledger, p->span, i, &summary->streams[i]);
		guest_ledger_count_add(&summary->total, &summary->streams[i]);
	}
	ret = 0;
unlock:
	base_mutex_unlock(&ledger->lock);
	return ret;
}
