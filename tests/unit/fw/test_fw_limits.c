/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of numbers: as many objects of a class as its capability says, then NO_RES; and queues of
 * a card without virtio 1.0. */
#include <errno.h>

#include "fw_rig.h"

static void
test_numbers_run_out(void **state)
{
	static const struct {
		uint16_t opcode;
		enum fw_class cls;
	} rows[] = {
		{ PRM_OP_ALLOC_PD, FW_CLASS_PD },
		{ PRM_OP_ALLOC_TRANSPORT_DOMAIN, FW_CLASS_TD },
	};
	struct rig *rig = *state;
	uint8_t in[16] = { 0 }, out[16];
	uint32_t first;
	size_t i;

	rig->caps.log_max_pd = 1;
	rig->caps.log_max_transport_domain = 1;
	rig_restart(rig);
	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		first = rig_alloc(rig->uctx, rows[i].opcode, rows[i].cls);
		rig_alloc(rig->other, rows[i].opcode, rows[i].cls); /* numbers are the function's */
		PRM_SET(cmd_in, in, opcode, rows[i].opcode);
		assert_int_equal(FW_SYN_NO_ID,
				rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
		assert_int_equal(PRM_GET(cmd_out, out, status), PRM_STATUS_NO_RES);
		/* The other function has its own, and one given back can be had again. */
		rig_alloc(rig->far, rows[i].opcode, rows[i].cls);
		assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, rows[i].cls, first));
		rig_alloc(rig->uctx, rows[i].opcode, rows[i].cls);
	}
}

static void
test_no_memory_region_left(void **state)
{
	struct fw_mr_attr attr = { .pages = { .addr = NULL, .len = RIG_PAGE } };
	struct rig *rig = *state;
	uint32_t mkey;

	rig->caps.log_max_mkey = 0;
	rig_restart(rig);
	attr.pages.addr = rig->buf;
	attr.pd = rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD);
	assert_int_equal(0, fw_mr_create(rig->uctx, &attr, &mkey));
	rig_check_errno(rig, fw_mr_create(rig->uctx, &attr, &mkey), -ENOSPC, FW_SYN_NO_ID);
}

static void
test_virtio_1_0_is_not_announced(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtq_in)], out[16];
	uint8_t *q = PRM_PTR(virtio_net_q, PRM_PTR(create_virtq_in, in, virtq), virtio_q_context);

	rig->card->caps.virtio_version_1_0 = false;
	rig_virtq_in(rig, in);
	assert_int_equal(FW_SYN_VIRTQ_VERSION,
			rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	PRM_SET(virtio_q, q, virtio_version_1_0, 0);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_numbers_run_out, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_no_memory_region_left, rig_setup,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_virtio_1_0_is_not_announced, rig_setup_world,
				rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
