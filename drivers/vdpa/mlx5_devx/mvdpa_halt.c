/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a stop is two commands a queue, SUSPEND and the question where it stopped,
 * and the guest's frames wait for all of them. SUSPEND has no asynchronous form, so the pool's threads
 * share these; a question has (devx_query.h), and is sent behind the SUSPEND of its queue without
 * waiting. So when the last queue has stopped, most answers are there.
 *
 * The pool runs three rounds: command and question, queue by queue; answers, as they come, from any
 * queue; and those queues again whose answer did not come, or says that something went wrong: they are
 * asked once more and waited for, so nothing is lost by it. Without a channel each queue is walked.
 */
#include "mvdpa_halt.h"

#include <errno.h>
#include <string.h>

#include "mvdpa_log.h"

/* Linux gives a command 60 s (mlx5_core, MLX5_CMD_TIMEOUT_MSEC) and then answers itself. */
#define HALT_ANSWER_MS 61000

void
mvdpa_halt_init(struct mvdpa_halt *halt, struct devx_dev *devx)
{
	if (devx_query_channel_create(devx, &halt->channel) != 0)
		halt->channel = NULL;
}

void
mvdpa_halt_fini(struct mvdpa_halt *halt)
{
	devx_query_channel_destroy(halt->channel);
	halt->channel = NULL;
}

static int
halt_begin(void *arg, unsigned int i)
{
	struct mvdpa_halt *halt = arg;
	int ret = mvdpa_virtq_halt(halt->vqs[i], halt->channel, halt->round);

	halt->parts[i] = ret == 0 ? MVDPA_HALT_ASKED : MVDPA_HALT_SILENT;
	return 0;
}

/* Whose answer is it? -1: a late one. */
static int
halt_whose(const struct mvdpa_halt *halt, const struct devx_virtq_answer *answer)
{
	unsigned int i;

	for (i = 0; i < halt->nb && answer->round == halt->round; i++) {
		if (halt->vqs[i]->index == answer->index)
			return (int)i;
	}
	return -1;
}

/* One answer, of whichever queue. When one does not come, the others are not waited for. */
static int
halt_take(void *arg, unsigned int task)
{
	struct mvdpa_halt *halt = arg;
	struct devx_virtq_answer answer;
	int i = -1, ret = 0;

	while (i < 0 && ret == 0) {
		ret = devx_virtq_query_take(halt->channel, halt->deaf ? 0 : HALT_ANSWER_MS,
				&answer);
		if (ret == 0)
			i = halt_whose(halt, &answer);
	}
	if (ret != 0) {
		halt->deaf = true;
		return ret;
	}
	halt->parts[i] = MVDPA_HALT_SILENT;
	if (answer.ret == 0) {
		mvdpa_virtq_halted(halt->vqs[i], 0, &answer.attr);
		halt->parts[i] = MVDPA_HALT_DONE;
	}
	return 0;
}

static int
halt_again(void *arg, unsigned int i)
{
	struct mvdpa_halt *halt = arg;
	struct devx_virtq_attr hw;

	if (halt->parts[i] != MVDPA_HALT_DONE)
		mvdpa_virtq_halted(halt->vqs[i], -EIO, &hw);
	return 0;
}

static int
halt_walk(void *arg, unsigned int i)
{
	struct mvdpa_halt *halt = arg;

	return mvdpa_virtq_walk(halt->vqs[i], MVDPA_WANT_SUSPENDED);
}

static unsigned int
halt_count(const struct mvdpa_halt *halt, enum mvdpa_halt_part part)
{
	unsigned int i, nb = 0;

	for (i = 0; i < halt->nb; i++)
		nb += halt->parts[i] == part;
	return nb;
}

void
mvdpa_halt_run(struct mvdpa_halt *halt, struct mvdpa_pool *pool, struct mvdpa_virtq *const *vqs,
		unsigned int nb)
{
	int ret;

	halt->vqs = vqs;
	halt->nb = nb;
	halt->deaf = false;
	if (halt->channel == NULL || nb < 2) { /* nothing to be gained */
		mvdpa_pool_run(pool, nb, halt_walk, halt);
		return;
	}
	halt->round++;
	mvdpa_pool_run(pool, nb, halt_begin, halt);
	ret = mvdpa_pool_run(pool, halt_count(halt, MVDPA_HALT_ASKED), halt_take, halt);
	if (ret != 0)
		base_warn(&mvdpa_logs[MVDPA_LOG_VIRTQ],
				"%s: %u queues did not answer: %s; they are asked again",
				vqs[0]->env->name, halt_count(halt, MVDPA_HALT_ASKED),
				strerror(-ret));
	if (halt_count(halt, MVDPA_HALT_DONE) != nb)
		mvdpa_pool_run(pool, nb, halt_again, halt);
}
