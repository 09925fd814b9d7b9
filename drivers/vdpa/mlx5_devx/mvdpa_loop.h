/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A thread that waits for files and calls a function for each that is readable, until it is told
 * to stop.
 */
#ifndef MVDPA_LOOP_H
#define MVDPA_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base_log.h"
#include "mvdpa_compat.h"

struct mvdpa_loop {
	int epoll_fd; /**< files may be added and removed from any thread; -1: not open */
	int stop_fd;
	uint32_t core; /**< CPU that the thread stays on, UINT32_MAX: wherever EAL puts it */
	mvdpa_thread thread;
	bool running;
	/** Called by the thread, without any lock held. A file that was removed while it was
	 * readable may be told of once more. */
	void (*ready)(void *arg, uint64_t tag);
	void *arg;
	const struct base_log *log;
};

/** A loop that mvdpa_loop_close() has nothing to do for. */
void mvdpa_loop_init(struct mvdpa_loop *loop, const struct base_log *log);
/** Makes it possible to add files. @return 0 or -errno; close in any case. */
int mvdpa_loop_open(struct mvdpa_loop *loop);
/** @p tag says which file it is; UINT64_MAX is taken. */
int mvdpa_loop_add(struct mvdpa_loop *loop, int fd, uint64_t tag);
void mvdpa_loop_remove(struct mvdpa_loop *loop, int fd);
/** Starts the thread; ready, arg and core are set by then. */
int mvdpa_loop_start(struct mvdpa_loop *loop, const char *name);
/** Tells the thread to stop and waits for it; not from the thread, nor with a lock that ready()
 * takes. Twice is as good as once. */
void mvdpa_loop_stop(struct mvdpa_loop *loop);
void mvdpa_loop_close(struct mvdpa_loop *loop);

#endif /* MVDPA_LOOP_H */
