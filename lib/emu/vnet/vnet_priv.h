/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The engine's own structures. Everything is guarded by the card's lock (struct vnet::turn) unless
 * it says otherwise; all functions here are called with it held.
 */
#ifndef VNET_PRIV_H
#define VNET_PRIV_H

#include <pthread.h>
#include <sys/queue.h>

#include "prm_cmd.h"
#include "vnet.h"
#include "vnet_copy.h"
#include "vnet_flow.h"
#include "vnet_rss.h"
#include "vnet_turn.h"
#include "vq.h"
#include "wire.h"

#define VNET_TX_PIECES 64u /* a frame of more pieces is copied */
#define VNET_FRAME_MIN 14u /* an Ethernet header */

enum vnet_queue_state {
	/** Made or suspended: the indices stand still, nothing in guest memory is looked at. */
	VNET_QUEUE_STOPPED,
	/** The engine reads and writes the rings. */
	VNET_QUEUE_RUNNING,
	/** The guest broke a rule; only destruction leads out. The indices stand where the chain
	 * that was refused begins. */
	VNET_QUEUE_ERROR,
};
#define VNET_QUEUE_NB_STATES 3u

struct vnet_queue {
	struct vnet_port *port;
	uint16_t index;
	uint32_t features;
	uint32_t hdr_len;
	const struct vnet_queue_ops *ops;
	void *arg;
	enum vnet_queue_state state;
	struct vq ring;
	uint64_t ring_pass; /**< pass that ring's translations belong to */
	struct vnet_queue_stats stats; /**< without those of descriptors */
	uint64_t nb_done_desc; /**< descriptors fetched and given back */
	/** After an early suspend: available position behind the chains that were fetched and not
	 * used; those begin at ring.avail. */
	bool is_early;
	uint16_t early_avail;
	struct wire_hold hold; /**< of the frame at the head of a transmit queue */
	uint32_t next_seg; /**< segments of that frame that were sent already */
	unsigned int nb_rqt; /**< entries of RQTs that name it */
	unsigned int nb_unsaid; /**< used entries that ops->used was not told of yet */
	bool is_active, is_telling;
	TAILQ_ENTRY(vnet_queue) active_link; /**< in vnet::active if is_active */
	TAILQ_ENTRY(vnet_queue) tell_link; /**< in vnet::tell if is_telling */
	LIST_ENTRY(vnet_queue) port_link;
};

/** Where a frame is going to be put: chains of a receive queue, as one. */
struct vnet_rx {
	struct vnet_queue *queue; /**< NULL: no rule wants the frame */
	bool fits; /**< else the frame is dropped and the chains stay */
	struct vq_chain chain; /**< the segments of all chains */
	struct vq_elem *elems; /**< one for each chain; @c len is its room */
	unsigned int nb_elems;
	uint16_t end; /**< available position behind them */
};

struct vnet_rqt {
	struct vnet_port *port;
	struct vnet_queue **queues;
	unsigned int nb_queues;
	unsigned int nb_tirs;
};

struct vnet_tir {
	struct vnet_tir_attr attr;
	struct vnet_rss rss; /**< if attr.toeplitz */
	unsigned int nb_rules;
};

struct vnet_rule {
	struct vnet_port *port;
	struct vnet_rule_attr attr;
	TAILQ_ENTRY(vnet_rule) link;
};

/** Pages that are not noted in the dirty log, by their addresses. */
struct vnet_blind {
	unsigned int nb;
	uint64_t pages[VNET_LIE_MAX_PAGES];
};

struct vnet_port {
	struct vnet *vnet;
	unsigned int index;
	uint32_t lies; /**< bit at: vnet::lie is to be asked at this enum vnet_lie_at */
	LIST_HEAD(, vnet_queue) queues;
	volatile uint32_t **doorbells;
	unsigned int nb_doorbells;
	TAILQ_HEAD(, vnet_rule) rules; /**< by priority, then age */
	uint64_t rules_changed_ns;
	/** The queue that gets every frame whatever is in it, if there is one; looked for once after
	 * each change of rules and tables. */
	struct vnet_queue *only;
	bool is_only_known;
	uint32_t mtu;
	struct vnet_port_stats stats;
	/* What can_take() found out about the frame that take() is about to get. */
	struct vnet_flow flow;
	bool is_parsed; /**< else flow is of another frame */
	struct vnet_rx rx;
	bool oversize; /**< longer than the MTU: it is dropped */
	struct vnet_blind blind; /**< of vnet_lie.c */
};

struct vnet {
	struct vnet_turn turn;
	pthread_t thread;
	bool stop; /**< atomic */
	struct wire *wire;
	const struct base_log *log;
	bool (*poll)(void *arg);
	void *poll_arg;
	bool must_poll; /**< what poll has said on the last pass */
	unsigned int nb_running; /**< queues in that state */
	enum vnet_lie (*lie)(void *arg, unsigned int port, uint16_t queue, enum vnet_lie_at at);
	void *lie_arg;
	/** Number of this turn of the lock, translations do not outlive it; the engine's turns count
	 * as one while nobody else has had the lock. */
	uint64_t pass;
	uint64_t last_turn; /**< vnet_turn::serving of the engine's last turn */
	struct vnet_pacing pacing;
	bool was_rung; /**< the last pass has found a doorbell rung */
	TAILQ_HEAD(, vnet_queue) active; /**< transmit queues that may have something, in turn */
	TAILQ_HEAD(, vnet_queue) tell; /**< queues with nb_unsaid */
	struct vq_chain tx_chain; /**< of the frame that is under way */
	struct vnet_copies copies; /**< frames of the burst that is under way */
	uint8_t *tx_buf; /**< all of the frame that is under way, if that is needed */
	struct iovec tx_iov[VNET_TX_PIECES]; /**< the rest of it, in the sender's memory */
	uint8_t *seg_buf; /**< what is made of the frame, one segment at a time */
	unsigned int nb_ports;
	struct vnet_port *ports;
};

/* --- vnet.c: all but the thread, so that tests can turn the crank themselves --------------- */

int vnet_init(const struct vnet_attr *attr, struct vnet **vnet);
void vnet_fini(struct vnet *vnet);
/** One pass: doorbells, transmit queues, notifications, poll. @return frames moved. */
unsigned int vnet_pass_locked(struct vnet *vnet);
/** How long to sleep when nothing has happened for @p quiet_ns; 0: not at all. */
uint64_t vnet_pacing_ns(const struct vnet_pacing *pacing, uint64_t quiet_ns);
/** How long to sleep after a pass in a state like this; takes no lock, @p vnet is not changed. */
uint64_t vnet_sleep_ns_locked(const struct vnet *vnet, uint64_t quiet_ns);

/* --- vnet_queue.c --------------------------------------------------------------------------- */

bool vnet_queue_arc(enum vnet_queue_state from, enum vnet_queue_state to);
void vnet_queue_enter_anew(struct vnet_queue *queue);
/** Makes the ring's translations those of this pass. */
static inline void
vnet_queue_enter(struct vnet_queue *queue)
{
	if (__builtin_expect(queue->ring_pass != queue->port->vnet->pass, 0))
		vnet_queue_enter_anew(queue);
}
/** Stops the queue for the reason that its ring noted last (ring.fault). */
void vnet_queue_fail(struct vnet_queue *queue);
/** Notes a fault that the ring cannot see itself, and fails the queue. */
void vnet_queue_fail_for(struct vnet_queue *queue, enum vnet_error error, const char *what,
		uint64_t value);
/** Puts the queue on the list of those that have something to tell. */
void vnet_queue_remember(struct vnet_queue *queue);
/** Pushes a used entry, which is reserved. */
static inline void
vnet_queue_give_back(struct vnet_queue *queue, struct vq_elem elem)
{
	vq_push(&queue->ring, elem);
	queue->nb_done_desc += elem.nb_desc;
	queue->nb_unsaid++;
	if (__builtin_expect(!queue->is_telling, 0))
		vnet_queue_remember(queue);
}
void vnet_lie_complete(struct vnet_queue *queue, struct vq_elem elem); /**< vnet_lie.h */
/** Gives a chain back, which was fetched and whose used entry is reserved. */
static inline void
vnet_queue_complete(struct vnet_queue *queue, struct vq_elem elem)
{
	if (__builtin_expect(queue->port->lies != 0, 0))
		vnet_lie_complete(queue, elem);
	else
		vnet_queue_give_back(queue, elem);
}
/** Shows the guest what was completed. */
void vnet_queue_publish(struct vnet_queue *queue);
/** Publishes, and calls ops->used for what was completed since the last call. */
void vnet_queue_tell(struct vnet_queue *queue);
/** Puts a transmit queue on the list of those to look at. */
void vnet_queue_activate(struct vnet_queue *queue);
void vnet_queue_deactivate(struct vnet_queue *queue);

/* --- vnet_tx.c ------------------------------------------------------------------------------ */

enum vnet_tx_result {
	VNET_TX_SENT, /**< one frame less in the ring */
	VNET_TX_PARTLY, /**< some segments of the frame at the head; there are more */
	VNET_TX_EMPTY, /**< nothing there; the next doorbell tells */
	VNET_TX_HELD, /**< the frame at the head must wait for its receiver */
	VNET_TX_ERROR, /**< the queue is in the error state */
};
/** Sends the frame at the head of a running transmit queue. */
enum vnet_tx_result vnet_tx_one(struct vnet_queue *queue);

/* --- vnet_rx.c ------------------------------------------------------------------------------ */

/** The engine's side of the wire; its argument is a struct vnet_port. */
extern const struct wire_port_ops vnet_rx_port_ops;

/* --- vnet_steer.c --------------------------------------------------------------------------- */

/** The queue that gets every frame of the port, NULL: it depends on the frame. */
struct vnet_queue *vnet_steer_only(struct vnet_port *port);
/** The rule that wants the flow, or NULL. */
const struct vnet_rule *vnet_steer_rule(const struct vnet_port *port, const struct vnet_flow *flow);
/** The queue that the rule's hash picks; @p head is the frame's. */
struct vnet_queue *
vnet_steer_queue(const struct vnet_rule *rule, const uint8_t *head, const struct vnet_flow *flow);

#endif /* VNET_PRIV_H */
