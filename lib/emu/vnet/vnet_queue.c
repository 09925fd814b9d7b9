/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a queue's life. The indices are those of the next available entry to fetch
 * and the next used entry to write; as every chain is completed before the next one is fetched,
 * they move together, and they are final as soon as nobody is inside a pass - which the card's lock
 * says. So suspending is a change of state and nothing else; a frame that waits at the head of a
 * transmit queue was never taken from the ring and is found there again.
 *
 * A fault ends in one place, vnet_queue_fail(): state, counter, one message, one callback. What was
 * completed before is told first, so that the owner hears things in the order of the ring.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "vnet_priv.h"

static const char *const vnet_queue_state_names[VNET_QUEUE_NB_STATES] = {
	[VNET_QUEUE_STOPPED] = "STOPPED",
	[VNET_QUEUE_RUNNING] = "RUNNING",
	[VNET_QUEUE_ERROR] = "ERROR",
};

static const bool vnet_queue_arcs[VNET_QUEUE_NB_STATES][VNET_QUEUE_NB_STATES] = {
	[VNET_QUEUE_STOPPED][VNET_QUEUE_RUNNING] = true, /* start */
	[VNET_QUEUE_RUNNING][VNET_QUEUE_STOPPED] = true, /* suspend */
	[VNET_QUEUE_RUNNING][VNET_QUEUE_ERROR] = true, /* fault */
};

static const char *const vnet_error_names[] = {
	[VNET_ERR_NONE] = "no error",
	[VNET_ERR_BAD_DESC] = "bad descriptor",
	[VNET_ERR_CHAIN_TOO_LONG] = "descriptor chain too long",
	[VNET_ERR_INVALID_BUFFER] = "invalid buffer",
	[VNET_ERR_RING_ACCESS] = "ring not accessible",
	[VNET_ERR_AVAIL_INDEX] = "bad available index",
};

const char *
vnet_error_name(enum vnet_error error)
{
	if ((unsigned int)error > VNET_ERR_AVAIL_INDEX)
		return "unknown error";
	return vnet_error_names[error];
}

bool
vnet_queue_arc(enum vnet_queue_state from, enum vnet_queue_state to)
{
	return vnet_queue_arcs[from][to];
}

static void
vnet_queue_set_state(struct vnet_queue *queue, enum vnet_queue_state to)
{
	assert(vnet_queue_arc(queue->state, to));
	base_dbg(queue->port->vnet->log,
			"engine: port %u queue %u: %s -> %s (available %u, used %u)",
			queue->port->index, queue->index, vnet_queue_state_names[queue->state],
			vnet_queue_state_names[to], queue->avail, queue->used);
	queue->state = to;
	if (to != VNET_QUEUE_RUNNING)
		vnet_queue_deactivate(queue);
}

/* Fills in what the attributes say; nothing is changed when they are refused. */
static int
vnet_queue_configure(struct vnet_queue *queue, const struct vnet_queue_attr *attr)
{
	struct vq_split ring;

	if (attr->ring != VNET_RING_SPLIT)
		return -EINVAL;
	if (vq_split_init(&ring, attr) != 0)
		return -EINVAL;
	queue->ring = ring;
	queue->index = attr->index;
	queue->features = attr->features;
	queue->hdr_len = attr->version_1 ? 12 : 10;
	queue->ops = attr->ops;
	queue->arg = attr->arg;
	queue->avail = attr->avail_index;
	queue->used = attr->used_index;
	queue->nb_inflight = 0;
	return 0;
}

int
vnet_queue_create_locked(struct vnet_port *port, const struct vnet_queue_attr *attr,
		struct vnet_queue **out)
{
	struct vnet_queue *queue = calloc(1, sizeof(*queue));

	if (queue == NULL)
		return -ENOMEM;
	if (vnet_queue_configure(queue, attr) != 0) {
		free(queue);
		return -EINVAL;
	}
	queue->port = port;
	queue->state = VNET_QUEUE_STOPPED;
	LIST_INSERT_HEAD(&port->queues, queue, port_link);
	*out = queue;
	return 0;
}

int
vnet_queue_reconfigure_locked(struct vnet_queue *queue, const struct vnet_queue_attr *attr)
{
	if (queue->state != VNET_QUEUE_STOPPED)
		return -EBUSY;
	return vnet_queue_configure(queue, attr);
}

void
vnet_queue_destroy_locked(struct vnet_queue *queue)
{
	if (queue == NULL)
		return;
	assert(queue->nb_rqt == 0);
	if (queue->state == VNET_QUEUE_RUNNING)
		vnet_queue_suspend_locked(queue);
	if (queue->is_telling)
		TAILQ_REMOVE(&queue->port->vnet->tell, queue, tell_link);
	LIST_REMOVE(queue, port_link);
	free(queue);
}

int
vnet_queue_start_locked(struct vnet_queue *queue)
{
	struct vnet *vnet = queue->port->vnet;

	if (!vnet_queue_arc(queue->state, VNET_QUEUE_RUNNING))
		return -EINVAL;
	queue->hold.since_ns = 0;
	queue->ring_pass = 0;
	queue->nb_inflight = 0;
	vnet_queue_set_state(queue, VNET_QUEUE_RUNNING);
	if (queue->index % 2 == 0)
		wire_port_wake(vnet->wire, queue->port->index);
	vnet_turn_wake(&vnet->turn);
	return 0;
}

void
vnet_queue_suspend_locked(struct vnet_queue *queue)
{
	if (queue->state != VNET_QUEUE_RUNNING)
		return;
	vnet_queue_tell(queue);
	vnet_queue_set_state(queue, VNET_QUEUE_STOPPED);
}

void
vnet_queue_suspend_early_locked(struct vnet_queue *queue, unsigned int nb)
{
	uint32_t pending;

	if (queue->state != VNET_QUEUE_RUNNING)
		return;
	vnet_queue_enter(queue);
	if (vq_split_pending(&queue->ring, queue->avail, &pending) != VNET_ERR_NONE)
		pending = 0; /* whoever starts it again will find out */
	vnet_queue_suspend_locked(queue);
	queue->nb_inflight = (uint16_t)(nb < pending ? nb : pending);
}

void
vnet_queue_fail_locked(struct vnet_queue *queue, enum vnet_error error)
{
	if (queue->state == VNET_QUEUE_RUNNING)
		vnet_queue_fail_for(queue, error, "injected error", error);
}

void
vnet_queue_dirty_set_locked(struct vnet_queue *queue, const struct vnet_dirty *dirty)
{
	queue->dirty = *dirty;
}

void
vnet_queue_indices_locked(const struct vnet_queue *queue, uint16_t *avail, uint16_t *used)
{
	*avail = (uint16_t)(queue->avail + queue->nb_inflight);
	*used = queue->used;
}

enum vnet_error
vnet_queue_error_locked(const struct vnet_queue *queue)
{
	return queue->state == VNET_QUEUE_ERROR ? queue->ring.fault.error : VNET_ERR_NONE;
}

void
vnet_queue_stats_locked(const struct vnet_queue *queue, struct vnet_queue_stats *stats)
{
	*stats = queue->stats;
}

bool
vnet_queue_in_rqt_locked(const struct vnet_queue *queue)
{
	return queue->nb_rqt != 0;
}

void
vnet_queue_enter(struct vnet_queue *queue)
{
	if (queue->ring_pass == queue->port->vnet->pass)
		return;
	vq_split_begin(&queue->ring);
	queue->ring_pass = queue->port->vnet->pass;
}

static void
vnet_queue_count_fault(struct vnet_queue_stats *stats, enum vnet_error error)
{
	if (error == VNET_ERR_BAD_DESC)
		stats->bad_desc_errors++;
	else if (error == VNET_ERR_CHAIN_TOO_LONG)
		stats->exceed_max_chain++;
	else if (error == VNET_ERR_INVALID_BUFFER)
		stats->invalid_buffer++;
}

void
vnet_queue_fail(struct vnet_queue *queue)
{
	const struct vq_fault *fault = &queue->ring.fault;

	base_err(queue->port->vnet->log,
			"engine: port %u queue %u: %s: %s is 0x%llx (available entry %u)",
			queue->port->index, queue->index, vnet_error_name(fault->error),
			fault->what, (unsigned long long)fault->value, queue->avail);
	vnet_queue_tell(queue);
	vnet_queue_count_fault(&queue->stats, fault->error);
	vnet_queue_set_state(queue, VNET_QUEUE_ERROR);
	if (queue->ops != NULL && queue->ops->error != NULL)
		queue->ops->error(queue->arg, fault->error);
}

void
vnet_queue_fail_for(struct vnet_queue *queue, enum vnet_error error, const char *what,
		uint64_t value)
{
	queue->ring.fault = (struct vq_fault){ .error = error, .what = what, .value = value };
	vnet_queue_fail(queue);
}

void
vnet_queue_complete(struct vnet_queue *queue, const struct vq_chain *chain, uint32_t len)
{
	vq_split_push(&queue->ring, queue->used, chain->head, len);
	queue->avail++;
	queue->used++;
	queue->stats.received_desc += chain->nb_desc;
	queue->stats.completed_desc += chain->nb_desc;
	queue->nb_unsaid++;
	if (!queue->is_telling) {
		TAILQ_INSERT_TAIL(&queue->port->vnet->tell, queue, tell_link);
		queue->is_telling = true;
	}
}

void
vnet_queue_tell(struct vnet_queue *queue)
{
	unsigned int nb = queue->nb_unsaid;

	if (!queue->is_telling)
		return;
	TAILQ_REMOVE(&queue->port->vnet->tell, queue, tell_link);
	queue->is_telling = false;
	queue->nb_unsaid = 0;
	vnet_queue_enter(queue);
	if (vq_split_wants_interrupt(&queue->ring) && queue->ops != NULL &&
			queue->ops->used != NULL)
		queue->ops->used(queue->arg, nb);
}

void
vnet_queue_activate(struct vnet_queue *queue)
{
	if (queue->is_active)
		return;
	TAILQ_INSERT_TAIL(&queue->port->vnet->active, queue, active_link);
	queue->is_active = true;
}

void
vnet_queue_deactivate(struct vnet_queue *queue)
{
	if (!queue->is_active)
		return;
	TAILQ_REMOVE(&queue->port->vnet->active, queue, active_link);
	queue->is_active = false;
}
