/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What happened to a device: its last flows (a start, a stop, a new memory table, ...), each with
 * the queues that it touched, their indices, commands and time. Kept for telemetry, and told in
 * one line of the log when a flow ends.
 *
 * Threads: a flow begins and ends under the device's lock, so there is one at a time; queues are
 * noted by any thread that works for it; readers come from anywhere. All take the log's own lock,
 * and never for longer than a copy, so a reader never waits for firmware.
 */
#ifndef MVDPA_FLOW_H
#define MVDPA_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base_log.h"
#include "base_mutex.h"
#include "mvdpa_index.h"

#define MVDPA_FLOW_DEPTH 32 /**< flows that are kept */
#define MVDPA_FLOW_QUEUES 64 /**< queues of a flow whose indices are kept */
#define MVDPA_FLOW_MAX_VIRTQS 256 /**< vhost's limit; queues from here on are not counted */
#define MVDPA_FLOW_LINE 256 /**< bytes that any line fits in */

enum mvdpa_flow_kind {
	MVDPA_FLOW_PROBE, /**< queues are made beforehand */
	MVDPA_FLOW_START, /**< the first dev_conf of an owner */
	MVDPA_FLOW_STOP, /**< dev_close: GET_VRING_BASE, or the end of a connection */
	MVDPA_FLOW_RESTART, /**< a later dev_conf of the same owner */
	MVDPA_FLOW_SET_MEM_TABLE, /**< dev_close, a new table, dev_conf */
	MVDPA_FLOW_ENABLE, /**< one ring, while the device runs */
	MVDPA_FLOW_DISABLE,
	MVDPA_FLOW_LOG_ON, /**< dirty logging begins, or goes to another place */
	MVDPA_FLOW_LOG_OFF,
	MVDPA_FLOW_RECOVER, /**< after an error of the card */
	MVDPA_FLOW_CLEANUP, /**< dev_cleanup: the owner is gone */
	MVDPA_FLOW_KINDS,
};

/** How a queue came to run (again). */
enum mvdpa_flow_way {
	MVDPA_FLOW_WAY_NONE, /**< it did not */
	MVDPA_FLOW_WAY_CREATE, /**< object made, started */
	MVDPA_FLOW_WAY_PRECREATED, /**< object was there in INIT: modified, started */
	MVDPA_FLOW_WAY_RESUME, /**< was suspended, nothing but its state changed */
	MVDPA_FLOW_WAY_MODIFY, /**< was suspended, other fields changed, too */
	MVDPA_FLOW_WAY_MKEY, /**< was suspended, nothing but memory changed */
	/* These two are found out: whoever makes an object says CREATE. */
	MVDPA_FLOW_WAY_RECREATE, /**< it had run when the flow began */
	MVDPA_FLOW_WAY_TEARDOWN, /**< the same, and steering was taken down meanwhile */
	MVDPA_FLOW_WAYS,
};

/** One queue in a flow. */
struct mvdpa_flow_queue {
	uint16_t index;
	bool was_saved, was_resumed; /**< which of the members below say something */
	bool mismatch; /**< A != U, or U unlike that of guest memory */
	enum mvdpa_flow_way way;
	struct mvdpa_index saved, resumed;
};

struct mvdpa_flow {
	uint64_t seq; /**< 1 for the first flow of the device */
	enum mvdpa_flow_kind kind;
	int result; /**< 0 or -errno */
	uint64_t start_ns; /**< base_clock_ns() */
	uint64_t duration_ns; /**< from begin to end, what vhost did in between included */
	uint64_t outage_ns; /**< from the first queue saved to the last resumed; 0: not both */
	uint64_t commands; /**< of the whole device in that time */
	uint32_t nb_touched; /**< different queues */
	uint32_t nb_saved, nb_mismatch; /**< queues that stopped; those with A != U */
	uint32_t nb_resumed[MVDPA_FLOW_WAYS]; /**< queues that came to run, by way */
	uint32_t nb_queues; /**< entries of @c queues */
	struct mvdpa_flow_queue queues[MVDPA_FLOW_QUEUES];
};

/** Where the number of commands comes from: devx_cmd_total(), in a test something else. */
struct mvdpa_flow_counter {
	uint64_t (*total)(const void *arg);
	const void *arg;
};

struct mvdpa_flow_log {
	const char *name; /**< of the device, first word of each line */
	const struct base_log *log;
	struct mvdpa_flow_counter counter;

	struct base_mutex lock;
	uint32_t depth BASE_GUARDED_BY(lock); /**< begins without an end */
	bool paused BASE_GUARDED_BY(lock); /**< between two legs of one flow */
	uint64_t commands_at_begin BASE_GUARDED_BY(lock);
	uint64_t first_saved_ns BASE_GUARDED_BY(lock), last_resumed_ns BASE_GUARDED_BY(lock);
	uint64_t touched[MVDPA_FLOW_MAX_VIRTQS / 64] BASE_GUARDED_BY(lock); /**< bit: queue */
	uint64_t stopped[MVDPA_FLOW_MAX_VIRTQS / 64] BASE_GUARDED_BY(lock);
	bool torn_down BASE_GUARDED_BY(lock); /**< steering was */
	uint64_t nb_flows BASE_GUARDED_BY(lock); /**< that ended so far */
	struct mvdpa_flow current BASE_GUARDED_BY(lock);
	struct mvdpa_flow ring[MVDPA_FLOW_DEPTH] BASE_GUARDED_BY(lock);
};

/** @p name and @p log must outlive @p flows. */
void mvdpa_flow_init(struct mvdpa_flow_log *flows, const char *name, const struct base_log *log,
		struct mvdpa_flow_counter counter);
void mvdpa_flow_fini(struct mvdpa_flow_log *flows);

/**
 * A flow begins. Inside of another one it becomes part of that (its end ends nothing); after
 * mvdpa_flow_pause() of the same kind it goes on; one that was paused and does not go on ends with
 * -ECANCELED. A recovery, which comes from another thread, ends no other flow: it becomes part of
 * one that is paused. NULL is fine here and below.
 */
void mvdpa_flow_begin(struct mvdpa_flow_log *flows, enum mvdpa_flow_kind kind)
		BASE_EXCLUDES(flows->lock);
/** Ends this leg; the flow goes on with the next begin of its kind (SET_MEM_TABLE: dev_close,
 * then dev_conf). */
void mvdpa_flow_pause(struct mvdpa_flow_log *flows) BASE_EXCLUDES(flows->lock);
/** Is there a flow that goes on? */
bool mvdpa_flow_is_paused(struct mvdpa_flow_log *flows) BASE_EXCLUDES(flows->lock);
/** Ends the flow that is paused, if there is one: its second leg is not to come. */
void mvdpa_flow_end_paused(struct mvdpa_flow_log *flows, int result) BASE_EXCLUDES(flows->lock);
/** Ends it with @p result (0 or -errno) and logs it; of several results the first error counts. */
void mvdpa_flow_end(struct mvdpa_flow_log *flows, int result) BASE_EXCLUDES(flows->lock);

/** Takes the begin back: there was nothing to do, and nothing is told. */
void mvdpa_flow_drop(struct mvdpa_flow_log *flows) BASE_EXCLUDES(flows->lock);

/** Queue @p queue is part of the flow; the next two imply it. */
void mvdpa_flow_touch(struct mvdpa_flow_log *flows, uint16_t queue) BASE_EXCLUDES(flows->lock);
/** It stopped, and @p index is what is kept of its place. */
void mvdpa_flow_saved(struct mvdpa_flow_log *flows, uint16_t queue, struct mvdpa_index index,
		bool mismatch) BASE_EXCLUDES(flows->lock);
/** It runs, having begun at @p index. */
void mvdpa_flow_resumed(struct mvdpa_flow_log *flows, uint16_t queue, struct mvdpa_index index,
		enum mvdpa_flow_way way) BASE_EXCLUDES(flows->lock);
/** Steering was taken down: until it is back, no packet reaches any queue. */
void mvdpa_flow_torn_down(struct mvdpa_flow_log *flows) BASE_EXCLUDES(flows->lock);

/** Copies the flow that ended last (@p age 0), or @p age flows before it.
 * @return false: there is none (any more). */
bool mvdpa_flow_read(struct mvdpa_flow_log *flows, uint32_t age, struct mvdpa_flow *flow)
		BASE_EXCLUDES(flows->lock);

/** The line of the log for @p flow, without the device's name. */
void mvdpa_flow_line(const struct mvdpa_flow *flow, char *line, size_t size);
/** "set_mem_table"; never NULL. */
const char *mvdpa_flow_kind_name(enum mvdpa_flow_kind kind);
/** "mkey modify"; never NULL. */
const char *mvdpa_flow_way_name(enum mvdpa_flow_way way);

#endif /* MVDPA_FLOW_H */
