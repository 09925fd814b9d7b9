/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a queue's life. The indices are those of the next available entry to fetch
 * and the next used entry to write. Outside of a burst every chain that was fetched is completed
 * and published, or was put back, so they are final as soon as nobody is inside a pass - which the
 * card's lock says. So suspending is a change of state and nothing else; a frame that waits at the
 * head of a transmit queue was put back and is found there again. A queue that is stopped early
 * only says that it fetched more: the chains are there for the same object to begin with.
 *
 * A fault ends in one place, vnet_queue_fail(): state, counter, one message, one callback. What was
 * completed before is told first, so that the owner hears things in the order of the ring.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base_math.h"
#include "vnet_lie.h"

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
	[VNET_ERR_DIRTY_LOG] = "dirty log not accessible",
};

const char *
vnet_verdict_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ -EINVAL, "unknown memory key" },
		{ -EXDEV, "memory key of another protection domain" },
		{ -EACCES, "access not granted" },
		{ -EFAULT, "out of the memory key's bounds" },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(names); i++) {
		if (names[i].error == error)
			return names[i].name;
	}
	return "not in one piece, or not aligned";
}

const char *
vnet_error_name(enum vnet_error error)
{
	if ((unsigned int)error >= BASE_ARRAY_SIZE(vnet_error_names))
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
			vnet_queue_state_names[to], queue->ring.avail, queue->ring.used);
	queue->port->vnet->nb_running -= queue->state == VNET_QUEUE_RUNNING;
	queue->port->vnet->nb_running += to == VNET_QUEUE_RUNNING;
	queue->state = to;
	if (to != VNET_QUEUE_RUNNING)
		vnet_queue_deactivate(queue);
}

/* Fills in what the attributes say; nothing is changed when they are refused. */
static int
vnet_queue_configure(struct vnet_queue *queue, const struct vnet_queue_attr *attr)
{
	struct vq ring;

	if (vq_init(&ring, attr) != 0)
		return -EINVAL;
	vq_dirty_set(&ring, &queue->ring.dirty);
	ring.misses = vnet_lie_misses;
	ring.misses_arg = queue;
	queue->ring = ring;
	queue->index = attr->index;
	queue->features = attr->features;
	queue->hdr_len = attr->version_1 || (attr->features & PRM_VIRTQ_F_MRG_RXBUF) != 0 ?
			VNET_HDR_MAX :
			VNET_HDR_MIN;
	queue->ops = attr->ops;
	queue->arg = attr->arg;
	queue->is_early = false;
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
	uint16_t avail, used, begin = queue->ring.avail;
	bool is_early = queue->is_early;

	if (queue->state != VNET_QUEUE_STOPPED)
		return -EBUSY;
	vnet_queue_indices_locked(queue, &avail, &used);
	if (vnet_queue_configure(queue, attr) != 0)
		return -EINVAL;
	/* The same indices: the chains in flight are still this queue's to finish. */
	if (is_early && attr->avail_index == avail && attr->used_index == used) {
		queue->is_early = true;
		queue->early_avail = avail;
		queue->ring.avail = begin;
	}
	return 0;
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
	queue->next_seg = 0;
	queue->ring_pass = 0;
	queue->is_early = false;
	vq_restart(&queue->ring);
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
	if (queue->state == VNET_QUEUE_RUNNING)
		vnet_queue_set_state(queue, VNET_QUEUE_STOPPED);
}

/* The available position up to @p nb chains ahead; what is wrong there is found by a restart. */
static uint16_t
vnet_queue_ahead(struct vnet_queue *queue, unsigned int nb)
{
	struct vq_chain *chain = &queue->port->vnet->tx_chain;
	struct vq *ring = &queue->ring;
	uint16_t begin = ring->avail, ahead;
	uint32_t nb_desc = 0;

	vnet_queue_enter(queue);
	while (nb > 0 && nb_desc < ring->size) {
		if (vq_fetch(ring, chain) != VNET_ERR_NONE || chain->nb_desc == 0)
			break;
		nb_desc += chain->nb_desc;
		nb--;
	}
	ahead = ring->avail;
	ring->avail = begin;
	return ahead;
}

void
vnet_queue_suspend_early_locked(struct vnet_queue *queue, unsigned int nb)
{
	if (queue->state != VNET_QUEUE_RUNNING)
		return;
	vnet_queue_suspend_locked(queue);
	if (queue->state != VNET_QUEUE_STOPPED)
		return; /* it failed at the last moment */
	queue->early_avail = vnet_queue_ahead(queue, nb);
	queue->is_early = true;
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
	vq_dirty_set(&queue->ring, dirty);
}

void
vnet_queue_indices_locked(const struct vnet_queue *queue, uint16_t *avail, uint16_t *used)
{
	*avail = queue->is_early ? queue->early_avail : queue->ring.avail;
	*used = queue->ring.used;
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
	stats->received_desc = stats->completed_desc = queue->nb_done_desc;
}

bool
vnet_queue_in_rqt_locked(const struct vnet_queue *queue)
{
	return queue->nb_rqt != 0;
}

void
vnet_queue_enter_anew(struct vnet_queue *queue)
{
	vq_begin(&queue->ring);
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
	const struct vq_fault fault = queue->ring.fault;

	base_err(queue->port->vnet->log,
			"engine: port %u queue %u: %s: %s is 0x%llx%s%s (available entry %u)",
			queue->port->index, queue->index, vnet_error_name(fault.error), fault.what,
			(unsigned long long)fault.value, fault.why != NULL ? ", " : "",
			fault.why != NULL ? fault.why : "", queue->ring.avail);
	vnet_copy_flush(&queue->port->vnet->copies);
	/* A log that cannot be written changes nothing any more. */
	(void)vq_publish(&queue->ring);
	vnet_queue_tell(queue);
	queue->ring.fault = fault;
	vnet_queue_count_fault(&queue->stats, fault.error);
	vnet_queue_set_state(queue, VNET_QUEUE_ERROR);
	if (queue->ops != NULL && queue->ops->error != NULL)
		queue->ops->error(queue->arg, fault.error);
}

void
vnet_queue_fail_for(struct vnet_queue *queue, enum vnet_error error, const char *what,
		uint64_t value)
{
	queue->ring.fault = (struct vq_fault){ .error = error, .what = what, .value = value };
	vnet_queue_fail(queue);
}

void
vnet_queue_remember(struct vnet_queue *queue)
{
	TAILQ_INSERT_TAIL(&queue->port->vnet->tell, queue, tell_link);
	queue->is_telling = true;
}

void
vnet_queue_publish(struct vnet_queue *queue)
{
	vnet_copy_flush(&queue->port->vnet->copies);
	if (vq_publish(&queue->ring) != VNET_ERR_NONE && queue->state == VNET_QUEUE_RUNNING)
		vnet_queue_fail(queue);
}

void
vnet_queue_tell(struct vnet_queue *queue)
{
	unsigned int nb = queue->nb_unsaid;

	if (!queue->is_telling)
		return;
	vnet_queue_enter(queue);
	vnet_queue_publish(queue);
	if (!queue->is_telling)
		return; /* it has failed, and that was told first */
	TAILQ_REMOVE(&queue->port->vnet->tell, queue, tell_link);
	queue->is_telling = false;
	queue->nb_unsaid = 0;
	if (vq_wants_interrupt(&queue->ring) && queue->ops != NULL && queue->ops->used != NULL)
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
