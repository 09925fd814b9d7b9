/* SPDX-License-Identifier: BSD-3-Clause */
/* Objects: numbers, owners, users. */
#include <errno.h>

#include "fw_rig.h"

static void
test_every_command_object_has_a_kind(void **state)
{
	const struct prm_obj_kind *kind;
	size_t i, cls;

	(void)state;
	for (i = 0; (kind = prm_obj_kind_at(i)) != NULL; i++) {
		for (cls = 0; cls < FW_NB_CLASSES; cls++) {
			if (fw_class_kind((enum fw_class)cls) == kind)
				break;
		}
		assert_true(cls < FW_NB_CLASSES);
		assert_string_equal(fw_class_name((enum fw_class)cls), kind->name);
	}
	assert_null(fw_class_kind(FW_CLASS_UMEM));
}

static void
test_numbers_are_not_reused_early(void **state)
{
	struct rig *rig = *state;
	uint32_t first = rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD), id;
	unsigned int i;

	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_PD, first));
	for (i = 0; i < 32; i++) {
		id = rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD);
		assert_int_not_equal(id, first);
		assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_PD, id));
	}
}

static void
test_destroyed_and_foreign(void **state)
{
	struct rig *rig = *state;
	uint32_t pd = rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD);

	assert_int_equal(FW_SYN_FOREIGN, rig_destroy(rig->other, FW_CLASS_PD, pd));
	assert_non_null(strstr(rig->last, "context 1"));
	assert_int_equal(FW_SYN_NO_OBJECT, rig_destroy(rig->far, FW_CLASS_PD, pd));
	assert_non_null(strstr(rig->last, "function 1"));
	assert_int_equal(FW_SYN_NO_OBJECT, rig_destroy(rig->uctx, FW_CLASS_TD, pd));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_PD, pd));
	assert_int_equal(FW_SYN_NO_OBJECT, rig_destroy(rig->uctx, FW_CLASS_PD, pd));
}

/* Everything that rig_setup_world() makes, and who keeps it from being destroyed. */
static void
test_used_objects_stay(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq(rig, 0);
	uint8_t rqt_in[RIG_RQT_IN], tir_in[PRM_SIZE(create_tir_in)];
	struct fw_flow_attr flow = { 0 };
	uint32_t rqt, tir, flow_id;

	rig_rqt_in(virtq, rqt_in);
	rqt = rig_create(rig->uctx, FW_CLASS_RQT, rqt_in, sizeof(rqt_in));
	rig_tir_in(rig, rqt, tir_in);
	tir = rig_create(rig->uctx, FW_CLASS_TIR, tir_in, sizeof(tir_in));
	flow.tirn = tir;
	assert_int_equal(0, fw_flow_create(rig->uctx, &flow, &flow_id));

	const struct {
		enum fw_class cls;
		uint32_t id;
	} chain[] = {
		/* Each is used by one that stands before it. */
		{ FW_CLASS_TIR, tir },
		{ FW_CLASS_RQT, rqt },
		{ FW_CLASS_VIRTQ, virtq },
		{ FW_CLASS_COUNTERS, rig->counters },
		{ FW_CLASS_MKEY, rig->mkey >> 8 },
		{ FW_CLASS_MKEY, rig->mr >> 8 },
		{ FW_CLASS_TIS, rig->tis },
		{ FW_CLASS_TD, rig->td },
	};
	size_t i, j;

	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_QP, rig->fw_qpn));
	assert_int_equal(-EBUSY, fw_mr_destroy(rig->uctx, rig->mr));
	for (j = 0; j < BASE_ARRAY_SIZE(chain); j++)
		assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, chain[j].cls, chain[j].id));
	assert_int_equal(0, fw_flow_destroy(rig->uctx, flow_id));
	for (i = 0; i < BASE_ARRAY_SIZE(chain); i++)
		assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, chain[i].cls, chain[i].id));

	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_CQ, rig->cqn));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_QP, rig->sw_qpn));
	assert_int_equal(-EBUSY, fw_umem_destroy(rig->uctx, rig->umem));
	assert_int_equal(-EBUSY, fw_uar_destroy(rig->uctx, rig->uar));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_CQ, rig->cqn));
	assert_int_equal(0, fw_umem_destroy(rig->uctx, rig->umem));
	assert_int_equal(0, fw_uar_destroy(rig->uctx, rig->uar));
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_PD, rig->pd));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_QP, rig->fw_qpn));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_PD, rig->pd));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_command_object_has_a_kind),
		cmocka_unit_test_setup_teardown(test_numbers_are_not_reused_early, rig_setup,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_destroyed_and_foreign, rig_setup,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_used_objects_stay, rig_setup_world,
				rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
