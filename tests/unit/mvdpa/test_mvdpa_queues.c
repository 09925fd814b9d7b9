/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mvdpa_queues.c on queues, a receive table and a pool that are stand-ins. Each
 * queue is a state and the number of its object; the stand-ins refuse what the card refuses: an
 * object that goes while the table names it. Looked at are how often the table was written, which
 * objects were replaced, and what is left when something fails.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backward_pool.h"
#include "last_log.h"
#include "mvdpa_log.h"
#include "mvdpa_queues.h"

#define NB 8
#define KEY 0x100u
#define PARK_ID 0x900u

struct fake {
	enum mvdpa_virtq_state state;
	uint32_t id, key;
	bool resumes; /* its object can be made to run */
	bool deaf; /* the card does not stop it */
	int bad; /* vhost's ring is: resume and start say so */
};

static struct {
	struct fake queue[NB];
	uint32_t next_id;
	uint32_t listed[NB]; /* the receive table */
	unsigned int nb_listed, writes, teardowns;
	unsigned int creations, destructions;
	int steer_error; /* of the next write */
	int park_error; /* of the next queue that never runs */
	unsigned int parks; /* so many of these were made */
} rig;
const struct base_log mvdpa_logs[MVDPA_LOG_MODULES] = {
	[MVDPA_LOG_DRIVER... MVDPA_LOG_DEVX] = { BASE_LOG_DEBUG, last_log_write, NULL },
};
static struct mvdpa_dev dev;
static struct mvdpa_virtq virtqs[NB];

/* --- stand-ins ------------------------------------------------------------------------------- */

int
mvdpa_steer_set(struct mvdpa_steer *steer, const uint32_t *ids, uint32_t nb)
{
	int ret = rig.steer_error;

	if (nb == rig.nb_listed && memcmp(ids, rig.listed, nb * sizeof(ids[0])) == 0)
		return 0;
	rig.steer_error = 0;
	rig.writes++;
	if (nb == 0)
		rig.teardowns++;
	rig.nb_listed = ret == 0 ? nb : 0;
	if (rig.nb_listed != 0)
		memcpy(rig.listed, ids, nb * sizeof(ids[0]));
	steer->rqt = rig.nb_listed != 0 ? (struct devx_obj *)&rig : NULL;
	return ret;
}

static void
fake_destroy(struct fake *q)
{
	unsigned int i;

	for (i = 0; i < rig.nb_listed; i++)
		assert_int_not_equal(rig.listed[i], q->id);
	rig.destructions++;
	q->state = MVDPA_VIRTQ_ABSENT;
	q->deaf = false;
}

static int
fake_start(struct fake *q)
{
	if (q->bad != 0)
		return q->bad;
	if (q->state == MVDPA_VIRTQ_ABSENT) {
		rig.creations++;
		q->id = rig.next_id++;
	}
	q->state = MVDPA_VIRTQ_READY;
	q->key = KEY;
	return 0;
}

int
mvdpa_virtq_walk(struct mvdpa_virtq *vq, enum mvdpa_virtq_wanted wanted)
{
	struct fake *q = &rig.queue[vq->index];

	if (wanted == MVDPA_WANT_READY)
		return q->state == MVDPA_VIRTQ_READY ? 0 : fake_start(q);
	if (q->state == MVDPA_VIRTQ_READY)
		q->state = MVDPA_VIRTQ_SUSPENDED;
	if (wanted == MVDPA_WANT_ABSENT && q->state != MVDPA_VIRTQ_ABSENT)
		fake_destroy(q);
	return 0;
}

int
mvdpa_virtq_resume(struct mvdpa_virtq *vq)
{
	struct fake *q = &rig.queue[vq->index];

	if (q->state != MVDPA_VIRTQ_INIT && q->state != MVDPA_VIRTQ_SUSPENDED)
		return -ESTALE;
	if (q->bad != 0)
		return q->bad;
	return q->resumes ? fake_start(q) : -ESTALE;
}

int
mvdpa_virtq_precreate(struct mvdpa_virtq *vq)
{
	struct fake *q = &rig.queue[vq->index];

	q->state = MVDPA_VIRTQ_INIT;
	q->id = rig.next_id++;
	q->key = 0;
	return 0;
}

enum mvdpa_virtq_state
mvdpa_virtq_state(struct mvdpa_virtq *vq)
{
	return rig.queue[vq->index].state;
}

void
mvdpa_halt_run(struct mvdpa_halt *halt, struct mvdpa_pool *pool, struct mvdpa_virtq *const *vqs,
		unsigned int nb)
{
	while (nb-- > 0)
		mvdpa_virtq_walk(vqs[nb], MVDPA_WANT_SUSPENDED);
}

uint32_t
mvdpa_virtq_id(struct mvdpa_virtq *vq)
{
	assert_int_not_equal(rig.queue[vq->index].state, MVDPA_VIRTQ_ABSENT);
	return rig.queue[vq->index].id;
}

uint32_t
mvdpa_virtq_key(struct mvdpa_virtq *vq)
{
	return rig.queue[vq->index].key;
}

bool
mvdpa_virtq_has_stopped(struct mvdpa_virtq *vq)
{
	return rig.queue[vq->index].state != MVDPA_VIRTQ_READY && !rig.queue[vq->index].deaf;
}

int
mvdpa_park_make(struct mvdpa_park *park, const struct mvdpa_virtq_env *env, uint16_t index)
{
	assert_int_equal(index % 2, 0);
	if (rig.park_error != 0)
		return rig.park_error;
	if (park->obj != NULL)
		return 0;
	if (index < NB)
		assert_int_equal(rig.queue[index].state, MVDPA_VIRTQ_ABSENT);
	park->index = index;
	park->obj = (struct devx_obj *)&rig;
	rig.parks++;
	return 0;
}

uint32_t
mvdpa_park_id(const struct mvdpa_park *park)
{
	return PARK_ID;
}

void
mvdpa_park_destroy(struct mvdpa_park *park)
{
	unsigned int i;

	for (i = 0; park->obj != NULL && i < rig.nb_listed; i++)
		assert_int_not_equal(rig.listed[i], PARK_ID);
	park->obj = NULL;
}

uint32_t
mvdpa_mem_key(const struct mvdpa_mem *mem)
{
	return KEY;
}

/* --- tests ----------------------------------------------------------------------------------- */

static uint64_t
no_commands(const void *arg)
{
	return 0;
}

static int
setup(void **state)
{
	unsigned int i;

	memset(&rig, 0, sizeof(rig));
	memset(&dev, 0, sizeof(dev));
	memset(virtqs, 0, sizeof(virtqs));
	mvdpa_flow_init(&dev.flows, "test", &test_log,
			(struct mvdpa_flow_counter){ no_commands, NULL });
	rig.next_id = 1;
	dev.virtqs = virtqs;
	dev.nb_virtqs = NB;
	dev.steer.rqt_size = NB;
	for (i = 0; i < NB; i++) {
		virtqs[i].index = (uint16_t)i;
		virtqs[i].env = &dev.env;
		rig.queue[i].resumes = true;
	}
	return 0;
}

static int
teardown(void **state)
{
	mvdpa_flow_fini(&dev.flows);
	return 0;
}

/* The first queues run, steering is theirs; what was counted on the way is forgotten. */
static void
start(unsigned int nb) BASE_NO_TSA
{
	unsigned int i;

	for (i = 0; i < nb; i++)
		virtqs[i].enabled = true;
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_AUTO), 0);
	for (i = 0; i < nb; i++)
		assert_int_equal(rig.queue[i].state, MVDPA_VIRTQ_READY);
	rig.writes = rig.creations = rig.destructions = 0;
}

/* All receive queues that run are in the table, and nothing else. */
static void
check_listed(void)
{
	unsigned int i, nb = 0;

	for (i = 0; i < NB; i += 2) {
		if (rig.queue[i].state != MVDPA_VIRTQ_READY)
			continue;
		assert_true(nb < rig.nb_listed);
		assert_int_equal(rig.listed[nb++], rig.queue[i].id);
	}
	assert_int_equal(rig.nb_listed, nb);
}

static void
check_counts(unsigned int creations, unsigned int destructions, unsigned int writes)
{
	assert_int_equal(rig.creations, creations);
	assert_int_equal(rig.destructions, destructions);
	assert_int_equal(rig.writes, writes);
}

static void
test_stop_and_resume(void **state) BASE_NO_TSA
{
	start(4);
	mvdpa_queues_stop_locked(&dev);
	assert_int_equal(rig.queue[0].state, MVDPA_VIRTQ_SUSPENDED);
	assert_int_equal(rig.nb_listed, 2); /* steering stays */
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_AUTO), 0);
	check_listed();
	check_counts(0, 0, 0);
}

/* Two halves: the table is written before each, and behind. */
static void
test_replaced_in_halves(void **state) BASE_NO_TSA
{
	unsigned int nb;

	for (nb = 4; nb <= NB; nb += 2) {
		setup(NULL);
		start(nb);
		mvdpa_queues_stop_locked(&dev);
		assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_RECREATE), 0);
		check_listed();
		check_counts(nb, nb, 3);
		assert_int_equal(rig.teardowns, 0);
	}
}

static void
replace_single_pair(void) BASE_NO_TSA
{
	rig.writes = rig.creations = rig.destructions = 0;
	mvdpa_queues_stop_locked(&dev);
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_RECREATE), 0);
	check_listed();
	check_counts(2, 2, 2);
}

/* One that never runs takes the place of a single receive queue. */
static void
test_single_pair_is_replaced(void **state) BASE_NO_TSA
{
	start(2);
	replace_single_pair();
	replace_single_pair();
	assert_int_equal(rig.parks, 1);
	assert_int_equal(rig.teardowns, 0);
	mvdpa_queues_drop_locked(&dev);
	assert_int_equal(rig.nb_listed, 0);
	assert_null(dev.park.obj);
}

/* Without one steering has to go. */
static void
test_single_pair_without_park(void **state)
{
	start(2);
	rig.park_error = -ENOMEM;
	replace_single_pair();
	assert_int_equal(rig.teardowns, 1);
}

/* Numbers beyond those of the queues come first; then one that vhost does not want. */
static void
test_number_of_park(void **state) BASE_NO_TSA
{
	dev.cap.max_virtqs = NB + 1;
	start(2);
	replace_single_pair();
	assert_int_equal(dev.park.index, NB);
	mvdpa_queues_drop_locked(&dev);
	setup(NULL);
	dev.cap.max_virtqs = NB;
	start(2);
	virtqs[NB - 2].enabled = true; /* though it does not run */
	rig.queue[NB - 2].bad = -EINVAL;
	mvdpa_virtq_walk(&virtqs[0], MVDPA_WANT_SUSPENDED);
	mvdpa_queues_destroy_one_locked(&dev, &virtqs[0]);
	assert_int_equal(dev.park.index, NB - 4);
	assert_int_equal(rig.listed[0], PARK_ID);
	virtqs[NB - 4].enabled = true; /* now it is wanted */
	rig.queue[NB - 2].bad = 0;
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_AUTO), 0);
	assert_null(dev.park.obj);
	check_listed();
}

/* A queue that failed and is not brought back leaves the table where it is. */
static void
test_park_of_one_that_failed(void **state) BASE_NO_TSA
{
	start(2);
	mvdpa_virtq_walk(&virtqs[0], MVDPA_WANT_SUSPENDED);
	mvdpa_queues_destroy_one_locked(&dev, &virtqs[0]);
	assert_int_equal(rig.nb_listed, 1);
	assert_int_equal(rig.listed[0], PARK_ID);
	assert_int_equal(mvdpa_queues_start_one_locked(&dev, &virtqs[0]), 0);
	check_listed();
	mvdpa_virtq_walk(&virtqs[0], MVDPA_WANT_SUSPENDED);
	mvdpa_queues_destroy_one_locked(&dev, &virtqs[0]);
	rig.queue[0].bad = -EINVAL;
	assert_int_equal(mvdpa_queues_start_one_locked(&dev, &virtqs[0]), -EINVAL);
	assert_int_equal(rig.nb_listed, 0);
	mvdpa_queues_destroy_one_locked(&dev, &virtqs[0]); /* nothing to leave */
	assert_int_equal(rig.nb_listed, 0);
	assert_int_equal(rig.parks, 1);
}

/* Only those are replaced that have to be, and the others hold the table meanwhile. */
static void
test_some_are_replaced(void **state) BASE_NO_TSA
{
	start(6);
	mvdpa_queues_stop_locked(&dev);
	rig.queue[2].resumes = rig.queue[5].resumes = false;
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_AUTO), 0);
	check_listed();
	check_counts(2, 2, 2);
	assert_int_equal(rig.teardowns, 0);
}

/* What the card does not stop must not outlive the stop: vhost gives the ring away. */
static void
test_deaf_queue_goes_at_the_stop(void **state) BASE_NO_TSA
{
	start(4);
	rig.queue[0].deaf = rig.queue[3].deaf = true;
	mvdpa_queues_stop_locked(&dev);
	assert_int_equal(rig.queue[0].state, MVDPA_VIRTQ_ABSENT);
	assert_int_equal(rig.queue[3].state, MVDPA_VIRTQ_ABSENT);
	assert_int_equal(rig.queue[2].state, MVDPA_VIRTQ_SUSPENDED);
	check_counts(0, 2, 1);
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_AUTO), 0);
	check_listed();
	assert_int_equal(rig.creations, 2);
}

static void
test_precreated(void **state) BASE_NO_TSA
{
	dev.env.nb_blank = 6;
	mvdpa_queues_precreate_locked(&dev);
	assert_int_equal(rig.nb_listed, 3);
	start(6);
	check_listed();
	setup(NULL);
	dev.env.nb_blank = 6;
	mvdpa_queues_precreate_locked(&dev);
	rig.writes = 0;
	virtqs[0].enabled = virtqs[1].enabled = true;
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_AUTO), 0);
	check_listed(); /* a guest with fewer queues */
	check_counts(0, 0, 1);
	assert_int_equal(rig.queue[4].state, MVDPA_VIRTQ_INIT); /* names no key: may stay */
}

/* A ring that vhost has disabled must not hold on to the key of the table before. */
static void
test_old_key(void **state) BASE_NO_TSA
{
	start(4);
	virtqs[2].enabled = false;
	mvdpa_queues_stop_one_locked(&dev, &virtqs[2]);
	check_listed();
	mvdpa_queues_stop_locked(&dev);
	rig.queue[2].key = 0x77;
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_AUTO), 0);
	assert_int_equal(rig.queue[2].state, MVDPA_VIRTQ_ABSENT);
	check_listed();
}

/* The last receive queue that is disabled waits in the table, which costs nothing. */
static void
test_last_one_waits_in_the_table(void **state) BASE_NO_TSA
{
	start(2);
	mvdpa_queues_stop_one_locked(&dev, &virtqs[0]);
	assert_int_equal(rig.nb_listed, 1);
	assert_int_equal(mvdpa_queues_start_one_locked(&dev, &virtqs[0]), 0);
	check_counts(0, 0, 0);
	mvdpa_queues_stop_one_locked(&dev, &virtqs[0]);
	rig.queue[0].resumes = false;
	assert_int_equal(mvdpa_queues_start_one_locked(&dev, &virtqs[0]), 0);
	check_listed();
	assert_int_equal(rig.creations, 1);
}

static void
test_bad_ring(void **state) BASE_NO_TSA
{
	start(4);
	mvdpa_queues_stop_locked(&dev);
	rig.queue[2].bad = -EINVAL;
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_AUTO), -EINVAL);
	assert_int_equal(rig.destructions, 0); /* nothing was replaced in vain */
	mvdpa_queues_drop_locked(&dev);
	assert_int_equal(rig.nb_listed, 0);
	assert_int_equal(rig.destructions, 4);
}

static void
test_one_that_cannot_start(void **state) BASE_NO_TSA
{
	start(4);
	mvdpa_queues_stop_one_locked(&dev, &virtqs[2]);
	rig.queue[2].bad = -EINVAL;
	assert_int_equal(mvdpa_queues_start_one_locked(&dev, &virtqs[2]), -EINVAL);
	assert_int_equal(rig.queue[2].state, MVDPA_VIRTQ_ABSENT);
	assert_int_equal(rig.queue[0].state, MVDPA_VIRTQ_READY); /* the others go on */
	check_listed();
}

static void
test_steering_fails(void **state) BASE_NO_TSA
{
	virtqs[0].enabled = virtqs[1].enabled = true;
	rig.steer_error = -EIO;
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_AUTO), -EIO);
	mvdpa_queues_drop_locked(&dev);
	assert_int_equal(rig.queue[0].state, MVDPA_VIRTQ_ABSENT);
	start(4);
	mvdpa_queues_stop_locked(&dev);
	rig.steer_error = -EIO; /* before the first half: the objects may go all the same */
	assert_int_equal(mvdpa_queues_start_locked(&dev, MVDPA_MEM_TABLE_RECREATE), 0);
	check_listed();
}

static void
test_destroy_one(void **state) BASE_NO_TSA
{
	start(4);
	mvdpa_virtq_walk(&virtqs[0], MVDPA_WANT_SUSPENDED);
	mvdpa_queues_destroy_one_locked(&dev, &virtqs[0]);
	assert_int_equal(rig.queue[0].state, MVDPA_VIRTQ_ABSENT);
	check_listed();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stop_and_resume),
		TEST(test_replaced_in_halves),
		TEST(test_single_pair_is_replaced),
		TEST(test_single_pair_without_park),
		TEST(test_number_of_park),
		TEST(test_park_of_one_that_failed),
		TEST(test_some_are_replaced),
		TEST(test_deaf_queue_goes_at_the_stop),
		TEST(test_precreated),
		TEST(test_old_key),
		TEST(test_last_one_waits_in_the_table),
		TEST(test_bad_ring),
		TEST(test_one_that_cannot_start),
		TEST(test_steering_fails),
		TEST(test_destroy_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
