/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The states of a virtio queue, which arcs there are, and which one leads towards a wish. Pure.
 */
#ifndef MVDPA_VIRTQ_STATE_H
#define MVDPA_VIRTQ_STATE_H

#include <stdbool.h>

/** What firmware is known to have. The comment of a state says what may be done in it. */
enum mvdpa_virtq_state {
	/**
	 * No firmware object. Event QP, CQ, buffers and counters of a former life may be kept.
	 * Operations: create -> INIT. The saved indices may be read.
	 * Caveats: nothing may name the queue in firmware (no RQT entry, no doorbell needed).
	 */
	MVDPA_VIRTQ_ABSENT,
	/**
	 * The object exists and does not run; ring, memory key and indices are those it was
	 * created with, or none yet if that was before there was a guest.
	 * Operations: make ready -> READY; destroy -> ABSENT.
	 */
	MVDPA_VIRTQ_INIT,
	/**
	 * The card serves the ring and owns both indices; guest memory changes under our feet.
	 * Operations: suspend -> SUSPENDED; an error event -> ERROR.
	 * Caveats: nobody but the card may write the used ring; nothing but the state may be
	 * modified; the memory key must stay.
	 */
	MVDPA_VIRTQ_READY,
	/**
	 * The card has stopped; its indices were read back, saved and given to vhost (or, where
	 * that failed, those of guest memory were).
	 * Operations: make ready -> READY, on cards that can, with whatever changed since;
	 * destroy -> ABSENT.
	 * Caveats: it may still be in the receive table, and it still names its memory key.
	 */
	MVDPA_VIRTQ_SUSPENDED,
	/**
	 * Firmware gave the queue up; the reason and the indices were read back and saved.
	 * Operations: destroy -> ABSENT.
	 */
	MVDPA_VIRTQ_ERROR,
};
#define MVDPA_VIRTQ_NB_STATES 5

/** What is wished for; the error state is nobody's wish. */
enum mvdpa_virtq_wanted {
	MVDPA_WANT_ABSENT,
	MVDPA_WANT_INIT,
	MVDPA_WANT_READY,
	MVDPA_WANT_SUSPENDED, /**< stopped, but not thrown away: a first step for many queues */
};
#define MVDPA_VIRTQ_NB_WANTED 4

/** "READY"; never NULL. */
const char *mvdpa_virtq_state_name(enum mvdpa_virtq_state state);

/** Is there an arc @p from -> @p to? (No state has one to itself.) */
bool mvdpa_virtq_arc(enum mvdpa_virtq_state from, enum mvdpa_virtq_state to);

/**
 * The next state on the way from @p state to @p wanted; @p state itself when the wish is
 * fulfilled, or as near as it can be.
 * @param fits the object that waits in INIT or SUSPENDED can be made ready as it is.
 */
enum mvdpa_virtq_state
mvdpa_virtq_next(enum mvdpa_virtq_state state, enum mvdpa_virtq_wanted wanted, bool fits);

#endif /* MVDPA_VIRTQ_STATE_H */
