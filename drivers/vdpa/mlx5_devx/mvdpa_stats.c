/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table row a value: its name and how it is read from a snapshot. The
 * snapshot is taken under the queue's lock: the card's counters (which cannot be cleared, so a
 * base line is kept) and our own. Names are part of the interface; new ones go to the end.
 */
#include "mvdpa_stats.h"

#include <errno.h>

#include "base_math.h"
#include "devx_counters.h"

struct stats_snapshot {
	struct devx_counters card, base;
	struct mvdpa_virtq_stats own;
	enum mvdpa_virtq_state state;
	bool down;
	uint64_t commands;
};

#define CARD(field)                                                 \
	static uint64_t get_##field(const struct stats_snapshot *s) \
	{                                                           \
		return s->card.field - s->base.field;               \
	}
#define OWN(name, expr)                                            \
	static uint64_t get_##name(const struct stats_snapshot *s) \
	{                                                          \
		return (expr);                                     \
	}

CARD(received_desc)
CARD(completed_desc)
CARD(bad_desc_errors)
CARD(exceed_max_chain)
CARD(invalid_buffer)
CARD(error_cqes)
OWN(saved_avail, s->own.saved.avail)
OWN(saved_used, s->own.saved.used)
OWN(resumed_avail, s->own.resumed.avail)
OWN(resumed_used, s->own.resumed.used)
OWN(mismatches, s->own.mismatches)
OWN(state, (uint64_t)s->state)
OWN(recoveries, s->own.recoveries)
OWN(commands, s->commands)
OWN(fallbacks, s->own.fallbacks)
OWN(give_ups, s->own.give_ups)
OWN(down, s->down)

static const struct {
	const char *name;
	uint64_t (*get)(const struct stats_snapshot *s);
} rows[] = {
	{ "received_desc", get_received_desc },
	{ "completed_desc", get_completed_desc },
	{ "bad_desc_errors", get_bad_desc_errors },
	{ "exceed_max_chain", get_exceed_max_chain },
	{ "invalid_buffer", get_invalid_buffer },
	{ "completion_errors", get_error_cqes },
	{ "saved_avail_index", get_saved_avail },
	{ "saved_used_index", get_saved_used },
	{ "resumed_avail_index", get_resumed_avail },
	{ "resumed_used_index", get_resumed_used },
	{ "index_mismatches", get_mismatches },
	{ "state", get_state },
	{ "recoveries", get_recoveries },
	{ "firmware_commands", get_commands },
	{ "index_fallbacks", get_fallbacks },
	{ "give_ups", get_give_ups },
	{ "down", get_down },
};

unsigned int
mvdpa_stats_count(void)
{
	return (unsigned int)BASE_ARRAY_SIZE(rows);
}

const char *
mvdpa_stats_name(unsigned int i)
{
	return rows[i].name;
}

static int
stats_card_locked(struct mvdpa_virtq *vq, struct devx_counters *card) BASE_REQUIRES(vq->lock)
{
	*card = (struct devx_counters){ 0 };
	return vq->res.counters != NULL ? devx_counters_query(vq->res.counters, card) : 0;
}

static int
stats_snapshot(struct mvdpa_dev *dev, uint16_t queue, struct stats_snapshot *s)
{
	struct mvdpa_virtq *vq = &dev->virtqs[queue];
	int ret;

	base_mutex_lock(&vq->lock);
	ret = stats_card_locked(vq, &s->card);
	s->base = vq->counters_base;
	s->own = vq->stats;
	s->state = vq->state;
	base_mutex_unlock(&vq->lock);
	s->down = atomic_load(&vq->down);
	s->commands = devx_cmd_total(dev->devx);
	return ret;
}

int
mvdpa_stats_read(struct mvdpa_dev *dev, uint16_t queue, uint64_t *values, unsigned int nb)
{
	struct stats_snapshot s;
	unsigned int i;
	int ret;

	if (queue >= dev->nb_virtqs)
		return -EINVAL;
	ret = stats_snapshot(dev, queue, &s);
	if (ret != 0)
		return ret;
	for (i = 0; i < nb && i < mvdpa_stats_count(); i++)
		values[i] = rows[i].get(&s);
	return 0;
}

/* In one go: what is counted between a reading and the clearing would be counted by neither. */
int
mvdpa_stats_reset(struct mvdpa_dev *dev, uint16_t queue)
{
	struct devx_counters card;
	struct mvdpa_virtq *vq;
	int ret;

	if (queue >= dev->nb_virtqs)
		return -EINVAL;
	vq = &dev->virtqs[queue];
	base_mutex_lock(&vq->lock);
	ret = stats_card_locked(vq, &card);
	if (ret == 0) {
		vq->counters_base = card;
		vq->stats.mismatches = 0;
		vq->stats.fallbacks = 0;
		vq->stats.recoveries = 0;
		vq->stats.give_ups = 0;
	}
	base_mutex_unlock(&vq->lock);
	return ret;
}
