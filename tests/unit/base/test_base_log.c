/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base_log.h"

struct sink {
	unsigned int nb;
	enum base_log_level level;
	char last[2048];
};

static void
sink_write(void *arg, enum base_log_level level, const char *msg)
{
	struct sink *sink = arg;

	sink->nb++;
	sink->level = level;
	strncpy(sink->last, msg, sizeof(sink->last) - 1);
}

static void
test_levels(void **state)
{
	struct sink sink = { 0 };
	struct base_log log = { .level = BASE_LOG_WARN, .write = sink_write, .arg = &sink };

	(void)state;
	base_info(&log, "not %s", "this");
	assert_int_equal(sink.nb, 0);
	base_err(&log, "queue %d: %s", 3, "bad descriptor");
	assert_int_equal(sink.nb, 1);
	assert_int_equal(sink.level, BASE_LOG_ERR);
	assert_string_equal(sink.last, "queue 3: bad descriptor");
	base_err(NULL, "nobody listens");
	assert_string_equal(base_log_level_name(BASE_LOG_DEBUG), "debug");
	assert_string_equal(base_log_level_name((enum base_log_level)99), "unknown");
}

static void
test_long_message_is_cut(void **state)
{
	struct sink sink = { 0 };
	struct base_log log = { .level = BASE_LOG_DEBUG, .write = sink_write, .arg = &sink };
	char text[1500];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	base_dbg(&log, "%s", text);
	assert_int_equal(sink.nb, 1);
	assert_true(strlen(sink.last) < sizeof(text) && strlen(sink.last) > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_long_message_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
