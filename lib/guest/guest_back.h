/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What comes from the back-end by itself: requests on its own channel (host notifier pages), and
 * the end of the connection. Also the kick, because where it goes to depends on those requests.
 *
 * A thread of its own answers the back-end, since a back-end may ask in the middle of a request of
 * ours and wait for the answer.
 */
#ifndef GUEST_BACK_H
#define GUEST_BACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base_log.h"

#define GUEST_BACK_MAX_QUEUES 256u

struct guest_back;

struct guest_back_attr {
	const char *name; /**< of the guest, for messages; copied */
	unsigned int nb_queues; /**< 1 to GUEST_BACK_MAX_QUEUES */
	int main_fd; /**< the front-end's socket; only its end is watched */
	const struct base_log *log;
};

/** Account of one queue. */
struct guest_back_queue {
	bool mapped; /**< has a host notifier page now */
	uint64_t page_kicks; /**< notifications by a store to the page */
	uint64_t eventfd_kicks;
	uint64_t maps, unmaps; /**< requests that were carried out */
	uint64_t refused; /**< requests that were refused */
};

/** Starts the thread. @return 0, -EINVAL, -ENOMEM, -errno of the system. */
int guest_back_create(const struct guest_back_attr *attr, struct guest_back **back);

/** Ends the thread and unmaps all pages; NULL is fine. */
void guest_back_destroy(struct guest_back *back);

/** The end of the channel that the back-end gets (SET_BACKEND_REQ_FD); stays ours to close. */
int guest_back_peer_fd(const struct guest_back *back);
/** Closes our copy of it, once it was sent; else its end would never be noticed. */
void guest_back_peer_sent(struct guest_back *back);

/** Has the back-end closed the connection? */
bool guest_back_is_gone(const struct guest_back *back);

/**
 * Notifies the device of queue @p queue: stores its number (16 bits, little endian; virtio 1.2,
 * 4.1.5.2) to the host notifier page where there is one, else writes @p kick_fd. Any thread.
 */
void guest_back_kick(struct guest_back *back, unsigned int queue, int kick_fd);

/** Forgets the page of @p queue, as QEMU does when the queue is stopped. */
void guest_back_unmap(struct guest_back *back, unsigned int queue);

void guest_back_queue(struct guest_back *back, unsigned int queue, struct guest_back_queue *info);

#endif /* GUEST_BACK_H */
