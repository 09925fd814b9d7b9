/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mvdpa_halt.c with queues and a channel that are stand-ins: the test says which
 * queues take the question, and in which order, and how well, they answer. Each queue must be halted
 * exactly once, with its own answer or with none; and nobody waits again when one answer is missing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backward_pool.h"
#include "last_log.h"
#include "mvdpa_halt.h"
#include "mvdpa_log.h"

#define NB 4

static struct {
	int post[NB]; /* what asking gives, by queue index / 2 */
	int bad; /* this queue answers that it failed, -1: none */
	int mute; /* this one does not answer, -1: none */
	unsigned int late; /* answers of an earlier job that come first */
	uint32_t round; /* as asked */
	unsigned int nb_asked, nb_taken, waits;
	uint16_t asked[NB];
	int channel_error;
	unsigned int halted[NB], walked[NB];
	int with[NB]; /* what was said of the answer */
	uint16_t used[NB];
} rig;
const struct base_log mvdpa_logs[MVDPA_LOG_MODULES] = {
	[MVDPA_LOG_DRIVER... MVDPA_LOG_DEVX] = { BASE_LOG_DEBUG, last_log_write, NULL },
};
static const struct mvdpa_virtq_env env = { .name = "test" };
static struct mvdpa_virtq virtqs[NB];
static struct mvdpa_virtq *vqs[NB];
static struct mvdpa_halt halt;

/* --- stand-ins ------------------------------------------------------------------------------- */

int
devx_query_channel_create(struct devx_dev *dev, struct devx_query_channel **channel)
{
	*channel = (struct devx_query_channel *)&rig;
	return rig.channel_error;
}

void
devx_query_channel_destroy(struct devx_query_channel *channel)
{
}

/* The last one that was asked answers first. */
int
devx_virtq_query_take(struct devx_query_channel *channel, int timeout_ms,
		struct devx_virtq_answer *answer)
{
	uint16_t index;

	memset(answer, 0, sizeof(*answer));
	answer->round = rig.round - 1;
	if (rig.late != 0) {
		answer->index = rig.asked[rig.late--];
		return 0;
	}
	if (rig.nb_taken == rig.nb_asked ||
			rig.asked[rig.nb_asked - 1 - rig.nb_taken] == 2 * rig.mute) {
		rig.waits += timeout_ms > 0;
		return -ETIMEDOUT;
	}
	index = rig.asked[rig.nb_asked - 1 - rig.nb_taken++];
	answer->round = rig.round;
	answer->index = index;
	answer->ret = index == 2 * rig.bad ? -EIO : 0;
	answer->attr.hw_used = (uint16_t)(100 + index);
	return 0;
}

int
mvdpa_virtq_halt(struct mvdpa_virtq *vq, struct devx_query_channel *channel, uint32_t round)
{
	int ret = rig.post[vq->index / 2];

	assert_ptr_equal(channel, &rig);
	rig.round = round;
	if (ret == 0)
		rig.asked[rig.nb_asked++] = vq->index;
	return ret;
}

void
mvdpa_virtq_halted(struct mvdpa_virtq *vq, int asked, struct devx_virtq_attr *hw)
{
	unsigned int i = vq->index / 2;

	rig.halted[i]++;
	rig.with[i] = asked;
	rig.used[i] = asked == 0 ? hw->hw_used : 0;
}

int
mvdpa_virtq_walk(struct mvdpa_virtq *vq, enum mvdpa_virtq_wanted wanted)
{
	assert_int_equal(wanted, MVDPA_WANT_SUSPENDED);
	rig.walked[vq->index / 2]++;
	return 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

static int
setup(void **state)
{
	unsigned int i;

	memset(&rig, 0, sizeof(rig));
	memset(&halt, 0, sizeof(halt));
	rig.bad = rig.mute = -1;
	nb_logs = 0;
	for (i = 0; i < NB; i++) {
		virtqs[i].env = &env;
		virtqs[i].index = (uint16_t)(2 * i);
		vqs[i] = &virtqs[i];
	}
	mvdpa_halt_init(&halt, NULL);
	return 0;
}

/* All were halted once; queue @p again, unless -1, without an answer. */
static void
check_halted(int again)
{
	int i;

	for (i = 0; i < NB; i++) {
		assert_int_equal(rig.walked[i], 0);
		assert_int_equal(rig.halted[i], 1);
		assert_int_equal(rig.with[i], i == again ? -EIO : 0);
		if (i != again)
			assert_int_equal(rig.used[i], 100 + 2 * i);
	}
}

static void
test_all_answer(void **state)
{
	mvdpa_halt_run(&halt, NULL, vqs, NB);
	check_halted(-1);
	assert_int_equal(nb_logs, 0);
}

static void
test_one_is_not_asked(void **state)
{
	rig.post[1] = -EAGAIN;
	mvdpa_halt_run(&halt, NULL, vqs, NB);
	check_halted(1);
}

static void
test_bad_answer(void **state)
{
	rig.bad = 2;
	mvdpa_halt_run(&halt, NULL, vqs, NB);
	check_halted(2);
}

/* The last one is waited for, once, and told; the others have their answers. */
static void
test_no_answer(void **state)
{
	rig.mute = 3; /* asked first, as the pool goes backwards: would answer last */
	mvdpa_halt_run(&halt, NULL, vqs, NB);
	check_halted(3);
	assert_int_equal(rig.waits, 1);
	assert_int_equal(nb_logs, 1);
	assert_non_null(strstr(last_log, "1 queues did not answer"));
}

/* Nobody answers: one wait, not one for each. */
static void
test_deaf(void **state)
{
	unsigned int i;

	rig.mute = 0; /* asked last: would answer first */
	mvdpa_halt_run(&halt, NULL, vqs, NB);
	for (i = 0; i < NB; i++) {
		assert_int_equal(rig.halted[i], 1);
		assert_int_equal(rig.with[i], -EIO);
	}
	assert_int_equal(rig.waits, 1);
}

static void
test_late_answers(void **state)
{
	rig.late = 3;
	mvdpa_halt_run(&halt, NULL, vqs, NB);
	check_halted(-1);
}

static void
check_walked(unsigned int nb)
{
	unsigned int i;

	for (i = 0; i < NB; i++) {
		assert_int_equal(rig.walked[i], i < nb);
		assert_int_equal(rig.halted[i], 0);
	}
}

static void
test_one_queue(void **state)
{
	mvdpa_halt_run(&halt, NULL, vqs, 1);
	check_walked(1);
}

static void
test_no_channel(void **state)
{
	rig.channel_error = -EMFILE;
	mvdpa_halt_init(&halt, NULL);
	mvdpa_halt_run(&halt, NULL, vqs, NB);
	check_walked(NB);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_all_answer),
		TEST(test_one_is_not_asked),
		TEST(test_bad_answer),
		TEST(test_no_answer),
		TEST(test_deaf),
		TEST(test_late_answers),
		TEST(test_one_queue),
		TEST(test_no_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
