/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The fast side of a queue: guest kicks to the card's doorbell, the card's completions to the
 * guest's interrupt. Works between mvdpa_io_start() and mvdpa_io_stop(); its own lock is held for
 * microseconds only, so the fast thread (mvdpa_event.h) never waits for a firmware command.
 */
#ifndef MVDPA_IO_H
#define MVDPA_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "base_log.h"
#include "base_mutex.h"
#include "devx_cq.h"
#include "devx_qp.h"

/** How often the doorbell of a queue is rung whose guest gives no kick file, microseconds. */
#define MVDPA_IO_KICK_POLL_US 100

struct mvdpa_io {
	struct base_mutex lock;
	uint16_t index; /**< of the queue; fixed */
	int epoll_fd; /**< of the fast thread; fixed */
	int attention_fd; /**< eventfd that is written when the queue's events break; fixed */
	void *doorbell; /**< where a queue index is written to; fixed */
	const struct base_log *log; /**< fixed */
	const char *dev_name; /**< fixed */
	int kick_fd BASE_GUARDED_BY(lock); /**< own duplicate, -1: none */
	int call_fd BASE_GUARDED_BY(lock); /**< own duplicate, -1: the guest polls */
	struct devx_cq *cq BASE_GUARDED_BY(lock); /**< NULL: stopped, or nobody wants completions */
	struct devx_qp *qp BASE_GUARDED_BY(lock);
	bool broken BASE_GUARDED_BY(lock); /**< no completion will come any more */
};

void mvdpa_io_init(struct mvdpa_io *io);
void mvdpa_io_fini(struct mvdpa_io *io);

/** Takes completions of @p cq from now on (armed). NULL: the guest polls, and there are none. */
void
mvdpa_io_start(struct mvdpa_io *io, struct devx_cq *cq, struct devx_qp *qp) BASE_EXCLUDES(io->lock);
/** Stops; completions not yet told are told first. Detaches the file descriptors too. */
void mvdpa_io_stop(struct mvdpa_io *io) BASE_EXCLUDES(io->lock);

/**
 * Begins to use these (they are duplicated). -1 says that the guest polls: without a kick file the
 * doorbell is rung every MVDPA_IO_KICK_POLL_US, without a call file the guest is not called;
 * lower numbers are files that are not there yet. The card's doorbell is rung once and the guest
 * is called once, so that nothing that happened in between is missed.
 * @return 0, or -errno where one could not be used (logged; the queue runs on without it).
 */
int mvdpa_io_attach(struct mvdpa_io *io, int kick_fd, int call_fd) BASE_EXCLUDES(io->lock);
void mvdpa_io_detach(struct mvdpa_io *io) BASE_EXCLUDES(io->lock);

/** Tells the card to look at the ring. */
void mvdpa_io_ring(const struct mvdpa_io *io);

/** For the fast thread: the kick file is readable. @return true if a kick was relayed. */
bool mvdpa_io_kicked(struct mvdpa_io *io) BASE_EXCLUDES(io->lock);
/** For the fast thread: takes what has completed and calls the guest. @return how many. */
uint32_t mvdpa_io_take(struct mvdpa_io *io) BASE_EXCLUDES(io->lock);
/** For the fast thread: asks for an event at the next completion. */
void mvdpa_io_ask(struct mvdpa_io *io) BASE_EXCLUDES(io->lock);

/** The completion queue told of an error: no guest will be called until a new start. */
bool mvdpa_io_is_broken(struct mvdpa_io *io) BASE_EXCLUDES(io->lock);

#endif /* MVDPA_IO_H */
