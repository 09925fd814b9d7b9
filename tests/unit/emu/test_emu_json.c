/* SPDX-License-Identifier: BSD-3-Clause */
/* Readers of single values: what passes, what does not, and how that is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emu_json.h"

static struct emu_json at;

static void
start(void)
{
	memset(&at, 0, sizeof(at));
	at.source = "f";
}

static void
test_u64(void **state)
{
	static const struct {
		const char *json;
		int ret;
		uint64_t value;
	} rows[] = {
		{ "5", 0, 5 },
		{ "9", 0, 9 },
		{ "4", -EINVAL, 0 },
		{ "10", -EINVAL, 0 },
		{ "-6", -EINVAL, 0 },
		{ "6.0", -EINVAL, 0 },
		{ "\"6\"", -EINVAL, 0 },
		{ "true", -EINVAL, 0 },
		{ "null", -EINVAL, 0 },
		{ "[6]", -EINVAL, 0 },
	};
	uint64_t value;
	char want[128];
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		json_t *json = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);

		start();
		value = 77;
		assert_int_equal(emu_json_u64(&at, json, 5, 9, &value), rows[i].ret);
		assert_int_equal(value, rows[i].ret == 0 ? rows[i].value : 77);
		snprintf(want, sizeof(want), "f: %s, but must be a number from 5 to 9",
				rows[i].json);
		assert_string_equal(at.error, rows[i].ret == 0 ? "" : want);
		json_decref(json);
	}
}

static void
test_others(void **state)
{
	static const char *const names[] = { "red", "blue" };
	json_t *text = json_string("blue"), *number = json_real(0.5), *yes = json_true();
	json_t *nul = json_stringn("a\0b", 3), *empty = json_string("");
	unsigned int which = 7;
	char buf[5];
	double real;
	bool on = false;

	start();
	assert_int_equal(emu_json_enum(&at, text, names, 2, &which), 0);
	assert_int_equal(which, 1);
	assert_int_equal(emu_json_enum(&at, text, names, 1, &which), -EINVAL);
	assert_string_equal(at.error, "f: \"blue\", but must be one of \"red\"");
	assert_int_equal(emu_json_enum(&at, yes, names, 2, &which), -EINVAL);
	assert_int_equal(emu_json_bool(&at, yes, &on), 0);
	assert_true(on);
	assert_int_equal(emu_json_bool(&at, text, &on), -EINVAL);
	assert_int_equal(emu_json_real(&at, number, 0, 1, &real), 0);
	assert_true(real == 0.5);
	assert_int_equal(emu_json_real(&at, number, 0.6, 1, &real), -EINVAL);
	assert_int_equal(emu_json_real(&at, text, 0, 1, &real), -EINVAL);
	assert_int_equal(emu_json_text(&at, text, buf, 5), 0);
	assert_string_equal(buf, "blue");
	assert_int_equal(emu_json_text(&at, text, buf, 4), -EINVAL);
	assert_int_equal(emu_json_text(&at, nul, buf, 5), -EINVAL);
	assert_int_equal(emu_json_text(&at, empty, buf, 5), -EINVAL);
	json_decref(text);
	json_decref(number);
	json_decref(nul);
	json_decref(empty);
}

static void
test_file(void **state)
{
	json_t *name = json_string("a/b"), *root = json_string("/a/b");
	char buf[4096], want[4096 + 8], dir[4096];

	start();
	assert_non_null(getcwd(dir, sizeof(dir)));
	snprintf(want, sizeof(want), "%s/a/b", dir);
	assert_int_equal(emu_json_file(&at, name, buf, sizeof(buf)), 0);
	assert_string_equal(buf, want);
	assert_int_equal(emu_json_file(&at, name, buf, strlen(want)), -EINVAL);
	assert_int_equal(emu_json_file(&at, root, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "/a/b");
	json_decref(name);
	json_decref(root);
}

static int
read_number(struct emu_json *where, const json_t *value, void *arg)
{
	uint64_t one;
	int ret = emu_json_u64(where, value, 0, 9, &one);

	*(uint64_t *)arg += ret == 0 ? one : 0;
	return ret;
}

static int
read_list(struct emu_json *where, const json_t *value, void *arg)
{
	return emu_json_array(where, value, 3, read_number, arg);
}

static void
test_nested(void **state)
{
	static const struct emu_json_key keys[] = { { "n", read_number }, { "list", read_list } };
	static const struct {
		const char *json, *error;
		uint64_t sum;
	} rows[] = {
		{ "{}", "", 0 },
		{ "{\"n\":1,\"list\":[2,3]}", "", 6 },
		{ "{\"list\":[1,2,3,4]}", "f: list: 4 elements, at most 3 are allowed", 0 },
		{ "{\"list\":[1,\"x\"]}", "f: list[1] is \"x\", but must be a number from 0 to 9",
				1 },
		{ "{\"m\":1}", "f: unknown key \"m\"; known are: n, list", 0 },
		{ "{\"list\":1}", "f: list is 1, but must be an array, [...]", 0 },
		{ "[]", "f: [], but must be an object, {...}", 0 },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		json_t *json = json_loads(rows[i].json, 0, NULL);
		uint64_t sum = 0;
		int ret;

		start();
		ret = emu_json_object(&at, json, keys, BASE_ARRAY_SIZE(keys), &sum);
		assert_int_equal(ret, rows[i].error[0] == '\0' ? 0 : -EINVAL);
		assert_string_equal(at.error, rows[i].error);
		assert_int_equal(sum, rows[i].sum);
		json_decref(json);
	}
}

/* Whatever stands in the file: the sentence is cut, never the stack. */
static void
test_long(void **state)
{
	char text[4096];
	json_t *json;
	uint64_t value;
	size_t i;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	json = json_string(text);
	start();
	for (i = 0; i < 100; i++)
		emu_json_enter(&at, text + 4000, 0);
	assert_int_equal(emu_json_u64(&at, json, 0, 1, &value), -EINVAL);
	assert_true(strlen(at.error) < sizeof(at.error));
	emu_json_leave(&at, 0);
	assert_int_equal(emu_json_u64(&at, json, 0, 1, &value), -EINVAL);
	assert_true(strlen(at.error) < 200);
	json_decref(json);
}

static void
test_from_text(void **state)
{
	static const struct {
		const char *text;
		bool number;
	} rows[] = { { "0", true }, { "123456789012345678", true },
		{ "1234567890123456789", false }, { "", false }, { "-1", false }, { "2x", false },
		{ " 2", false } };
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		json_t *json = emu_json_from_text(rows[i].text);

		assert_int_equal(json_is_integer(json), rows[i].number);
		json_decref(json);
	}
	assert_null(emu_json_from_text("\xff"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_from_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
