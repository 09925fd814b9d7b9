/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of commands. */
#include <errno.h>

#include "fw_op.h"
#include "fw_rig.h"

static void
test_every_name_is_read_back(void **state)
{
	static const uint32_t kernel[] = { FW_OP_REG_MR, FW_OP_DEREG_MR, FW_OP_REG_UMEM,
		FW_OP_DEREG_UMEM, FW_OP_ALLOC_UAR, FW_OP_DEALLOC_UAR, FW_OP_CREATE_FLOW,
		FW_OP_DESTROY_FLOW };
	struct fw_op op;
	unsigned int nb = 0;
	uint32_t opcode;
	size_t i;

	for (opcode = 1; opcode < 0x1000; opcode++) {
		if (strcmp(fw_op_name(opcode), "opcode?") == 0)
			continue;
		assert_int_equal(0, fw_op_parse(fw_op_name(opcode), &op));
		assert_int_equal(opcode, op.opcode);
		nb++;
	}
	assert_true(nb > 20);
	for (i = 0; i < BASE_ARRAY_SIZE(kernel); i++) {
		assert_int_equal(0, fw_op_parse(fw_op_name(kernel[i]), &op));
		assert_int_equal(kernel[i], op.opcode);
	}
}

static void
test_types(void **state)
{
	struct fw_op op;

	assert_int_equal(0, fw_op_parse("MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q", &op));
	assert_int_equal(PRM_OP_MODIFY_GENERAL_OBJECT, op.opcode);
	assert_int_equal(PRM_OBJ_VIRTIO_NET_Q, op.obj_type);
	assert_int_equal(0, fw_op_parse("QUERY_GENERAL_OBJECT", &op));
	assert_int_equal(0, op.obj_type);
}

static void
test_what_is_none(void **state)
{
	static const char *const bad[] = { "", "opcode?", "CREATE_", "create_cq", "CREATE_CQ/",
		"CREATE_CQ/VIRTIO_NET_Q", "MODIFY_GENERAL_OBJECT/", "MODIFY_GENERAL_OBJECT/QP",
		"/VIRTIO_NET_Q", "A_NAME_THAT_IS_LONGER_THAN_ANY_NAME_OF_A_COMMAND_COULD_EVER_BE" };
	struct fw_op op;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(bad); i++)
		assert_int_equal(-ENOENT, fw_op_parse(bad[i], &op));
	assert_string_equal("opcode?", fw_op_name(FW_OP_KERNEL | 1));
	assert_null(fw_op_type_name(0));
}

static void
test_matches(void **state)
{
	const struct fw_op any = { 0, 0 }, query = { PRM_OP_QUERY_GENERAL_OBJECT, 0 };
	const struct fw_op query_q = { PRM_OP_QUERY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q };
	const struct fw_op query_c = { PRM_OP_QUERY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_Q_COUNTERS };
	const struct fw_op mr = { FW_OP_REG_MR, 0 }, mkey = { PRM_OP_CREATE_MKEY, 0 };

	assert_true(fw_op_matches(&any, &query_q) && fw_op_matches(&any, &mr));
	assert_true(fw_op_matches(&query, &query_q) && fw_op_matches(&query, &query_c));
	assert_false(fw_op_matches(&query_q, &query_c));
	assert_false(fw_op_matches(&mr, &mkey) || fw_op_matches(&mkey, &mr));
}

static void
test_destroys(void **state)
{
	assert_true(fw_op_destroys(PRM_OP_DESTROY_CQ));
	assert_true(fw_op_destroys(PRM_OP_DEALLOC_PD));
	assert_true(fw_op_destroys(PRM_OP_DESTROY_GENERAL_OBJECT));
	assert_true(fw_op_destroys(FW_OP_DEREG_MR));
	assert_false(fw_op_destroys(PRM_OP_CREATE_CQ));
	assert_false(fw_op_destroys(PRM_OP_2RST_QP));
	assert_false(fw_op_destroys(FW_OP_REG_MR));
	assert_false(fw_op_destroys(0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_name_is_read_back),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_destroys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
