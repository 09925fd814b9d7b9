/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Which vhost-user message is being handled. The vDPA operations do not say why they are called,
 * and two reasons matter: a queue that is "disabled" only to swap its kick or call file need not
 * stop, and after a failed SET_MEM_TABLE vhost has no memory table at all, which it does not
 * check when it is asked for one.
 *
 * A memory table is looked at on the way to vhost: one that would kill the process, or that the
 * device cannot serve, is refused, so that the one before stays in force and a front-end that asked
 * for a reply is told. vhost has not stopped the queues by then.
 *
 * Used by one vhost thread, the one that serves the connection.
 */
#ifndef MVDPA_MESSAGE_H
#define MVDPA_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

struct guard_log;
struct guard_table;

struct mvdpa_message {
	/** Gets the device ready for a memory table; 0 or -errno: the table is refused. */
	int (*prepare)(void *arg, const struct guard_table *table);
	/** vhost has taken a memory table; if it was to stop the device for it, that was before. */
	void (*taken)(void *arg);
	/** Takes a log of dirty pages that vhost is going to take; 0 or -errno: it is refused. */
	int (*log_base)(void *arg, int vid, const struct guard_log *log);
	/** Does the queue run? Then nobody but the card can say where its ring is. */
	bool (*runs)(void *arg, uint32_t queue);
	/** The front-end says where a queue that does not run is to begin. May be NULL. */
	void (*based)(void *arg, uint32_t queue);
	void *arg; /**< for these, which are set once, by the owner */
	uint32_t current; /**< number of the message (VhostUserRequest), 0: not known */
	bool mem_table; /**< the last SET_MEM_TABLE was accepted */
};

/** Follows the messages of @p vid; called at the first sign of the connection, and again. */
void mvdpa_message_follow(struct mvdpa_message *message, int vid);
/** The connection is gone, or what is known has become old. */
void mvdpa_message_forget(struct mvdpa_message *message);

/** The device of connection @p vid (-1: none) is gone: messages that would begin something are
 * refused until mvdpa_message_end(). May be called by any thread. */
void mvdpa_message_shut(int vid);
/** The connection @p vid has ended. */
void mvdpa_message_end(int vid);

/** Is vhost about to replace the kick or call file of a queue? Answers true once a message. */
bool mvdpa_message_swaps_file(struct mvdpa_message *message);
/** Does the front-end stop and start a ring without giving it another life? */
bool mvdpa_message_keeps_life(const struct mvdpa_message *message);
/** Is it a new memory table? */
bool mvdpa_message_sets_memory(const struct mvdpa_message *message);
/** The message was handled to the end. */
void mvdpa_message_done(struct mvdpa_message *message);

#endif /* MVDPA_MESSAGE_H */
