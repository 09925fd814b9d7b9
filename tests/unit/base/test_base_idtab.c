/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base_idtab.h"

static void
test_add_get_del(void **state)
{
	struct base_idtab tab;
	uint32_t a, b;
	int x, y;

	(void)state;
	base_idtab_init(&tab, 5, 1000);
	assert_null(base_idtab_get(&tab, 5));
	assert_int_equal(base_idtab_add(&tab, &x, &a), 0);
	assert_int_equal(base_idtab_add(&tab, &y, &b), 0);
	assert_true(a >= 5 && b >= 5 && a != b);
	assert_ptr_equal(base_idtab_get(&tab, a), &x);
	assert_null(base_idtab_get(&tab, 4));
	assert_null(base_idtab_get(&tab, UINT32_MAX));
	assert_ptr_equal(base_idtab_del(&tab, a), &x);
	assert_null(base_idtab_del(&tab, a));
	assert_null(base_idtab_get(&tab, a));
	base_idtab_fini(&tab);
}

static void
test_limit(void **state)
{
	struct base_idtab tab;
	uint32_t id, i;
	int x;

	(void)state;
	base_idtab_init(&tab, 0, 100);
	for (i = 0; i < 100; i++) {
		assert_int_equal(base_idtab_add(&tab, &x, &id), 0);
		assert_true(id < 100);
	}
	assert_int_equal(base_idtab_add(&tab, &x, &id), -ENOSPC);
	assert_ptr_equal(base_idtab_del(&tab, 42), &x);
	assert_int_equal(base_idtab_add(&tab, &x, &id), 0);
	assert_int_equal(id, 42);
	base_idtab_fini(&tab);
}

static void
test_no_early_reuse(void **state)
{
	struct base_idtab tab;
	uint32_t first, id, i;
	int x;

	(void)state;
	base_idtab_init(&tab, 1, 1u << 20);
	assert_int_equal(base_idtab_add(&tab, &x, &first), 0);
	base_idtab_del(&tab, first);
	for (i = 0; i < 30; i++) {
		assert_int_equal(base_idtab_add(&tab, &x, &id), 0);
		assert_int_not_equal(id, first);
		base_idtab_del(&tab, id);
	}
	base_idtab_fini(&tab);
}

static void
test_next(void **state)
{
	struct base_idtab tab;
	uint32_t ids[200], id, seen = 0, i;
	int x[200];

	(void)state;
	base_idtab_init(&tab, 7, 1000);
	for (i = 0; i < 200; i++)
		assert_int_equal(base_idtab_add(&tab, &x[i], &ids[i]), 0);
	for (i = 0; i < 200; i += 2)
		base_idtab_del(&tab, ids[i]);
	for (id = 0; base_idtab_next(&tab, &id) != NULL; id++)
		seen++;
	assert_int_equal(seen, 100);
	base_idtab_fini(&tab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_get_del),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_no_early_reuse),
		cmocka_unit_test(test_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
