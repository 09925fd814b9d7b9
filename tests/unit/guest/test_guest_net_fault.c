/* SPDX-License-Identifier: BSD-3-Clause */
/* Each kind of fault is counted once and has a name of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guest_net_fault.h"

static void
test_each_once(void **state)
{
	struct guest_net_fault faults[GUEST_NET_NB_FAULTS];
	struct guest_net_stats stats = {
		.short_used = 101,
		.odd_header = 102,
		.merge_errors = 103,
		.frames = 104, /* no fault */
	};
	uint64_t sum = 0;
	unsigned int i, k;

	stats.ring.passed_over = 100;
	stats.ring.errors[GUEST_VRING_OK] = 1000; /* nor this */
	for (i = GUEST_VRING_OK + 1; i < GUEST_VRING_NB_ERRORS; i++)
		stats.ring.errors[i] = i;
	guest_net_faults(&stats, faults);
	for (i = 0; i < GUEST_NET_NB_FAULTS; i++) {
		sum += faults[i].nb;
		assert_non_null(faults[i].what);
		for (k = 0; k < i; k++) {
			assert_string_not_equal(faults[i].what, faults[k].what);
			assert_int_not_equal(faults[i].nb, faults[k].nb);
		}
	}
	assert_int_equal(100 + 101 + 102 + 103 +
					(GUEST_VRING_NB_ERRORS - 1) * GUEST_VRING_NB_ERRORS / 2,
			sum);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
