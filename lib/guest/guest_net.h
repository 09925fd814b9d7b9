/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A virtio-net driver (virtio 1.2, section 5.1) over split or packed rings in guest memory: receive buffers
 * are posted, frames are sent, any number of queue pairs. Queue 2n receives, queue 2n + 1 transmits
 * (5.1.2); the header has 12 bytes (VERSION_1). No segmentation is negotiated.
 *
 * With MRG_RXBUF (5.1.6.4) receive buffers may be smaller than a frame, which then lies in several:
 * the ring holds fewer frames accordingly, which matters to a back-end that drops what finds no room.
 *
 * Belongs to one thread at a time; guest_net_stats() may be called by any.
 */
#ifndef GUEST_NET_H
#define GUEST_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest_pool.h"
#include "guest_vring.h"

#define GUEST_NET_HDR_LEN 12u
#define GUEST_NET_MAX_PAIRS 64u
#define GUEST_NET_F_GUEST_CSUM (1ULL << 1)
#define GUEST_NET_F_MRG_RXBUF (1ULL << 15)
#define GUEST_NET_RX_BUFFER_MIN 32u /**< bytes of a mergeable receive buffer */
#define GUEST_NET_RX_BUFFER 512u /**< used where an attribute says 0 */
#define GUEST_NET_FRAME_MAX (GUEST_POOL_SLOT_SIZE - GUEST_NET_HDR_LEN) /**< in one buffer */

struct guest_net;

struct guest_net_attr {
	const char *name; /**< of the guest, for messages; copied */
	struct guest_mem *mem;
	unsigned int nb_pairs; /**< 1 to GUEST_NET_MAX_PAIRS */
	uint16_t ring_size;
	bool packed;
	uint64_t features; /**< as for guest_net_negotiated() */
	uint32_t rx_buffer; /**< bytes of a mergeable receive buffer, 0: GUEST_NET_RX_BUFFER */
	uint64_t ring_region; /**< region for the rings, or GUEST_MEM_ANY */
	void (*kick)(void *arg, unsigned int queue); /**< notifies the device */
	/** A frame that was given to the device, but taken back by guest_net_reset(). */
	void (*abandon)(void *arg, uint32_t stream, uint64_t seq);
	void *arg; /**< for both */
	const struct base_log *log;
};

/** Account of one queue. */
struct guest_net_stats {
	struct guest_vring_stats ring; /**< of all rings that the queue had */
	uint64_t frames; /**< received whole, or sent and returned */
	uint64_t bytes; /**< received, or given to the device; without virtio-net header */
	uint64_t short_used; /**< receive: used length below header and Ethernet header */
	uint64_t odd_header; /**< receive: flags, GSO type or num_buffers that cannot be */
	uint64_t merged; /**< receive: frames that lay in more than one buffer */
	uint64_t merge_errors; /**< receive: frames of which a buffer is missing, empty or not good */
	uint64_t kicks;
	uint64_t kicks_spared; /**< times that something was posted and the device wanted no kick */
};

/** Makes the driver with empty rings. @return 0, -EINVAL, -ENOMEM, -ENOENT. */
int guest_net_create(const struct guest_net_attr *attr, struct guest_net **net);

/** Gives all buffers back to their pools and frees all; NULL is fine. */
void guest_net_destroy(struct guest_net *net);

/** From now on buffers are taken from @p pool; those of others return to them as they come back. */
void guest_net_use_pool(struct guest_net *net, struct guest_pool *pool);

/**
 * What a guest's reset does: all chains are taken back, the rings are new, indices 0. The device
 * must have been stopped. @return 0 or -ENOMEM (then the old rings are kept, empty).
 */
int guest_net_reset(struct guest_net *net);

/**
 * What was negotiated, of the features that concern us: GUEST_VRING_F_*, GUEST_NET_F_*. If it is
 * other than before, the rings are made anew, as guest_net_reset() does. @p rx_buffer as in
 * guest_net_attr. @return 0, -EINVAL (@p rx_buffer), -ENOMEM.
 */
int guest_net_negotiated(struct guest_net *net, uint64_t features, uint32_t rx_buffer);

/** The ring of virtqueue @p queue. */
struct guest_vring *guest_net_ring(struct guest_net *net, unsigned int queue);

/** Posts receive buffers while there is room, and notifies the device. */
void guest_net_rx_fill(struct guest_net *net, unsigned int pair);

/** Gets each received frame; @p frame is valid during the call. */
typedef void (*guest_net_rx_cb)(void *arg, unsigned int pair, const uint8_t *frame, size_t len);

/** Takes up to @p max frames, posts new buffers. @return frames and used entries without one. */
unsigned int guest_net_rx(struct guest_net *net, unsigned int pair, unsigned int max,
		guest_net_rx_cb cb, void *arg);

/**
 * From now on a byte of each frame that was received is crossed out once it has been handed on,
 * so that a buffer which comes back without having been written is not taken for a frame: the old
 * one is torn. Ends it. (During a migration: what the device wrote, but did not mark as dirty, is
 * not in the copy.)
 */
void guest_net_cross_out_on(struct guest_net *net);
void guest_net_cross_out_off(struct guest_net *net);

/** A buffer for a frame to be sent on @p pair, to be filled from guest_net_tx_frame() on; NULL when
 * the ring or the pool has no room. */
struct guest_slot *guest_net_tx_begin(struct guest_net *net, unsigned int pair);
uint8_t *guest_net_tx_frame(struct guest_slot *slot);
/** Frames for which guest_net_tx_begin() will have a buffer, if nothing else is done meanwhile. */
unsigned int guest_net_tx_room(struct guest_net *net, unsigned int pair);
/** Posts it; the device sees it after guest_net_tx_flush(). The slot is the driver's again. */
void
guest_net_tx_post(struct guest_net *net, unsigned int pair, struct guest_slot *slot, uint32_t len);
void guest_net_tx_flush(struct guest_net *net, unsigned int pair);
/** Takes back the buffers that the device has sent. @return how many. */
unsigned int guest_net_tx_reap(struct guest_net *net, unsigned int pair);

/** Asks for interrupts of virtqueue @p queue: with EVENT_IDX, for transmit queues when half of what is
 * in flight was sent, else at once. @return true when there is work already. */
bool guest_net_irq_on(struct guest_net *net, unsigned int queue);
void guest_net_irq_off(struct guest_net *net, unsigned int queue);

void guest_net_stats(struct guest_net *net, unsigned int queue, struct guest_net_stats *stats);

#endif /* GUEST_NET_H */
