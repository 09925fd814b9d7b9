/* SPDX-License-Identifier: BSD-3-Clause */
/* Receive queue tables. */
#include <errno.h>
#include <stdlib.h>

#include "fw_rig.h"

#define RQTC(f) RIG_INNER(create_rqt_in, rqt_context, rqtc, f)
#define ENTRY(i) (0x110 + 4 * (i)) * 8 + PRM_OFF(rq_num, rq_num), PRM_BITS(rq_num, rq_num)

static void
test_create_refusals(void **state)
{
	struct rig *rig = *state;
	uint32_t rx = rig_virtq(rig, 0), tx = rig_virtq(rig, 1);
	const struct rig_bad rows[] = {
		{ "list of RQs", RQTC(list_q_type), PRM_RQT_LIST_RQ, FW_SYN_RQT_LIST_TYPE },
		{ "max 0", RQTC(rqt_max_size), 0, FW_SYN_RQT_SIZE },
		{ "max above capability", RQTC(rqt_max_size), 513, FW_SYN_RQT_SIZE },
		{ "actual 0", RQTC(rqt_actual_size), 0, FW_SYN_RQT_SIZE },
		{ "actual above max", RQTC(rqt_actual_size), 5, FW_SYN_RQT_SIZE },
		{ "transmit queue", ENTRY(2), tx, FW_SYN_RQT_ENTRY },
		{ "unknown queue", ENTRY(3), rx + 100, FW_SYN_RQT_ENTRY },
		{ "no queue", ENTRY(0), 0, FW_SYN_RQT_ENTRY },
	};
	uint8_t in[RIG_RQT_IN], out[16];

	rig_rqt_in(rx, in);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
	assert_int_equal(FW_SYN_IN_SHORT,
			rig_exec(rig->uctx, in, sizeof(in) - 1, out, sizeof(out)));
	assert_int_equal(FW_SYN_RQT_ENTRY, rig_exec(rig->other, in, sizeof(in), out, sizeof(out)));
	fake_next_error = -ENOMEM;
	assert_int_equal(FW_SYN_NO_MEMORY, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	/* None of it left a use behind. */
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, rx));
}

/* The largest table, as the stock driver makes it. */
static void
test_largest(void **state)
{
	struct rig *rig = *state;
	uint32_t rx[2] = { rig_virtq(rig, 0), rig_virtq(rig, 2) }, rqt, i;
	size_t len = 272 + 4 * 512;
	uint8_t *in = calloc(1, len);

	assert_non_null(in);
	rig_rqt_in(rx[0], in);
	prm_set(in, RQTC(rqt_max_size), 512);
	prm_set(in, RQTC(rqt_actual_size), 512);
	for (i = 0; i < 512; i++)
		prm_set(in, ENTRY(i), rx[i % 2]);
	rqt = rig_create(rig->uctx, FW_CLASS_RQT, in, len);
	free(in);
	assert_int_equal(512, fake_rqt->nb);
	assert_ptr_equal(fake_rqt->queues[510], rig_virtq_obj(rig, rx[0])->queue);
	assert_ptr_equal(fake_rqt->queues[511], rig_virtq_obj(rig, rx[1])->queue);
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, rx[1]));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_RQT, rqt));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, rx[1]));
}

static void
test_modify(void **state)
{
	struct rig *rig = *state;
	uint32_t a = rig_virtq(rig, 0), b = rig_virtq(rig, 2), rqt;
	const struct rig_bad rows[] = {
		{ "rqtn", RIG_FIELD(modify_rqt_in, rqtn), 1, FW_SYN_NO_OBJECT },
		{ "no bits", RIG_FIELD(modify_rqt_in, modify_bitmask), 0, FW_SYN_RQT_MODIFY_BITS },
		{ "other bits", RIG_FIELD(modify_rqt_in, modify_bitmask), 3,
				FW_SYN_RQT_MODIFY_BITS },
		{ "longer than made", RQTC(rqt_actual_size), 5, FW_SYN_RQT_SIZE },
		{ "last entry", ENTRY(3), 1, FW_SYN_RQT_ENTRY },
	};
	uint8_t in[RIG_RQT_IN], out[16];

	rig_rqt_in(a, in);
	rqt = rig_create(rig->uctx, FW_CLASS_RQT, in, sizeof(in));
	rig_rqt_in(b, in);
	PRM_SET(modify_rqt_in, in, opcode, PRM_OP_MODIFY_RQT);
	PRM_SET(modify_rqt_in, in, rqtn, rqt);
	PRM_SET(modify_rqt_in, in, modify_bitmask, PRM_RQT_MOD_LIST);
	prm_set(in, RQTC(rqt_max_size), 0); /* not looked at */
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
	fake_next_error = -ENOMEM;
	assert_int_equal(FW_SYN_NO_MEMORY, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	/* All or nothing: the table still names a. */
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, a));
	prm_set(in, RQTC(rqt_actual_size), 3);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_int_equal(3, fake_rqt->nb);
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, a));
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_create_refusals, rig_setup_world,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_largest, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_modify, rig_setup_world, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
