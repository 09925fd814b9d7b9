/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base_math.h"

static void
test_checked(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_true(base_add_ok(UINT64_MAX - 1, 1, &v) && v == UINT64_MAX);
	assert_false(base_add_ok(UINT64_MAX, 1, &v));
	assert_true(base_mul_ok(1ULL << 32, 1ULL << 31, &v) && v == 1ULL << 63);
	assert_false(base_mul_ok(1ULL << 32, 1ULL << 32, &v));
}

static void
test_ranges(void **state)
{
	(void)state;
	assert_true(base_range_inside(0x1000, 0x1000, 0x1000, 0x1000));
	assert_true(base_range_inside(0x2000, 0, 0x1000, 0x1000));
	assert_false(base_range_inside(0x1001, 0x1000, 0x1000, 0x1000));
	assert_false(base_range_inside(0xfff, 2, 0x1000, 0x1000));
	/* A range up to the last byte of the address space must not wrap. */
	assert_true(base_range_inside(UINT64_MAX, 1, UINT64_MAX - 1, 2));
	assert_false(base_range_inside(UINT64_MAX, 2, UINT64_MAX - 1, 2));
	assert_false(base_range_inside(0x1000, UINT64_MAX, 0x1000, 0x1000));
	assert_true(base_range_overlap(0, 2, 1, 1));
	assert_true(base_range_overlap(1, 1, 0, 2));
	assert_false(base_range_overlap(0, 1, 1, 1));
	assert_false(base_range_overlap(0, 0, 0, 1));
	assert_true(base_range_overlap(UINT64_MAX, 1, UINT64_MAX - 1, 2));
}

static void
test_powers(void **state)
{
	(void)state;
	assert_false(base_is_pow2(0));
	assert_true(base_is_pow2(1) && base_is_pow2(1ULL << 63));
	assert_false(base_is_pow2(3));
	assert_int_equal(base_log2(1), 0);
	assert_int_equal(base_log2(UINT64_MAX), 63);
	assert_int_equal(base_pow2_ceil(0), 1);
	assert_int_equal(base_pow2_ceil(5), 8);
	assert_int_equal(base_pow2_ceil(8), 8);
	assert_true(base_pow2_ceil((1ULL << 62) + 1) == 1ULL << 63);
	assert_int_equal(base_align_up(1, 4096), 4096);
	assert_int_equal(base_align_up(4096, 4096), 4096);
}

static void
test_gcd(void **state)
{
	(void)state;
	assert_int_equal(base_gcd(0, 6), 6);
	assert_int_equal(base_gcd(6, 0), 6);
	assert_int_equal(base_gcd(12, 18), 6);
	assert_true(base_gcd(1ULL << 40, 3ULL << 30) == 1ULL << 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checked),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_powers),
		cmocka_unit_test(test_gcd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
