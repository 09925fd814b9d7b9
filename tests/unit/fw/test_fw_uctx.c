/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a user context, whatever is left in it; the fake engine asserts that nothing stays. */
#include <errno.h>

#include "fw_rig.h"

static const struct fw_uctx_ops no_ops;

static void
test_eqn(void **state)
{
	struct rig *rig = *state;
	uint32_t first, last;

	assert_int_equal(0, fw_eqn(rig->uctx, 0, &first));
	assert_int_equal(0, fw_eqn(rig->uctx, FW_NB_VECTORS - 1, &last));
	assert_int_equal(last - first, FW_NB_VECTORS - 1);
	rig_check_errno(rig, fw_eqn(rig->uctx, FW_NB_VECTORS, &first), -EINVAL, FW_SYN_NO_VECTOR);
}

static void
test_empty_contexts(void **state)
{
	struct rig *rig = *state;
	struct fw_uctx *uctx;

	fw_uctx_destroy(NULL);
	assert_int_equal(0, fw_uctx_create(rig->uctx->func, &no_ops, NULL, &uctx));
	fw_uctx_destroy(uctx);
}

/* Steering on a queue of this state, a doorbell page, nested keys: left to the tear-down. */
static void
leave_all_behind(struct rig *rig, enum fw_virtq_state left_in)
{
	uint32_t virtq = rig_virtq(rig, 0), rqt, id, page_id, key;
	uint8_t rqt_in[RIG_RQT_IN], tir_in[PRM_SIZE(create_tir_in)];
	static uint32_t page[1024];
	struct fw_flow_attr flow = { 0 };
	struct rig_klm klm = { .len = RIG_PAGE, .mkey = rig->mkey, .address = RIG_GPA };

	rig_rqt_in(virtq, rqt_in);
	rqt = rig_create(rig->uctx, FW_CLASS_RQT, rqt_in, sizeof(rqt_in));
	rig_tir_in(rig, rqt, tir_in);
	flow.tirn = rig_create(rig->uctx, FW_CLASS_TIR, tir_in, sizeof(tir_in));
	assert_int_equal(0, fw_flow_create(rig->uctx, &flow, &id));
	assert_int_equal(0, fw_var_create(rig->uctx, page, &page_id));
	key = rig_mkey(rig, 0, 0, &klm, 1);
	klm.mkey = key;
	klm.address = 0;
	rig_mkey(rig, 0, 0, &klm, 1);
	if (left_in != FW_VIRTQ_INIT)
		assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	if (left_in == FW_VIRTQ_SUSPEND)
		assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_SUSPEND));
	if (left_in == FW_VIRTQ_ERR)
		fake_fail(rig->card->vnet, fake_queue, VNET_ERR_BAD_DESC);
	assert_int_equal(rig_virtq_obj(rig, virtq)->state, left_in);
}

static void
test_end_in_init(void **state)
{
	leave_all_behind(*state, FW_VIRTQ_INIT);
}

static void
test_end_in_rdy(void **state)
{
	leave_all_behind(*state, FW_VIRTQ_RDY);
}

static void
test_end_in_suspend(void **state)
{
	leave_all_behind(*state, FW_VIRTQ_SUSPEND);
}

static void
test_end_in_err(void **state)
{
	leave_all_behind(*state, FW_VIRTQ_ERR);
}

/* A completion waits for credit when its queue pair goes. */
static void
test_end_while_starved(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq(rig, 0);

	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	memset(rig->buf, 0, RIG_BUF_SIZE); /* takes the credit away */
	fake_used(rig->card->vnet, fake_queue, 1);
	assert_false(TAILQ_EMPTY(&rig->card->starved_qps));
	fw_uctx_destroy(rig->uctx);
	assert_true(TAILQ_EMPTY(&rig->card->starved_qps));
	assert_true(TAILQ_EMPTY(&rig->card->cqs));
	fake_poll(rig->card->vnet);
	rig->uctx = NULL;
}

/* The end of one context leaves the objects of the others alone. */
static void
test_others_live_on(void **state)
{
	struct rig *rig = *state;
	uint32_t pd = rig_alloc(rig->other, PRM_OP_ALLOC_PD, FW_CLASS_PD);

	leave_all_behind(rig, FW_VIRTQ_RDY);
	fw_uctx_destroy(rig->uctx);
	rig->uctx = NULL;
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->other, FW_CLASS_PD, pd));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_eqn, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_empty_contexts, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_end_in_init, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_end_in_rdy, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_end_in_suspend, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_end_in_err, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_end_while_starved, rig_setup_world,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_others_live_on, rig_setup_world, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
