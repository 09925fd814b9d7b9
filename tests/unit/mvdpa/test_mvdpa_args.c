/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: good texts give values, bad ones give -EINVAL and one message that names
 * what was wrong and what would be right.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "last_log.h"
#include "mvdpa_args.h"

static void
test_want(void **state)
{
	assert_true(mvdpa_args_want("class=vdpa"));
	assert_true(mvdpa_args_want("resume_index=used,class=vdpa"));
	assert_false(mvdpa_args_want("class=eth"));
	assert_false(mvdpa_args_want("class=eth:vdpa"));
	assert_false(mvdpa_args_want("class="));
	assert_false(mvdpa_args_want("klass=vdpa"));
	assert_false(mvdpa_args_want(""));
	assert_false(mvdpa_args_want(NULL));
}

static void
test_good(void **state)
{
	struct mvdpa_args args;

	nb_logs = 0;
	assert_int_equal(mvdpa_args_parse(NULL, &test_log, &args), 0);
	assert_int_equal(args.resume_index, MVDPA_INDEX_USED);
	assert_int_equal(mvdpa_args_parse("class=vdpa", &test_log, &args), 0);
	assert_int_equal(args.resume_index, MVDPA_INDEX_USED);
	assert_int_equal(mvdpa_args_parse("class=vdpa,resume_index=saved", &test_log, &args), 0);
	assert_int_equal(args.resume_index, MVDPA_INDEX_SAVED);
	assert_int_equal(mvdpa_args_parse("resume_index=used,class=vdpa", &test_log, &args), 0);
	assert_int_equal(args.resume_index, MVDPA_INDEX_USED);
	assert_int_equal(nb_logs, 0);
}

static void
check_bad(const char *text, const char *a, const char *b)
{
	struct mvdpa_args args;

	nb_logs = 0;
	assert_int_equal(mvdpa_args_parse(text, &test_log, &args), -EINVAL);
	assert_int_equal(nb_logs, 1);
	assert_non_null(strstr(last_log, a));
	assert_non_null(strstr(last_log, b));
}

static void
test_bad(void **state)
{
	check_bad("class=vdpa,colour=red", "'colour'", "class, resume_index");
	check_bad("class=vdpa,event_mode=1", "'event_mode'", "class, resume_index");
	check_bad("class=vdpa,resume_index=maybe", "'maybe'", "used, saved");
	check_bad("class=vdpa,resume_index=", "''", "used, saved");
	check_bad("class=vdpa,resume_index", "resume_index", "used, saved");
	check_bad("class=vdpa,resume_index=usedx", "'usedx'", "used, saved");
	check_bad("class=vdpa,class=eth", "'eth'", "vdpa");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_want),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
