/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A virtio queue: what vhost wants of it, what firmware has, and the way from one to the other.
 *
 * Control functions are called with the device's lock held (by vhost's thread or by recovery); the
 * queue's lock is taken inside. Statistics take this one only: they wait for a walk of their queue
 * that is under way (some commands), not for those of others.
 */
#ifndef MVDPA_VIRTQ_H
#define MVDPA_VIRTQ_H

#include <stdatomic.h>

#include "base_mutex.h"
#include "mvdpa_dirty.h"
#include "mvdpa_flow.h"
#include "mvdpa_io.h"
#include "mvdpa_mem.h"
#include "mvdpa_res.h"
#include "mvdpa_virtq_attr.h"
#include "mvdpa_virtq_state.h"

/** What a device's queues have found out about the card, for as long as it is open. Set by any
 * thread that starts a queue. */
struct mvdpa_virtq_learned {
	struct mvdpa_res_learned res;
	/** enum prm_virtq_modify: what no suspended queue may be given, and what one was given. */
	_Atomic uint64_t refused, taken;
	/** Bits by enum mvdpa_virtq_state: from there a queue was started with fields and state in one
	 * command; it takes two, fields first. */
	atomic_uint one_command, two_commands;
};

/** What all queues of a device share. Changed only with the device's lock held and no queue
 * running. */
struct mvdpa_virtq_env {
	const char *name; /**< of the device */
	const struct base_log *log;
	struct devx_dev *devx;
	const struct devx_cap *cap;
	enum mvdpa_index_policy policy;
	struct mvdpa_mem *mem;
	struct mvdpa_dirty *dirty; /**< log of dirty pages, for live migration */
	struct mvdpa_flow_log *flows; /**< what happens to queues is told here; may be NULL */
	struct devx_event_channel *completion, *error;
	struct mvdpa_period period; /**< how long events may be kept back */
	const uint32_t *tis; /**< transmit side, one a port of the bond */
	uint32_t nb_tis;
	struct mvdpa_virtq_learned *learned;
	/** Virtio features of queues that are made before there is a guest: what is offered, which
	 * most guests take, or what the last one took. */
	uint64_t blank_features;
	uint16_t nb_blank, blank_size; /**< queues to be made before there is a guest */
	int vid; /**< vhost device, -1: none */
	uint64_t features; /**< negotiated */
};

/** What a queue remembers for whoever looks; indices stay after the queue is gone. */
struct mvdpa_virtq_stats {
	struct mvdpa_index saved; /**< at the last stop */
	struct mvdpa_index resumed; /**< at the last start */
	uint64_t mismatches; /**< stops with A != U, or U not that of guest memory */
	uint64_t fallbacks; /**< stops at which the card gave no indices */
	uint64_t recoveries; /**< restarts after a firmware error */
	uint64_t give_ups; /**< errors after which the queue was left down */
};

/** What a queue is to be when it runs, as vhost and the ring say now. */
struct mvdpa_virtq_goal {
	struct rte_vhost_vring vring;
	struct mvdpa_ring ring;
	struct mvdpa_index start;
	bool goes_on; /**< the ring is where it was left, in the same life */
	uint16_t told; /**< the base that vhost had; memory may say otherwise */
	uint64_t features;
	uint32_t mkey; /**< 0: none yet */
	struct devx_virtq_attr attr; /**< for the command that leads there... */
	uint64_t select; /**< ... with these fields */
};

struct mvdpa_virtq {
	const struct mvdpa_virtq_env *env;
	uint16_t index;
	struct mvdpa_io io;
	_Atomic uint32_t version; /**< of the object; an error event of another one is old */

	/* Covered by the device's lock. */
	bool enabled; /**< vhost wants it; survives dev_close */
	bool same_life; /**< the saved indices belong to the ring as it is now */
	bool leaves; /**< about to be destroyed: not to be put in the receive table */
	_Atomic bool down; /**< recovery gave up; only a new wish brings it back. Anybody may look */
	uint64_t error_ns[3]; /**< when the last errors were, 0: never */

	struct base_mutex lock;
	enum mvdpa_virtq_state state BASE_GUARDED_BY(lock);
	struct devx_obj *obj BASE_GUARDED_BY(lock);
	struct devx_virtq_attr
			hw BASE_GUARDED_BY(lock); /**< what firmware has, while there is obj */
	struct mvdpa_ring ring BASE_GUARDED_BY(lock); /**< of the object */
	struct mvdpa_virtq_goal goal BASE_GUARDED_BY(lock); /**< of the walk that is under way */
	bool is_new BASE_GUARDED_BY(lock); /**< was made for the ring as it is, has not run */
	bool is_refused BASE_GUARDED_BY(lock); /**< the card did not start this object */
	uint64_t refused BASE_GUARDED_BY(lock); /**< ... when these fields were to change */
	struct mvdpa_res res BASE_GUARDED_BY(lock);
	struct mvdpa_dirty_queue dirty BASE_GUARDED_BY(lock);
	bool indices_from_memory BASE_GUARDED_BY(lock); /**< the card may still be writing */
	bool resumable BASE_GUARDED_BY(lock); /**< stopped with everything in the object intact */
	struct mvdpa_virtq_stats stats BASE_GUARDED_BY(lock);
	struct devx_counters counters_base BASE_GUARDED_BY(lock); /**< of reset_stats */
};

void mvdpa_virtq_init(struct mvdpa_virtq *vq, const struct mvdpa_virtq_env *env, uint16_t index);
/** The queue must be ABSENT. */
void mvdpa_virtq_fini(struct mvdpa_virtq *vq);

/**
 * Goes from arc to arc until @p wanted is reached. On error the queue stays in the last state it
 * reached; an object that cannot be made to run as it is is replaced (it must not be in the receive
 * table then). Ways to ABSENT and SUSPENDED always succeed: what the card refuses is made up for.
 */
int
mvdpa_virtq_walk(struct mvdpa_virtq *vq, enum mvdpa_virtq_wanted wanted) BASE_EXCLUDES(vq->lock);
/**
 * The first half of READY -> SUSPENDED: tells the card to stop and asks where it stopped; the answer
 * comes from @p channel with the queue's index and @p round. Nothing may be done with the queue
 * until mvdpa_virtq_halted(), which the caller's hold of the device's lock sees to.
 * @return 0: there will be an answer; -errno.
 */
int mvdpa_virtq_halt(struct mvdpa_virtq *vq, struct devx_query_channel *channel, uint32_t round)
		BASE_EXCLUDES(vq->lock);
/** The second half. @param asked 0: @p hw is the answer; else there is none: asks and waits. */
void mvdpa_virtq_halted(struct mvdpa_virtq *vq, int asked, struct devx_virtq_attr *hw)
		BASE_EXCLUDES(vq->lock);
/**
 * Makes the object that waits (INIT, SUSPENDED) run, as vhost wants it now, without replacing it;
 * costs no command if that cannot be.
 * @return 0; -ESTALE: it has to be replaced; -errno: vhost's ring is bad.
 */
int mvdpa_virtq_resume(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/** ABSENT -> INIT before there is a guest, for a ring of env->blank_size entries. Where the card
 * could not fit the object to a guest later, only what it needs is made; nothing, if it is not
 * ABSENT. */
int mvdpa_virtq_precreate(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/**
 * READY -> ERROR, after an error event.
 * @return false: the card says that the queue runs (the event was an old one), or it is not READY.
 */
bool mvdpa_virtq_fail(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/** The next start makes new event objects; the queue cannot be resumed with those that it has. */
void mvdpa_virtq_distrust_events(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/** Are the queue's event objects those of @p version (struct mvdpa_res)? */
bool mvdpa_virtq_events_are(struct mvdpa_virtq *vq, uint32_t version) BASE_EXCLUDES(vq->lock);

enum mvdpa_virtq_state mvdpa_virtq_state(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/** Firmware number of the object; only in states that have one. */
uint32_t mvdpa_virtq_id(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/** Memory key that the object names; 0: none, or there is no object. */
uint32_t mvdpa_virtq_key(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/** Is it certain that the card no longer touches the ring? Not when it refused to suspend. */
bool mvdpa_virtq_has_stopped(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/** Asks the card: did firmware give up a queue that is READY for all we know? */
bool mvdpa_virtq_has_failed(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/** Has vhost another size or other addresses for the ring than the running object? */
bool mvdpa_virtq_ring_changed(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/** Logs dirty pages, or not any more, or elsewhere, as the device wants it now; it runs on.
 * @return 0, also without an object; -errno of the card, which was logged. */
int mvdpa_virtq_log(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);
/** Does its object name this dirty bitmap? */
bool mvdpa_virtq_names_log(struct mvdpa_virtq *vq, uint32_t mkey) BASE_EXCLUDES(vq->lock);
/** Takes vhost's present kick and call files. */
int mvdpa_virtq_attach(struct mvdpa_virtq *vq);
/** Gives back what is kept between lives; the queue must be ABSENT. */
void mvdpa_virtq_forget(struct mvdpa_virtq *vq) BASE_EXCLUDES(vq->lock);

/** Even queues receive (virtio 1.2, 5.1.2). */
static inline bool
mvdpa_virtq_is_rx(const struct mvdpa_virtq *vq)
{
	return vq->index % 2 == 0;
}

#endif /* MVDPA_VIRTQ_H */
