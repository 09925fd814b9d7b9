/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The fast side of a queue: guest kicks to the card's doorbell, the card's completions to the
 * guest's interrupt. Works between mvdpa_io_start() and mvdpa_io_stop(); its own lock is held for
 * microseconds only, so the event thread never waits for a firmware command.
 */
#ifndef MVDPA_IO_H
#define MVDPA_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "base_log.h"
#include "base_mutex.h"
#include "devx_cq.h"
#include "devx_qp.h"

struct mvdpa_io {
	struct base_mutex lock;
	uint16_t index; /**< of the queue; fixed */
	int epoll_fd; /**< of the event thread; fixed */
	void *doorbell; /**< where a queue index is written to; fixed */
	const struct base_log *log; /**< fixed */
	const char *dev_name; /**< fixed */
	int kick_fd BASE_GUARDED_BY(lock); /**< own duplicate, -1: none */
	int call_fd BASE_GUARDED_BY(lock); /**< own duplicate, -1: the guest polls */
	struct devx_cq *cq BASE_GUARDED_BY(lock); /**< NULL: stopped */
	struct devx_qp *qp BASE_GUARDED_BY(lock);
};

void mvdpa_io_init(struct mvdpa_io *io);
void mvdpa_io_fini(struct mvdpa_io *io);

/** Takes completions of @p cq from now on (armed). */
void
mvdpa_io_start(struct mvdpa_io *io, struct devx_cq *cq, struct devx_qp *qp) BASE_EXCLUDES(io->lock);
/** Stops; completions not yet told are told first. Detaches the file descriptors too. */
void mvdpa_io_stop(struct mvdpa_io *io) BASE_EXCLUDES(io->lock);

/**
 * Begins to use these (they are duplicated; -1: none). The card's doorbell is rung once and the
 * guest is called once, so that nothing that happened in between is missed.
 * @return 0, or -errno where one could not be used (logged; the queue runs on without it).
 */
int mvdpa_io_attach(struct mvdpa_io *io, int kick_fd, int call_fd) BASE_EXCLUDES(io->lock);
void mvdpa_io_detach(struct mvdpa_io *io) BASE_EXCLUDES(io->lock);

/** Tells the card to look at the ring. */
void mvdpa_io_ring(const struct mvdpa_io *io);

/** For the event thread: the kick file is readable. @return true if a kick was relayed. */
bool mvdpa_io_kicked(struct mvdpa_io *io) BASE_EXCLUDES(io->lock);
/** For the event thread: a completion event arrived. */
void mvdpa_io_completed(struct mvdpa_io *io) BASE_EXCLUDES(io->lock);

#endif /* MVDPA_IO_H */
