/* SPDX-License-Identifier: BSD-3-Clause */
/* Every pair of port states against the arcs that the life of a connection has. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "port_state.h"

static void
test_all_pairs(void **state)
{
	/* row: from, column: to; order DOWN, WAITING, CONNECTED, RUNNING */
	static const bool may[PORT_STATE_NB][PORT_STATE_NB] = {
		{ false, true, false, false },
		{ true, false, true, false },
		{ true, true, false, true },
		{ true, false, true, false },
	};
	unsigned int from;
	unsigned int to;

	for (from = 0; from < PORT_STATE_NB; from++) {
		for (to = 0; to < PORT_STATE_NB; to++)
			assert_int_equal(port_state_may(from, to), may[from][to]);
	}
}

static void
test_no_states(void **state)
{
	assert_false(port_state_may(PORT_STATE_NB, PORT_DOWN));
	assert_false(port_state_may(PORT_DOWN, PORT_STATE_NB));
	assert_false(port_state_may(PORT_DOWN, (enum port_state)4000000000u));
	assert_string_equal(port_state_name(PORT_STATE_NB), "unknown");
	assert_string_equal(port_state_name(PORT_RUNNING), "running");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_no_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
