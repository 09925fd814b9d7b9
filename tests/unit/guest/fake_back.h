/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A vhost-user back-end in a thread, for tests: it sends each frame of transmit queue 2n + 1 back on
 * receive queue 2n, and does one thing wrong where it is told to. While LOG_ALL is on it marks what it
 * writes in the log of SET_LOG_BASE.
 */
#ifndef FAKE_BACK_H
#define FAKE_BACK_H

#include <stdint.h>

#include "guest_msg.h"

#define FAKE_BACK_MAX_QUEUES 8
#define FAKE_BACK_MAX_HEARD 512

/** What it does wrong with one frame, or with one used entry. */
enum fake_fault {
	FAKE_NONE,
	FAKE_LOSE, /**< the frame is dropped */
	FAKE_DUPLICATE, /**< the frame comes twice */
	FAKE_SWAP, /**< the frame comes after the next one */
	FAKE_TEAR, /**< a byte of the payload is turned over */
	FAKE_WRECK, /**< a byte of the numbered header is turned over */
	FAKE_USED_TWICE, /**< the receive buffer is returned twice */
	FAKE_USED_RANGE, /**< an id beyond the ring is returned as well */
	FAKE_USED_LENGTH, /**< the used length is beyond the buffer */
	FAKE_USED_SHORT, /**< the used length is below the header */
	FAKE_SKIP_RX, /**< one receive buffer is passed over */
	FAKE_KEEP_TX, /**< one transmit buffer is never returned */
	FAKE_UNMARKED_RX, /**< from that frame on receive buffers are not marked as dirty */
	FAKE_UNMARKED_USED, /**< from that frame on used rings are not marked as dirty */
};

struct fake_back_attr {
	int fd; /**< its end of the socket; taken over */
	int listen_fd; /**< not 0: takes one connection here instead; stays the caller's */
	uint32_t hang_up_at; /**< closes the connection instead of serving this request; 0: never */
	uint32_t mute_at; /**< serves, but does not answer this request; 0: never */
	/** Changes an answer before it is sent; may be NULL. */
	void (*mutate)(struct guest_msg *reply);
	uint64_t features; /**< to offer; 0: VERSION_1, MQ, PROTOCOL_FEATURES */
	uint64_t protocol; /**< to offer; 0: all that guest_vhost knows */
	enum fake_fault fault;
	uint64_t fault_at; /**< number of the frame, from 0 */
};

struct fake_back;

struct fake_back *fake_back_start(const struct fake_back_attr *attr);
/** Ends the thread; the front-end must have hung up, or be told that we do. */
void fake_back_stop(struct fake_back *back);

/** Requests that it has heard, in order. @return how many. */
unsigned int fake_back_heard(struct fake_back *back, uint8_t heard[FAKE_BACK_MAX_HEARD]);

/** Sends VRING_HOST_NOTIFIER for a page of @p fd and waits for the answer's number. */
int fake_back_notifier(struct fake_back *back, unsigned int queue, int fd, uint64_t *answer);

#endif /* FAKE_BACK_H */
