/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each virtqueue is a guest_vring whose chains' cookies are the buffers
 * (guest_slot). A receive chain is one writable descriptor that takes header and frame; a transmit
 * chain is one descriptor, or, for odd frame numbers, two (header, frame), so that devices meet
 * both layouts.
 *
 * A used entry that cannot be true is counted by the ring; its first occurrence of each kind is
 * logged with queue and values. Where the entry still names a chain in flight the buffer comes
 * back; the frame in it is not delivered.
 *
 * A reset makes new rings; the accounts of the old ones are added up in the queue.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "guest_frame.h"
#include "guest_net.h"

#define GUEST_NET_TX_PARTS 2u /* descriptors of a transmit chain, at most */
#define GUEST_NET_ETH_LEN 14u /* below that it is no frame */

struct guest_net_queue {
	struct guest_vring *ring;
	struct guest_net_stats stats; /* its ring part: of former rings */
	bool warned[GUEST_VRING_NB_ERRORS];
};

struct guest_net {
	char name[32];
	struct guest_net_attr attr;
	unsigned int nb_queues;
	struct guest_pool *pool;
	struct guest_net_queue queues[2 * GUEST_NET_MAX_PAIRS];
};

static void
guest_net_count(uint64_t *counter, uint64_t add)
{
	__atomic_store_n(counter, *counter + add, __ATOMIC_RELAXED);
}

int
guest_net_create(const struct guest_net_attr *attr, struct guest_net **net)
{
	struct guest_vring_attr ring = {
		.mem = attr->mem,
		.size = attr->ring_size,
		.region = attr->ring_region,
		.packed = attr->packed,
	};
	struct guest_net *n;

	if (attr->nb_pairs == 0 || attr->nb_pairs > GUEST_NET_MAX_PAIRS)
		return -EINVAL;
	n = calloc(1, sizeof(*n));
	if (n == NULL)
		return -ENOMEM;
	n->attr = *attr;
	snprintf(n->name, sizeof(n->name), "%s", attr->name);
	n->attr.name = n->name;
	for (; n->nb_queues < 2 * attr->nb_pairs; n->nb_queues++) {
		int ret = guest_vring_create(&ring, &n->queues[n->nb_queues].ring);

		if (ret != 0) {
			guest_net_destroy(n);
			return ret;
		}
	}
	*net = n;
	return 0;
}

/* Takes all chains back; tells about frames that were to be sent. */
static void
guest_net_take_back(struct guest_net *net, unsigned int queue)
{
	struct guest_vring_used used;

	if (queue % 2 == 1)
		guest_net_tx_reap(net, queue / 2); /* what came back needs no excuse */
	while (guest_vring_take_back(net->queues[queue].ring, &used) == 1) {
		struct guest_slot *slot = used.cookie;

		if (queue % 2 == 1 && net->attr.abandon != NULL)
			net->attr.abandon(net->attr.arg, slot->stream, slot->seq);
		guest_pool_put(slot);
	}
}

void
guest_net_destroy(struct guest_net *net)
{
	if (net == NULL)
		return;
	for (unsigned int i = 0; i < net->nb_queues; i++) {
		guest_net_take_back(net, i);
		guest_vring_destroy(net->queues[i].ring);
	}
	free(net);
}

void
guest_net_use_pool(struct guest_net *net, struct guest_pool *pool)
{
	net->pool = pool;
}

static void
guest_net_add_ring_stats(struct guest_vring_stats *sum, const struct guest_vring_stats *add)
{
	sum->posted += add->posted;
	sum->returned += add->returned;
	sum->reclaimed += add->reclaimed;
	sum->passed_over += add->passed_over;
	for (unsigned int i = 0; i < GUEST_VRING_NB_ERRORS; i++)
		sum->errors[i] += add->errors[i];
}

int
guest_net_reset(struct guest_net *net)
{
	struct guest_vring_attr attr = {
		.mem = net->attr.mem,
		.size = net->attr.ring_size,
		.region = net->attr.ring_region,
		.packed = net->attr.packed,
	};
	int ret = 0;

	for (unsigned int i = 0; i < net->nb_queues; i++) {
		struct guest_net_queue *q = &net->queues[i];
		struct guest_vring_stats stats;
		struct guest_vring *ring;

		guest_net_take_back(net, i);
		ret = guest_vring_create(&attr, &ring);
		if (ret != 0)
			break;
		guest_vring_stats(q->ring, &stats);
		guest_net_add_ring_stats(&q->stats.ring, &stats);
		guest_vring_destroy(q->ring);
		q->ring = ring;
	}
	return ret;
}

struct guest_vring *
guest_net_ring(struct guest_net *net, unsigned int queue)
{
	return net->queues[queue].ring;
}

static void
guest_net_publish(struct guest_net *net, unsigned int queue)
{
	struct guest_net_queue *q = &net->queues[queue];

	if (!guest_vring_publish(q->ring))
		return;
	guest_net_count(&q->stats.kicks, 1);
	net->attr.kick(net->attr.arg, queue);
}

/* Logs the first used entry of each bad kind. */
static void
guest_net_warn(struct guest_net *net, unsigned int queue, const struct guest_vring_used *used)
{
	struct guest_net_queue *q = &net->queues[queue];

	if (q->warned[used->error])
		return;
	q->warned[used->error] = true;
	base_err(net->attr.log, "guest %s: queue %u: %s (id %" PRIu32 ", length %" PRIu32 ")",
			net->name, queue, guest_vring_error_name(used->error), used->id, used->len);
}

void
guest_net_rx_fill(struct guest_net *net, unsigned int pair)
{
	struct guest_vring *ring = net->queues[2 * pair].ring;
	struct guest_slot *slot;

	while (guest_vring_room(ring) != 0 && (slot = guest_pool_get(net->pool)) != NULL) {
		struct guest_vring_seg seg = { slot->gpa, GUEST_POOL_SLOT_SIZE };
		struct guest_vring_chain chain = { .segs = &seg, .nb_in = 1, .cookie = slot };

		if (guest_vring_add(ring, &chain) != 0) {
			guest_pool_put(slot);
			break;
		}
	}
	guest_net_publish(net, 2 * pair);
}

/*
 * Without offloads and mergeable buffers the header is 0 but for num_buffers, which is 1
 * (5.1.6.4.1); rte_vhost 22.11 leaves it 0, and nobody reads it.
 */
static bool
guest_net_header_ok(const uint8_t *hdr)
{
	struct virtio_net_hdr_mrg_rxbuf h;

	memcpy(&h, hdr, sizeof(h));
	return (h.hdr.flags & ~VIRTIO_NET_HDR_F_DATA_VALID) == 0 &&
			h.hdr.gso_type == VIRTIO_NET_HDR_GSO_NONE && le16toh(h.num_buffers) <= 1;
}

static void
guest_net_deliver(struct guest_net *net, unsigned int pair, const struct guest_vring_used *used,
		guest_net_rx_cb cb, void *arg)
{
	struct guest_net_stats *stats = &net->queues[2 * pair].stats;
	struct guest_slot *slot = used->cookie;
	uint32_t len = used->len - GUEST_NET_HDR_LEN;

	guest_pool_note_received(slot);
	if (used->len < GUEST_NET_HDR_LEN + GUEST_NET_ETH_LEN) {
		guest_net_count(&stats->short_used, 1);
		return;
	}
	if (!guest_net_header_ok(slot->hva))
		guest_net_count(&stats->odd_header, 1);
	guest_net_count(&stats->frames, 1);
	guest_net_count(&stats->bytes, len);
	cb(arg, pair, slot->hva + GUEST_NET_HDR_LEN, len);
}

unsigned int
guest_net_rx(struct guest_net *net, unsigned int pair, unsigned int max, guest_net_rx_cb cb,
		void *arg)
{
	struct guest_vring *ring = net->queues[2 * pair].ring;
	struct guest_vring_used used;
	unsigned int nb = 0;
	int ret;

	while (nb < max && (ret = guest_vring_get(ring, &used)) != 0) {
		if (ret < 0)
			guest_net_warn(net, 2 * pair, &used);
		else
			guest_net_deliver(net, pair, &used, cb, arg);
		if (used.error == GUEST_VRING_INDEX_JUMP)
			return nb; /* the ring is broken: no progress to report */
		if (used.cookie != NULL)
			guest_pool_put(used.cookie);
		nb++;
	}
	if (nb != 0)
		guest_net_rx_fill(net, pair);
	return nb;
}

struct guest_slot *
guest_net_tx_begin(struct guest_net *net, unsigned int pair)
{
	if (guest_vring_room(net->queues[2 * pair + 1].ring) < GUEST_NET_TX_PARTS)
		return NULL;
	return guest_pool_get(net->pool);
}

unsigned int
guest_net_tx_room(struct guest_net *net, unsigned int pair)
{
	unsigned int room = guest_vring_room(net->queues[2 * pair + 1].ring) / GUEST_NET_TX_PARTS;
	uint32_t slots = guest_pool_room(net->pool);

	return room < slots ? room : slots;
}

uint8_t *
guest_net_tx_frame(struct guest_slot *slot)
{
	return slot->hva + GUEST_NET_HDR_LEN;
}

void
guest_net_tx_post(struct guest_net *net, unsigned int pair, struct guest_slot *slot, uint32_t len)
{
	const struct guest_vring_seg whole = { slot->gpa, GUEST_NET_HDR_LEN + len };
	const struct guest_vring_seg parts[] = {
		{ slot->gpa, GUEST_NET_HDR_LEN },
		{ slot->gpa + GUEST_NET_HDR_LEN, len },
	};
	struct guest_vring_chain chain = {
		.segs = slot->seq % 2 == 0 ? &whole : parts,
		.nb_out = slot->seq % 2 == 0 ? 1 : 2,
		.cookie = slot,
	};

	memset(slot->hva, 0, GUEST_NET_HDR_LEN);
	guest_mem_wrote(net->attr.mem, slot->gpa, GUEST_NET_HDR_LEN + len);
	if (guest_vring_add(net->queues[2 * pair + 1].ring, &chain) != 0) {
		guest_pool_put(slot); /* not possible: tx_begin saw room for both layouts */
		return;
	}
	guest_net_count(&net->queues[2 * pair + 1].stats.bytes, len);
}

void
guest_net_tx_flush(struct guest_net *net, unsigned int pair)
{
	guest_net_publish(net, 2 * pair + 1);
}

unsigned int
guest_net_tx_reap(struct guest_net *net, unsigned int pair)
{
	struct guest_net_queue *q = &net->queues[2 * pair + 1];
	struct guest_vring_used used;
	unsigned int nb = 0;
	int ret;

	while ((ret = guest_vring_get(q->ring, &used)) != 0) {
		if (ret < 0)
			guest_net_warn(net, 2 * pair + 1, &used);
		if (used.error == GUEST_VRING_INDEX_JUMP)
			break;
		nb++;
		if (used.cookie == NULL)
			continue;
		guest_net_count(&q->stats.frames, 1);
		guest_pool_note_sent(used.cookie);
		guest_pool_put(used.cookie);
	}
	return nb;
}

bool
guest_net_irq_on(struct guest_net *net, unsigned int queue)
{
	return guest_vring_irq_on(net->queues[queue].ring);
}

void
guest_net_irq_off(struct guest_net *net, unsigned int queue)
{
	guest_vring_irq_off(net->queues[queue].ring);
}

void
guest_net_stats(struct guest_net *net, unsigned int queue, struct guest_net_stats *stats)
{
	struct guest_net_queue *q = &net->queues[queue];
	struct guest_vring_stats ring;

	*stats = q->stats;
	guest_vring_stats(q->ring, &ring);
	guest_net_add_ring_stats(&stats->ring, &ring);
}
