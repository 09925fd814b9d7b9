/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each virtqueue is a guest_vring whose chains' cookies are the buffers
 * (guest_slot). A receive chain is one writable descriptor that takes header and frame, or with
 * mergeable buffers the beginning or another piece of them. A transmit chain is one descriptor, or
 * two (header, frame), or three (header, Ethernet header, the rest), in the ring or in a table of
 * its own: the frame's number decides, so that devices meet all layouts.
 *
 * The header of a frame in several buffers says how many they are; when the first is there, all are
 * (5.1.6.4). They are copied together; what is short of one is counted and not delivered.
 *
 * Whoever is given a frame may answer it at once, and let the next ones come: so buffers are posted
 * while frames are taken, not only afterwards.
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

#define GUEST_NET_TX_PARTS 3u /* descriptors of a transmit chain, at most */
#define GUEST_NET_REFILL \
	4u /* buffers are posted when that part of the ring is free, at the latest */
#define GUEST_NET_GATHER_MAX 65536u /* longest frame that is copied together */
#define GUEST_NET_FEATURES                                                                \
	(GUEST_VRING_F_INDIRECT_DESC | GUEST_VRING_F_EVENT_IDX | GUEST_NET_F_GUEST_CSUM | \
			GUEST_NET_F_MRG_RXBUF) /* that make a difference here */
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
	uint32_t rx_len; /* bytes of a receive buffer */
	bool cross_out; /* frames that were handed on */
	struct guest_net_queue queues[2 * GUEST_NET_MAX_PAIRS];
	uint8_t gather[GUEST_NET_GATHER_MAX]; /* a frame that lay in several buffers */
};

/* Who is given a frame. */
struct guest_net_taker {
	guest_net_rx_cb cb;
	void *arg;
};

static void
guest_net_count(uint64_t *counter, uint64_t add)
{
	__atomic_store_n(counter, *counter + add, __ATOMIC_RELAXED);
}

static int
guest_net_new_ring(const struct guest_net *net, struct guest_vring **ring)
{
	const struct guest_net_attr *attr = &net->attr;
	const struct guest_vring_attr want = {
		.mem = attr->mem,
		.size = attr->ring_size,
		.region = attr->ring_region,
		.packed = attr->packed,
		.indirect = (attr->features & GUEST_VRING_F_INDIRECT_DESC) != 0,
		.event_idx = (attr->features & GUEST_VRING_F_EVENT_IDX) != 0,
	};

	return guest_vring_create(&want, ring);
}

/* Sets what follows from the features. @return 0 or -EINVAL. */
static int
guest_net_take_features(struct guest_net *net, uint64_t features, uint32_t rx_buffer)
{
	uint32_t len = rx_buffer != 0 ? rx_buffer : GUEST_NET_RX_BUFFER;

	if (len < GUEST_NET_RX_BUFFER_MIN || len > GUEST_POOL_SLOT_SIZE)
		return -EINVAL;
	net->attr.features = features & GUEST_NET_FEATURES;
	/* Buffers that do not merge take any frame. */
	net->rx_len = (features & GUEST_NET_F_MRG_RXBUF) != 0 ? len : GUEST_POOL_SLOT_SIZE;
	return 0;
}

int
guest_net_create(const struct guest_net_attr *attr, struct guest_net **net)
{
	struct guest_net *n;
	int ret;

	if (attr->nb_pairs == 0 || attr->nb_pairs > GUEST_NET_MAX_PAIRS)
		return -EINVAL;
	n = calloc(1, sizeof(*n));
	if (n == NULL)
		return -ENOMEM;
	n->attr = *attr;
	snprintf(n->name, sizeof(n->name), "%s", attr->name);
	n->attr.name = n->name;
	ret = guest_net_take_features(n, attr->features, attr->rx_buffer);
	while (n->nb_queues < 2 * attr->nb_pairs && ret == 0) {
		ret = guest_net_new_ring(n, &n->queues[n->nb_queues].ring);
		n->nb_queues += ret == 0;
	}
	if (ret != 0) {
		guest_net_destroy(n);
		return ret;
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
	sum->indirect += add->indirect;
	sum->returned += add->returned;
	sum->reclaimed += add->reclaimed;
	sum->passed_over += add->passed_over;
	for (unsigned int i = 0; i < GUEST_VRING_NB_ERRORS; i++)
		sum->errors[i] += add->errors[i];
}

int
guest_net_reset(struct guest_net *net)
{
	int ret = 0;

	for (unsigned int i = 0; i < net->nb_queues; i++) {
		struct guest_net_queue *q = &net->queues[i];
		struct guest_vring_stats stats;
		struct guest_vring *ring;

		guest_net_take_back(net, i);
		ret = guest_net_new_ring(net, &ring);
		if (ret != 0)
			break;
		guest_vring_stats(q->ring, &stats);
		guest_net_add_ring_stats(&q->stats.ring, &stats);
		guest_vring_destroy(q->ring);
		q->ring = ring;
	}
	return ret;
}

int
guest_net_negotiated(struct guest_net *net, uint64_t features, uint32_t rx_buffer)
{
	uint64_t before = net->attr.features;
	uint32_t len_before = net->rx_len;
	int ret = guest_net_take_features(net, features, rx_buffer);

	if (ret != 0 || (before == net->attr.features && len_before == net->rx_len))
		return ret;
	return guest_net_reset(net);
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

	if (!guest_vring_has_new(q->ring))
		return;
	if (!guest_vring_publish(q->ring)) {
		guest_net_count(&q->stats.kicks_spared, 1);
		return;
	}
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
		struct guest_vring_seg seg = { slot->gpa, net->rx_len };
		struct guest_vring_chain chain = { .segs = &seg, .nb_in = 1, .cookie = slot };

		if (guest_vring_add(ring, &chain) != 0) {
			guest_pool_put(slot);
			break;
		}
	}
	guest_net_publish(net, 2 * pair);
}

void
guest_net_cross_out_on(struct guest_net *net)
{
	net->cross_out = true;
}

void
guest_net_cross_out_off(struct guest_net *net)
{
	net->cross_out = false;
}

/* The last byte of a buffer that was handed on: payload, whatever the frame's headers are. */
static void
guest_net_cross_out(struct guest_net *net, const struct guest_vring_used *used)
{
	struct guest_slot *slot = used->cookie;

	if (!net->cross_out || used->len == 0)
		return;
	slot->hva[used->len - 1] ^= 0xff;
	guest_mem_wrote(net->attr.mem, slot->gpa + used->len - 1, 1);
}

/* How many buffers the frame says that it is in. Where they do not merge it is in one, whatever is said:
 * rte_vhost 22.11 leaves there what the buffer held before, and no driver reads it. */
static uint16_t
guest_net_num_buffers(const struct guest_net *net, const struct virtio_net_hdr_mrg_rxbuf *hdr)
{
	bool merge = (net->attr.features & GUEST_NET_F_MRG_RXBUF) != 0;

	return merge ? le16toh(hdr->num_buffers) : 1;
}

/* Without segmentation the header is 0 but for num_buffers, and DATA_VALID where check sums were
 * asked for (5.1.6.4.1). */
static bool
guest_net_header_ok(const struct guest_net *net, const struct virtio_net_hdr_mrg_rxbuf *hdr)
{
	bool csum = (net->attr.features & GUEST_NET_F_GUEST_CSUM) != 0;
	uint16_t nb = guest_net_num_buffers(net, hdr);

	if ((hdr->hdr.flags & ~(csum ? VIRTIO_NET_HDR_F_DATA_VALID : 0)) != 0 ||
			hdr->hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return false;
	return nb >= 1 && nb <= net->attr.ring_size;
}

static void
guest_net_give(struct guest_net *net, unsigned int pair, const uint8_t *frame, uint32_t len,
		const struct guest_net_taker *taker)
{
	struct guest_net_stats *stats = &net->queues[2 * pair].stats;

	if (len < GUEST_NET_ETH_LEN) {
		guest_net_count(&stats->short_used, 1);
		return;
	}
	guest_net_count(&stats->frames, 1);
	guest_net_count(&stats->bytes, len);
	taker->cb(taker->arg, pair, frame, len);
}

/* Appends @len bytes at @from to the frame of @at bytes. @return whether it is a piece of a frame. */
static bool
guest_net_append(struct guest_net *net, uint32_t *at, const uint8_t *from, uint32_t len)
{
	if (len == 0 || len > GUEST_NET_GATHER_MAX - *at)
		return false;
	memcpy(net->gather + *at, from, len);
	*at += len;
	return true;
}

/* Takes the next buffer of a frame. @return whether it is there and good. */
static bool
guest_net_take_piece(struct guest_net *net, unsigned int pair, uint32_t *at)
{
	struct guest_vring_used used;
	int ret = guest_vring_get(net->queues[2 * pair].ring, &used);
	struct guest_slot *slot = used.cookie;
	bool good = false;

	if (ret < 0)
		guest_net_warn(net, 2 * pair, &used);
	if (ret > 0)
		good = guest_net_append(net, at, slot->hva, used.len);
	if (ret > 0)
		guest_net_cross_out(net, &used);
	if (slot != NULL) {
		guest_pool_note_received(slot);
		guest_pool_put(slot);
	}
	return good;
}

/* A frame of @nb buffers, of which @used is the first. */
static void
guest_net_gather(struct guest_net *net, unsigned int pair, const struct guest_vring_used *used,
		uint16_t nb, const struct guest_net_taker *taker)
{
	struct guest_net_stats *stats = &net->queues[2 * pair].stats;
	struct guest_slot *slot = used->cookie;
	uint32_t len = used->len - GUEST_NET_HDR_LEN, at = 0;
	/* nothing of a frame behind the header would be odd, but is not forbidden */
	bool good = len == 0 || guest_net_append(net, &at, slot->hva + GUEST_NET_HDR_LEN, len);

	for (uint16_t i = 1; i < nb; i++)
		good = guest_net_take_piece(net, pair, &at) && good;
	guest_net_count(&stats->merged, 1);
	if (good)
		guest_net_give(net, pair, net->gather, at, taker);
	else
		guest_net_count(&stats->merge_errors, 1);
}

static void
guest_net_deliver(struct guest_net *net, unsigned int pair, const struct guest_vring_used *used,
		const struct guest_net_taker *taker)
{
	struct guest_net_stats *stats = &net->queues[2 * pair].stats;
	struct guest_slot *slot = used->cookie;
	struct virtio_net_hdr_mrg_rxbuf hdr;
	uint16_t nb;
	bool ok;

	guest_pool_note_received(slot);
	if (used->len < GUEST_NET_HDR_LEN) {
		guest_net_count(&stats->short_used, 1);
		return;
	}
	memcpy(&hdr, slot->hva, sizeof(hdr));
	ok = guest_net_header_ok(net, &hdr);
	if (!ok)
		guest_net_count(&stats->odd_header, 1);
	nb = guest_net_num_buffers(net, &hdr);
	if (ok && nb > 1)
		guest_net_gather(net, pair, used, nb, taker);
	else
		guest_net_give(net, pair, slot->hva + GUEST_NET_HDR_LEN,
				used->len - GUEST_NET_HDR_LEN, taker);
	guest_net_cross_out(net, used);
}

unsigned int
guest_net_rx(struct guest_net *net, unsigned int pair, unsigned int max, guest_net_rx_cb cb,
		void *arg)
{
	const struct guest_net_taker taker = { cb, arg };
	struct guest_vring *ring = net->queues[2 * pair].ring;
	struct guest_vring_used used;
	unsigned int nb = 0;
	int ret;

	while (nb < max && (ret = guest_vring_get(ring, &used)) != 0) {
		if (ret < 0)
			guest_net_warn(net, 2 * pair, &used);
		else
			guest_net_deliver(net, pair, &used, &taker);
		if (used.error == GUEST_VRING_INDEX_JUMP)
			return nb; /* the ring is broken: no progress to report */
		if (used.cookie != NULL)
			guest_pool_put(used.cookie);
		nb++;
		if (guest_vring_room(ring) >= net->attr.ring_size / GUEST_NET_REFILL)
			guest_net_rx_fill(net, pair);
	}
	if (nb != 0)
		guest_net_rx_fill(net, pair);
	return nb;
}

/* Descriptors of a transmit chain, at most; a tiny ring has no longer ones. */
static unsigned int
guest_net_tx_parts(const struct guest_net *net)
{
	return net->attr.ring_size < GUEST_NET_TX_PARTS ? net->attr.ring_size : GUEST_NET_TX_PARTS;
}

struct guest_slot *
guest_net_tx_begin(struct guest_net *net, unsigned int pair)
{
	if (guest_vring_room(net->queues[2 * pair + 1].ring) < guest_net_tx_parts(net))
		return NULL;
	return guest_pool_get(net->pool);
}

unsigned int
guest_net_tx_room(struct guest_net *net, unsigned int pair)
{
	unsigned int room =
			guest_vring_room(net->queues[2 * pair + 1].ring) / guest_net_tx_parts(net);
	uint32_t slots = guest_pool_room(net->pool);

	return room < slots ? room : slots;
}

uint8_t *
guest_net_tx_frame(struct guest_slot *slot)
{
	return slot->hva + GUEST_NET_HDR_LEN;
}

/* Cuts header and frame of @len bytes into @nb pieces. */
static void
guest_net_tx_cut(const struct guest_slot *slot, uint32_t len, struct guest_vring_seg *segs,
		unsigned int nb)
{
	static const uint32_t cuts[GUEST_NET_TX_PARTS - 1] = { GUEST_NET_HDR_LEN,
		GUEST_NET_HDR_LEN + GUEST_NET_ETH_LEN };
	uint32_t at = 0, end = GUEST_NET_HDR_LEN + len;

	for (unsigned int i = 0; i < nb; i++) {
		uint32_t to = i + 1 < nb ? cuts[i] : end;

		segs[i] = (struct guest_vring_seg){ slot->gpa + at, to - at };
		at = to;
	}
}

void
guest_net_tx_post(struct guest_net *net, unsigned int pair, struct guest_slot *slot, uint32_t len)
{
	/* By number of the frame: how many descriptors, and are they in a table where there are any? */
	static const struct {
		uint8_t parts;
		bool indirect;
	} layouts[] = {
		{ 1, false },
		{ 2, true },
		{ 1, true },
		{ 2, false },
		{ 1, false },
		{ 3, true },
		{ 1, false },
		{ 3, false },
	};
	unsigned int row = slot->seq % BASE_ARRAY_SIZE(layouts);
	struct guest_vring_seg segs[GUEST_NET_TX_PARTS];
	struct guest_vring_chain chain = {
		.segs = segs,
		.nb_out = layouts[row].parts,
		.indirect = layouts[row].indirect,
		.cookie = slot,
	};

	if (chain.nb_out > guest_net_tx_parts(net))
		chain.nb_out = (uint16_t)guest_net_tx_parts(net);
	guest_net_tx_cut(slot, len, segs, chain.nb_out);

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
	struct guest_vring *ring = net->queues[queue].ring;

	/* Who waits for room to send is woken when there is a good deal of it, where that can be said. */
	if (queue % 2 == 1)
		return guest_vring_irq_after(ring, guest_vring_in_flight(ring) / 2);
	return guest_vring_irq_on(ring);
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
