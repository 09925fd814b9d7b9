/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a card that lies, to see whether its guests notice. At each moment at which it
 * could, the engine looks at one word of the port; only when that names the moment, whoever owns
 * the engine is asked which lie it shall be (struct vnet_attr.lie).
 *
 * Lies about used entries are told by the entry that is pushed, one, none or two, so they are the
 * same for split and packed rings, and everything behind the lie is as ever: the positions that the
 * queue keeps are those that follow from what it did. A chain that was not given back leaves the
 * used position behind the available one for good, one that was given back twice brings it in front
 * of it; a driver that stops the queue is told so.
 *
 * A page whose bit was missed stays missed, because the next packet in it would cure it: it is a bit
 * that cannot be set, until no such lie is wanted any more.
 */
#include "vnet_lie.h"

#include <stdlib.h>
#include <string.h>

static enum vnet_lie
vnet_lie_ask(const struct vnet_queue *queue, enum vnet_lie_at at)
{
	const struct vnet_port *port = queue->port;

	if ((port->lies & 1u << at) == 0)
		return VNET_LIE_NONE;
	return port->vnet->lie(port->vnet->lie_arg, port->index, queue->index, at);
}

/* --- used entries --------------------------------------------------------------------------- */

/* The entry that comes to lie beyond what was reserved; not told if the ring is not all there. */
static void
vnet_lie_repeat(struct vnet_queue *queue, struct vq_elem elem)
{
	if (vq_reserve(&queue->ring, queue->ring.size) == VNET_ERR_NONE)
		vnet_queue_give_back(queue, elem);
	vnet_queue_give_back(queue, elem);
}

void
vnet_lie_complete(struct vnet_queue *queue, struct vq_elem elem)
{
	switch (vnet_lie_ask(queue, VNET_LIE_AT_USED)) {
	case VNET_LIE_SKIP_USED:
		return;
	case VNET_LIE_REPEAT_USED:
		vnet_lie_repeat(queue, elem);
		return;
	case VNET_LIE_STALE_USED:
		vq_stale(&queue->ring, &elem);
		break;
	default:
		break;
	}
	vnet_queue_give_back(queue, elem);
}

/* --- packets -------------------------------------------------------------------------------- */

bool
vnet_lie_tear(struct vnet_queue *queue, const struct wire_frame *frame, struct wire_frame *torn)
{
	uint8_t *bytes, *to;
	unsigned int i;
	uint32_t at;

	if (vnet_lie_ask(queue, VNET_LIE_AT_PACKET) != VNET_LIE_TEAR)
		return false;
	bytes = to = malloc(frame->len);
	if (bytes == NULL)
		return false;
	memcpy(to, frame->head, frame->head_len);
	to += frame->head_len;
	for (i = 0; i < frame->nb_body; to += frame->body[i].iov_len, i++)
		memcpy(to, frame->body[i].iov_base, frame->body[i].iov_len);
	for (at = frame->len / 2; at < frame->len; at++)
		bytes[at] = (uint8_t)~bytes[at];
	*torn = *frame;
	torn->head = bytes;
	torn->head_len = frame->len;
	torn->body = NULL;
	torn->nb_body = 0;
	return true;
}

void
vnet_lie_forget(struct wire_frame *torn)
{
	free((void *)(uintptr_t)torn->head);
}

/* --- the log of written pages --------------------------------------------------------------- */

static bool
vnet_blind_has(const struct vnet_blind *blind, uint64_t page)
{
	unsigned int i;

	for (i = 0; i < blind->nb; i++) {
		if (blind->pages[i] == page)
			return true;
	}
	return false;
}

static bool
vnet_lie_in_ring(const struct vq *ring, uint64_t addr)
{
	const struct vq_area *area = &ring->areas[ring->packed ? VQ_DESC : VQ_DEVICE];

	return base_range_inside(addr, 1, area->addr, area->len);
}

bool
vnet_lie_misses(void *arg, uint64_t addr, uint64_t page)
{
	struct vnet_queue *queue = arg;
	struct vnet_blind *blind = &queue->port->blind;
	enum vnet_lie_at at;

	if (queue->port->lies == 0)
		return false;
	if (vnet_blind_has(blind, page))
		return true;
	at = vnet_lie_in_ring(&queue->ring, addr) ? VNET_LIE_AT_DIRTY_RING :
						    VNET_LIE_AT_DIRTY_PAYLOAD;
	if (vnet_lie_ask(queue, at) != VNET_LIE_MISS_DIRTY)
		return false;
	if (blind->nb < VNET_LIE_MAX_PAGES)
		blind->pages[blind->nb++] = page;
	return true;
}

void
vnet_port_lies_set_locked(struct vnet_port *port, uint32_t ats)
{
	const uint32_t dirty = 1u << VNET_LIE_AT_DIRTY_PAYLOAD | 1u << VNET_LIE_AT_DIRTY_RING;

	port->lies = port->vnet->lie != NULL ? ats : 0;
	if ((ats & dirty) == 0)
		port->blind.nb = 0;
}
