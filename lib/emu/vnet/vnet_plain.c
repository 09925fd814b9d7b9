/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: most frames ask for nothing. They lie in one buffer, have no checksum to
 * complete and no segments to be cut into, go to one neighbour, and fit into its next buffer. All
 * that such a frame costs is the way through the functions that would see to the rest, so these
 * frames take a short way, many at a time, each step a loop of its own:
 * - the sender's chains are fetched, the headers looked at, the addresses copied;
 * - the wire finds the neighbour, once for frames with the same addresses;
 * - its buffers are fetched, the frames copied from guest to guest, used entries pushed.
 *
 * Nothing can fail here, because whatever could is not plain: the first frame that is different,
 * and all that is wrong with rings, buffers, headers, ports and queues, stays where it is and is
 * found again by vnet_tx_one(), which knows what to do. Nor does a frame wait here.
 *
 * The lines of both guests' buffers are asked for when their chains are fetched; they are there,
 * with luck, when they are needed.
 *
 * The frame is read where it lies, each byte once. The addresses are read into a copy, by which the
 * wire decides and which is what the receiver gets: no frame says that it belongs elsewhere.
 */
#include "vnet_plain.h"

#include <string.h>

#include "vnet_priv.h"

#define PLAIN_MAX 32u /* frames at a time: their lines fit into a first-level cache */
#define PLAIN_BLOCK 16u
#define PLAIN_SHORT 256u /* longer ones are worth a call */

/* There is nothing to do for the receiver, and the frame is in one buffer. */
static const uint8_t plain_hdr[VNET_HDR_MAX] = { [10] = 1 };

static unsigned int
plain_min(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* The longest frame of which it is sure, whatever tags it has, that the MTU allows it. */
static uint32_t
plain_len_max(const struct vnet_port *port)
{
	return port->mtu + VNET_FRAME_MIN;
}

static inline void
plain_copy_block(uint8_t *to, const uint8_t *from)
{
	uint8_t block[PLAIN_BLOCK];

	memcpy(block, from, sizeof(block));
	memcpy(to, block, sizeof(block));
}

/* Both may be memory of one guest, and overlap; what that guest then finds is its own affair. */
static inline void
plain_copy(uint8_t *to, const uint8_t *from, uint32_t len)
{
	uint32_t off;

	if (len < PLAIN_BLOCK || len > PLAIN_SHORT) {
		memmove(to, from, len);
		return;
	}
	for (off = 0; off + PLAIN_BLOCK < len; off += PLAIN_BLOCK)
		plain_copy_block(to + off, from + off);
	plain_copy_block(to + len - PLAIN_BLOCK, from + len - PLAIN_BLOCK);
}

/* --- the receiver --------------------------------------------------------------------------- */

/* The port's only queue, if it wants frames as they are; else NULL. */
static struct vnet_queue *
plain_receiver(struct vnet_port *port)
{
	struct vnet_queue *queue = vnet_steer_only(port);

	if (queue == NULL || queue->state != VNET_QUEUE_RUNNING || port->lies != 0)
		return NULL;
	/* The short header, a log to write, a checksum to judge. */
	if (queue->hdr_len != VNET_HDR_MAX || queue->ring.dirty.enabled ||
			(queue->features & PRM_VIRTQ_F_GUEST_CSUM) != 0)
		return NULL;
	return queue;
}

/* Fetches buffers for frames from the first on; @return for how many. */
static unsigned int
plain_room(struct vnet_queue *queue, const struct wire_plain *frames, unsigned int nb,
		struct vq_plain *bufs)
{
	uint32_t len_max = plain_len_max(queue->port);
	uint16_t end = queue->ring.avail;
	unsigned int i;

	vnet_queue_enter(queue);
	nb = vq_fetch_plain(&queue->ring, VNET_WRITE, bufs, plain_min(nb, PLAIN_MAX));
	for (i = 0; i < nb; i++) {
		if (frames[i].len > len_max || bufs[i].len < VNET_HDR_MAX + frames[i].len)
			break;
		end = bufs[i].end;
	}
	queue->ring.avail = end;
	return i;
}

static inline void
plain_put(uint8_t *to, const struct wire_plain *frame)
{
	memcpy(to, plain_hdr, VNET_HDR_MAX);
	to += VNET_HDR_MAX;
	memcpy(to, frame->head, WIRE_PLAIN_HEAD);
	plain_copy(to + WIRE_PLAIN_HEAD, frame->data + WIRE_PLAIN_HEAD,
			frame->len - WIRE_PLAIN_HEAD);
}

unsigned int
vnet_plain_take(void *arg, const struct wire_plain *frames, unsigned int nb)
{
	struct vnet_queue *queue = plain_receiver(arg);
	struct vq_plain bufs[PLAIN_MAX];
	unsigned int i;

	if (queue == NULL)
		return 0;
	nb = plain_room(queue, frames, nb, bufs);
	for (i = 0; i < nb; i++)
		plain_put(bufs[i].ptr, &frames[i]);
	for (i = 0; i < nb; i++) {
		struct vq_elem elem = { .id = bufs[i].id, .nb_desc = 1 };

		elem.len = VNET_HDR_MAX + frames[i].len;
		vnet_queue_give_back(queue, elem);
	}
	return nb;
}

/* --- the sender ----------------------------------------------------------------------------- */

/* Makes frames of chains from the first on; @return of how many. */
static unsigned int
plain_frames(const struct vnet_queue *queue, const struct vq_plain *chains, unsigned int nb,
		struct wire_plain *frames)
{
	uint32_t hdr_len = queue->hdr_len, len_max = plain_len_max(queue->port);
	unsigned int i;

	for (i = 0; i < nb; i++) {
		const uint8_t *hdr = chains[i].ptr;

		if (chains[i].len < hdr_len + WIRE_PLAIN_HEAD || chains[i].len - hdr_len > len_max)
			break;
		/* Flags and gso_type: without either nothing of the header counts. */
		if ((hdr[0] | hdr[1]) != 0)
			break;
		frames[i].data = hdr + hdr_len;
		frames[i].len = chains[i].len - hdr_len;
		memcpy(frames[i].head, frames[i].data, WIRE_PLAIN_HEAD);
	}
	return i;
}

/* At most PLAIN_MAX frames. */
static unsigned int
plain_send(struct vnet_queue *queue, unsigned int nb)
{
	struct vnet_port *port = queue->port;
	struct wire_plain frames[PLAIN_MAX];
	struct vq_plain chains[PLAIN_MAX];
	uint16_t begin = queue->ring.avail;
	unsigned int i;

	nb = vq_fetch_plain(&queue->ring, VNET_READ, chains, nb);
	nb = plain_frames(queue, chains, nb, frames);
	if (nb != 0)
		nb = wire_send_plain(port->vnet->wire, port->index, frames, nb);
	queue->ring.avail = nb != 0 ? chains[nb - 1].end : begin;
	if (nb != 0)
		queue->hold.since_ns = 0;
	for (i = 0; i < nb; i++)
		vnet_queue_give_back(queue, (struct vq_elem){ .id = chains[i].id, .nb_desc = 1 });
	return nb;
}

unsigned int
vnet_plain_send(struct vnet_queue *queue, unsigned int nb)
{
	unsigned int sent = 0, want, some;

	if (queue->next_seg != 0 || queue->port->lies != 0)
		return 0;
	vnet_queue_enter(queue);
	do {
		want = plain_min(nb - sent, PLAIN_MAX);
		some = plain_send(queue, want);
		sent += some;
	} while (some == want && sent < nb);
	return sent;
}
