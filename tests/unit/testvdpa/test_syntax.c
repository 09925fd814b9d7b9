/* SPDX-License-Identifier: BSD-3-Clause */
/* Command syntaxes taken apart, the ones that break the rules refused, lines walked word by word. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "syntax.h"

#define GUEST "guest add NAME SOCKET [queues N] [packed] [server|client] [mode tx|rx]"

static void
test_parse(void **state)
{
	struct syntax s;

	assert_int_equal(syntax_parse(GUEST, &s), 0);
	assert_int_equal(s.nb_words, 4);
	assert_int_equal(s.nb_options, 4);
	assert_false(s.word[0].any);
	assert_string_equal(s.word[0].text, "guest");
	assert_true(s.word[2].any && !s.word[2].optional);
	assert_true(s.option[0].has_value && s.option[0].value.any);
	assert_string_equal(s.option[0].key.text, "queues");
	assert_false(s.option[1].has_value);
	assert_string_equal(s.option[2].key.text, "server|client");
	assert_false(s.option[3].value.any);
	assert_int_equal(syntax_min_words(&s), 4);
	assert_int_equal(syntax_max_words(&s), 10);

	assert_int_equal(syntax_parse("show device [DEV]", &s), 0);
	assert_true(s.word[2].any && s.word[2].optional);
	assert_int_equal(syntax_min_words(&s), 2);
	assert_int_equal(syntax_max_words(&s), 3);
	assert_int_equal(syntax_parse("", &s), 0);
	assert_int_equal(s.nb_words, 0);
}

/* 25 options, one more than there may be. */
#define FIVE " [x] [x] [x] [x] [x]"
#define MANY "a" FIVE FIVE FIVE FIVE FIVE

static void
test_refused(void **state)
{
	static const char *const bad[] = {
		"a [B] C",
		"a [B] [c]",
		"a [c] [B]",
		"a [c] D",
		"[c]",
		"a [",
		"a []",
		"a [b",
		"a b]",
		"a [b c d]",
		"a [b]c",
		"a  b",
		"a ",
		" a",
		"a b c d e f g h i",
		MANY,
		"a-word-that-is-much-longer-than-any-word-of-a-command-should-ever-be",
	};
	struct syntax s;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(syntax_parse(bad[i], &s), -EINVAL);
}

static void
test_fits(void **state)
{
	struct syntax s;

	assert_int_equal(syntax_parse("show DEV on|off", &s), 0);
	assert_true(syntax_fits(&s.word[0], "show"));
	assert_false(syntax_fits(&s.word[0], "sho"));
	assert_false(syntax_fits(&s.word[0], "shows"));
	assert_true(syntax_fits(&s.word[1], "0000:03:00.2"));
	assert_false(syntax_fits(&s.word[1], ""));
	assert_true(syntax_fits(&s.word[2], "on"));
	assert_true(syntax_fits(&s.word[2], "off"));
	assert_false(syntax_fits(&s.word[2], "on|off"));
	assert_false(syntax_fits(&s.word[2], "of"));
	assert_false(syntax_fits(&s.word[2], ""));
}

/* Walks @line; @return what the first word that does not fit gets, else 1: may end, 0: may not. */
static int
walk(const char *text, const char *line)
{
	struct syntax syntax;
	struct syntax_cursor cursor;
	char copy[128];
	char *save = NULL;
	char *word;
	int ret;

	assert_int_equal(syntax_parse(text, &syntax), 0);
	cursor = syntax_begin(&syntax);
	strcpy(copy, line);
	for (word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		ret = syntax_take(&cursor, word);
		if (ret != 0)
			return ret;
	}
	return syntax_may_end(&cursor);
}

static void
test_walk(void **state)
{
	assert_int_equal(walk(GUEST, "guest add A /s"), 1);
	assert_int_equal(walk(GUEST, "guest add A"), 0);
	assert_int_equal(walk(GUEST, "guest add A /s packed client queues 2"), 1);
	assert_int_equal(walk(GUEST, "guest add A /s queues packed packed"), 1);
	assert_int_equal(walk(GUEST, "guest add A /s queues"), 0);
	assert_int_equal(walk(GUEST, "guest add A /s queues 2 queues 3"), -EEXIST);
	assert_int_equal(walk(GUEST, "guest add A /s server client"), -EEXIST);
	assert_int_equal(walk(GUEST, "guest add A /s mode up"), -ENOENT);
	assert_int_equal(walk(GUEST, "guest add A /s mode rx"), 1);
	assert_int_equal(walk(GUEST, "guest add A /s A"), -ENOENT);
	assert_int_equal(walk(GUEST, "guest remove"), -ENOENT);
	assert_int_equal(walk("show device [DEV]", "show device"), 1);
	assert_int_equal(walk("show device [DEV]", "show device d"), 1);
	assert_int_equal(walk("show device [DEV]", "show device d e"), -ENOENT);
}

static void
test_next(void **state)
{
	struct syntax syntax;
	struct syntax_cursor cursor;
	char text[SYNTAX_TEXT_MAX];

	assert_int_equal(syntax_parse("add NAME [queues N] [packed] [on|off]", &syntax), 0);
	cursor = syntax_begin(&syntax);
	assert_string_equal(syntax_next(&cursor, 0)->text, "add");
	assert_null(syntax_next(&cursor, 1));
	assert_int_equal(syntax_take(&cursor, "add"), 0);
	assert_true(syntax_next(&cursor, 0)->any);
	assert_int_equal(syntax_take(&cursor, "A"), 0);
	assert_string_equal(syntax_next(&cursor, 0)->text, "queues");
	assert_string_equal(syntax_next(&cursor, 2)->text, "on|off");
	assert_null(syntax_next(&cursor, 3));
	assert_int_equal(syntax_take(&cursor, "packed"), 0);
	assert_string_equal(syntax_next(&cursor, 1)->text, "on|off");
	assert_null(syntax_next(&cursor, 2));
	assert_int_equal(syntax_take(&cursor, "queues"), 0);
	assert_string_equal(syntax_next(&cursor, 0)->text, "N");
	assert_null(syntax_next(&cursor, 1));

	assert_true(syntax_choice(&syntax.option[2].key, 0, text));
	assert_string_equal(text, "on");
	assert_true(syntax_choice(&syntax.option[2].key, 1, text));
	assert_string_equal(text, "off");
	assert_false(syntax_choice(&syntax.option[2].key, 2, text));
	assert_true(syntax_choice(&syntax.word[0], 0, text));
	assert_false(syntax_choice(&syntax.word[0], 1, text));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
