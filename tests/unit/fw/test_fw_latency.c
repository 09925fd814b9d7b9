/* SPDX-License-Identifier: BSD-3-Clause */
/* Which latency a command has. */
#include <errno.h>
#include <stdio.h>

#include "fw_latency.h"
#include "fw_rig.h"

#define MS 1000000ull
#define US 1000ull

static const struct fw_op modify_q = { PRM_OP_MODIFY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q };
static const struct fw_op create_q = { PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q };
static const struct fw_op create_c = { PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_Q_COUNTERS };
static const struct fw_op reg_mr = { FW_OP_REG_MR, 0 };

static void
test_none_is_nothing(void **state)
{
	struct fw_latency latency;

	assert_int_equal(0, fw_latency_init(&latency, "none"));
	assert_false(fw_latency_waits(&latency));
	assert_int_equal(0, fw_latency_of(&latency, &modify_q, 0));
	assert_int_equal(0, fw_latency_of(&latency, &reg_mr, 1ull << 40));
}

static void
test_profiles(void **state)
{
	struct fw_latency latency;
	const char *name;
	unsigned int i;

	for (i = 0; (name = fw_latency_profile_name(i)) != NULL; i++) {
		assert_int_equal(0, fw_latency_init(&latency, name));
		assert_string_equal(name, latency.profile);
	}
	assert_true(i >= 2);
	assert_int_equal(-ENOENT, fw_latency_init(&latency, "cx7"));
	assert_int_equal(0, fw_latency_init(&latency, "cx6dx"));
	assert_true(fw_latency_waits(&latency));
	assert_int_equal(500 * US, fw_latency_of(&latency, &modify_q, 0));
	assert_int_equal(700 * US, fw_latency_of(&latency, &create_q, 0));
	assert_int_equal(200 * US, fw_latency_of(&latency, &create_c, 0));
	/* 4 GiB are the published 400 ms, besides the command. */
	assert_in_range(fw_latency_of(&latency, &reg_mr, 4ull << 30), 400 * MS, 405 * MS);
	assert_int_equal(FW_LATENCY_MAX_NS, fw_latency_of(&latency, &reg_mr, UINT64_MAX));
}

static void
test_the_closest_row_wins(void **state)
{
	struct fw_latency latency;

	fw_latency_init(&latency, "none");
	assert_int_equal(0, fw_latency_set(&latency, "CREATE_GENERAL_OBJECT", 5));
	latency.default_ns = 3;
	assert_int_equal(5, fw_latency_of(&latency, &create_q, 0));
	assert_int_equal(3, fw_latency_of(&latency, &modify_q, 0));
	assert_int_equal(0, fw_latency_set(&latency, "CREATE_GENERAL_OBJECT/VIRTIO_NET_Q", 7));
	assert_int_equal(7, fw_latency_of(&latency, &create_q, 0));
	assert_int_equal(5, fw_latency_of(&latency, &create_c, 0));
	/* The other order of rows says the same. */
	fw_latency_init(&latency, "none");
	assert_int_equal(0, fw_latency_set(&latency, "CREATE_GENERAL_OBJECT/VIRTIO_NET_Q", 7));
	assert_int_equal(0, fw_latency_set(&latency, "CREATE_GENERAL_OBJECT", 5));
	assert_int_equal(7, fw_latency_of(&latency, &create_q, 0));
	/* Again: replaced, not added. */
	assert_int_equal(0, fw_latency_set(&latency, "CREATE_GENERAL_OBJECT", 0));
	assert_int_equal(2, latency.nb_rows);
	assert_int_equal(0, fw_latency_of(&latency, &create_c, 0));
	assert_true(fw_latency_waits(&latency));
}

static void
test_refusals(void **state)
{
	struct fw_latency latency;
	char name[48];
	uint32_t op;

	fw_latency_init(&latency, "none");
	assert_int_equal(-ENOENT, fw_latency_set(&latency, "CREATE_SOMETHING", 1));
	assert_int_equal(-ERANGE, fw_latency_set(&latency, "CREATE_CQ", FW_LATENCY_MAX_NS + 1));
	assert_int_equal(0, latency.nb_rows);
	for (op = 0; op < FW_LATENCY_MAX_ROWS; op++) {
		latency.rows[op] = (struct fw_latency_row){ { 0xf000 + op, 0 }, 1 };
		latency.nb_rows++;
	}
	snprintf(name, sizeof(name), "CREATE_CQ");
	assert_int_equal(-ENOSPC, fw_latency_set(&latency, name, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none_is_nothing),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_the_closest_row_wins),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
