/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows that do not begin. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow.h"
#include "said.h"

static int
teardown(void **state)
{
	flow_history_clear();
	vm_remove_all();
	return 0;
}

static int
never(struct vm *vm, struct flow_record *record, void *arg)
{
	fail();
	return 0;
}

static void
test_no_flow_without_a_device(void **state)
{
	struct vm_attr a = { .name = "A", .socket = "A", .log = &said_log };
	struct flow_record record;
	struct flow_call call = { .log = &said_log };
	struct flow_act act = { .run = never };

	assert_int_equal(vm_add(&a, &call.vm), 0);
	for (act.kind = 0; act.kind < FLOW_NB_KINDS; act.kind++) {
		assert_int_equal(flow_run(&call, &act), -ENOTCONN);
		assert_non_null(strstr(said, "guest A is not started"));
	}
	assert_false(flow_history(0, &record));
}

int
main(void)
{
#define FLOW_TEST(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		FLOW_TEST(test_no_flow_without_a_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
