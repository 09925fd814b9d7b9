/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What a queue needs beside its own object and can use again in its next life: the event QP pair
 * with its completion queue, the three firmware buffers, the counters. Not thread-safe: the
 * queue's lock covers it; cq and qp are also used by the event thread (see mvdpa_io.h).
 */
#ifndef MVDPA_RES_H
#define MVDPA_RES_H

#include <stdatomic.h>

#include "devx_cap.h"
#include "devx_counters.h"
#include "devx_cq.h"
#include "devx_event.h"
#include "devx_qp.h"
#include "devx_umem.h"
#include "devx_virtq.h"

/** What is known of a card's way with several objects in one registered memory. Set by any thread
 * that makes a queue. */
struct mvdpa_res_learned {
	_Atomic bool together; /**< it has taken that */
	_Atomic bool apart; /**< it has refused that, and then taken each in memory of its own */
};

/** Page-aligned memory that is registered with the card. */
struct mvdpa_res_buf {
	uint32_t size;
	uint64_t offset; /**< in umem */
	struct devx_umem *umem;
	bool owned; /**< umem is this one's only */
};

struct mvdpa_res {
	uint16_t index;
	uint16_t size; /**< of the ring that these are for, 0: there are none */
	bool qp_stale; /**< a queue object was destroyed: the QPs must be reconnected */
	bool apart; /**< each has memory of its own */
	bool broken; /**< the event objects have failed: they must be made anew */
	uint32_t version; /**< of the event objects; their error events carry it */
	struct devx_cq *cq; /**< with qp: NULL until a ring wants events */
	struct devx_qp *qp;
	struct devx_umem *umem; /**< of all together; NULL: there is none, or they are apart */
	uint8_t *mem; /**< ... its first byte */
	struct mvdpa_res_buf buf[3];
	struct devx_obj *counters; /**< NULL where the card has none */
};

/** What mvdpa_res_prepare() needs to know. */
struct mvdpa_res_attr {
	struct devx_dev *devx;
	const struct devx_cap *cap;
	const struct base_log *log;
	struct devx_event_channel
			*completion; /**< completions are announced here, by queue index */
	struct devx_event_channel *error; /**< and here that none will come (mvdpa_event.h) */
	uint16_t size; /**< of the ring */
	bool events; /**< false: nobody wants them, the queue runs without QP and CQ */
	bool counters; /**< it is counted what it does */
	struct mvdpa_res_learned *learned;
};

/** Makes or freshens everything for a ring of attr->size, in one registered memory if the card
 * takes that; on error there is nothing but the counters left. */
int mvdpa_res_prepare(struct mvdpa_res *res, const struct mvdpa_res_attr *attr);
/** A command that named these was refused: gives all back to be made apart.
 * @return false: they were apart, the refusal has another reason. */
bool mvdpa_res_part(struct mvdpa_res *res);
/** A command that names them was taken. */
void mvdpa_res_taken(const struct mvdpa_res *res, struct mvdpa_res_learned *learned);
/** The three buffers as the queue's object names them. */
void mvdpa_res_umems(const struct mvdpa_res *res, struct devx_virtq_umem umem[3]);
/** Gives all back, the counters only with mvdpa_res_release_counters(). */
void mvdpa_res_release(struct mvdpa_res *res);
void mvdpa_res_release_counters(struct mvdpa_res *res);

#endif /* MVDPA_RES_H */
