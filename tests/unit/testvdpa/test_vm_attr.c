/* SPDX-License-Identifier: BSD-3-Clause */
/* Wishes that no guest is made with, and in which words they are refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <base_math.h>

#include "said.h"
#include "vm.h"

static int
teardown(void **state)
{
	vm_remove_all();
	return 0;
}

static void
test_refused(void **state)
{
	const struct {
		struct vm_attr attr;
		int ret;
		const char *words;
	} rows[] = {
		{ { .name = "", .socket = "s" }, -EINVAL, "guest name ''" },
		{ { .name = "a b", .socket = "s" }, -EINVAL, "guest name 'a b'" },
		{ { .name = "A", .socket = "s" }, -EEXIST, "there is a guest 'A' already" },
		{ { .name = "B", .socket = "A" }, -EBUSY, "the socket A is guest A's" },
		{ { .name = "B", .socket = "" }, -EINVAL, "path has 0 characters" },
		{ { .name = "B", .socket = "s", .nb_pairs = 65 }, -EINVAL, "65 queue pairs" },
		{ { .name = "B", .socket = "s", .ring_size = 3 }, -EINVAL, "ring size 3" },
		{ { .name = "B", .socket = "s", .ring_size = 65536 }, -EINVAL, "ring size 65536" },
		{ { .name = "B", .socket = "s", .mem = 3 << 20 }, -EINVAL, "no multiple of 2 MiB" },
		{ { .name = "B", .socket = "s", .mem = 2 << 20, .ring_size = 4096 }, -EINVAL,
				"MiB of memory for their buffers, not 2" },
	};
	struct vm_attr attr = { .name = "A", .socket = "A", .log = &said_log };

	assert_int_equal(vm_add(&attr, NULL), 0);
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		attr = rows[i].attr;
		attr.log = &said_log;
		assert_int_equal(vm_add(&attr, NULL), rows[i].ret);
		assert_non_null(strstr(said, rows[i].words));
	}
	assert_null(vm_find("B"));
	assert_null(vm_after(vm_find("A")));
}

int
main(void)
{
#define ATTR_TEST(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		ATTR_TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
