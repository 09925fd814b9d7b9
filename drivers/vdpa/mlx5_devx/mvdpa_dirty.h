/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The log of dirty pages of one device (vhost-user, "Migration"): the front-end's bitmap, mapped
 * and registered with the card; what each queue is to be told of it; and marks for what this
 * process writes itself.
 *
 * Changed with the device's lock held. Marks are made by any thread meanwhile that works for its
 * holder (they are atomic), and each queue's part is covered by that queue's lock.
 */
#ifndef MVDPA_DIRTY_H
#define MVDPA_DIRTY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "devx_mr.h"
#include "devx_virtq.h"
#include "mvdpa_mem_plan.h"
#include "mvdpa_virtq_attr.h"

/** What one bit of the log stands for, whatever the pages of host and guest are (vhost). */
#define MVDPA_DIRTY_PAGE 4096u

struct guard_log;
struct mvdpa_dirty_map; /* one bitmap */

struct mvdpa_dirty {
	const char *name; /**< of the device */
	const struct base_log *log;
	struct devx_dev *devx;
	const struct mvdpa_mem_plan *memory; /**< of the guest, as it is now */

	bool wanted; /**< VHOST_F_LOG_ALL is negotiated */
	struct mvdpa_dirty_map *map; /**< in force; NULL: none */
	struct mvdpa_dirty_map *old; /**< replaced, but queues may still name them */

	/* Found out by workers, too. */
	_Atomic bool two_steps; /**< firmware wants bitmap and switch in commands of their own */
	_Atomic bool no_clear; /**< firmware does not take "no bitmap" */
	_Atomic bool refused; /**< firmware does not log, as far as we tried since it was wanted */
	_Atomic bool debt; /**< pages were written that nobody has marked */
	_Atomic uint64_t debts; /**< how often everything had to be marked */
};

/** What a queue remembers of it. Covered by the queue's lock. */
struct mvdpa_dirty_queue {
	struct devx_virtq_log hw; /**< what the object has; all 0 without an object */
	bool unlogged; /**< has run while logging was wanted, but did not log */
};

/** @p name, @p log, @p devx and @p memory must outlive @p dirty. */
void mvdpa_dirty_init(struct mvdpa_dirty *dirty, const char *name, const struct base_log *log,
		struct devx_dev *devx, const struct mvdpa_mem_plan *memory);

/**
 * The front-end's log from now on: a mapping of our own, so that it does not matter what vhost does
 * with its one. Registered if logging is wanted; queues still have the one before until each was
 * told (mvdpa_dirty_apply()).
 * @return 0; -errno when it cannot be mapped, then nothing has changed.
 */
int mvdpa_dirty_take(struct mvdpa_dirty *dirty, const struct guard_log *log);
/**
 * The same with the mapping of vhost (rte_vhost_get_log_base()), for want of the message: marks are
 * left to vhost device @p vid then, which knows how long its mapping is there.
 */
int mvdpa_dirty_adopt(struct mvdpa_dirty *dirty, int vid, void *bits, uint64_t size);
/** Has vhost another log than the one in force, because a message was not seen? */
bool mvdpa_dirty_is_stale(const struct mvdpa_dirty *dirty, const void *bits, uint64_t size);

/** Logging is wanted or not (VHOST_F_LOG_ALL); what is in force is registered when it must. */
void mvdpa_dirty_want(struct mvdpa_dirty *dirty, bool wanted);

/** What a queue should have now; all 0 for nothing. */
void mvdpa_dirty_wanted(const struct mvdpa_dirty *dirty, struct devx_virtq_log *want);
/** The fields (enum prm_virtq_modify) that lead from one to the other, 0: none. */
uint64_t mvdpa_dirty_select(const struct mvdpa_dirty *dirty, const struct devx_virtq_log *hw,
		const struct devx_virtq_log *want);
/** A command has brought a queue to @p want. */
void mvdpa_dirty_done(struct mvdpa_dirty *dirty, struct mvdpa_dirty_queue *queue,
		const struct devx_virtq_log *want);
/**
 * Brings the queue object to what it should have, in one command, or in two where the firmware
 * wants that. What the firmware refuses altogether is remembered as a debt.
 * @return 0, or the firmware's refusal; the queue may run all the same.
 */
int mvdpa_dirty_apply(struct mvdpa_dirty *dirty, struct mvdpa_dirty_queue *queue,
		struct devx_obj *virtq, uint16_t index);
/** As above, for a queue that is about to start: a refusal is not the last word, the queue is to
 * be asked again when it runs. */
int mvdpa_dirty_offer(struct mvdpa_dirty *dirty, struct mvdpa_dirty_queue *queue,
		struct devx_obj *virtq, uint16_t index);
/** The object is gone. */
void mvdpa_dirty_gone(struct mvdpa_dirty_queue *queue);

/** Marks [gpa, gpa + len); does nothing unless logging is wanted and there is a log. */
void mvdpa_dirty_mark(const struct mvdpa_dirty *dirty, uint64_t gpa, uint64_t len);
/** This process wrote the part of the ring that tells the guest whether to kick. */
void mvdpa_dirty_mark_notify(const struct mvdpa_dirty *dirty, const struct mvdpa_ring *ring);
/**
 * A queue has stopped: all that the card may have written of its ring is marked, since cards log
 * buffers but leave the rings to the driver; if it ran without log, a debt is noted.
 */
void mvdpa_dirty_stopped(struct mvdpa_dirty *dirty, struct mvdpa_dirty_queue *queue,
		const struct mvdpa_ring *ring);

/** Pays the debt: marks all guest memory. For when the queues that made it have stopped or log. */
void mvdpa_dirty_settle(struct mvdpa_dirty *dirty);

/** Gives back what is not in use any more: @p named tells whether a queue names a key. */
void
mvdpa_dirty_trim(struct mvdpa_dirty *dirty, bool (*named)(void *arg, uint32_t mkey), void *arg);
/** Gives everything back; no queue may be there. */
void mvdpa_dirty_release(struct mvdpa_dirty *dirty);

/** Sets the bits of [gpa, gpa + len) in a bitmap of @p size bytes; what is behind it is left out. */
void mvdpa_dirty_set_bits(uint8_t *bits, uint64_t size, uint64_t gpa, uint64_t len);

#endif /* MVDPA_DIRTY_H */
