/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a pair is taken for dead, and when the machine is only slow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chaos.h"

static void
test_dead(void **state)
{
	assert_false(chaos_is_dead(0, 0, 8000));
	assert_false(chaos_is_dead(7999, 1000000, 8000)); /* a flow may take its time */
	assert_true(chaos_is_dead(8000, 1000, 8000)); /* others moved */
	assert_false(chaos_is_dead(8000, 999, 8000));
	assert_false(chaos_is_dead(12300, 0, 8000)); /* nobody did: no processor for any of us */
	assert_false(chaos_is_dead(47999, 0, 8000));
	assert_true(chaos_is_dead(48000, 0, 8000)); /* for so long that it is no excuse */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
