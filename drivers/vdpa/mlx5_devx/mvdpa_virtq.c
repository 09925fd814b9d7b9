/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mvdpa_virtq_walk() asks the pure table (mvdpa_virtq_state.c) for the next
 * arc and runs the function of that arc; the setter logs "A -> B". An arc's function talks to
 * firmware and to vhost and knows nothing of why the queue moves.
 *
 * Stopping follows the index rule (mvdpa_index.h): SUSPEND, QUERY, the used index of guest memory,
 * save, tell vhost. It cannot fail: without an answer from the card the ring itself says where it
 * is, and because a card that did not stop may still be writing, it is asked again after the
 * object was destroyed.
 */
#include "mvdpa_virtq.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base_math.h"
#include "mvdpa_event.h"
#include "mvdpa_features.h"

#define VQ_FMT "%s queue %u (%s): "
#define VQ_ARGS(vq) (vq)->env->name, (vq)->index, mvdpa_virtq_state_name((vq)->state)
#define vq_err(vq, fmt, ...) base_err((vq)->env->log, VQ_FMT fmt, VQ_ARGS(vq), ##__VA_ARGS__)
#define vq_warn(vq, fmt, ...) base_warn((vq)->env->log, VQ_FMT fmt, VQ_ARGS(vq), ##__VA_ARGS__)
#define vq_info(vq, fmt, ...) base_info((vq)->env->log, VQ_FMT fmt, VQ_ARGS(vq), ##__VA_ARGS__)

void
mvdpa_virtq_init(struct mvdpa_virtq *vq, const struct mvdpa_virtq_env *env, uint16_t index)
{
	vq->env = env;
	vq->index = index;
	vq->res.index = index;
	vq->io.index = index;
	vq->io.log = env->log;
	vq->io.dev_name = env->name;
	mvdpa_io_init(&vq->io);
	base_mutex_init(&vq->lock);
}

void
mvdpa_virtq_fini(struct mvdpa_virtq *vq)
{
	mvdpa_virtq_forget(vq);
	base_mutex_lock(&vq->lock);
	mvdpa_res_release_counters(&vq->res);
	base_mutex_unlock(&vq->lock);
	mvdpa_io_fini(&vq->io);
	base_mutex_destroy(&vq->lock);
}

static void
virtq_set_state_locked(struct mvdpa_virtq *vq, enum mvdpa_virtq_state to) BASE_REQUIRES(vq->lock)
{
	assert(mvdpa_virtq_arc(vq->state, to));
	base_info(vq->env->log, "%s queue %u: %s -> %s", vq->env->name, vq->index,
			mvdpa_virtq_state_name(vq->state), mvdpa_virtq_state_name(to));
	vq->state = to;
}

/* --- starting -------------------------------------------------------------------------------- */

static int
virtq_get_ring(const struct mvdpa_virtq *vq, struct rte_vhost_vring *vring, struct mvdpa_ring *ring)
{
	char who[64];
	const struct mvdpa_ring_place place = {
		.vring = vring,
		.type = mvdpa_features_to_type(vq->env->features),
		.mem = &vq->env->mem->plan,
		.may_be_polled = vq->env->cap->event_modes >> PRM_VIRTQ_EVENT_NO_MSIX & 1,
		.log = vq->env->log,
		.who = who,
	};

	memset(vring, 0, sizeof(*vring));
	snprintf(who, sizeof(who), "%s queue %u", vq->env->name, vq->index);
	if (rte_vhost_get_vhost_vring(vq->env->vid, vq->index, vring) != 0) {
		base_err(vq->env->log, "%s: vhost has no such ring", who);
		return -ENOENT;
	}
	return mvdpa_ring_make(&place, ring);
}

static struct mvdpa_index
virtq_start_index_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct mvdpa_index_start start = {
		.policy = vq->env->policy,
		.saved = vq->stats.saved,
		.same_life = vq->same_life,
		.size = vq->ring.size,
		.type = vq->ring.type,
	};

	if (rte_vhost_get_vring_base(vq->env->vid, vq->index, &start.base.avail,
			    &start.base.used) != 0) {
		vq_warn(vq, "vhost has no base");
		start.base.used = mvdpa_ring_used_idx(&vq->ring, vq->stats.saved.used);
		start.base.avail = start.base.used;
	}
	start.used_idx = mvdpa_ring_used_idx(&vq->ring, start.base.used);
	if (start.base.used != start.used_idx) {
		vq_warn(vq, "vhost says used %u, guest memory says %u: memory counts",
				start.base.used, start.used_idx);
		vq->stats.mismatches++;
	}
	return mvdpa_index_at_start(&start);
}

static int
virtq_prepare_res_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	const struct mvdpa_res_attr attr = {
		.devx = vq->env->devx,
		.cap = vq->env->cap,
		.log = vq->env->log,
		.completion = vq->env->completion,
		.error = vq->env->error,
		.size = vq->ring.size,
		.events = !vq->ring.polled,
	};

	return mvdpa_res_prepare(&vq->res, &attr);
}

static void
virtq_make_attr_locked(struct mvdpa_virtq *vq, struct devx_virtq_attr *attr) BASE_REQUIRES(vq->lock)
{
	struct mvdpa_virtq_parts parts = {
		.index = vq->index,
		.ring = &vq->ring,
		.start = vq->stats.resumed,
		.features = vq->env->features,
		.mkey = mvdpa_mem_key(vq->env->mem),
		.pd = devx_dev_pd(vq->env->devx),
		.period = vq->env->period,
		.tisn = vq->env->tis[vq->index / 2 % vq->env->nb_tis],
		.event_qpn = vq->ring.polled ? 0 : devx_qp_fw_id(vq->res.qp),
		.counters = vq->res.counters != NULL ? devx_obj_id(vq->res.counters) : 0,
	};
	unsigned int i;

	for (i = 0; i < 3; i++)
		parts.umem[i] = (struct devx_virtq_umem){
			.id = devx_umem_id(vq->res.buf[i].umem),
			.size = vq->res.buf[i].size,
		};
	mvdpa_virtq_attr_make(&parts, attr);
}

static int
arc_create_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct rte_vhost_vring vring;
	struct devx_virtq_attr attr;
	uint32_t version;
	int ret;

	ret = virtq_get_ring(vq, &vring, &vq->ring);
	if (ret == 0)
		ret = virtq_prepare_res_locked(vq);
	if (ret != 0)
		return ret;
	vq->stats.resumed = virtq_start_index_locked(vq);
	virtq_make_attr_locked(vq, &attr);
	ret = devx_virtq_create(vq->env->devx, &attr, &vq->obj);
	if (ret != 0)
		return ret;
	version = atomic_fetch_add(&vq->version, 1) + 1;
	ret = devx_event_subscribe(vq->env->error, vq->obj, PRM_EVENT_OBJECT_CHANGE,
			mvdpa_event_error_cookie(MVDPA_EVENT_OF_QUEUE, vq->index, version));
	if (ret != 0) {
		devx_obj_destroy(vq->obj);
		vq->obj = NULL;
		vq->res.qp_stale = true;
		return ret;
	}
	vq_info(vq, "created at avail %u used %u, size %u", attr.hw_available, attr.hw_used,
			attr.size);
	return 0;
}

static int
virtq_modify_state_locked(struct mvdpa_virtq *vq, enum prm_virtq_state state)
		BASE_REQUIRES(vq->lock)
{
	const struct devx_virtq_attr attr = { .index = vq->index, .state = state };

	return devx_virtq_modify(vq->obj, &attr, PRM_VIRTQ_MOD_STATE);
}

/*
 * The dirty log comes with the state, so that no page is written unlogged. A refusal may mean
 * either; then the log is tried alone, and the queue runs with or without.
 */
static int
virtq_run_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct devx_virtq_attr attr = { .index = vq->index, .state = PRM_VIRTQ_RDY };
	uint64_t select;

	mvdpa_dirty_wanted(vq->env->dirty, &attr.log);
	select = mvdpa_dirty_select(vq->env->dirty, &vq->dirty.hw, &attr.log);
	if (devx_virtq_modify(vq->obj, &attr, PRM_VIRTQ_MOD_STATE | select) == 0) {
		mvdpa_dirty_done(vq->env->dirty, &vq->dirty, &attr.log);
		return 0;
	}
	if (select == 0)
		return -EIO;
	mvdpa_dirty_apply(vq->env->dirty, &vq->dirty, vq->obj, vq->index);
	return virtq_modify_state_locked(vq, PRM_VIRTQ_RDY);
}

/* Makes the queue run, from INIT or again from SUSPENDED. */
static int
arc_ready_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct rte_vhost_vring vring;
	struct mvdpa_ring ring;
	int ret;

	ret = virtq_get_ring(vq, &vring, &ring);
	if (ret != 0)
		return ret;
	mvdpa_ring_want_kicks(&ring);
	mvdpa_dirty_mark_notify(vq->env->dirty, &ring);
	mvdpa_io_start(&vq->io, vq->ring.polled ? NULL : vq->res.cq, vq->res.qp);
	ret = virtq_run_locked(vq);
	if (ret != 0) {
		mvdpa_io_stop(&vq->io);
		return ret;
	}
	vq->indices_from_memory = false;
	/* Rings the doorbell and calls the guest once: what was posted or completed while nobody
	 * listened is seen now. A file that cannot be used was logged; the queue runs without. */
	mvdpa_io_attach(&vq->io, vring.kickfd, vring.callfd);
	mvdpa_flow_resumed(vq->env->flows, vq->index, vq->stats.resumed,
			vq->state == MVDPA_VIRTQ_SUSPENDED ? MVDPA_FLOW_WAY_RESUME :
							     MVDPA_FLOW_WAY_CREATE);
	return 0;
}

/* --- stopping -------------------------------------------------------------------------------- */

static void
virtq_publish_locked(struct mvdpa_virtq *vq, struct mvdpa_index index) BASE_REQUIRES(vq->lock)
{
	if (rte_vhost_set_vring_base(vq->env->vid, vq->index, index.avail, index.used) != 0)
		vq_warn(vq, "vhost does not take base %u/%u", index.avail, index.used);
}

static void
virtq_save_locked(struct mvdpa_virtq *vq, const struct devx_virtq_attr *hw) BASE_REQUIRES(vq->lock)
{
	uint16_t used_idx = mvdpa_ring_used_idx(&vq->ring, hw->hw_used);
	struct mvdpa_index_stop stop;

	mvdpa_index_at_stop((struct mvdpa_index){ hw->hw_available, hw->hw_used }, used_idx, &stop);
	if (stop.memory_differs)
		vq_warn(vq, "the card says used %u, guest memory says %u: memory counts",
				hw->hw_used, used_idx);
	if (stop.in_flight)
		vq_warn(vq, "stopped at avail %u, used %u: %u entries in flight are %s",
				stop.saved.avail, stop.saved.used,
				mvdpa_index_in_flight(stop.saved, vq->ring.type, vq->ring.size),
				vq->env->policy == MVDPA_INDEX_USED ? "done again" :
								      "left to the card");
	if (stop.memory_differs || stop.in_flight)
		vq->stats.mismatches++;
	vq->stats.saved = stop.saved;
	vq->resumable = hw->state == PRM_VIRTQ_SUSPEND && !stop.memory_differs;
	virtq_publish_locked(vq, stop.publish);
	mvdpa_flow_saved(vq->env->flows, vq->index, stop.saved,
			stop.memory_differs || stop.in_flight);
	vq_info(vq, "stopped at avail %u used %u", stop.saved.avail, stop.saved.used);
}

/*
 * The card does not tell. Memory does, of a split ring. Of a packed one all that is known is where
 * it was when it started: entries that were returned since are done and returned again, which the
 * guest's driver may not take well. Still the place is the only one that is known to be on a chain's
 * first descriptor; the guest has to reset the device if it minds.
 */
static void
virtq_save_from_memory_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct mvdpa_index_stop stop;

	mvdpa_index_from_memory(mvdpa_ring_used_idx(&vq->ring, vq->stats.resumed.used), &stop);
	vq->stats.saved = stop.saved;
	vq->resumable = false;
	virtq_publish_locked(vq, stop.publish);
}

/* Reads the indices of an object that has stopped by itself or on command. */
static void
virtq_stopped_locked(struct mvdpa_virtq *vq, int asked, const struct devx_virtq_attr *hw)
		BASE_REQUIRES(vq->lock)
{
	mvdpa_io_stop(&vq->io);
	mvdpa_dirty_stopped(vq->env->dirty, &vq->dirty, &vq->ring);
	vq->same_life = true;
	if (asked == 0) {
		virtq_save_locked(vq, hw);
		return;
	}
	vq->indices_from_memory = true;
	vq->stats.fallbacks++;
	virtq_save_from_memory_locked(vq);
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

static int
arc_suspend_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct devx_virtq_attr hw = { 0 };

	int ret;

	/* A refusal is logged; the query then says what the queue does. */
	virtq_modify_state_locked(vq, PRM_VIRTQ_SUSPEND);
	ret = devx_virtq_query(vq->obj, &hw);
	if (ret == 0 && hw.state == PRM_VIRTQ_RDY) {
		vq_err(vq, "the card says that the queue still runs");
		ret = -EIO;
	}
	virtq_stopped_locked(vq, ret, &hw);
	return 0;
}

static int
arc_destroy_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	devx_obj_destroy(vq->obj);
	vq->obj = NULL;
	vq->res.qp_stale = true;
	if (vq->indices_from_memory) {
		/* Now nobody writes any more. */
		mvdpa_dirty_stopped(vq->env->dirty, &vq->dirty, &vq->ring);
		virtq_save_from_memory_locked(vq);
		vq->indices_from_memory = false;
	}
	mvdpa_dirty_gone(&vq->dirty);
	return 0;
}

/* --- walking --------------------------------------------------------------------------------- */

typedef int (*virtq_arc)(struct mvdpa_virtq *vq);

static const struct {
	enum mvdpa_virtq_state from, to;
	virtq_arc run;
} virtq_arcs[] = {
	{ MVDPA_VIRTQ_ABSENT, MVDPA_VIRTQ_INIT, arc_create_locked },
	{ MVDPA_VIRTQ_INIT, MVDPA_VIRTQ_READY, arc_ready_locked },
	{ MVDPA_VIRTQ_INIT, MVDPA_VIRTQ_ABSENT, arc_destroy_locked },
	{ MVDPA_VIRTQ_READY, MVDPA_VIRTQ_SUSPENDED, arc_suspend_locked },
	{ MVDPA_VIRTQ_SUSPENDED, MVDPA_VIRTQ_READY, arc_ready_locked },
	{ MVDPA_VIRTQ_SUSPENDED, MVDPA_VIRTQ_ABSENT, arc_destroy_locked },
	{ MVDPA_VIRTQ_ERROR, MVDPA_VIRTQ_ABSENT, arc_destroy_locked },
};

static int
virtq_step_locked(struct mvdpa_virtq *vq, enum mvdpa_virtq_state to)
		BASE_REQUIRES(vq->lock) BASE_NO_TSA
{
	size_t i;
	int ret;

	for (i = 0; i < BASE_ARRAY_SIZE(virtq_arcs); i++) {
		if (virtq_arcs[i].from != vq->state || virtq_arcs[i].to != to)
			continue;
		ret = virtq_arcs[i].run(vq);
		if (ret == 0)
			virtq_set_state_locked(vq, to);
		else
			vq_err(vq, "cannot become %s: %s", mvdpa_virtq_state_name(to),
					strerror(-ret));
		return ret;
	}
	vq_err(vq, "no way to %s", mvdpa_virtq_state_name(to));
	return -EINVAL;
}

static bool
virtq_resumable_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct rte_vhost_vring vring;
	struct mvdpa_ring now;
	struct mvdpa_index base = { 0 };

	if (!vq->env->cap->freeze_to_rdy || !vq->resumable || !vq->same_life || vq->res.broken)
		return false;
	if (virtq_get_ring(vq, &vring, &now) != 0 || !mvdpa_ring_same(&now, &vq->ring))
		return false;
	/* Another base than the one we gave means that the ring starts a new life. */
	return rte_vhost_get_vring_base(vq->env->vid, vq->index, &base.avail, &base.used) == 0 &&
			base.used == vq->stats.saved.used;
}

int
mvdpa_virtq_walk(struct mvdpa_virtq *vq, enum mvdpa_virtq_wanted wanted)
{
	enum mvdpa_virtq_state to;
	bool resumable;
	int ret = 0;

	base_mutex_lock(&vq->lock);
	while (ret == 0) {
		resumable = vq->state == MVDPA_VIRTQ_SUSPENDED && wanted == MVDPA_WANT_READY &&
				virtq_resumable_locked(vq);
		to = mvdpa_virtq_next(vq->state, wanted, resumable);
		if (to == vq->state)
			break;
		ret = virtq_step_locked(vq, to);
		if (ret != 0 && vq->state == MVDPA_VIRTQ_SUSPENDED) {
			vq->resumable = false; /* build it anew instead */
			ret = 0;
		}
	}
	base_mutex_unlock(&vq->lock);
	return ret;
}

bool
mvdpa_virtq_fail(struct mvdpa_virtq *vq)
{
	struct devx_virtq_attr hw = { 0 };
	bool failed = false;
	int ret;

	base_mutex_lock(&vq->lock);
	if (vq->state == MVDPA_VIRTQ_READY) {
		ret = devx_virtq_query(vq->obj, &hw);
		failed = ret != 0 || hw.state != PRM_VIRTQ_RDY;
		if (failed) {
			virtq_stopped_locked(vq, ret, &hw);
			vq_err(vq, "firmware stopped the queue, error type %u", hw.error_type);
			virtq_set_state_locked(vq, MVDPA_VIRTQ_ERROR);
		}
	}
	base_mutex_unlock(&vq->lock);
	return failed;
}

void
mvdpa_virtq_distrust_events(struct mvdpa_virtq *vq)
{
	base_mutex_lock(&vq->lock);
	vq->res.broken = true;
	base_mutex_unlock(&vq->lock);
}

bool
mvdpa_virtq_events_are(struct mvdpa_virtq *vq, uint32_t version)
{
	bool are;

	base_mutex_lock(&vq->lock);
	are = vq->res.cq != NULL && vq->res.version == version;
	base_mutex_unlock(&vq->lock);
	return are;
}

/* --- questions ------------------------------------------------------------------------------- */

enum mvdpa_virtq_state
mvdpa_virtq_state(struct mvdpa_virtq *vq)
{
	enum mvdpa_virtq_state state;

	base_mutex_lock(&vq->lock);
	state = vq->state;
	base_mutex_unlock(&vq->lock);
	return state;
}

uint32_t
mvdpa_virtq_id(struct mvdpa_virtq *vq)
{
	uint32_t id;

	base_mutex_lock(&vq->lock);
	id = devx_obj_id(vq->obj);
	base_mutex_unlock(&vq->lock);
	return id;
}

bool
mvdpa_virtq_has_stopped(struct mvdpa_virtq *vq)
{
	bool stopped;

	base_mutex_lock(&vq->lock);
	stopped = vq->state != MVDPA_VIRTQ_READY && !vq->indices_from_memory;
	base_mutex_unlock(&vq->lock);
	return stopped;
}

bool
mvdpa_virtq_has_failed(struct mvdpa_virtq *vq)
{
	struct devx_virtq_attr hw = { 0 };
	bool failed = false;

	base_mutex_lock(&vq->lock);
	if (vq->state == MVDPA_VIRTQ_READY && devx_virtq_query(vq->obj, &hw) == 0)
		failed = hw.state == PRM_VIRTQ_ERR;
	base_mutex_unlock(&vq->lock);
	return failed;
}

bool
mvdpa_virtq_ring_changed(struct mvdpa_virtq *vq)
{
	struct rte_vhost_vring vring;
	struct mvdpa_ring now;
	bool changed;

	base_mutex_lock(&vq->lock);
	changed = virtq_get_ring(vq, &vring, &now) != 0 || !mvdpa_ring_same(&now, &vq->ring);
	base_mutex_unlock(&vq->lock);
	return changed;
}

int
mvdpa_virtq_log(struct mvdpa_virtq *vq)
{
	int ret = 0;

	base_mutex_lock(&vq->lock);
	if (vq->obj != NULL)
		ret = mvdpa_dirty_apply(vq->env->dirty, &vq->dirty, vq->obj, vq->index);
	base_mutex_unlock(&vq->lock);
	return ret;
}

bool
mvdpa_virtq_names_log(struct mvdpa_virtq *vq, uint32_t mkey)
{
	bool names;

	base_mutex_lock(&vq->lock);
	names = vq->obj != NULL && vq->dirty.hw.mkey == mkey;
	base_mutex_unlock(&vq->lock);
	return names;
}

int
mvdpa_virtq_attach(struct mvdpa_virtq *vq)
{
	struct rte_vhost_vring vring = { .kickfd = -1, .callfd = -1 };

	if (rte_vhost_get_vhost_vring(vq->env->vid, vq->index, &vring) != 0)
		return -ENOENT;
	return mvdpa_io_attach(&vq->io, vring.kickfd, vring.callfd);
}

void
mvdpa_virtq_forget(struct mvdpa_virtq *vq)
{
	base_mutex_lock(&vq->lock);
	assert(vq->state == MVDPA_VIRTQ_ABSENT);
	mvdpa_res_release(&vq->res);
	base_mutex_unlock(&vq->lock);
	vq->enabled = false;
	vq->same_life = false;
	vq->down = false;
	memset(vq->error_ns, 0, sizeof(vq->error_ns));
}
