/* SPDX-License-Identifier: BSD-3-Clause */
/* Time limits in slices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "patience.h"

/* Waits in vain. @return how long in all */
static unsigned int
wait_in_vain(struct patience *patience, unsigned int *nb)
{
	unsigned int sum = 0;

	*nb = 0;
	do {
		sum += patience_slice(patience);
		++*nb;
	} while (patience_go_on(patience));
	return sum;
}

static void
test_slices_add_up(void **state)
{
	struct patience patience = { 3 * PATIENCE_SLICE_MS + 1 };
	unsigned int nb;

	assert_int_equal(wait_in_vain(&patience, &nb), 3 * PATIENCE_SLICE_MS + 1);
	assert_int_equal(nb, 4);
}

static void
test_none_asks_once(void **state)
{
	struct patience patience = { 0 };
	unsigned int nb;

	assert_int_equal(wait_in_vain(&patience, &nb), 0);
	assert_int_equal(nb, 1);
	assert_int_equal(wait_in_vain(&patience, &nb), 0); /* and so does who comes later */
	assert_int_equal(nb, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slices_add_up),
		cmocka_unit_test(test_none_asks_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
