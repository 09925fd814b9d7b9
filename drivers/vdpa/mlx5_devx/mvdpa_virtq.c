/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mvdpa_virtq_walk() asks the pure table (mvdpa_virtq_state.c) for the next
 * arc and runs the function of that arc; the setter logs "A -> B". An arc's function talks to
 * firmware and to vhost and knows nothing of why the queue moves.
 *
 * Queues of one device are walked by several threads at a time, each by one: what they share
 * (mvdpa_virtq_env) does not change meanwhile, the device's lock is held by whoever waits for them.
 */
#include "mvdpa_virtq.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base_math.h"
#include "mvdpa_virtq_priv.h"

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
	base_mutex_lock(&vq->lock);
	assert(vq->state == MVDPA_VIRTQ_ABSENT);
	mvdpa_res_release(&vq->res);
	mvdpa_res_release_counters(&vq->res);
	base_mutex_unlock(&vq->lock);
	mvdpa_io_fini(&vq->io);
	base_mutex_destroy(&vq->lock);
}

static void
virtq_set_state_locked(struct mvdpa_virtq *vq, enum mvdpa_virtq_state to) BASE_REQUIRES(vq->lock)
{
	assert(mvdpa_virtq_arc(vq->state, to));
	base_dbg(vq->env->log, "%s queue %u: %s -> %s", vq->env->name, vq->index,
			mvdpa_virtq_state_name(vq->state), mvdpa_virtq_state_name(to));
	vq->state = to;
}

/* --- walking --------------------------------------------------------------------------------- */

typedef int (*virtq_arc)(struct mvdpa_virtq *vq);

static const struct {
	enum mvdpa_virtq_state from, to;
	virtq_arc run;
} virtq_arcs[] = {
	{ MVDPA_VIRTQ_ABSENT, MVDPA_VIRTQ_INIT, mvdpa_virtq_start_create_locked },
	{ MVDPA_VIRTQ_INIT, MVDPA_VIRTQ_READY, mvdpa_virtq_start_ready_locked },
	{ MVDPA_VIRTQ_INIT, MVDPA_VIRTQ_ABSENT, mvdpa_virtq_stop_destroy_locked },
	{ MVDPA_VIRTQ_READY, MVDPA_VIRTQ_SUSPENDED, mvdpa_virtq_stop_suspend_locked },
	{ MVDPA_VIRTQ_SUSPENDED, MVDPA_VIRTQ_READY, mvdpa_virtq_start_ready_locked },
	{ MVDPA_VIRTQ_SUSPENDED, MVDPA_VIRTQ_ABSENT, mvdpa_virtq_stop_destroy_locked },
	{ MVDPA_VIRTQ_ERROR, MVDPA_VIRTQ_ABSENT, mvdpa_virtq_stop_destroy_locked },
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
		else /* whoever knew the reason has said it */
			vq_dbg(vq, "cannot become %s: %s", mvdpa_virtq_state_name(to),
					strerror(-ret));
		return ret;
	}
	vq_err(vq, "no way to %s", mvdpa_virtq_state_name(to));
	return -EINVAL;
}

/* Is the object, if there is one, what vhost wants now? */
static int
virtq_look_locked(struct mvdpa_virtq *vq, bool *fits) BASE_REQUIRES(vq->lock)
{
	int ret = 0;

	if (!vq->is_new) /* else it was made for the goal */
		ret = mvdpa_virtq_start_goal_locked(vq);
	*fits = ret == 0 && mvdpa_virtq_start_fits_locked(vq);
	return ret;
}

int
mvdpa_virtq_walk(struct mvdpa_virtq *vq, enum mvdpa_virtq_wanted wanted)
{
	enum mvdpa_virtq_state to;
	bool fits = false;
	int ret = 0;

	base_mutex_lock(&vq->lock);
	while (ret == 0) {
		if (wanted == MVDPA_WANT_READY && vq->state != MVDPA_VIRTQ_READY)
			ret = virtq_look_locked(vq, &fits);
		to = mvdpa_virtq_next(vq->state, wanted, fits);
		if (ret != 0 || to == vq->state)
			break;
		ret = virtq_step_locked(vq, to);
		if (to == MVDPA_VIRTQ_READY && !vq->is_new)
			ret = 0; /* an old object that was refused is replaced */
	}
	base_mutex_unlock(&vq->lock);
	return ret;
}

int
mvdpa_virtq_halt(struct mvdpa_virtq *vq, struct devx_query_channel *channel, uint32_t round)
{
	int ret;

	base_mutex_lock(&vq->lock);
	assert(vq->state == MVDPA_VIRTQ_READY);
	ret = mvdpa_virtq_stop_begin_locked(vq, channel, round);
	base_mutex_unlock(&vq->lock);
	return ret;
}

void
mvdpa_virtq_halted(struct mvdpa_virtq *vq, int asked, struct devx_virtq_attr *hw)
{
	base_mutex_lock(&vq->lock);
	mvdpa_virtq_stop_end_locked(vq, asked, hw);
	virtq_set_state_locked(vq, MVDPA_VIRTQ_SUSPENDED);
	base_mutex_unlock(&vq->lock);
}

int
mvdpa_virtq_resume(struct mvdpa_virtq *vq)
{
	bool fits = false;
	int ret = 0;

	base_mutex_lock(&vq->lock);
	if (vq->state == MVDPA_VIRTQ_INIT || vq->state == MVDPA_VIRTQ_SUSPENDED)
		ret = virtq_look_locked(vq, &fits);
	if (ret == 0 && (!fits || virtq_step_locked(vq, MVDPA_VIRTQ_READY) != 0))
		ret = -ESTALE;
	base_mutex_unlock(&vq->lock);
	return ret;
}

int
mvdpa_virtq_precreate(struct mvdpa_virtq *vq)
{
	const struct devx_cap *cap = vq->env->cap;
	int ret = 0;

	base_mutex_lock(&vq->lock);
	if (vq->state == MVDPA_VIRTQ_ABSENT) {
		mvdpa_virtq_start_blank_locked(vq);
		ret = cap->modify_ext && cap->addr_modify && cap->index_modify ?
				virtq_step_locked(vq, MVDPA_VIRTQ_INIT) :
				mvdpa_virtq_start_prepare_locked(vq);
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
		ret = mvdpa_virtq_stop_ask_locked(vq, &hw);
		failed = ret != 0 || hw.state != PRM_VIRTQ_RDY;
		if (failed) {
			mvdpa_virtq_stop_read_locked(vq, ret, &hw);
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

uint32_t
mvdpa_virtq_key(struct mvdpa_virtq *vq)
{
	uint32_t key;

	base_mutex_lock(&vq->lock);
	key = vq->obj != NULL ? vq->hw.mkey : 0;
	base_mutex_unlock(&vq->lock);
	return key;
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
	changed = mvdpa_virtq_start_ring(vq, &vring, &now) != 0 ||
			!mvdpa_ring_same(&now, &vq->ring);
	base_mutex_unlock(&vq->lock);
	return changed;
}

int
mvdpa_virtq_log(struct mvdpa_virtq *vq)
{
	int ret = 0;

	base_mutex_lock(&vq->lock);
	/* One that does not run is told when it starts, unless it names a log that is to go. */
	if (vq->state == MVDPA_VIRTQ_READY || (vq->obj != NULL && vq->dirty.hw.mkey != 0)) {
		mvdpa_flow_touch(vq->env->flows, vq->index);
		ret = mvdpa_dirty_apply(vq->env->dirty, &vq->dirty, vq->obj, vq->index);
	}
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
	if (vq->index >= vq->env->nb_blank || vq->res.size != vq->env->blank_size)
		mvdpa_res_release(&vq->res);
	base_mutex_unlock(&vq->lock);
	vq->enabled = false;
	vq->same_life = false;
	vq->down = false;
	memset(vq->error_ns, 0, sizeof(vq->error_ns));
}
