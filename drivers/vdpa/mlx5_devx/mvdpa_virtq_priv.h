/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the files of a queue share: mvdpa_virtq.c chooses the arcs, mvdpa_virtq_start.c and
 * mvdpa_virtq_stop.c run them.
 */
#ifndef MVDPA_VIRTQ_PRIV_H
#define MVDPA_VIRTQ_PRIV_H

#include "mvdpa_virtq.h"

#define VQ_FMT "%s queue %u (%s): "
#define VQ_ARGS(vq) (vq)->env->name, (vq)->index, mvdpa_virtq_state_name((vq)->state)
#define vq_err(vq, fmt, ...) base_err((vq)->env->log, VQ_FMT fmt, VQ_ARGS(vq), ##__VA_ARGS__)
#define vq_warn(vq, fmt, ...) base_warn((vq)->env->log, VQ_FMT fmt, VQ_ARGS(vq), ##__VA_ARGS__)
#define vq_dbg(vq, fmt, ...) base_dbg((vq)->env->log, VQ_FMT fmt, VQ_ARGS(vq), ##__VA_ARGS__)

/** What vhost has for the ring, checked and translated. @return 0 or -errno, logged. */
int mvdpa_virtq_start_ring(const struct mvdpa_virtq *vq, struct rte_vhost_vring *vring,
		struct mvdpa_ring *ring);
/** Asks vhost and the ring what the queue is to be; fills vq->goal. @return 0 or -errno, logged. */
int mvdpa_virtq_start_goal_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock);
/** The goal of a queue that is made before there is a guest. */
void mvdpa_virtq_start_blank_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock);
/** Event QPs, buffers and counters for the goal. */
int mvdpa_virtq_start_prepare_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock);
/** Can one command bring the object to the goal? Then vq->goal has the command. */
bool mvdpa_virtq_start_fits_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock);

/* Arcs; 0 or -errno. */
int mvdpa_virtq_start_create_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock);
int mvdpa_virtq_start_ready_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock);
int mvdpa_virtq_stop_suspend_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock);
/** The first half of it: the card is told to stop and asked where, without waiting. @return 0: there
 * will be an answer; -errno. */
int mvdpa_virtq_stop_begin_locked(struct mvdpa_virtq *vq, struct devx_query_channel *channel,
		uint32_t round) BASE_REQUIRES(vq->lock);
/** The second half. @param asked 0: @p hw is the answer; else it is asked again. */
void mvdpa_virtq_stop_end_locked(struct mvdpa_virtq *vq, int asked, struct devx_virtq_attr *hw)
		BASE_REQUIRES(vq->lock);
int mvdpa_virtq_stop_destroy_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock);
/** Asks for the object's state and indices, a second time if that fails. @return as the query. */
int mvdpa_virtq_stop_ask_locked(struct mvdpa_virtq *vq, struct devx_virtq_attr *hw)
		BASE_REQUIRES(vq->lock);
/** An object has stopped, on command or by itself: keeps what is left of its place.
 * @param asked what the query returned that brought @p hw. */
void mvdpa_virtq_stop_read_locked(struct mvdpa_virtq *vq, int asked,
		const struct devx_virtq_attr *hw) BASE_REQUIRES(vq->lock);

#endif /* MVDPA_VIRTQ_PRIV_H */
