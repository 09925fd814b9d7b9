/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mvdpa_steer.c on stand-ins for the firmware objects, which are counted, and
 * whose commands fail where a test wants it. Looked at are what the table of queues holds at the
 * end and what is left when something failed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backward_pool.h"
#include "mvdpa_steer.h"

static struct {
	unsigned int rqts, tirs, flows; /* alive */
	unsigned int modifies;
	uint32_t ids[4]; /* what the live table holds */
	int fail_tir; /* the TIR that fails, counted from 1 */
	unsigned int made_tirs;
	int fail_modify, fail_rqt;
} card;
static struct mvdpa_steer steer;

static struct devx_obj *const rqt_obj = (struct devx_obj *)&card.rqts;
static struct devx_obj *const tir_obj = (struct devx_obj *)&card.tirs;

int
devx_rqt_create(struct devx_dev *dev, const struct devx_rqt_attr *attr, struct devx_obj **rqt)
{
	if (card.fail_rqt)
		return -EIO;
	assert_int_equal(attr->size, 4);
	memcpy(card.ids, attr->ids, sizeof(card.ids));
	card.rqts++;
	*rqt = rqt_obj;
	return 0;
}

int
devx_rqt_modify(struct devx_obj *rqt, const struct devx_rqt_attr *attr)
{
	assert_ptr_equal(rqt, rqt_obj);
	if (card.fail_modify)
		return -EIO;
	card.modifies++;
	memcpy(card.ids, attr->ids, sizeof(card.ids));
	return 0;
}

int
devx_tir_create(struct devx_dev *dev, const struct devx_tir_attr *attr, struct devx_obj **tir)
{
	if ((int)++card.made_tirs == card.fail_tir)
		return -EIO;
	card.tirs++;
	*tir = tir_obj;
	return 0;
}

int
devx_flow_create(struct devx_dev *dev, const struct devx_flow_attr *attr, struct devx_flow **flow)
{
	assert_ptr_equal(attr->tir, tir_obj);
	card.flows++;
	*flow = (struct devx_flow *)&card.flows;
	return 0;
}

void
devx_flow_destroy(struct devx_flow *flow)
{
	if (flow != NULL)
		card.flows--;
}

void
devx_obj_destroy(struct devx_obj *obj)
{
	if (obj == tir_obj) {
		assert_true(card.flows < card.tirs); /* the rule that names it goes first */
		card.tirs--;
	} else if (obj != NULL) {
		assert_int_equal(card.tirs, 0);
		card.rqts--;
	}
}

uint32_t
devx_obj_id(const struct devx_obj *obj)
{
	return 9;
}

static int
setup(void **state)
{
	memset(&card, 0, sizeof(card));
	mvdpa_steer_init(&steer, NULL, NULL, 1, 4);
	return 0;
}

static void
check_alive(unsigned int rqts)
{
	assert_int_equal(card.rqts, rqts);
	assert_int_equal(card.tirs, rqts * MVDPA_STEER_NB_RULES);
	assert_int_equal(card.flows, rqts * MVDPA_STEER_NB_RULES);
}

static void
test_life(void **state)
{
	const uint32_t two[] = { 3, 5 };
	const uint32_t spread[] = { 3, 5, 3, 5 };

	assert_int_equal(mvdpa_steer_set(&steer, two, 2), 0);
	check_alive(1);
	assert_memory_equal(card.ids, spread, sizeof(spread));
	assert_int_equal(mvdpa_steer_set(&steer, two, 2), 0);
	assert_int_equal(card.modifies, 0); /* nothing changed, nothing sent */
	assert_int_equal(mvdpa_steer_set(&steer, two, 1), 0);
	assert_int_equal(card.modifies, 1);
	assert_int_equal(card.ids[1], 3);
	assert_int_equal(mvdpa_steer_set(&steer, NULL, 0), 0);
	check_alive(0);
}

/* The card refuses to rewrite the table: a queue that was taken out must not stay in one. */
static void
test_modify_refused(void **state)
{
	const uint32_t two[] = { 3, 5 };

	assert_int_equal(mvdpa_steer_set(&steer, two, 2), 0);
	card.fail_modify = 1;
	assert_int_equal(mvdpa_steer_set(&steer, two, 1), 0);
	check_alive(1);
	assert_int_equal(card.ids[1], 3);
	assert_int_equal(card.ids[3], 3);
	card.fail_rqt = 1;
	assert_int_equal(mvdpa_steer_set(&steer, two, 2), -EIO);
	check_alive(0);
	card.fail_rqt = 0;
	assert_int_equal(mvdpa_steer_set(&steer, two, 2), 0); /* the same as asked for before */
	check_alive(1);
	mvdpa_steer_set(&steer, NULL, 0);
	check_alive(0);
}

static void
test_build_fails(void **state)
{
	const uint32_t id = 3;
	int i;

	for (i = 1; i <= MVDPA_STEER_NB_RULES; i++) {
		card.made_tirs = 0;
		card.fail_tir = i;
		assert_int_equal(mvdpa_steer_set(&steer, &id, 1), -EIO);
		check_alive(0);
	}
	card.fail_tir = 0;
	assert_int_equal(mvdpa_steer_set(&steer, &id, 1), 0);
	check_alive(1);
	mvdpa_steer_set(&steer, NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_life, setup),
		cmocka_unit_test_setup(test_modify_refused, setup),
		cmocka_unit_test_setup(test_build_fails, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
