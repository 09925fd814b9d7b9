/* SPDX-License-Identifier: BSD-3-Clause */
/* Which command may go which way, for every kind of object and every opcode of 16 bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "fw_syndrome.h"
#include "mib_devx_cmd.h"
#include "prm_field.h"

static void
cmd_init(uint8_t cmd[16], unsigned int opcode, unsigned int op_mod)
{
	memset(cmd, 0, 16);
	PRM_SET(cmd_in, cmd, opcode, opcode);
	PRM_SET(cmd_in, cmd, op_mod, op_mod);
}

static void
test_methods_exclude_each_other(void **state)
{
	unsigned int op, nb_general = 0, nb_create = 0, nb_modify = 0, nb_query = 0;
	const struct prm_obj_kind *kind;
	uint8_t cmd[16];
	size_t i;

	for (op = 0; op <= UINT16_MAX; op++) {
		int ways = 0;

		for (i = 0; (kind = prm_obj_kind_at(i)) != NULL; i++) {
			bool modifies, queries;

			cmd_init(cmd, op, kind->obj_type);
			prm_set(cmd, kind->id_off, kind->id_bits, 0x123456);
			modifies = mib_cmd_modifies(cmd, sizeof(cmd), kind, 0x123456);
			queries = mib_cmd_queries(cmd, sizeof(cmd), kind, 0x123456);
			nb_modify += modifies;
			nb_query += queries;
			assert_false(modifies && queries);
			ways |= (modifies ? 1 : 0) | (queries ? 2 : 0) |
					(mib_cmd_created_kind(cmd, sizeof(cmd)) == kind ? 4 : 0);
			nb_create += mib_cmd_created_kind(cmd, sizeof(cmd)) == kind;
			assert_false(op == kind->destroy_op && ways != 0);
		}
		cmd_init(cmd, op, 0);
		if (mib_cmd_is_general(cmd, sizeof(cmd))) {
			nb_general++;
			ways |= 8;
		}
		assert_true((ways & (ways - 1)) == 0);
	}
	assert_int_equal(nb_general, 4);
	assert_int_equal(nb_create, i); /* every kind can be made */
	assert_true(nb_modify >= 6 && nb_query >= 2);
}

static void
test_only_the_named_object(void **state)
{
	const struct prm_obj_kind *qp = prm_obj_kind(PRM_OP_CREATE_QP, 0);
	const struct prm_obj_kind *virtq =
			prm_obj_kind(PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q);
	uint8_t cmd[16];

	cmd_init(cmd, PRM_OP_RST2INIT_QP, 0);
	prm_set(cmd, qp->id_off, qp->id_bits, 7);
	assert_true(mib_cmd_modifies(cmd, 16, qp, 7));
	assert_false(mib_cmd_modifies(cmd, 16, qp, 8));
	assert_false(mib_cmd_modifies(cmd, 15, qp, 7));
	assert_false(mib_cmd_modifies(cmd, 16, virtq, 7));
	cmd_init(cmd, PRM_OP_QUERY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q);
	prm_set(cmd, virtq->id_off, virtq->id_bits, 9);
	assert_true(mib_cmd_queries(cmd, 16, virtq, 9));
	assert_false(mib_cmd_queries(cmd, 16, virtq, 10));
	PRM_SET(cmd_in, cmd, op_mod, PRM_OBJ_VIRTIO_Q_COUNTERS);
	assert_false(mib_cmd_queries(cmd, 16, virtq, 9));
}

static void
test_destroy_bytes(void **state)
{
	static const uint8_t want_cq[16] = { 0x04, 0x01, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0x56 };
	static const uint8_t want_virtq[16] = { 0x0a, 0x03, 0, 0, 0, 0, 0, 0x0d, 0, 0, 0x10, 0x01 };
	uint8_t cmd[16];

	mib_cmd_destroy(prm_obj_kind(PRM_OP_CREATE_CQ, 0), 0x123456, cmd);
	assert_memory_equal(cmd, want_cq, 16);
	mib_cmd_destroy(prm_obj_kind(PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q), 0x1001,
			cmd);
	assert_memory_equal(cmd, want_virtq, 16);
}

static void
test_status(void **state)
{
	assert_int_equal(fw_status_errno(PRM_STATUS_OK), 0);
	assert_int_equal(fw_status_errno(PRM_STATUS_RES_BUSY), -EBUSY);
	assert_int_equal(fw_status_errno(PRM_STATUS_LIM_ERR), -ENOMEM);
	assert_int_equal(fw_status_errno(0xee), -EIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods_exclude_each_other),
		cmocka_unit_test(test_only_the_named_object),
		cmocka_unit_test(test_destroy_bytes),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
