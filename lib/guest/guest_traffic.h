/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The thread of a guest that moves packets: receives on all queue pairs, checks each frame and
 * books it in the ledger, and sends numbered frames to a peer, closed-loop or paced. As an echo it
 * gives frames of others back to their senders instead of booking them.
 *
 * While it is parked the thread touches neither rings nor buffers: then, and only then, the
 * control thread may. It is parked when created.
 */
#ifndef GUEST_TRAFFIC_H
#define GUEST_TRAFFIC_H

#include <stdint.h>

#include "guest_frame.h"
#include "guest_ledger.h"
#include "guest_net.h"

struct guest_traffic;

/** How the thread learns of packets. */
enum guest_traffic_wait {
	GUEST_TRAFFIC_IRQ, /**< sleeps on the call descriptors */
	GUEST_TRAFFIC_POLL, /**< looks at the rings all the time; interrupts stay off */
};

struct guest_traffic_attr {
	const char *name; /**< of the guest, for messages; copied */
	struct guest_net *net;
	unsigned int nb_pairs;
	const int *call_fds; /**< one per virtqueue, non-blocking; copied */
	struct guest_ledger *ledger;
	uint32_t tx_stream; /**< of pair 0; pair n books stream tx_stream + n */
	uint8_t mac[GUEST_FRAME_MAC_LEN];
	enum guest_traffic_wait wait;
	const struct base_log *log;
};

/** What to send, on every queue pair. */
struct guest_traffic_load {
	uint8_t peer[GUEST_FRAME_MAC_LEN];
	uint32_t frame_len; /**< bytes without FCS, GUEST_FRAME_MIN to GUEST_FRAME_MAX */
	uint32_t window; /**< packets under way at most (closed loop); 0: no limit */
	uint32_t rate; /**< packets per second and pair at most; 0: no limit */
	uint64_t count; /**< packets per pair, then stop; 0: until told */
	uint32_t probe_ms; /**< a closed loop that hears nothing sends one more after this; 0: 10 */
};

/** Account of what came in and is in no ledger. */
struct guest_traffic_stats {
	uint64_t aliens; /**< frames that are not numbered ones */
	uint64_t not_for_us; /**< numbered frames with another destination (flooded) */
	uint64_t unknown_stream;
	uint64_t probes; /**< sent because a closed loop heard nothing */
	uint64_t tx_no_room; /**< times that ring or pool had no room */
	uint64_t sleeps; /**< times that the thread had nothing to do, however short it slept then */
	/** Times that frames lay in a ring whose interrupt had been asked for, nobody raised it, and only
	 * a timer of ours found them: a lost wake-up. */
	uint64_t unannounced;
	uint64_t echoed; /**< frames that were given back to their senders */
	uint64_t echo_waits; /**< times that frames had to wait, as the transmit ring was full */
	uint64_t echo_unfit; /**< torn frames that no buffer of ours can hold: booked as torn here */
};

/** Starts the thread, parked. @return 0, -ENOMEM, -EINVAL, -errno of the system. */
int guest_traffic_create(const struct guest_traffic_attr *attr, struct guest_traffic **traffic);

/** Ends the thread; NULL is fine. */
void guest_traffic_destroy(struct guest_traffic *traffic);

/** Returns when the thread is parked. Calls do not nest. */
void guest_traffic_park(struct guest_traffic *traffic);
void guest_traffic_unpark(struct guest_traffic *traffic);

/** Begins to send (once not parked). @return 0, -EINVAL (lengths). */
int guest_traffic_start(struct guest_traffic *traffic, const struct guest_traffic_load *load);

/** Stops sending; when it returns the last frame is posted. Receiving goes on. */
void guest_traffic_stop(struct guest_traffic *traffic);

/**
 * From now on (once not parked) each frame that comes for us, and is not of a stream of our own, is
 * given back to its sender on the pair where it came, and not booked here: the sender's ledger
 * judges the way there and back. While the transmit ring is full frames wait in the receive ring.
 * Sending is another matter: it may go on beside this.
 */
void guest_traffic_echo_on(struct guest_traffic *traffic);
/** When it returns the last echo is posted; what comes from now on is booked again. */
void guest_traffic_echo_off(struct guest_traffic *traffic);

/** Waits until @p pool has no buffer in use. @return 0, -ETIMEDOUT. */
int guest_traffic_wait_pool(struct guest_traffic *traffic, const struct guest_pool *pool,
		unsigned int timeout_ms);

void guest_traffic_stats(const struct guest_traffic *traffic, struct guest_traffic_stats *stats);

#endif /* GUEST_TRAFFIC_H */
