/* SPDX-License-Identifier: BSD-3-Clause */
/* Header and lengths of commands. */
#include <errno.h>

#include "fw_rig.h"

static void
test_too_short_for_a_header(void **state)
{
	struct rig *rig = *state;
	uint8_t in[16] = { 0 }, out[16];

	memset(out, 0x5a, sizeof(out));
	PRM_SET(cmd_in, in, opcode, PRM_OP_ALLOC_PD);
	assert_int_equal(-EINVAL, fw_cmd_exec(rig->uctx, in, 7, out, sizeof(out)));
	assert_int_equal(-EINVAL, fw_cmd_exec(rig->uctx, in, sizeof(in), out, 7));
	assert_int_equal(out[0], 0x5a); /* nothing was written */
}

static void
test_header(void **state)
{
	struct rig *rig = *state;
	const struct rig_bad rows[] = {
		{ "opcode", RIG_FIELD(cmd_in, opcode), 0xffff, FW_SYN_OPCODE },
		{ "opcode 0", RIG_FIELD(cmd_in, opcode), 0, FW_SYN_OPCODE },
		{ "op_mod", RIG_FIELD(cmd_in, op_mod), 1, FW_SYN_OP_MOD },
		{ "reserved", 32, 16, 1, FW_SYN_RESERVED },
		{ "reserved", 32, 16, 0x8000, FW_SYN_RESERVED },
	};
	uint8_t in[16] = { 0 };

	PRM_SET(cmd_in, in, opcode, PRM_OP_ALLOC_PD);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
}

static void
test_uid_is_the_kernels(void **state)
{
	struct rig *rig = *state;
	uint8_t in[16] = { 0 }, out[16];

	PRM_SET(cmd_in, in, opcode, PRM_OP_ALLOC_PD);
	PRM_SET(cmd_in, in, uid, 7);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

static void
test_object_types(void **state)
{
	struct rig *rig = *state;
	uint8_t in[256] = { 0 }, out[256];

	PRM_SET(cmd_in, in, opcode, PRM_OP_CREATE_GENERAL_OBJECT);
	PRM_SET(cmd_in, in, op_mod, 0x13); /* GENEVE option: not of this card */
	assert_int_equal(FW_SYN_OBJ_TYPE, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	/* Counters cannot be modified. */
	PRM_SET(cmd_in, in, opcode, PRM_OP_MODIFY_GENERAL_OBJECT);
	PRM_SET(cmd_in, in, op_mod, PRM_OBJ_VIRTIO_Q_COUNTERS);
	assert_int_equal(FW_SYN_OBJ_TYPE, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

static void
test_lengths(void **state)
{
	struct rig *rig = *state;
	static const struct {
		uint16_t opcode, op_mod;
		size_t min_in, min_out;
		bool exact;
	} rows[] = {
		{ PRM_OP_ALLOC_PD, 0, 16, 16, true },
		{ PRM_OP_QUERY_HCA_CAP, 1, 16, 4112, true },
		{ PRM_OP_CREATE_MKEY, 0, 272, 16, false },
		{ PRM_OP_CREATE_CQ, 0, 272, 16, true },
		{ PRM_OP_CREATE_QP, 0, 272, 16, false },
		{ PRM_OP_CREATE_RQT, 0, 272, 16, false },
		{ PRM_OP_CREATE_TIR, 0, 272, 16, true },
		{ PRM_OP_2RST_QP, 0, 16, 8, true },
		{ PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q, 208, 16, true },
		{ PRM_OP_QUERY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q, 16, 208, true },
	};
	static uint8_t in[8192], out[8192];
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		memset(in, 0, sizeof(in));
		PRM_SET(cmd_in, in, opcode, rows[i].opcode);
		PRM_SET(cmd_in, in, op_mod, rows[i].op_mod);
		assert_int_equal(FW_SYN_IN_SHORT,
				rig_exec(rig->uctx, in, rows[i].min_in - 1, out, sizeof(out)));
		if (rows[i].exact)
			assert_int_equal(FW_SYN_IN_LONG,
					rig_exec(rig->uctx, in, rows[i].min_in + 1, out,
							sizeof(out)));
		if (rows[i].min_out > 8)
			assert_int_equal(FW_SYN_OUT_SHORT,
					rig_exec(rig->uctx, in, rows[i].min_in, out,
							rows[i].min_out - 1));
	}
}

static void
test_output_is_cleared(void **state)
{
	struct rig *rig = *state;
	uint8_t in[16] = { 0 }, out[64];
	size_t i;

	PRM_SET(cmd_in, in, opcode, PRM_OP_ALLOC_PD);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	for (i = 12; i < sizeof(out); i++)
		assert_int_equal(out[i], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_too_short_for_a_header, rig_setup,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_header, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_uid_is_the_kernels, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_object_types, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_lengths, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_output_is_cleared, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
