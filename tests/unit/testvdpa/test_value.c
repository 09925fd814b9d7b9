/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as people type them: what is taken, and one sentence for what is not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "value.h"

static char said[256];
static unsigned int nb_said;

static void
log_write(void *arg, enum base_log_level level, const char *msg)
{
	snprintf(said, sizeof(said), "%s", msg);
	nb_said++;
}

static const struct base_log test_log = { .level = BASE_LOG_INFO, .write = log_write };

/** One word and what becomes of it. */
struct value_case {
	const char *text;
	uint64_t value; /**< where ret is 0 */
	int ret;
	const char *said;
};

typedef int (*value_reader)(const struct value_range *range, const char *text,
		const struct base_log *log, uint64_t *n);

static void
run_cases(value_reader reader, const struct value_range *range, const struct value_case *cases)
{
	for (; cases->text != NULL; cases++) {
		uint64_t n = 4711;

		nb_said = 0;
		assert_int_equal(reader(range, cases->text, &test_log, &n), cases->ret);
		assert_int_equal(n, cases->ret == 0 ? cases->value : 4711);
		assert_int_equal(nb_said, cases->ret != 0);
		if (cases->ret != 0)
			assert_string_equal(said, cases->said);
	}
}

static void
test_number(void **state)
{
	static const struct value_range range = { "queues", 1, 256 };
	static const struct value_case cases[] = {
		{ "1", 1, 0, NULL },
		{ "256", 256, 0, NULL },
		{ "0x10", 16, 0, NULL },
		{ "007", 7, 0, NULL },
		{ "0", 0, -ERANGE, "queues 0 is out of range, possible are 1 to 256" },
		{ "257", 0, -ERANGE, "queues 257 is out of range, possible are 1 to 256" },
		{ "99999999999999999999999", 0, -ERANGE,
				"queues 99999999999999999999999 is out of range, possible are 1 to "
				"256" },
		{ "-1", 0, -EINVAL, "queues '-1' is no number" },
		{ "+1", 0, -EINVAL, "queues '+1' is no number" },
		{ "1x", 0, -EINVAL, "queues '1x' is no number" },
		{ "0x", 0, -EINVAL, "queues '0x' is no number" },
		{ "a", 0, -EINVAL, "queues 'a' is no number" },
		{ "", 0, -EINVAL, "queues '' is no number" },
		{ NULL, 0, 0, NULL },
	};
	static const struct value_range all = { "seed", 0, UINT64_MAX };
	static const struct value_case wrapped[] = {
		{ "18446744073709551614", UINT64_MAX - 1, 0, NULL },
		{ "18446744073709551616", 0, -ERANGE,
				"seed 18446744073709551616 is out of range, possible are 0 to "
				"18446744073709551615" },
		{ NULL, 0, 0, NULL },
	};

	run_cases(value_number, &range, cases);
	run_cases(value_number, &all, wrapped);
}

static void
test_size(void **state)
{
	static const struct value_range range = { "mem", 4096, 2ULL << 30 };
	static const struct value_case cases[] = {
		{ "4096", 4096, 0, NULL },
		{ "4K", 4096, 0, NULL },
		{ "64M", 64 << 20, 0, NULL },
		{ "2G", 2ULL << 30, 0, NULL },
		{ "0x1000K", 0x400000, 0, NULL },
		{ "1T", 0, -ERANGE, "mem 1T is out of range, possible are 4K to 2G" },
		{ "4095", 0, -ERANGE, "mem 4095 is out of range, possible are 4K to 2G" },
		{ "99999999999T", 0, -ERANGE,
				"mem 99999999999T is out of range, possible are 4K to 2G" },
		{ "64MB", 0, -EINVAL,
				"mem '64MB' is no size (a number, or one with K, M, G or T behind "
				"it)" },
		{ "M", 0, -EINVAL,
				"mem 'M' is no size (a number, or one with K, M, G or T behind "
				"it)" },
		{ NULL, 0, 0, NULL },
	};

	run_cases(value_size, &range, cases);
}

static void
test_seconds(void **state)
{
	static const struct value_range range = { "SECONDS", 100, 3600000 };
	static const struct value_case cases[] = {
		{ "1", 1000, 0, NULL },
		{ "0.5", 500, 0, NULL },
		{ "2.125", 2125, 0, NULL },
		{ "3600", 3600000, 0, NULL },
		{ "0", 0, -ERANGE, "SECONDS 0 is out of range, possible are 0.1 to 3600 seconds" },
		{ "3600.001", 0, -ERANGE,
				"SECONDS 3600.001 is out of range, possible are 0.1 to 3600 "
				"seconds" },
		{ "18446744073709551", 0, -ERANGE,
				"SECONDS 18446744073709551 is out of range, possible are 0.1 to "
				"3600 seconds" },
		{ "1.", 0, -EINVAL,
				"SECONDS '1.' is no number of seconds (3 or 0.5, to the "
				"millisecond)" },
		{ "1.2345", 0, -EINVAL,
				"SECONDS '1.2345' is no number of seconds (3 or 0.5, to the "
				"millisecond)" },
		{ ".5", 0, -EINVAL,
				"SECONDS '.5' is no number of seconds (3 or 0.5, to the "
				"millisecond)" },
		{ "1s", 0, -EINVAL,
				"SECONDS '1s' is no number of seconds (3 or 0.5, to the "
				"millisecond)" },
		{ NULL, 0, 0, NULL },
	};

	run_cases(value_seconds, &range, cases);
}

static void
test_queue(void **state)
{
	uint16_t queue = 7;

	assert_int_equal(value_queue("3", 4, &test_log, &queue), 0);
	assert_int_equal(queue, 3);
	assert_int_equal(value_queue("4", 4, &test_log, &queue), -ERANGE);
	assert_string_equal(said, "queue 4 is out of range, possible are 0 to 3");
	assert_int_equal(value_queue("0", 0, &test_log, &queue), -ERANGE);
	assert_string_equal(said, "queue '0': there are no queues");
	assert_int_equal(queue, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
