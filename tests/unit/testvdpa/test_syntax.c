/* SPDX-License-Identifier: BSD-3-Clause */
/* Command syntaxes taken apart, the ones that break the rules refused, words matched. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "syntax.h"

static void
test_parse(void **state)
{
	struct syntax_word w[SYNTAX_WORDS_MAX];

	assert_int_equal(syntax_parse("attach DEV SOCKET [server|client]", w), 4);
	assert_false(w[0].any);
	assert_string_equal(w[0].text, "attach");
	assert_true(w[1].any && w[2].any);
	assert_true(w[3].optional && !w[3].any);
	assert_string_equal(w[3].text, "server|client");
	assert_int_equal(syntax_parse("show device [DEV]", w), 3);
	assert_true(w[2].any && w[2].optional);
	assert_int_equal(syntax_parse("", w), 0);
}

static void
test_refused(void **state)
{
	static const char *const bad[] = {
		"a [B] C",
		"a [",
		"a []",
		"a [b",
		"a b]",
		"a  b",
		"a b c d e f g",
		"a-word-that-is-much-longer-than-any-word-of-a-command-should-be",
	};
	struct syntax_word w[SYNTAX_WORDS_MAX];
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(syntax_parse(bad[i], w), -EINVAL);
}

static void
test_fits(void **state)
{
	struct syntax_word w[SYNTAX_WORDS_MAX];

	assert_int_equal(syntax_parse("show DEV [server|client]", w), 3);
	assert_true(syntax_fits(&w[0], "show"));
	assert_false(syntax_fits(&w[0], "sho"));
	assert_false(syntax_fits(&w[0], "shows"));
	assert_true(syntax_fits(&w[1], "0000:03:00.2"));
	assert_false(syntax_fits(&w[1], ""));
	assert_true(syntax_fits(&w[2], "server"));
	assert_true(syntax_fits(&w[2], "client"));
	assert_false(syntax_fits(&w[2], "server|client"));
	assert_false(syntax_fits(&w[2], "serve"));
	assert_false(syntax_fits(&w[2], ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
