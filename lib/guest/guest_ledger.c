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
 * A phase remembers which number came next in each stream when it opened and closed, and the fault
 * counters at both times; its account is worked out on demand from the bytes, so that late arrivals
 * are booked to the phase in which the packet was sent.
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
	uint8_t *state; /* by number; sent bytes are valid */
	uint64_t cap; /* bytes allocated */
	uint64_t sent;
	uint64_t seen; /* numbers with SEEN */
	uint64_t torn_first; /* of these: first arrival was torn */
	uint64_t excused; /* numbers with EXCUSED and not SEEN */
	uint64_t next; /* one above the highest number seen */
	uint64_t next_of[GUEST_LEDGER_MAX_QUEUES]; /* the same, by receive queue */
	uint64_t moved; /* numbers that came late, but not in their queue */
	uint64_t last_ns; /* time of the last arrival, 0: none yet */
	uint64_t gap_ns; /* longest so far */
	struct guest_ledger_faults faults;
	enum guest_ledger_outage outage;
	uint64_t outage_from;
	uint64_t watched; /* somebody waits until so many have arrived; 0: nobody does */
	uint64_t wake_below; /* write wake_fd when fewer are in flight; 0: nobody sleeps */
	int wake_fd;
};

/* One stream at the opening and closing of a phase. */
struct guest_ledger_mark {
	uint64_t first, end;
	struct guest_ledger_faults open, close;
	uint64_t gap_ns;
};

struct guest_ledger_phase {
	char name[GUEST_LEDGER_NAME_LEN];
	uint64_t open_ns, close_ns; /* close_ns 0: open */
	struct guest_ledger_mark *marks;
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
};

const char *
guest_ledger_verdict_name(enum guest_ledger_verdict verdict)
{
	static const char *const names[] = {
		[GUEST_LEDGER_OK] = "ok",
		[GUEST_LEDGER_REORDERED] = "reordered",
		[GUEST_LEDGER_DUPLICATED] = "duplicated",
		[GUEST_LEDGER_INVENTED] = "invented",
		[GUEST_LEDGER_NO_STREAM] = "no such stream",
	};

	return (unsigned int)verdict < BASE_ARRAY_SIZE(names) ? names[verdict] : "unknown";
}

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
		free(ledger->phases[i].marks);
	pthread_cond_destroy(&ledger->arrived);
	base_mutex_destroy(&ledger->lock);
	free(ledger->streams);
	free(ledger);
}

unsigned int
guest_ledger_nb_streams(const struct guest_ledger *ledger)
{
	return ledger->nb_streams;
}

/* Makes room for number s->sent. */
static int
guest_ledger_grow(struct guest_ledger_stream *s)
{
	uint64_t cap = s->cap != 0 ? s->cap * 2 : GUEST_LEDGER_FIRST_CAP;
	uint8_t *state;

	if (s->sent < s->cap)
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
	if (s->state[seq] == 0)
		s->excused++;
	s->state[seq] |= GUEST_LEDGER_EXCUSED;
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
	struct guest_ledger_phase *phase =
			ledger->nb_phases != 0 ? &ledger->phases[ledger->nb_phases - 1] : NULL;
	uint64_t from = s->last_ns;

	s->last_ns = now_ns;
	if (from == 0)
		return;
	if (now_ns > from && now_ns - from > s->gap_ns)
		s->gap_ns = now_ns - from;
	if (phase == NULL || phase->close_ns != 0)
		return;
	if (from < phase->open_ns)
		from = phase->open_ns;
	if (now_ns > from && now_ns - from > phase->marks[s - ledger->streams].gap_ns)
		phase->marks[s - ledger->streams].gap_ns = now_ns - from;
}

/* Is anything missing anywhere? */
static bool
guest_ledger_settled_locked(struct guest_ledger *ledger) BASE_REQUIRES(ledger->lock)
{
	for (unsigned int i = 0; i < ledger->nb_streams; i++) {
		const struct guest_ledger_stream *s = &ledger->streams[i];

		if (s->sent != s->seen + s->excused)
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
	bool late = seq < s->next_of[queue];

	guest_ledger_outage_step(s, seq);
	if (s->state[seq] & GUEST_LEDGER_EXCUSED)
		s->excused--;
	s->state[seq] |= GUEST_LEDGER_SEEN;
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
			(s->watched != 0 && s->seen >= s->watched))
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
	guest_ledger_gap_locked(ledger, s, arrival->now_ns);
	if (s->state[seq] & GUEST_LEDGER_SEEN) {
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
	s->faults.torn++;
	if (verdict == GUEST_LEDGER_OK || verdict == GUEST_LEDGER_REORDERED) {
		s->state[arrival->seq] |= GUEST_LEDGER_TORN;
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
	if (seq < ledger->streams[stream].sent)
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

static void
guest_ledger_phase_close_locked(struct guest_ledger *ledger) BASE_REQUIRES(ledger->lock)
{
	struct guest_ledger_phase *phase;

	if (ledger->nb_phases == 0)
		return;
	phase = &ledger->phases[ledger->nb_phases - 1];
	if (phase->close_ns != 0)
		return;
	phase->close_ns = base_clock_ns();
	for (unsigned int i = 0; i < ledger->nb_streams; i++) {
		phase->marks[i].end = ledger->streams[i].sent;
		phase->marks[i].close = ledger->streams[i].faults;
	}
}

int
guest_ledger_phase_open(struct guest_ledger *ledger, const char *name)
{
	struct guest_ledger_mark *marks = calloc(ledger->nb_streams, sizeof(*marks));
	struct guest_ledger_phase *phase;
	int ret = -ENOSPC;

	if (marks == NULL)
		return -ENOMEM;
	base_mutex_lock(&ledger->lock);
	guest_ledger_phase_close_locked(ledger);
	if (ledger->nb_phases < GUEST_LEDGER_MAX_PHASES) {
		ret = (int)ledger->nb_phases++;
		phase = &ledger->phases[ret];
		snprintf(phase->name, sizeof(phase->name), "%s", name);
		phase->open_ns = base_clock_ns();
		phase->marks = marks;
		for (unsigned int i = 0; i < ledger->nb_streams; i++) {
			marks[i].first = ledger->streams[i].sent;
			marks[i].open = ledger->streams[i].faults;
		}
		marks = NULL;
	}
	base_mutex_unlock(&ledger->lock);
	free(marks);
	return ret;
}

void
guest_ledger_phase_close(struct guest_ledger *ledger)
{
	base_mutex_lock(&ledger->lock);
	guest_ledger_phase_close_locked(ledger);
	base_mutex_unlock(&ledger->lock);
}

/* Counts the numbers [first, end) by their state. */
static void
guest_ledger_tally(const struct guest_ledger_stream *s, uint64_t first, uint64_t end,
		struct guest_ledger_count *count)
{
	count->sent = end - first;
	for (uint64_t i = first; i < end; i++) {
		if (s->state[i] & GUEST_LEDGER_SEEN)
			count->received += (s->state[i] & GUEST_LEDGER_TORN) == 0;
		else if (s->state[i] & GUEST_LEDGER_EXCUSED)
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
		.sent = s->sent,
		.received = s->seen - s->torn_first,
		.lost = s->sent - s->seen - s->excused,
		.excused = s->excused,
		.duplicated = s->faults.duplicated,
		.reordered = s->faults.reordered,
		.moved = s->moved,
		.torn = s->faults.torn,
		.invented = s->faults.invented,
		.longest_gap_ns = s->gap_ns,
	};
	base_mutex_unlock(&ledger->lock);
	return 0;
}

static void
guest_ledger_phase_count_locked(struct guest_ledger *ledger, const struct guest_ledger_phase *phase,
		uint32_t stream, struct guest_ledger_count *count) BASE_REQUIRES(ledger->lock)
{
	const struct guest_ledger_stream *s = &ledger->streams[stream];
	const struct guest_ledger_mark *mark = &phase->marks[stream];
	bool closed = phase->close_ns != 0;
	const struct guest_ledger_faults *now = closed ? &mark->close : &s->faults;

	*count = (struct guest_ledger_count){
		.duplicated = now->duplicated - mark->open.duplicated,
		.reordered = now->reordered - mark->open.reordered,
		.torn = now->torn - mark->open.torn,
		.invented = now->invented - mark->open.invented,
		.longest_gap_ns = mark->gap_ns,
	};
	guest_ledger_tally(s, mark->first, closed ? mark->end : s->sent, count);
}

int
guest_ledger_phase_count(struct guest_ledger *ledger, unsigned int phase, uint32_t stream,
		struct guest_ledger_count *count)
{
	int ret = -EINVAL;

	base_mutex_lock(&ledger->lock);
	if (phase < ledger->nb_phases && stream < ledger->nb_streams) {
		guest_ledger_phase_count_locked(ledger, &ledger->phases[phase], stream, count);
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
	summary->duration_ns = (p->close_ns != 0 ? p->close_ns : base_clock_ns()) - p->open_ns;
	summary->nb_streams = ledger->nb_streams;
	for (uint32_t i = 0; i < ledger->nb_streams; i++) {
		guest_ledger_phase_count_locked(ledger, p, i, &summary->streams[i]);
		guest_ledger_count_add(&summary->total, &summary->streams[i]);
	}
	ret = 0;
unlock:
	base_mutex_unlock(&ledger->lock);
	return ret;
}
