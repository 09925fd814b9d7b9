/* SPDX-License-Identifier: BSD-3-Clause */
/* Nesting, commas and quoting of the JSON writer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "json.h"

static void
test_document(void **state)
{
	char text[512] = "";
	struct json json = { .out = fmemopen(text, sizeof(text), "w") };

	assert_non_null(json.out);
	json_open(&json, NULL, '{');
	json_u64(&json, "max", UINT64_MAX);
	json_int(&json, "min", INT64_MIN);
	json_open(&json, "list", '[');
	json_open(&json, NULL, '{');
	json_close(&json, '}');
	json_bool(&json, NULL, true);
	json_close(&json, ']');
	json_text(&json, "text", "a\"b\\c\n\x01\xc3\xa4");
	json_text(&json, "none", NULL);
	json_real(&json, "real", -2.0625);
	json_close(&json, '}');
	fclose(json.out);
	assert_string_equal(text,
			"{\"max\":18446744073709551615,\"min\":-9223372036854775808,"
			"\"list\":[{},true],\"text\":\"a\\\"b\\\\c\\u000a\\u0001\xc3\xa4\","
			"\"none\":null,\"real\":-2.062}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
