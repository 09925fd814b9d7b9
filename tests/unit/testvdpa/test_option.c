/* SPDX-License-Identifier: BSD-3-Clause */
/* The program's options: values, defaults, and a sentence for each mistake. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "option.h"

#define ARGS_MAX 24

/* Parses the words of @line; @said gets the complaint. */
static int
parse(char *line, struct option_attr *attr, char *said, size_t size)
{
	char program[] = "test";
	char *argv[ARGS_MAX + 1] = { program };
	char *save = NULL;
	char *word;
	int argc = 1;
	FILE *err;
	int ret;

	for (word = strtok_r(line, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < ARGS_MAX);
		argv[argc++] = word;
	}
	memset(said, 0, size);
	err = fmemopen(said, size, "w");
	assert_non_null(err);
	ret = option_parse(argc, argv, attr, err);
	fclose(err);
	return ret;
}

static void
test_values(void **state)
{
	char all[] = "--cmdline-file f -i --client --auto-start --iface /run/v --card c";
	char story[] = "--scenario all --json r.json --html r.html --card c --iterations 10 "
		       "--queues 2 --packed --seed 7 --patience 1000";
	char none[] = "";
	struct option_attr attr;
	char said[256];

	assert_int_equal(parse(all, &attr, said, sizeof(said)), 0);
	assert_string_equal(attr.cmdline_file, "f");
	assert_string_equal(attr.iface, "/run/v");
	assert_string_equal(attr.scenario.card_path, "c");
	assert_true(attr.interactive && attr.client && attr.auto_start);
	assert_null(attr.scenario.name);

	assert_int_equal(parse(story, &attr, said, sizeof(said)), 0);
	assert_string_equal(attr.scenario.name, "all");
	assert_string_equal(attr.scenario.json_path, "r.json");
	assert_string_equal(attr.scenario.html_path, "r.html");
	assert_string_equal(attr.scenario.card_path, "c");
	assert_int_equal(attr.scenario.iterations, 10);
	assert_int_equal(attr.scenario.queue_pairs, 2);
	assert_int_equal(attr.scenario.seed, 7);
	assert_int_equal(attr.scenario.patience_ms, 1000);
	assert_true(attr.scenario.packed);

	assert_int_equal(parse(none, &attr, said, sizeof(said)), 0);
	assert_false(attr.interactive || attr.client || attr.auto_start || attr.help);
	assert_int_equal(attr.scenario.iterations, 1);
	assert_int_equal(attr.scenario.queue_pairs, 1);
	assert_int_equal(attr.scenario.patience_ms, 5000);
	assert_false(attr.scenario.packed);
	assert_string_equal(said, "");
}

static void
test_mistakes(void **state)
{
	static const struct {
		const char *line;
		const char *says;
	} rows[] = {
		{ "--frob", "'--frob' is no option" },
		{ "-x", "'-x' is no option" },
		{ "--iterations", "'--iterations' is no option, or lacks its value" },
		{ "--client --iterations -1", "--iterations: '-1' is not a valid N" },
		{ "--iterations 1x", "--iterations: '1x'" },
		{ "--iterations 99999999999999999999", "--iterations: '9999" },
		{ "--queues 0", "--queues: '0'" },
		{ "--client=yes", "'--client=yes'" },
		{ "left over", "unexpected argument 'left'" },
		{ "--iface x", "--auto-start, which is missing" },
		{ "--scenario all --queues 65", "--queues: '65'" },
		{ "--scenario all --patience 99", "--patience: '99' is not a valid MS" },
		{ "--scenario", "'--scenario' is no option, or lacks its value" },
		{ "--scenario=", "--scenario: '' is not a valid NAME" },
		{ "--json x", "--json is about --scenario, which is missing" },
		{ "--packed -i", "--packed is about --scenario, which is missing" },
		{ "--seed 1 --card x", "--seed is about --scenario, which is missing" },
		{ "--scenario all -i", "--scenario plays alone: not with --interactive" },
		{ "--client --scenario all", "--scenario plays alone: not with --client" },
		{ "--cmdline-file x --scenario all", "not with --cmdline-file" },
	};
	struct option_attr attr;
	char line[128];
	char said[256];
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		strcpy(line, rows[i].line);
		assert_int_equal(parse(line, &attr, said, sizeof(said)), -EINVAL);
		assert_non_null(strstr(said, rows[i].says));
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
