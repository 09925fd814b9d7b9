/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the thread repeats a pass over all queue pairs (receive, reap, send) as long
 * as a pass finds something to do; then it asks for interrupts, looks once more (else an arrival in
 * between would be missed), and sleeps on the call descriptors, on its wake descriptor and until the
 * next moment at which it has to send something by itself.
 *
 * Control: what is wanted (parked or not, load, echo, quit) is written under the lock, the wake
 * descriptor is written, and the thread acknowledges by `parked` and `seen_seq`. The thread looks once per pass
 * whether there are news, and takes the lock only then; it holds no lock while it works.
 *
 * A closed loop counts packets under way by the ledger (sent minus highest number that arrived), so
 * that neither side's rings can overflow, whatever the device's buffers are. The sender is woken by
 * the ledger when half of the window is free. After a loss at the end of a window nothing would
 * ever arrive again: so, when nothing was heard for probe_ms, one more is sent.
 *
 * Numbered frames that are addressed to somebody else are flooded ones; they are counted, but not
 * booked: their receiver books them.
 *
 * An echo takes from the receive ring only as many frames as it can post at once. What has to wait
 * waits there, in the device's hands as it were, and nothing is ever dropped; while that lasts the
 * transmit queue's interrupt is waited for, not the receive queue's. An echoed frame keeps its stream
 * and number, so that the ledger is told which one it was when a reset takes it back.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base_clock.h"
#include "base_math.h"
#include "base_mutex.h"
#include "guest_traffic.h"

#define GUEST_TRAFFIC_BURST 32u
#define GUEST_TRAFFIC_PROBE_MS 10u
#define GUEST_TRAFFIC_NAP_NS (100 * BASE_NS_PER_MS) /* longest sleep: reaps what nobody announced */
#define GUEST_TRAFFIC_LATE_MS 1000 /* what comes later than its frames is no announcement */

/* One pair's sender; the thread's own. */
struct guest_traffic_pair {
	uint64_t left; /* packets still to send, UINT64_MAX: no limit */
	uint64_t next_ns; /* paced: not before */
	uint64_t heard_ns; /* closed loop: last time that packets under way became fewer */
	uint64_t last_under; /* packets under way at that time */
	bool blocked; /* ring or pool full */
	bool echo_waits; /* the same for an echo */
	bool armed; /* asked for receive interrupts at the last sleep */
};

struct guest_traffic {
	char name[32];
	struct guest_traffic_attr attr;
	int wake_fd;
	pthread_t thread;
	struct base_mutex lock;
	pthread_cond_t changed; /* parked, seen_seq, or a pool became idle */
	bool quit; /* (lock) */
	bool want_parked; /* (lock) */
	bool parked; /* (lock) */
	bool want_echo; /* (lock) */
	bool new_load; /* (lock) want_load is another one than before */
	unsigned int nb_pool_waiters; /* (lock) */
	bool news; /* atomic; something under the lock is the thread's business */
	struct guest_traffic_load want_load; /* (lock) */
	uint64_t want_seq; /* (lock) number of the last order (load, echo), 0: none */
	uint64_t seen_seq; /* (lock) that the thread has taken over */
	/* the thread's own */
	bool echo;
	struct guest_traffic_load load; /* frame_len 0: send nothing */
	struct guest_traffic_pair pairs[GUEST_NET_MAX_PAIRS];
	struct guest_traffic_stats stats; /* written by the thread, atomically */
	int call_fds[2 * GUEST_NET_MAX_PAIRS];
};

static void
guest_traffic_count(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

/* --- the thread: receive -------------------------------------------------------------------- */

static void
guest_traffic_book(struct guest_traffic *t, unsigned int pair, const uint8_t *data, size_t len)
{
	struct guest_ledger_arrival arrival = { .queue = pair, .now_ns = base_clock_ns() };
	struct guest_ledger *ledger = t->attr.ledger;
	enum guest_ledger_verdict verdict = GUEST_LEDGER_OK;
	struct guest_frame frame = { 0 };
	enum guest_frame_verdict whole = guest_frame_check(data, len, &frame);

	arrival.stream = frame.stream;
	arrival.seq = frame.seq;
	switch (whole) {
	case GUEST_FRAME_OK:
		verdict = guest_ledger_receive(ledger, &arrival);
		break;
	case GUEST_FRAME_TORN:
		verdict = guest_ledger_torn(ledger, &arrival);
		break;
	case GUEST_FRAME_WRECK:
		guest_ledger_wreck(ledger);
		break;
	case GUEST_FRAME_ALIEN:
		guest_traffic_count(&t->stats.aliens);
		break;
	}
	if (verdict == GUEST_LEDGER_NO_STREAM)
		guest_traffic_count(&t->stats.unknown_stream);
}

static bool
guest_traffic_is_for_us(const struct guest_traffic *t, const uint8_t *data)
{
	return memcmp(data, t->attr.mac, GUEST_FRAME_MAC_LEN) == 0;
}

static void
guest_traffic_on_frame(void *arg, unsigned int pair, const uint8_t *data, size_t len)
{
	struct guest_traffic *t = arg;

	if (guest_frame_ours(data, len) && !guest_traffic_is_for_us(t, data))
		guest_traffic_count(&t->stats.not_for_us);
	else
		guest_traffic_book(t, pair, data, len);
}

static bool
guest_traffic_receive(struct guest_traffic *t, unsigned int i)
{
	return guest_net_rx(t->attr.net, i, 2 * GUEST_TRAFFIC_BURST, guest_traffic_on_frame, t) !=
			0;
}

/* --- the thread: echo ----------------------------------------------------------------------- */

/* Is it a frame to give back? A stream of our own has come back itself. */
static bool
guest_traffic_is_to_echo(const struct guest_traffic *t, const uint8_t *data, size_t len,
		struct guest_frame *frame)
{
	enum guest_frame_verdict whole;

	if (!guest_traffic_is_for_us(t, data))
		return false;
	whole = guest_frame_check(data, len, frame);
	return (whole == GUEST_FRAME_OK || whole == GUEST_FRAME_TORN) &&
			frame->stream - t->attr.tx_stream >= t->attr.nb_pairs;
}

static void
guest_traffic_echo_frame(void *arg, unsigned int pair, const uint8_t *data, size_t len)
{
	struct guest_traffic *t = arg;
	struct guest_frame frame;
	struct guest_slot *slot;

	if (!guest_traffic_is_to_echo(t, data, len, &frame)) {
		guest_traffic_on_frame(t, pair, data, len);
		return;
	}
	if (len > GUEST_NET_FRAME_MAX) {
		guest_traffic_count(&t->stats.echo_unfit);
		guest_traffic_book(t, pair, data, len);
		return;
	}
	slot = guest_net_tx_begin(t->attr.net, pair);
	assert(slot != NULL); /* no more frames were taken than there was room for */
	memcpy(guest_net_tx_frame(slot), data, len);
	guest_frame_turn(guest_net_tx_frame(slot), len);
	slot->stream = frame.stream;
	slot->seq = frame.seq;
	guest_net_tx_post(t->attr.net, pair, slot, (uint32_t)len);
	guest_traffic_count(&t->stats.echoed);
}

/* Receives on pair @i what can be given back at once. @return true when anything was received. */
static bool
guest_traffic_echo(struct guest_traffic *t, unsigned int i)
{
	unsigned int room = guest_net_tx_room(t->attr.net, i), nb;

	t->pairs[i].echo_waits = room == 0;
	if (room == 0) {
		guest_traffic_count(&t->stats.echo_waits);
		return false;
	}
	nb = guest_net_rx(t->attr.net, i, room, guest_traffic_echo_frame, t);
	guest_net_tx_flush(t->attr.net, i);
	return nb != 0;
}

/* --- the thread: send ----------------------------------------------------------------------- */

/* How many the closed loop admits now; lets a probe through when it has heard nothing for long. */
static uint64_t
guest_traffic_window(struct guest_traffic *t, unsigned int i, uint64_t now)
{
	struct guest_traffic_pair *pair = &t->pairs[i];
	uint64_t under;

	if (t->load.window == 0)
		return UINT64_MAX;
	under = guest_ledger_in_flight(t->attr.ledger, t->attr.tx_stream + i);
	if (under < t->load.window || under < pair->last_under) {
		pair->heard_ns = now;
		pair->last_under = under;
	}
	if (under < t->load.window)
		return t->load.window - under;
	if (now - pair->heard_ns < t->load.probe_ms * BASE_NS_PER_MS)
		return 0;
	pair->heard_ns = now;
	pair->last_under = under + 1;
	guest_traffic_count(&t->stats.probes);
	return 1;
}

/* How many the pace admits now, 0 or 1: bursts are for closed loops. */
static uint64_t
guest_traffic_pace(struct guest_traffic *t, struct guest_traffic_pair *pair, uint64_t now)
{
	uint64_t step;

	if (t->load.rate == 0)
		return UINT64_MAX;
	if (now < pair->next_ns)
		return 0;
	step = BASE_NS_PER_S / t->load.rate;
	/* what was missed is made up for, but not more than 100 ms of it */
	if (now - pair->next_ns > 100 * BASE_NS_PER_MS)
		pair->next_ns = now - 100 * BASE_NS_PER_MS;
	pair->next_ns += step;
	return 1;
}

static bool
guest_traffic_send_one(struct guest_traffic *t, unsigned int i)
{
	struct guest_frame frame = { .stream = t->attr.tx_stream + i };
	struct guest_slot *slot = guest_net_tx_begin(t->attr.net, i);

	t->pairs[i].blocked = slot == NULL;
	if (slot == NULL) {
		guest_traffic_count(&t->stats.tx_no_room);
		return false;
	}
	if (guest_ledger_send(t->attr.ledger, frame.stream, &frame.seq) != 0) {
		guest_pool_put(slot);
		return false;
	}
	memcpy(frame.dst, t->load.peer, sizeof(frame.dst));
	memcpy(frame.src, t->attr.mac, sizeof(frame.src));
	guest_frame_build(guest_net_tx_frame(slot), t->load.frame_len, &frame);
	slot->stream = frame.stream;
	slot->seq = frame.seq;
	guest_net_tx_post(t->attr.net, i, slot, t->load.frame_len);
	return true;
}

/* Sends a burst on pair @i. @return true when something was sent. */
static bool
guest_traffic_send(struct guest_traffic *t, unsigned int i)
{
	struct guest_traffic_pair *pair = &t->pairs[i];
	uint64_t now, nb, done = 0;

	if (t->load.frame_len == 0 || pair->left == 0)
		return false;
	now = base_clock_ns();
	nb = guest_traffic_window(t, i, now);
	if (nb > GUEST_TRAFFIC_BURST)
		nb = GUEST_TRAFFIC_BURST;
	while (done < nb && pair->left != 0 && guest_traffic_pace(t, pair, now) != 0 &&
			guest_traffic_send_one(t, i)) {
		done++;
		if (pair->left != UINT64_MAX)
			pair->left--;
	}
	if (done != 0)
		guest_net_tx_flush(t->attr.net, i);
	return done != 0;
}

/* --- the thread: loop ----------------------------------------------------------------------- */

static bool
guest_traffic_pass(struct guest_traffic *t)
{
	bool busy = false;

	for (unsigned int i = 0; i < t->attr.nb_pairs; i++) {
		bool got;

		busy |= guest_net_tx_reap(t->attr.net, i) != 0;
		got = t->echo ? guest_traffic_echo(t, i) : guest_traffic_receive(t, i);
		busy |= guest_traffic_send(t, i) || got;
	}
	return busy;
}

/* When pair @i has to send by itself, at the latest. @return false when it may send right now. */
static bool
guest_traffic_next(struct guest_traffic *t, unsigned int i, uint64_t *when)
{
	struct guest_traffic_pair *pair = &t->pairs[i];
	uint64_t at = UINT64_MAX;

	if (t->load.frame_len == 0 || pair->left == 0 || pair->blocked)
		return true;
	if (t->load.window != 0) {
		uint64_t below = (t->load.window + 1) / 2;

		/* a window of 1 is free when nothing is under way */
		if (!guest_ledger_arm(t->attr.ledger, t->attr.tx_stream + i, below, t->wake_fd))
			at = pair->heard_ns + t->load.probe_ms * BASE_NS_PER_MS;
		else if (t->load.rate == 0)
			return false;
	}
	if (at == UINT64_MAX)
		at = t->load.rate != 0 ? pair->next_ns : 0;
	if (at < *when)
		*when = at;
	return true;
}

/* Asks for interrupts. @return false when there is work already. */
static bool
guest_traffic_arm(struct guest_traffic *t, struct pollfd *pfds, unsigned int *nb)
{
	bool idle = true;

	for (unsigned int i = 0; i < 2 * t->attr.nb_pairs; i++) {
		struct guest_traffic_pair *pair = &t->pairs[i / 2];

		pair->armed = !pair->echo_waits;
		/* transmit queues only while one is full: buffers are reaped on the way else */
		if (i % 2 == 1 ? !pair->blocked && !pair->echo_waits : !pair->armed)
			continue;
		idle &= !guest_net_irq_on(t->attr.net, i);
		pfds[(*nb)++] = (struct pollfd){ .fd = t->call_fds[i], .events = POLLIN };
	}
	return idle;
}

/*
 * Nobody woke us for the longest time. Are there frames, and if so, is the interrupt at least on its
 * way? Interrupts must be on until that is known: what comes once they are off is not announced.
 */
static void
guest_traffic_judge_nap(struct guest_traffic *t)
{
	for (unsigned int i = 0; i < t->attr.nb_pairs; i++) {
		struct pollfd pfd = { .fd = t->call_fds[2 * i], .events = POLLIN };

		if (t->pairs[i].armed && guest_vring_has_used(guest_net_ring(t->attr.net, 2 * i)) &&
				poll(&pfd, 1, GUEST_TRAFFIC_LATE_MS) == 0)
			guest_traffic_count(&t->stats.unannounced);
	}
}

static void
guest_traffic_disarm(struct guest_traffic *t, const struct pollfd *pfds, unsigned int nb)
{
	uint64_t count;

	for (unsigned int i = 0; i < nb; i++)
		while (pfds[i].revents != 0 && read(pfds[i].fd, &count, sizeof(count)) < 0 &&
				errno == EINTR)
			;
	for (unsigned int i = 0; i < 2 * t->attr.nb_pairs; i++)
		guest_net_irq_off(t->attr.net, i);
}

static void
guest_traffic_sleep(struct guest_traffic *t)
{
	struct pollfd pfds[1 + 2 * GUEST_NET_MAX_PAIRS];
	uint64_t now = base_clock_ns(), when = now + GUEST_TRAFFIC_NAP_NS;
	struct timespec ts = { 0, 0 };
	unsigned int nb = 1;
	bool idle;

	guest_traffic_count(&t->stats.sleeps);
	pfds[0] = (struct pollfd){ .fd = t->wake_fd, .events = POLLIN };
	idle = guest_traffic_arm(t, pfds, &nb);
	for (unsigned int i = 0; i < t->attr.nb_pairs && idle; i++)
		idle = guest_traffic_next(t, i, &when);
	if (idle && when > now)
		ts = (struct timespec){
			.tv_sec = (time_t)((when - now) / BASE_NS_PER_S),
			.tv_nsec = (long)((when - now) % BASE_NS_PER_S),
		};
	if (ppoll(pfds, nb, &ts, NULL) <= 0) {
		if (idle && when == now + GUEST_TRAFFIC_NAP_NS)
			guest_traffic_judge_nap(t);
		nb = 0;
	}
	guest_traffic_disarm(t, pfds, nb);
}

static void
guest_traffic_take_load_locked(struct guest_traffic *t) BASE_REQUIRES(t->lock)
{
	uint64_t now = base_clock_ns();

	t->new_load = false;
	t->load = t->want_load;
	if (t->load.probe_ms == 0)
		t->load.probe_ms = GUEST_TRAFFIC_PROBE_MS;
	for (unsigned int i = 0; i < t->attr.nb_pairs; i++)
		t->pairs[i] = (struct guest_traffic_pair){
			.left = t->load.count != 0 ? t->load.count : UINT64_MAX,
			.next_ns = now,
			.heard_ns = now,
		};
}

/* Takes over what was ordered. */
static void
guest_traffic_take_orders_locked(struct guest_traffic *t) BASE_REQUIRES(t->lock)
{
	if (t->seen_seq == t->want_seq)
		return;
	if (t->new_load)
		guest_traffic_take_load_locked(t);
	if (t->echo && !t->want_echo)
		for (unsigned int i = 0; i < t->attr.nb_pairs; i++)
			t->pairs[i].echo_waits = false;
	t->echo = t->want_echo;
	t->seen_seq = t->want_seq;
	pthread_cond_broadcast(&t->changed);
}

/* Parks where that is wanted. @return false when the thread has to end. */
static bool
guest_traffic_obey(struct guest_traffic *t)
{
	bool quit;

	/* A thread that takes a lock again and again keeps others from it. */
	if (!__atomic_load_n(&t->news, __ATOMIC_ACQUIRE))
		return true;
	base_mutex_lock(&t->lock);
	__atomic_store_n(&t->news, t->nb_pool_waiters != 0, __ATOMIC_RELAXED);
	if (t->nb_pool_waiters != 0)
		pthread_cond_broadcast(&t->changed);
	guest_traffic_take_orders_locked(t);
	while (t->want_parked && !t->quit) {
		if (!t->parked) {
			t->parked = true;
			pthread_cond_broadcast(&t->changed);
		}
		pthread_cond_wait(&t->changed, &t->lock.m);
		guest_traffic_take_orders_locked(t);
	}
	t->parked = false;
	quit = t->quit;
	base_mutex_unlock(&t->lock);
	return !quit;
}

static void *
guest_traffic_main(void *arg)
{
	struct guest_traffic *t = arg;

	while (guest_traffic_obey(t)) {
		if (guest_traffic_pass(t) || t->attr.wait == GUEST_TRAFFIC_POLL)
			continue;
		guest_traffic_sleep(t);
	}
	return NULL;
}

/* --- control -------------------------------------------------------------------------------- */

static void
guest_traffic_wake(struct guest_traffic *t)
{
	uint64_t one = 1;
	ssize_t nb;

	__atomic_store_n(&t->news, true, __ATOMIC_RELEASE);
	nb = write(t->wake_fd, &one, sizeof(one));
	(void)nb; /* EAGAIN: it is awake */
	pthread_cond_broadcast(&t->changed);
}

int
guest_traffic_create(const struct guest_traffic_attr *attr, struct guest_traffic **traffic)
{
	struct guest_traffic *t;
	pthread_condattr_t cond;
	int ret;

	if (attr->nb_pairs == 0 || attr->nb_pairs > GUEST_NET_MAX_PAIRS)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->attr = *attr;
	snprintf(t->name, sizeof(t->name), "%s", attr->name);
	memcpy(t->call_fds, attr->call_fds, 2 * attr->nb_pairs * sizeof(int));
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->wake_fd < 0) {
		ret = -errno;
		goto free_traffic;
	}
	base_mutex_init(&t->lock);
	pthread_condattr_init(&cond);
	pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
	pthread_cond_init(&t->changed, &cond);
	pthread_condattr_destroy(&cond);
	t->want_parked = t->news = true;
	ret = -pthread_create(&t->thread, NULL, guest_traffic_main, t);
	if (ret != 0)
		goto close_fd;
	*traffic = t;
	return 0;

close_fd:
	pthread_cond_destroy(&t->changed);
	base_mutex_destroy(&t->lock);
	close(t->wake_fd);
free_traffic:
	free(t);
	return ret;
}

void
guest_traffic_destroy(struct guest_traffic *traffic)
{
	if (traffic == NULL)
		return;
	base_mutex_lock(&traffic->lock);
	traffic->quit = true;
	guest_traffic_wake(traffic);
	base_mutex_unlock(&traffic->lock);
	pthread_join(traffic->thread, NULL);
	for (unsigned int i = 0; i < traffic->attr.nb_pairs; i++)
		guest_ledger_arm(traffic->attr.ledger, traffic->attr.tx_stream + i, 0, -1);
	pthread_cond_destroy(&traffic->changed);
	base_mutex_destroy(&traffic->lock);
	close(traffic->wake_fd);
	free(traffic);
}

void
guest_traffic_park(struct guest_traffic *traffic)
{
	base_mutex_lock(&traffic->lock);
	traffic->want_parked = true;
	guest_traffic_wake(traffic);
	while (!traffic->parked)
		pthread_cond_wait(&traffic->changed, &traffic->lock.m);
	base_mutex_unlock(&traffic->lock);
}

void
guest_traffic_unpark(struct guest_traffic *traffic)
{
	base_mutex_lock(&traffic->lock);
	traffic->want_parked = false;
	guest_traffic_wake(traffic);
	base_mutex_unlock(&traffic->lock);
}

/* Waits until the thread has taken over what was ordered just now. */
static void
guest_traffic_ordered_locked(struct guest_traffic *t) BASE_REQUIRES(t->lock)
{
	uint64_t seq = ++t->want_seq;

	guest_traffic_wake(t);
	while (t->seen_seq < seq)
		pthread_cond_wait(&t->changed, &t->lock.m);
}

static void
guest_traffic_set_load(struct guest_traffic *t, const struct guest_traffic_load *load)
{
	base_mutex_lock(&t->lock);
	t->want_load = *load;
	t->new_load = true;
	guest_traffic_ordered_locked(t);
	base_mutex_unlock(&t->lock);
}

static void
guest_traffic_set_echo(struct guest_traffic *t, bool echo)
{
	base_mutex_lock(&t->lock);
	t->want_echo = echo;
	guest_traffic_ordered_locked(t);
	base_mutex_unlock(&t->lock);
}

void
guest_traffic_echo_on(struct guest_traffic *traffic)
{
	guest_traffic_set_echo(traffic, true);
}

void
guest_traffic_echo_off(struct guest_traffic *traffic)
{
	guest_traffic_set_echo(traffic, false);
}

int
guest_traffic_start(struct guest_traffic *traffic, const struct guest_traffic_load *load)
{
	if (load->frame_len < GUEST_FRAME_MIN || load->frame_len > GUEST_FRAME_MAX ||
			load->rate > BASE_NS_PER_S)
		return -EINVAL;
	guest_traffic_set_load(traffic, load);
	return 0;
}

void
guest_traffic_stop(struct guest_traffic *traffic)
{
	const struct guest_traffic_load nothing = { .frame_len = 0 };

	guest_traffic_set_load(traffic, &nothing);
}

int
guest_traffic_wait_pool(struct guest_traffic *traffic, const struct guest_pool *pool,
		unsigned int timeout_ms)
{
	uint64_t end = base_clock_ns() + timeout_ms * BASE_NS_PER_MS;
	struct timespec ts = {
		.tv_sec = (time_t)(end / BASE_NS_PER_S),
		.tv_nsec = (long)(end % BASE_NS_PER_S),
	};
	struct guest_pool_stats stats;
	int ret = 0;

	base_mutex_lock(&traffic->lock);
	traffic->nb_pool_waiters++;
	__atomic_store_n(&traffic->news, true, __ATOMIC_RELEASE);
	for (;;) {
		guest_pool_stats(pool, &stats);
		if (stats.nb_out == 0 || ret != 0)
			break;
		ret = pthread_cond_timedwait(&traffic->changed, &traffic->lock.m, &ts);
	}
	traffic->nb_pool_waiters--;
	base_mutex_unlock(&traffic->lock);
	return stats.nb_out == 0 ? 0 : -ETIMEDOUT;
}

void
guest_traffic_stats(const struct guest_traffic *traffic, struct guest_traffic_stats *stats)
{
	const uint64_t *from = (const uint64_t *)&traffic->stats;
	uint64_t *to = (uint64_t *)stats;

	for (unsigned int i = 0; i < sizeof(*stats) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}
