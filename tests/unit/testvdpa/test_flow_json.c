/* SPDX-License-Identifier: BSD-3-Clause */
/* A flow as JSON: what is not known is null, and more faults than are kept are counted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow_json.h"

static char text[4096];

static const char *
written(const struct flow_record *record)
{
	struct json json = { .out = fmemopen(text, sizeof(text), "w") };

	assert_non_null(json.out);
	flow_json_record(&json, record);
	fclose(json.out);
	return text;
}

static void
test_a_flow(void **state)
{
	const struct flow_record record = {
		.id = 7,
		.kind = FLOW_DISABLE,
		.guest = "A",
		.what = "queue 0",
		.when = 1700000000,
		.duration_ns = 2300000,
		.nb_streams = 2,
		.nb_slow = 1,
		.gap_median_ns = 3100000,
		.gap_max_ns = 4000000,
		.commands_known = true,
		.commands = 15,
		.account = { { .sent = 9, .received = 7, .excused = 1 }, .pending = 1 },
		.nb_queues = 1,
		.queues = { { .before = { true, 5, 4 },
				.after = { true, 6, 6 },
				.saved = { true, 5, 5 },
				.restarted = true } },
	};

	assert_string_equal(written(&record),
			"{\"id\":7,\"kind\":\"disable\",\"title\":\"disable of queue 0 of A\","
			"\"guest\":\"A\",\"when\":1700000000,\"ms\":2.300,\"pass\":true,"
			"\"result\":0,\"error\":null,\"firmware_commands\":15,\"streams\":2,"
			"\"slow\":1,\"dead\":0,\"gap_ms\":{\"median\":3.100,\"max\":4.000},"
			"\"sent\":9,\"received\":7,\"lost\":0,\"excused\":1,\"duplicated\":0,"
			"\"reordered\":0,\"torn\":0,\"invented\":0,\"pending\":1,"
			"\"queues\":[{\"queue\":0,\"restarted\":true,\"before\":[5,4],"
			"\"after\":[6,6],\"saved\":[5,5],\"resumed\":null}],"
			"\"nb_faults\":0,\"faults\":[]}");
}

static void
test_a_flow_that_failed(void **state)
{
	struct flow_record record = { .kind = FLOW_RESET, .guest = "B", .result = -EIO };

	strcpy(record.text, "it \"broke\"");
	for (unsigned int i = 0; i < FLOW_FAULTS_MAX + 2; i++)
		flow_fault(&record, "fault %u", i);
	written(&record);
	assert_non_null(strstr(text,
			"\"pass\":false,\"result\":-5,\"error\":\"it \\\"broke\\\"\","));
	assert_non_null(strstr(text, "\"firmware_commands\":null"));
	assert_non_null(strstr(text, "\"nb_faults\":10,\"faults\":[\"fault 0\","));
	assert_non_null(strstr(text, "\"fault 7\"]}"));
}

static void
test_no_flow_at_all(void **state)
{
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	assert_int_equal(flow_json(out), 0);
	fclose(out);
	assert_string_equal(text, "{\"flows\":[]}\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_flow),
		cmocka_unit_test(test_a_flow_that_failed),
		cmocka_unit_test(test_no_flow_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
