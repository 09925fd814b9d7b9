/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a set of queues is chosen, then each of them is walked by a task of the
 * pool. A task knows its own queue only; what concerns several (steering, who is replaced when) is
 * done here, by the thread that holds the device's lock, while no task runs.
 *
 * The receive table names objects, and the card destroys none that is named. A queue that stops
 * with its object kept stays in the table: packets for it are dropped, as they would be without. An
 * object that has to go leaves the table first. When none would be left in it, the queues are
 * replaced in two halves, with the table moved to and fro. For a single receive queue the table
 * names one that never runs (mvdpa_park.h), which is made when it is first needed, and kept. Should
 * that fail, steering is taken down, which costs as many commands as two more queues.
 *
 * Starting tries the cheap way first, for all: objects that wait are resumed with one command
 * each. Those for which that cannot be, or was refused, are replaced in a second round.
 *
 * With a new memory key, no object may be left that names the old one: what waits on, because
 * vhost has disabled its ring, goes when the others run.
 */
#include "mvdpa_queues.h"

#include <errno.h>

#include "base_math.h"
#include "mvdpa_log.h"
#include "mvdpa_pool.h"

struct queues_set {
	struct mvdpa_virtq *vq[MVDPA_FLOW_MAX_VIRTQS];
	unsigned int nb;
};

/* --- one queue, on any thread ---------------------------------------------------------------- */

static int
queues_destroy(void *arg, unsigned int i)
{
	const struct queues_set *set = arg;

	return mvdpa_virtq_walk(set->vq[i], MVDPA_WANT_ABSENT);
}

/* One that has to be replaced is no error yet. */
static int
queues_resume(void *arg, unsigned int i)
{
	const struct queues_set *set = arg;
	int ret = mvdpa_virtq_resume(set->vq[i]);

	return ret == -ESTALE ? 0 : ret;
}

static int
queues_replace(void *arg, unsigned int i)
{
	const struct queues_set *set = arg;
	int ret = mvdpa_virtq_walk(set->vq[i], MVDPA_WANT_ABSENT);

	return ret == 0 ? mvdpa_virtq_walk(set->vq[i], MVDPA_WANT_READY) : ret;
}

static int
queues_precreate(void *arg, unsigned int i)
{
	const struct queues_set *set = arg;

	return mvdpa_virtq_precreate(set->vq[i]);
}

/* --- which ones ------------------------------------------------------------------------------ */

typedef bool (*queues_choice)(struct mvdpa_virtq *vq);

static bool
queues_runs(struct mvdpa_virtq *vq)
{
	return mvdpa_virtq_state(vq) == MVDPA_VIRTQ_READY;
}

static bool
queues_waits(struct mvdpa_virtq *vq)
{
	enum mvdpa_virtq_state state = mvdpa_virtq_state(vq);

	return state == MVDPA_VIRTQ_INIT || state == MVDPA_VIRTQ_SUSPENDED;
}

static bool
queues_has_object(struct mvdpa_virtq *vq)
{
	return mvdpa_virtq_state(vq) != MVDPA_VIRTQ_ABSENT;
}

/* The receive table may name it. */
static bool
queues_is_listed(struct mvdpa_virtq *vq)
{
	return mvdpa_virtq_is_rx(vq) && queues_has_object(vq);
}

static bool
queues_is_due(struct mvdpa_virtq *vq)
{
	return vq->enabled && !queues_runs(vq);
}

/* The card may still be writing to the ring, which vhost is about to give away. */
static bool
queues_is_loose(struct mvdpa_virtq *vq)
{
	return queues_waits(vq) && !mvdpa_virtq_has_stopped(vq);
}

static bool
queues_has_old_key(struct mvdpa_virtq *vq)
{
	uint32_t key = mvdpa_virtq_key(vq);

	return queues_waits(vq) && key != 0 && key != mvdpa_mem_key(vq->env->mem);
}

static void
queues_choose_locked(struct mvdpa_dev *dev, queues_choice choice, struct queues_set *set)
		BASE_REQUIRES(dev->lock)
{
	uint32_t i;

	set->nb = 0;
	for (i = 0; i < dev->nb_virtqs; i++) {
		if (choice(&dev->virtqs[i]))
			set->vq[set->nb++] = &dev->virtqs[i];
	}
}

static int
queues_run_locked(struct mvdpa_dev *dev, mvdpa_pool_task task, struct queues_set *set)
		BASE_REQUIRES(dev->lock)
{
	return mvdpa_pool_run(dev->pool, set->nb, task, set);
}

/* --- steering -------------------------------------------------------------------------------- */

static uint32_t
queues_ids_locked(struct mvdpa_dev *dev, queues_choice choice, uint32_t *ids)
		BASE_REQUIRES(dev->lock)
{
	uint32_t i, nb = 0;

	for (i = 0; i < dev->nb_virtqs && nb < dev->steer.rqt_size; i += 2) {
		if (!dev->virtqs[i].leaves && choice(&dev->virtqs[i]))
			ids[nb++] = mvdpa_virtq_id(&dev->virtqs[i]);
	}
	return nb;
}

/* What the table is to name: those that run, or else those that wait. */
static uint32_t
queues_named_locked(struct mvdpa_dev *dev, uint32_t *ids) BASE_REQUIRES(dev->lock)
{
	uint32_t nb = queues_ids_locked(dev, queues_runs, ids);

	return nb != 0 ? nb : queues_ids_locked(dev, queues_waits, ids);
}

static int
queues_name_locked(struct mvdpa_dev *dev, const uint32_t *ids, uint32_t nb) BASE_REQUIRES(dev->lock)
{
	bool had = dev->steer.rqt != NULL;
	int ret = mvdpa_steer_set(&dev->steer, ids, nb);

	if (had && dev->steer.rqt == NULL)
		mvdpa_flow_torn_down(&dev->flows);
	return ret;
}

int
mvdpa_queues_steer_locked(struct mvdpa_dev *dev)
{
	uint32_t ids[MVDPA_STEER_MAX_RQT];
	uint32_t nb = queues_named_locked(dev, ids);

	return queues_name_locked(dev, ids, nb);
}

/* Tells whether the table may name one of them. */
static bool
queues_mark_locked(struct mvdpa_dev *dev, struct queues_set *set, bool leaves)
		BASE_REQUIRES(dev->lock)
{
	bool rx = false;
	unsigned int i;

	for (i = 0; i < set->nb; i++) {
		set->vq[i]->leaves = leaves;
		rx |= queues_is_listed(set->vq[i]);
	}
	return rx;
}

/* Their objects are about to go. */
static void
queues_leave_locked(struct mvdpa_dev *dev, struct queues_set *set) BASE_REQUIRES(dev->lock)
{
	if (queues_mark_locked(dev, set, true))
		mvdpa_queues_steer_locked(dev); /* an error leaves no table: nothing is named */
	queues_mark_locked(dev, set, false);
}

/* A receive queue's number for the one that never runs: beyond all others, or one that vhost does
 * not want. */
static bool
queues_spare_locked(struct mvdpa_dev *dev, uint16_t *index) BASE_REQUIRES(dev->lock)
{
	uint32_t i = dev->nb_virtqs;

	if (i < dev->cap.max_virtqs) {
		*index = (uint16_t)i;
		return true;
	}
	while (i >= 2) {
		i -= 2;
		*index = (uint16_t)i;
		if (!dev->virtqs[i].enabled && !queues_has_object(&dev->virtqs[i]))
			return true;
	}
	return false;
}

static int
queues_park_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	uint16_t index;
	uint32_t id;
	int ret;

	if (dev->park.obj == NULL && !queues_spare_locked(dev, &index))
		return -ENOSPC;
	ret = mvdpa_park_make(&dev->park, &dev->env,
			dev->park.obj != NULL ? dev->park.index : index);
	if (ret != 0)
		return ret;
	id = mvdpa_park_id(&dev->park);
	return queues_name_locked(dev, &id, 1);
}

/* Their objects are about to go, and others to come in their place. */
static void
queues_step_aside_locked(struct mvdpa_dev *dev, struct queues_set *set) BASE_REQUIRES(dev->lock)
{
	uint32_t ids[MVDPA_STEER_MAX_RQT];
	bool last;

	last = queues_mark_locked(dev, set, true) && queues_named_locked(dev, ids) == 0;
	queues_mark_locked(dev, set, false);
	if (!last || dev->steer.rqt == NULL || queues_park_locked(dev) != 0)
		queues_leave_locked(dev, set);
}

/* vhost wants the number that it borrowed. */
static void
queues_yield_locked(struct mvdpa_dev *dev) BASE_REQUIRES(dev->lock)
{
	uint16_t index = dev->park.index;

	if (dev->park.obj == NULL || index >= dev->nb_virtqs || !dev->virtqs[index].enabled)
		return;
	mvdpa_queues_steer_locked(dev); /* names it no more */
	mvdpa_park_destroy(&dev->park);
}

static void
queues_take_away_locked(struct mvdpa_dev *dev, struct queues_set *set) BASE_REQUIRES(dev->lock)
{
	queues_leave_locked(dev, set);
	queues_run_locked(dev, queues_destroy, set);
}

/* --- replacing ------------------------------------------------------------------------------- */

static int
queues_replace_together_locked(struct mvdpa_dev *dev, struct queues_set *set)
		BASE_REQUIRES(dev->lock)
{
	queues_step_aside_locked(dev, set);
	return queues_run_locked(dev, queues_replace, set);
}

/* Receive queues whose objects go, and those whose stay. */
static void
queues_count_rx_locked(struct mvdpa_dev *dev, const struct queues_set *set, uint32_t *nb_go,
		uint32_t *nb_stay) BASE_REQUIRES(dev->lock)
{
	unsigned int i;

	*nb_go = 0;
	*nb_stay = 0;
	for (i = 0; i < dev->nb_virtqs; i += 2)
		*nb_stay += queues_is_listed(&dev->virtqs[i]);
	for (i = 0; i < set->nb; i++)
		*nb_go += queues_is_listed(set->vq[i]);
	*nb_stay -= *nb_go;
}

static int
queues_replace_locked(struct mvdpa_dev *dev, const struct queues_set *set) BASE_REQUIRES(dev->lock)
{
	uint32_t nb_go, nb_stay, nb_seen = 0;
	struct queues_set half[2] = { 0 };
	unsigned int i, h;
	int ret;

	queues_count_rx_locked(dev, set, &nb_go, &nb_stay);
	for (i = 0; i < set->nb; i++) {
		nb_seen += queues_is_listed(set->vq[i]);
		h = nb_stay == 0 && nb_go > 1 && nb_seen > nb_go / 2 ? 1 : 0;
		half[h].vq[half[h].nb++] = set->vq[i];
	}
	ret = queues_replace_together_locked(dev, &half[0]);
	if (ret == 0 && half[1].nb != 0)
		ret = queues_replace_together_locked(dev, &half[1]);
	return ret;
}

/* --- all of them ----------------------------------------------------------------------------- */

void
mvdpa_queues_precreate_locked(struct mvdpa_dev *dev)
{
	struct queues_set set = { .nb = dev->env.nb_blank };
	unsigned int i;

	if (set.nb == 0)
		return;
	for (i = 0; i < set.nb; i++)
		set.vq[i] = &dev->virtqs[i];
	if (queues_run_locked(dev, queues_precreate, &set) != 0 ||
			mvdpa_queues_steer_locked(dev) != 0)
		base_warn(&mvdpa_log, "%s: not all queues were made beforehand", dev->name);
}

void
mvdpa_queues_stop_locked(struct mvdpa_dev *dev)
{
	struct queues_set set;

	queues_choose_locked(dev, queues_runs, &set);
	mvdpa_halt_run(&dev->halt, dev->pool, set.vq, set.nb);
	queues_choose_locked(dev, queues_is_loose, &set);
	queues_take_away_locked(dev, &set);
}

int
mvdpa_queues_start_locked(struct mvdpa_dev *dev, enum mvdpa_mem_table way)
{
	struct queues_set set;
	int ret = 0;

	queues_yield_locked(dev);
	queues_choose_locked(dev, queues_is_due, &set);
	if (way != MVDPA_MEM_TABLE_RECREATE)
		ret = queues_run_locked(dev, queues_resume, &set);
	if (ret != 0)
		return ret;
	queues_choose_locked(dev, queues_is_due, &set);
	ret = queues_replace_locked(dev, &set);
	if (ret == 0)
		ret = mvdpa_queues_steer_locked(dev);
	if (ret != 0)
		return ret;
	queues_choose_locked(dev, queues_has_old_key, &set);
	queues_take_away_locked(dev, &set);
	return 0;
}

void
mvdpa_queues_drop_locked(struct mvdpa_dev *dev)
{
	struct queues_set set;

	queues_choose_locked(dev, queues_runs, &set);
	mvdpa_halt_run(&dev->halt, dev->pool, set.vq, set.nb);
	queues_choose_locked(dev, queues_has_object, &set);
	queues_mark_locked(dev, &set, true);
	mvdpa_queues_steer_locked(dev); /* down */
	queues_mark_locked(dev, &set, false);
	queues_run_locked(dev, queues_destroy, &set);
	mvdpa_park_destroy(&dev->park);
}

/* --- one of them ----------------------------------------------------------------------------- */

int
mvdpa_queues_start_one_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq)
{
	struct queues_set set = { .vq = { vq }, .nb = 1 };
	int ret;

	queues_yield_locked(dev);
	ret = mvdpa_virtq_resume(vq);
	if (ret == -ESTALE)
		ret = queues_replace_locked(dev, &set);
	if (ret == 0 && mvdpa_virtq_is_rx(vq))
		ret = mvdpa_queues_steer_locked(dev);
	if (ret != 0) {
		queues_take_away_locked(dev, &set); /* the others go on */
		mvdpa_queues_steer_locked(dev);
	}
	return ret;
}

void
mvdpa_queues_stop_one_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq)
{
	struct queues_set set = { .vq = { vq }, .nb = 1 };

	mvdpa_virtq_walk(vq, MVDPA_WANT_SUSPENDED);
	if (!mvdpa_virtq_has_stopped(vq))
		queues_take_away_locked(dev, &set);
	else if (mvdpa_virtq_is_rx(vq))
		mvdpa_queues_steer_locked(dev);
}

void
mvdpa_queues_destroy_one_locked(struct mvdpa_dev *dev, struct mvdpa_virtq *vq)
{
	struct queues_set set = { .vq = { vq }, .nb = 1 };

	queues_step_aside_locked(dev, &set);
	queues_run_locked(dev, queues_destroy, &set);
}
