/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: stopping follows the index rule (mvdpa_index.h): SUSPEND, QUERY, the used
 * index of guest memory, save, tell vhost. It cannot fail: without an answer from the card the ring
 * itself says where it is, and because a card that did not stop may still be writing, it is asked
 * again after the object was destroyed. Because a packed ring cannot say it, and the ring is read at
 * one's own risk, a command that fails is given a second time before.
 *
 * The arc can be run in two halves, with the question under way in between (mvdpa_halt.c): the queue
 * is READY until its answer was read.
 */
#include <errno.h>

#include "mvdpa_virtq_priv.h"

static void
stop_publish_locked(struct mvdpa_virtq *vq, struct mvdpa_index index) BASE_REQUIRES(vq->lock)
{
	if (rte_vhost_set_vring_base(vq->env->vid, vq->index, index.avail, index.used) != 0)
		vq_warn(vq, "vhost does not take base %u/%u", index.avail, index.used);
}

static void
stop_save_locked(struct mvdpa_virtq *vq, const struct devx_virtq_attr *hw) BASE_REQUIRES(vq->lock)
{
	uint16_t used_idx = mvdpa_ring_used_idx(&vq->ring, hw->hw_used);
	struct mvdpa_index_stop stop;

	mvdpa_index_at_stop((struct mvdpa_index){ hw->hw_available, hw->hw_used }, used_idx, &stop);
	if (stop.memory_differs)
		vq_warn(vq, "the card says used %u, guest memory says %u: memory counts",
				hw->hw_used, used_idx);
	if (stop.in_flight)
		vq_warn(vq, "stopped at avail %u, used %u: %u entries in flight", stop.saved.avail,
				stop.saved.used,
				mvdpa_index_in_flight(stop.saved, vq->ring.type, vq->ring.size));
	if (stop.memory_differs || stop.in_flight)
		vq->stats.mismatches++;
	vq->stats.saved = stop.saved;
	vq->hw.state = hw->state;
	vq->hw.hw_available = hw->hw_available;
	vq->hw.hw_used = hw->hw_used;
	vq->resumable = !stop.memory_differs;
	stop_publish_locked(vq, stop.publish);
	mvdpa_flow_saved(vq->env->flows, vq->index, stop.saved,
			stop.memory_differs || stop.in_flight);
	vq_dbg(vq, "stopped at avail %u used %u", stop.saved.avail, stop.saved.used);
}

/*
 * The card does not tell. Memory does, of a split ring. Of a packed one all that is known is where
 * it was when it started: entries that were returned since are done and returned again, which the
 * guest's driver may not take well. Still the place is the only one that is known to be on a chain's
 * first descriptor; the guest has to reset the device if it minds.
 */
static void
stop_save_from_memory_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct mvdpa_index_stop stop;

	mvdpa_index_from_memory(mvdpa_ring_used_idx(&vq->ring, vq->stats.resumed.used), &stop);
	vq->stats.saved = stop.saved;
	vq->resumable = false;
	stop_publish_locked(vq, stop.publish);
}

void
mvdpa_virtq_stop_read_locked(struct mvdpa_virtq *vq, int asked, const struct devx_virtq_attr *hw)
{
	mvdpa_io_stop(&vq->io);
	mvdpa_dirty_stopped(vq->env->dirty, &vq->dirty, &vq->ring);
	vq->same_life = true;
	if (asked == 0) {
		stop_save_locked(vq, hw);
		return;
	}
	vq->indices_from_memory = true;
	vq->stats.fallbacks++;
	stop_save_from_memory_locked(vq);
	mvdpa_flow_saved(vq->env->flows, vq->index, vq->stats.saved, false);
	if (vq->ring.type == PRM_VIRTQ_PACKED)
		vq_err(vq,
				"the card gives no indices, and a packed ring does not have them: goes "
				"back to %u, where it started",
				vq->stats.saved.used);
	else
		vq_warn(vq, "the card gives no indices, guest memory says used %u",
				vq->stats.saved.used);
}

int
mvdpa_virtq_stop_ask_locked(struct mvdpa_virtq *vq, struct devx_virtq_attr *hw)
{
	return devx_virtq_query(vq->obj, hw) == 0 ? 0 : devx_virtq_query(vq->obj, hw);
}

/* A refusal is logged; the query then says what the queue does. */
static void
stop_command_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	const struct devx_virtq_attr attr = { .index = vq->index, .state = PRM_VIRTQ_SUSPEND };

	devx_virtq_modify(vq->obj, &attr, PRM_VIRTQ_MOD_STATE);
}

/* What the card said after the command; one that says that it runs is told and asked once more. */
static void
stop_judge_locked(struct mvdpa_virtq *vq, int asked, struct devx_virtq_attr *hw)
		BASE_REQUIRES(vq->lock)
{
	if (asked == 0 && hw->state == PRM_VIRTQ_RDY) {
		stop_command_locked(vq);
		asked = mvdpa_virtq_stop_ask_locked(vq, hw);
	}
	if (asked == 0 && hw->state == PRM_VIRTQ_RDY) {
		vq_err(vq, "the card says that the queue still runs");
		asked = -EIO;
	}
	mvdpa_virtq_stop_read_locked(vq, asked, hw);
}

int
mvdpa_virtq_stop_suspend_locked(struct mvdpa_virtq *vq)
{
	struct devx_virtq_attr hw;

	stop_command_locked(vq);
	stop_judge_locked(vq, mvdpa_virtq_stop_ask_locked(vq, &hw), &hw);
	return 0;
}

int
mvdpa_virtq_stop_begin_locked(struct mvdpa_virtq *vq, struct devx_query_channel *channel,
		uint32_t round)
{
	stop_command_locked(vq);
	return devx_virtq_query_post(channel, vq->obj, vq->index, round);
}

void
mvdpa_virtq_stop_end_locked(struct mvdpa_virtq *vq, int asked, struct devx_virtq_attr *hw)
{
	if (asked != 0) /* the second time, as with mvdpa_virtq_stop_ask_locked() */
		asked = devx_virtq_query(vq->obj, hw);
	stop_judge_locked(vq, asked, hw);
}

int
mvdpa_virtq_stop_destroy_locked(struct mvdpa_virtq *vq)
{
	devx_obj_destroy(vq->obj);
	vq->obj = NULL;
	vq->res.qp_stale = true;
	vq->is_new = false;
	vq->is_refused = false;
	if (vq->indices_from_memory) {
		/* Now nobody writes any more. */
		mvdpa_dirty_stopped(vq->env->dirty, &vq->dirty, &vq->ring);
		stop_save_from_memory_locked(vq);
		vq->indices_from_memory = false;
	}
	mvdpa_dirty_gone(&vq->dirty);
	return 0;
}
