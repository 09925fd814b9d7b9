/* SPDX-License-Identifier: BSD-3-Clause */
/* What is said of a flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow.h"

static void
test_sentence(void **state)
{
	struct flow_record record = {
		.kind = FLOW_HOT_ADD,
		.guest = "A",
		.what = "64 MiB",
		.duration_ns = 2300000,
		.nb_streams = 2,
		.gap_median_ns = 3100000,
		.gap_max_ns = 4000000,
		.commands_known = true,
		.commands = 15,
		.nb_queues = 2,
		.queues = { { .restarted = true }, { .restarted = true } },
		.account.count.sent = 9,
	};
	char text[300];

	flow_sentence(&record, text, sizeof(text));
	assert_string_equal(text,
			"hot-add of 64 MiB to A: 2.3 ms, gap 3.1 ms (at most 4.0), 15 commands, 2 "
			"queues resumed, nothing lost");
	assert_true(flow_passed(&record));
	record.account.count.lost = 2;
	record.account.pending = 1;
	flow_fault(&record, "%u packets lost", 2);
	flow_sentence(&record, text, sizeof(text));
	assert_non_null(strstr(text, ", 2 lost, 1 pending; FAULT: 2 packets lost"));
	assert_false(flow_passed(&record));
	flow_title(&record, text, sizeof(text));
	assert_string_equal(text, "hot-add of 64 MiB to A");
	flow_sentence(&record, text, 10); /* cut, not overrun */
	assert_string_equal(text, "hot-add o");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
