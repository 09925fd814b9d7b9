/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: first the goal: what vhost has for the ring now, and where it goes on. Then
 * what firmware has (vq->hw) is compared with what it should have (mvdpa_virtq_diff.h). A
 * queue that waits, made beforehand (INIT) or stopped (SUSPENDED), mostly needs one command that
 * carries the differences and the new state: the memory key after SET_MEM_TABLE, addresses and
 * indices after a guest's reset, nothing but the state after a stop.
 *
 * The indices of a suspended object stay as they are if the ring goes on in the same life: the
 * card may know more than the two numbers tell. If the ring begins another one, they are written
 * anew, unless something is in flight: then only a new object has certainly forgotten it.
 *
 * Cards differ in what they take. Linux was told to start from INIT (not from SUSPENDED) with two
 * commands, fields first; so a command that was refused as invalid is tried in two. What a suspended
 * queue is refused, and a new object is not, is remembered for the device (struct
 * mvdpa_virtq_learned). What was taken before is not unlearnt: then the refusal was an accident, or
 * the object was no longer what we took it for.
 *
 * A command to start whose answer is an error may have been carried out (a lost answer); before
 * another object takes over the ring, the card is asked whether this one runs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mvdpa_event.h"
#include "mvdpa_features.h"
#include "mvdpa_virtq_diff.h"
#include "mvdpa_virtq_priv.h"

/* --- the goal -------------------------------------------------------------------------------- */

int
mvdpa_virtq_start_ring(const struct mvdpa_virtq *vq, struct rte_vhost_vring *vring,
		struct mvdpa_ring *ring)
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

/*
 * Where the ring goes on, and whether the object that was suspended may go on as it is. A ring at
 * another place, or of another size, is another one, even if its index happens to be that at which
 * the one before stopped (0, often): what was in flight there must not be looked for here.
 */
static void
start_index_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct mvdpa_virtq_goal *goal = &vq->goal;
	struct mvdpa_index_start start = {
		.policy = vq->env->policy,
		.saved = vq->stats.saved,
		.same_life = vq->same_life && mvdpa_ring_same_place(&goal->ring, &vq->ring),
		.size = goal->ring.size,
		.type = goal->ring.type,
	};

	if (rte_vhost_get_vring_base(vq->env->vid, vq->index, &start.base.avail,
			    &start.base.used) != 0) {
		vq_warn(vq, "vhost has no base");
		start.base.used = mvdpa_ring_used_idx(&goal->ring, vq->stats.saved.used);
		start.base.avail = start.base.used;
	}
	start.used_idx = mvdpa_ring_used_idx(&goal->ring, start.base.used);
	goal->told = start.base.used;
	goal->start = mvdpa_index_at_start(&start);
	goal->goes_on = start.same_life && start.base.used == vq->stats.saved.used &&
			start.used_idx == vq->stats.saved.used;
}

int
mvdpa_virtq_start_goal_locked(struct mvdpa_virtq *vq)
{
	struct mvdpa_virtq_goal *goal = &vq->goal;
	int ret;

	memset(goal, 0, sizeof(*goal));
	goal->features = vq->env->features;
	goal->mkey = mvdpa_mem_key(vq->env->mem);
	ret = mvdpa_virtq_start_ring(vq, &goal->vring, &goal->ring);
	if (ret == 0)
		start_index_locked(vq);
	return ret;
}

void
mvdpa_virtq_start_blank_locked(struct mvdpa_virtq *vq)
{
	memset(&vq->goal, 0, sizeof(vq->goal));
	vq->goal.ring.type = PRM_VIRTQ_SPLIT;
	vq->goal.ring.size = vq->env->blank_size;
	vq->goal.features = vq->env->blank_features;
}

static void
start_attr_locked(struct mvdpa_virtq *vq, struct mvdpa_index start, struct devx_virtq_attr *attr)
		BASE_REQUIRES(vq->lock)
{
	struct mvdpa_virtq_parts parts = {
		.index = vq->index,
		.ring = &vq->goal.ring,
		.start = start,
		.features = vq->goal.features,
		.mkey = vq->goal.mkey,
		.pd = devx_dev_pd(vq->env->devx),
		.period = vq->env->period,
		.tisn = vq->env->tis[vq->index / 2 % vq->env->nb_tis],
		.event_qpn = vq->goal.ring.polled ? 0 : devx_qp_fw_id(vq->res.qp),
		.counters = vq->res.counters != NULL ? devx_obj_id(vq->res.counters) : 0,
	};

	mvdpa_res_umems(&vq->res, parts.umem);
	mvdpa_virtq_attr_make(&parts, attr);
}

/* --- the object ------------------------------------------------------------------------------ */

int
mvdpa_virtq_start_prepare_locked(struct mvdpa_virtq *vq)
{
	const struct mvdpa_res_attr attr = {
		.devx = vq->env->devx,
		.cap = vq->env->cap,
		.log = vq->env->log,
		.completion = vq->env->completion,
		.error = vq->env->error,
		.size = vq->goal.ring.size,
		.events = !vq->goal.ring.polled,
		.counters = vq->env->cap->virtq_counters,
		.learned = &vq->env->learned->res,
	};

	return mvdpa_res_prepare(&vq->res, &attr);
}

static int
start_object_locked(struct mvdpa_virtq *vq, struct devx_virtq_attr *attr) BASE_REQUIRES(vq->lock)
{
	int ret = mvdpa_virtq_start_prepare_locked(vq);

	if (ret != 0)
		return ret;
	start_attr_locked(vq, vq->goal.start, attr);
	return devx_virtq_create(vq->env->devx, attr, &vq->obj);
}

int
mvdpa_virtq_start_create_locked(struct mvdpa_virtq *vq)
{
	struct devx_virtq_attr attr;
	uint32_t version;
	int ret;

	ret = start_object_locked(vq, &attr);
	if (ret == -EINVAL && mvdpa_res_part(&vq->res))
		ret = start_object_locked(vq, &attr);
	if (ret != 0)
		return ret;
	mvdpa_res_taken(&vq->res, &vq->env->learned->res);
	version = atomic_fetch_add(&vq->version, 1) + 1;
	ret = devx_event_subscribe(vq->env->error, vq->obj, PRM_EVENT_OBJECT_CHANGE,
			mvdpa_event_error_cookie(MVDPA_EVENT_OF_QUEUE, vq->index, version));
	if (ret != 0) {
		devx_obj_destroy(vq->obj);
		vq->obj = NULL;
		vq->res.qp_stale = true;
		return ret;
	}
	vq->hw = attr;
	vq->ring = vq->goal.ring;
	vq->is_new = vq->goal.mkey != 0;
	vq_dbg(vq, "created at avail %u used %u, size %u", attr.hw_available, attr.hw_used,
			attr.size);
	return 0;
}

/* --- one command ----------------------------------------------------------------------------- */

static bool
start_fits_suspended_locked(const struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	if (!vq->resumable)
		return false;
	return vq->goal.goes_on || vq->hw.hw_available == vq->hw.hw_used;
}

bool
mvdpa_virtq_start_fits_locked(struct mvdpa_virtq *vq)
{
	struct mvdpa_virtq_goal *goal = &vq->goal;

	if (vq->is_new) { /* made for this goal */
		goal->attr = vq->hw;
		goal->select = PRM_VIRTQ_MOD_STATE;
		return true;
	}
	if (vq->is_refused || vq->obj == NULL || vq->res.broken)
		return false;
	if (!goal->ring.polled && (vq->res.qp == NULL || vq->res.qp_stale))
		return false; /* event objects are made with the queue */
	if (vq->state == MVDPA_VIRTQ_SUSPENDED) {
		if (!start_fits_suspended_locked(vq))
			return false;
		if (goal->goes_on)
			goal->start = (struct mvdpa_index){ vq->hw.hw_available, vq->hw.hw_used };
	}
	start_attr_locked(vq, goal->start, &goal->attr);
	if (!mvdpa_virtq_fits(&vq->hw, &goal->attr, vq->env->cap, &goal->select))
		return false;
	return vq->state != MVDPA_VIRTQ_SUSPENDED ||
			(goal->select & atomic_load(&vq->env->learned->refused)) == 0;
}

static int
start_modify_locked(struct mvdpa_virtq *vq, uint64_t select) BASE_REQUIRES(vq->lock)
{
	return select != 0 ? devx_virtq_modify(vq->obj, &vq->goal.attr, select) : 0;
}

static int
start_in_two_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	int ret = start_modify_locked(vq, vq->goal.select & ~PRM_VIRTQ_MOD_STATE);

	return ret == 0 ? start_modify_locked(vq, PRM_VIRTQ_MOD_STATE) : ret;
}

static bool
start_is_refusal(int error)
{
	return error == -EINVAL || error == -EOPNOTSUPP;
}

/* Fields and state, in the way that this card is known to take. */
static int
start_command_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct mvdpa_virtq_learned *learned = vq->env->learned;
	unsigned int from = 1u << vq->state;
	int ret;

	if (vq->goal.select == PRM_VIRTQ_MOD_STATE)
		return start_modify_locked(vq, vq->goal.select);
	if ((atomic_load(&learned->two_commands) & from) != 0)
		return start_in_two_locked(vq);
	ret = start_modify_locked(vq, vq->goal.select);
	if (ret == 0)
		atomic_fetch_or(&learned->one_command, from);
	if (!start_is_refusal(ret))
		return ret;
	ret = start_in_two_locked(vq);
	if (ret == 0 && (atomic_load(&learned->one_command) & from) == 0)
		atomic_fetch_or(&learned->two_commands, from);
	return ret;
}

/*
 * The dirty log comes with the state, so that no page is written unlogged. A refusal may mean
 * either; then the log is tried alone, and again when the queue runs, which is when DPDK's own
 * driver does it. With or without, the queue runs.
 */
static int
start_with_log_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct mvdpa_dirty *dirty = vq->env->dirty;
	struct devx_virtq_attr attr = vq->goal.attr;
	int ret, early;
	uint64_t log;

	mvdpa_dirty_wanted(dirty, &attr.log);
	log = mvdpa_dirty_select(dirty, &vq->dirty.hw, &attr.log);
	if (log == 0)
		ret = start_command_locked(vq);
	else
		ret = devx_virtq_modify(vq->obj, &attr, vq->goal.select | log);
	if (ret == 0)
		mvdpa_dirty_done(dirty, &vq->dirty, &attr.log);
	if (ret == 0 || log == 0)
		return ret;
	early = mvdpa_dirty_offer(dirty, &vq->dirty, vq->obj, vq->index);
	ret = start_command_locked(vq);
	if (ret == 0 && early != 0)
		mvdpa_dirty_apply(dirty, &vq->dirty, vq->obj, vq->index);
	return ret;
}

/* What the queue is, whatever the answer was; ERR if the card does not say either. */
static enum prm_virtq_state
start_ask_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct devx_virtq_attr hw = { 0 };

	if (devx_virtq_query(vq->obj, &hw) != 0)
		return PRM_VIRTQ_ERR;
	if (hw.state == PRM_VIRTQ_RDY)
		vq_warn(vq, "the card answered with an error, but it has started the queue");
	return hw.state;
}

static enum mvdpa_flow_way
start_way_locked(const struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	if (vq->is_new)
		return MVDPA_FLOW_WAY_CREATE;
	if (vq->state == MVDPA_VIRTQ_INIT)
		return MVDPA_FLOW_WAY_PRECREATED;
	if (vq->goal.select == PRM_VIRTQ_MOD_STATE)
		return MVDPA_FLOW_WAY_RESUME;
	if (vq->goal.select == (PRM_VIRTQ_MOD_STATE | PRM_VIRTQ_MOD_Q_MKEY))
		return MVDPA_FLOW_WAY_MKEY;
	return MVDPA_FLOW_WAY_MODIFY;
}

/* What a suspended queue was refused was not the ring's fault if a new object takes it, nor the
 * card's way if it has ever taken it. */
static void
start_learn_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	struct mvdpa_virtq_learned *learned = vq->env->learned;
	uint64_t refused;

	if (vq->state == MVDPA_VIRTQ_SUSPENDED)
		atomic_fetch_or(&learned->taken, vq->goal.select);
	refused = vq->is_new ? vq->refused & ~atomic_load(&learned->taken) : 0;
	if (refused != 0) {
		atomic_fetch_or(&learned->refused, refused);
		vq_warn(vq,
				"this card does not resume with changes 0x%" PRIx64
				", from now on queues "
				"are made anew",
				refused);
	}
	vq->refused = 0;
}

/* @p hw_state: a queue that failed while it was suspended would refuse anything. */
static void
start_refused_locked(struct mvdpa_virtq *vq, int error, enum prm_virtq_state hw_state)
		BASE_REQUIRES(vq->lock)
{
	uint64_t fields = vq->goal.select & ~PRM_VIRTQ_MOD_STATE;

	vq->is_refused = true;
	if (vq->state == MVDPA_VIRTQ_SUSPENDED && hw_state == PRM_VIRTQ_SUSPEND &&
			start_is_refusal(error))
		vq->refused = fields != 0 ? fields : PRM_VIRTQ_MOD_STATE;
}

/* Told where a start succeeds: what a queue is to be may be asked several times before. */
static void
start_tell_index_locked(struct mvdpa_virtq *vq) BASE_REQUIRES(vq->lock)
{
	vq->stats.resumed = vq->goal.start;
	if (vq->goal.told == vq->goal.start.used)
		return;
	vq_warn(vq, "vhost said used %u, guest memory says %u: memory counts", vq->goal.told,
			vq->goal.start.used);
	vq->stats.mismatches++;
}

int
mvdpa_virtq_start_ready_locked(struct mvdpa_virtq *vq)
{
	enum prm_virtq_state hw_state = PRM_VIRTQ_RDY;
	int ret;

	vq->goal.attr.state = PRM_VIRTQ_RDY;
	mvdpa_ring_want_kicks(&vq->goal.ring);
	mvdpa_dirty_mark_notify(vq->env->dirty, &vq->goal.ring);
	mvdpa_io_start(&vq->io, vq->goal.ring.polled ? NULL : vq->res.cq, vq->res.qp);
	ret = start_with_log_locked(vq);
	if (ret != 0)
		hw_state = start_ask_locked(vq);
	if (hw_state != PRM_VIRTQ_RDY) {
		mvdpa_io_stop(&vq->io);
		start_refused_locked(vq, ret, hw_state);
		return ret;
	}
	vq->hw = vq->goal.attr;
	vq->ring = vq->goal.ring;
	vq->indices_from_memory = false;
	start_tell_index_locked(vq);
	/* Rings the doorbell and calls the guest once: what was posted or completed while nobody
	 * listened is seen now. A file that cannot be used was logged; the queue runs without. */
	mvdpa_io_attach(&vq->io, vq->goal.vring.kickfd, vq->goal.vring.callfd);
	mvdpa_flow_resumed(vq->env->flows, vq->index, vq->stats.resumed, start_way_locked(vq));
	start_learn_locked(vq);
	vq->is_new = false;
	return 0;
}
