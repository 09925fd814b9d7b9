/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What ports that lead out of the process share: a place for the frame that came and cannot be
 * delivered yet, one for the frame that goes and cannot be sent yet, and when to look.
 */
#ifndef WIRE_OUT_H
#define WIRE_OUT_H

#include <stdatomic.h>

#include "wire_priv.h"

#define WIRE_OUT_FDS 2u

struct wire_out_ops {
	const char *kind;
	/** Looks after connections, when something happened or a second has passed; NULL: none. */
	void (*tend)(struct wire_out *out);
	/**
	 * Fetches one frame; @p buf has room for WIRE_FRAME_MAX bytes.
	 * @return its length, 0 (none there now), or a negative errno (logged; none there now).
	 */
	int (*recv)(struct wire_out *out, void *buf);
	/** @return 0, -EAGAIN (not now) or another negative errno (logged; the frame is gone). */
	int (*send)(struct wire_out *out, const struct wire_frame *frame);
	/** A pause in the traffic: time to write out what is buffered; NULL: nothing is. */
	void (*idle)(struct wire_out *out);
	/** At the process's exit: removes what would be left behind; NULL: nothing would. */
	void (*halt)(struct wire_out *out);
	/** In a child after fork: forgets what is buffered, which is the parent's; NULL: nothing. */
	void (*forked)(struct wire_out *out);
	void (*destroy)(struct wire_out *out); /**< frees its own; the rest is wire_out's */
};

/** The part of every port that leads out; the kinds put their own behind it. */
struct wire_out {
	const struct wire_out_ops *ops;
	struct wire *wire;
	unsigned int port;
	/** Descriptors that tell when there is something to do; -1: none. The second one is waited
	 * for only while there is no first. */
	int fds[WIRE_OUT_FDS];
	bool ticks; /**< tend() is wanted from time to time as well */
	bool polls; /**< there is no descriptor to wait for: recv() is asked on each pass */
	bool dormant; /**< recv() is asked, but waits for something that is not near */
	/* the rest is wire_out.c's */
	atomic_bool ready; /**< set by the watcher */
	unsigned int nb_empty; /**< passes without a frame since it was ready */
	struct wire_hold hold;
	uint8_t *in, *waiting;
	uint32_t in_len, waiting_len; /**< 0: no frame there */
	uint64_t sent; /**< frames so far, */
	uint64_t idle_sent; /**< and at the last pause */
	int last_error;
};

/**
 * Makes a port that leads out in @p net, of @p size bytes (struct wire_out first, the rest zero).
 * It is plugged in; its link is up. @return 0 or a negative errno, logged.
 */
int wire_out_create(struct wire *wire, unsigned int net, const char *name,
		const struct wire_out_ops *ops, size_t size, struct wire_out **out);
/** NULL is fine. */
void wire_out_destroy(struct wire_out *out);
const char *wire_out_kind(const struct wire_out *out);
/** A message about an error of the outside, once as long as it is the same. */
void wire_out_error(struct wire_out *out, const char *what, int error);
/** Head and body as an array for writev() and its like; more pieces than fit are copied first. */
unsigned int wire_out_iov(struct wire_out *out, const struct wire_frame *frame, struct iovec *iov,
		unsigned int nb);

/* --- wire_watch.c: the thread that waits ---------------------------------------------------- */

/** Waits for out->fds from now on; @c ready is set and the engine woken when it is over. */
void wire_watch_arm(struct wire_watch *watch, struct wire_out *out);

#endif /* WIRE_OUT_H */
