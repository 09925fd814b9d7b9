/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one thread per card makes passes. A pass
 * 1. takes the doorbells of all ports: the word is exchanged with the idle value before any
 *    available index is read, so a store that comes later is seen by the next pass. Two stores
 *    between passes merge into one, so a doorbell means "look at all transmit queues of the port",
 *    whatever number was stored;
 * 2. goes round the active transmit queues, a burst each, up to a budget of frames. A queue stays
 *    active while it has something, also when the frame at its head waits for the receiver, which
 *    rings no doorbell when it makes room;
 * 3. lets the wire bring what came from outside (wire_poll());
 * 4. tells the owners of used entries, once per queue;
 * 5. calls the firmware's poll.
 *
 * The card's lock is held for one pass, and given away between passes in the order of asking
 * (vnet_turn.c). The budget bounds a pass, and so everybody's wait.
 *
 * Idle: the doorbell pages are stored to by other processes, and nobody tells us; polling them is
 * unavoidable (the hardware sees the write on its bus). So the thread polls without a pause while
 * something moves and for some time after, then sleeps between passes, shortly at first (struct
 * vnet_pacing). What does come with a call (a queue starts, rules change, the end) wakes it. So
 * while no queue runs, and poll looks at nothing either, it rests. Not for ever: vnet_halt() cannot
 * wake it.
 *
 * Packets are moved synchronously: a frame leaves the sender's ring only after it is in all of its
 * receivers' rings. There is nothing in flight between two passes, and that is why suspending a
 * queue needs no waiting.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base_clock.h"
#include "base_math.h"
#include "vnet_plain.h"
#include "vnet_priv.h"

#define VNET_PASS_BUDGET 256u /* frames of one pass */
#define VNET_PLAIN_TRIES 2u /* of a burst: frames that are not plain seldom come alone */
#define VNET_WIRE_NS 50000u /* longest sleep while the wire holds frames back */
#define VNET_REST_NS (20 * BASE_NS_PER_MS) /* sleep while nobody could ring */
#define VNET_HALT_S 1 /* how long an exit waits for a pass to end */

static bool
vnet_doorbell_take(volatile uint32_t *word)
{
	uint32_t *p = (uint32_t *)(uintptr_t)word;

	/* Look first: an exchange would take the cache line away from the guest each time. */
	if ((le32toh(__atomic_load_n(p, __ATOMIC_RELAXED)) & 0xffff) == 0xffff)
		return false;
	__atomic_exchange_n(p, VNET_DOORBELL_IDLE, __ATOMIC_SEQ_CST);
	return true;
}

static void
vnet_port_doorbells(struct vnet_port *port)
{
	struct vnet_queue *queue;
	bool rung = false;
	unsigned int i;

	for (i = 0; i < port->nb_doorbells; i++)
		rung |= vnet_doorbell_take(port->doorbells[i]);
	if (!rung)
		return;
	port->vnet->was_rung = true;
	LIST_FOREACH(queue, &port->queues, port_link) {
		if (queue->state == VNET_QUEUE_RUNNING && queue->index % 2 != 0)
			vnet_queue_activate(queue);
	}
}

/* Shows all guests what the burst has changed. */
static void
vnet_publish(struct vnet *vnet)
{
	struct vnet_queue *queue, *next;

	for (queue = TAILQ_FIRST(&vnet->tell); queue != NULL; queue = next) {
		/* A queue that fails here leaves the list. */
		next = TAILQ_NEXT(queue, tell_link);
		vnet_queue_publish(queue);
	}
}

/* Sends a burst from the first active queue and puts it behind the others, or off the list. */
static unsigned int
vnet_burst(struct vnet *vnet)
{
	struct vnet_queue *queue = TAILQ_FIRST(&vnet->active);
	enum vnet_tx_result result = VNET_TX_SENT;
	unsigned int nb = 0, tries = VNET_PLAIN_TRIES;

	vnet_queue_deactivate(queue);
	while (nb < VNET_BURST) {
		if (tries > 0) {
			tries--;
			nb += vnet_plain_send(queue, VNET_BURST - nb);
			if (nb == VNET_BURST)
				break;
		}
		result = vnet_tx_one(queue);
		if (result != VNET_TX_SENT && result != VNET_TX_PARTLY)
			break;
		nb++;
	}
	if (result != VNET_TX_EMPTY && result != VNET_TX_ERROR)
		vnet_queue_activate(queue);
	vnet_publish(vnet);
	return nb;
}

unsigned int
vnet_pass_locked(struct vnet *vnet)
{
	struct vnet_queue *queue;
	unsigned int i, nb_active = 0, nb = 0, nb_outside;

	vnet->was_rung = false;
	for (i = 0; i < vnet->nb_ports; i++)
		vnet_port_doorbells(&vnet->ports[i]);
	TAILQ_FOREACH(queue, &vnet->active, active_link)
		nb_active++;
	/* Sending changes the list by the sending queue only (receive queues are never on it), so
	 * each of the nb_active turns finds one. */
	for (i = 0; i < nb_active && nb < VNET_PASS_BUDGET; i++)
		nb += vnet_burst(vnet);
	nb_outside = wire_poll(vnet->wire);
	if (nb_outside != 0)
		vnet_publish(vnet);
	while ((queue = TAILQ_FIRST(&vnet->tell)) != NULL)
		vnet_queue_tell(queue);
	vnet->must_poll = vnet->poll != NULL && vnet->poll(vnet->poll_arg);
	return nb + nb_outside;
}

uint64_t
vnet_pacing_ns(const struct vnet_pacing *pacing, uint64_t quiet_ns)
{
	if (quiet_ns < pacing->spin_us * BASE_NS_PER_US)
		return 0;
	if (quiet_ns < pacing->idle_after_ms * BASE_NS_PER_MS)
		return pacing->sleep_min_us * BASE_NS_PER_US;
	return pacing->sleep_max_us * BASE_NS_PER_US;
}

uint64_t
vnet_sleep_ns_locked(const struct vnet *vnet, uint64_t quiet_ns)
{
	bool at_rest = vnet->nb_running == 0 && !vnet->must_poll;
	uint64_t ns = at_rest ? VNET_REST_NS : vnet_pacing_ns(&vnet->pacing, quiet_ns);

	return wire_is_busy(vnet->wire) && ns > VNET_WIRE_NS ? VNET_WIRE_NS : ns;
}

static int
vnet_set_pacing(struct vnet *vnet, const struct vnet_pacing *pacing)
{
	const struct vnet_pacing none = { 0 };

	vnet->pacing = memcmp(pacing, &none, sizeof(none)) == 0 ? VNET_PACING_DEFAULT : *pacing;
	pacing = &vnet->pacing;
	if (pacing->spin_us > VNET_PACING_MAX_US || pacing->sleep_min_us == 0 ||
			pacing->sleep_min_us > pacing->sleep_max_us ||
			pacing->sleep_max_us > VNET_PACING_MAX_US ||
			pacing->idle_after_ms > VNET_PACING_MAX_US)
		return -EINVAL;
	return 0;
}

/* Takes the lock for a pass; translations stay good if nobody had it in between. */
static void
vnet_lock_again(struct vnet *vnet) BASE_NO_TSA
{
	vnet_turn_lock(&vnet->turn);
	if (vnet->turn.serving != vnet->last_turn + 1)
		vnet->pass++;
	vnet->last_turn = vnet->turn.serving;
}

static void *
vnet_run(void *arg)
{
	struct vnet *vnet = arg;
	uint64_t active_ns = base_clock_ns(), now, sleep_ns;

	/* The kernel rounds sleeps up by 50 us otherwise, more than the shortest of ours. */
	prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
	while (!__atomic_load_n(&vnet->stop, __ATOMIC_ACQUIRE)) {
		bool active;

		vnet_lock_again(vnet);
		active = vnet_pass_locked(vnet) != 0 || vnet->was_rung;
		now = base_clock_ns();
		if (active)
			active_ns = now;
		sleep_ns = vnet_sleep_ns_locked(vnet, now - active_ns);
		vnet_unlock(vnet);
		if (sleep_ns != 0 && vnet_turn_sleep(&vnet->turn, sleep_ns))
			active_ns = base_clock_ns();
	}
	return NULL;
}

static int
vnet_port_init(struct vnet *vnet, unsigned int index)
{
	struct vnet_port *port = &vnet->ports[index];

	/* Memory that is not touched costs nothing; a frame's chains together have no more
	 * descriptors than their ring, and the chain that exceeds that has no more by itself. */
	port->rx.chain.segs = calloc(2 * VQ_SIZE_MAX, sizeof(*port->rx.chain.segs));
	port->rx.elems = calloc(VQ_SIZE_MAX, sizeof(*port->rx.elems));
	if (port->rx.chain.segs == NULL || port->rx.elems == NULL)
		return -ENOMEM;

	port->vnet = vnet;
	port->index = index;
	port->mtu = VNET_MTU_DEFAULT;
	LIST_INIT(&port->queues);
	TAILQ_INIT(&port->rules);
	return 0;
}

static int
vnet_alloc(struct vnet *vnet, unsigned int nb_ports)
{
	unsigned int i;

	vnet->ports = calloc(nb_ports, sizeof(*vnet->ports));
	vnet->tx_buf = aligned_alloc(64, base_align_up(WIRE_FRAME_MAX, 64));
	vnet->seg_buf = malloc(WIRE_FRAME_MAX);
	vnet->tx_chain.segs = calloc(VQ_SIZE_MAX, sizeof(*vnet->tx_chain.segs));
	if (vnet->ports == NULL || vnet->tx_buf == NULL || vnet->seg_buf == NULL ||
			vnet->tx_chain.segs == NULL)
		return -ENOMEM;
	vnet->nb_ports = nb_ports;
	for (i = 0; i < nb_ports; i++) {
		if (vnet_port_init(vnet, i) != 0)
			return -ENOMEM;
	}
	return 0;
}

static void
vnet_free(struct vnet *vnet)
{
	unsigned int i;

	for (i = 0; vnet->ports != NULL && i < vnet->nb_ports; i++) {
		free(vnet->ports[i].rx.elems);
		free(vnet->ports[i].rx.chain.segs);
		free(vnet->ports[i].doorbells);
	}
	free(vnet->tx_chain.segs);
	free(vnet->seg_buf);
	free(vnet->tx_buf);
	free(vnet->ports);
	free(vnet);
}

int
vnet_init(const struct vnet_attr *attr, struct vnet **out)
{
	struct vnet *vnet;
	unsigned int i;
	int ret;

	if (attr->nb_ports == 0 || attr->nb_ports > wire_nb_ports(attr->wire))
		return -EINVAL;
	vnet = calloc(1, sizeof(*vnet));
	if (vnet == NULL)
		return -ENOMEM;
	ret = vnet_set_pacing(vnet, &attr->pacing);
	if (ret == 0)
		ret = vnet_alloc(vnet, attr->nb_ports);
	if (ret != 0) {
		vnet_free(vnet);
		return ret;
	}
	vnet->wire = attr->wire;
	vnet->poll = attr->poll;
	vnet->poll_arg = attr->poll_arg;
	vnet->lie = attr->lie;
	vnet->lie_arg = attr->lie_arg;
	vnet->log = attr->log;
	TAILQ_INIT(&vnet->active);
	TAILQ_INIT(&vnet->tell);
	vnet_turn_init(&vnet->turn);
	for (i = 0; i < vnet->nb_ports; i++)
		wire_plug(vnet->wire, i, &vnet_rx_port_ops, &vnet->ports[i]);
	*out = vnet;
	return 0;
}

void
vnet_fini(struct vnet *vnet)
{
	unsigned int i;

	for (i = 0; i < vnet->nb_ports; i++) {
		struct vnet_port *port = &vnet->ports[i];

		assert(LIST_EMPTY(&port->queues) && TAILQ_EMPTY(&port->rules));
		wire_plug(vnet->wire, i, NULL, NULL);
	}
	vnet_turn_fini(&vnet->turn);
	vnet_free(vnet);
}

void
vnet_wake(struct vnet *vnet)
{
	vnet_turn_wake(&vnet->turn);
}

/* Something came from outside; called by a thread of the wire. */
static void
vnet_wake_for_wire(void *arg)
{
	vnet_wake(arg);
}

int
vnet_create(const struct vnet_attr *attr, struct vnet **out)
{
	struct vnet *vnet;
	sigset_t all, old;
	int ret;

	ret = vnet_init(attr, &vnet);
	if (ret != 0)
		return ret;
	ret = wire_start(vnet->wire, vnet_wake_for_wire, vnet);
	if (ret != 0) {
		vnet_fini(vnet);
		return ret;
	}
	/* Signals are for the program's own threads: a handler that calls exit() must not run on the
	 * thread that exit() waits for. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&vnet->thread, NULL, vnet_run, vnet);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret != 0) {
		base_err(attr->log, "engine: cannot start the thread: error %d", ret);
		wire_stop(vnet->wire);
		vnet_fini(vnet);
		return -ret;
	}
	pthread_setname_np(vnet->thread, "vnet");
	*out = vnet;
	return 0;
}

void
vnet_destroy(struct vnet *vnet)
{
	if (vnet == NULL)
		return;
	__atomic_store_n(&vnet->stop, true, __ATOMIC_RELEASE);
	vnet_turn_wake(&vnet->turn);
	pthread_join(vnet->thread, NULL);
	/* Only now: a pass hands descriptors to the wire's thread. That one may still wake us. */
	wire_stop(vnet->wire);
	vnet_fini(vnet);
}

int
vnet_halt(struct vnet *vnet)
{
	struct timespec until;

	/* No wake-up: it takes a lock, and the longest sleep is shorter than the wait. */
	__atomic_store_n(&vnet->stop, true, __ATOMIC_RELEASE);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += VNET_HALT_S;
	return pthread_timedjoin_np(vnet->thread, NULL, &until) == 0 ? 0 : -ETIMEDOUT;
}

void
vnet_lock(struct vnet *vnet) BASE_NO_TSA
{
	vnet_turn_lock(&vnet->turn);
	/* Whoever had the lock in between may have changed the memory keys. */
	vnet->pass++;
}

void
vnet_unlock(struct vnet *vnet) BASE_NO_TSA
{
	vnet_turn_unlock(&vnet->turn);
}

struct vnet_port *
vnet_port(struct vnet *vnet, unsigned int index)
{
	assert(index < vnet->nb_ports);
	return &vnet->ports[index];
}

int
vnet_port_mtu_set_locked(struct vnet_port *port, uint32_t mtu)
{
	if (mtu < VNET_MTU_MIN || mtu > VNET_MTU_MAX)
		return -EINVAL;
	port->mtu = mtu;
	return 0;
}

uint32_t
vnet_port_mtu_locked(const struct vnet_port *port)
{
	return port->mtu;
}

void
vnet_port_stats_locked(const struct vnet_port *port, struct vnet_port_stats *stats)
{
	*stats = port->stats;
}

int
vnet_doorbell_add_locked(struct vnet_port *port, volatile uint32_t *word)
{
	volatile uint32_t **grown = realloc(port->doorbells,
			(port->nb_doorbells + 1) * sizeof(*port->doorbells));

	if (grown == NULL)
		return -ENOMEM;
	port->doorbells = grown;
	port->doorbells[port->nb_doorbells++] = word;
	__atomic_store_n((uint32_t *)(uintptr_t)word, VNET_DOORBELL_IDLE, __ATOMIC_RELEASE);
	vnet_turn_wake(&port->vnet->turn);
	return 0;
}

void
vnet_doorbell_del_locked(struct vnet_port *port, volatile uint32_t *word)
{
	unsigned int i;

	for (i = 0; i < port->nb_doorbells; i++) {
		if (port->doorbells[i] == word) {
			port->doorbells[i] = port->doorbells[--port->nb_doorbells];
			return;
		}
	}
	assert(!"doorbell was not added");
}
