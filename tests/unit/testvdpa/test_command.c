/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines through librte_cmdline with a table of the test's own: what a handler gets, completion word
 * by word, one sentence for each mistake; and the program's own tables.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <cmdline.h>
#include <cmdline_parse.h>

#include "command_rows.h"
#include "said.h"

static char got[1024];

/* Writes down what it got. */
static int
take(struct command_session *session, const struct command_args *args)
{
	static const struct value_range queues = { "queues", 1, 8 };
	static const struct value_range mem = { "mem", 1, 1ULL << 40 };
	const char *mode = command_option(args, "mode");
	uint64_t nb = 2;
	uint64_t size = 0;

	if (command_option_number(session, args, &queues, &nb) != 0 ||
			command_option_size(session, args, &mem, &size) != 0)
		return -EINVAL;
	snprintf(got, sizeof(got), "%s|%s|%s packed=%d queues=%d mem=%dM mode=%s client=%d",
			args->word[0], args->word[1], args->word[2],
			command_option(args, "packed") != NULL, (int)nb, (int)(size >> 20),
			mode == NULL ? "none" : mode, command_option(args, "client") != NULL);
	return 0;
}

static const struct command_row test_rows[] = {
	{ "add NAME [queues N] [packed] [mem SIZE] [mode tx|rx] [server|client]", "adds", take },
	{ "show stats [DEV]", "shows stats", take },
	{ "show device [DEV]", "shows devices", take },
	{ "quit", "ends", take },
	{ NULL, NULL, NULL },
};
static const struct command_section test_sections[] = {
	{ "test", "of the test", test_rows },
	{ NULL, NULL, NULL },
};

/* Names of devices. */
static bool
name(const char *word, unsigned int index, char text[SYNTAX_TEXT_MAX])
{
	static const char *const devices[] = { "0000:03:00.2", "0000:03:00.3" };

	if (strcmp(word, "DEV") != 0 || index >= 2)
		return false;
	strcpy(text, devices[index]);
	return true;
}

static struct command_session session = { .sections = test_sections,
	.name = name,
	.log = &said_log };
static struct command_set *set;
static struct cmdline *cl;

/* As the console does it; @return 0 if a handler took the line. */
static int
type(const char *line)
{
	char text[COMMAND_TEXT_MAX + 2];
	unsigned int failed = session.nb_failed;

	snprintf(text, sizeof(text), "%s\n", line);
	said[0] = '\0';
	got[0] = '\0';
	if (cmdline_parse(cl, text) < 0)
		command_explain(&session, text);
	return session.nb_failed == failed ? 0 : -1;
}

static void
test_lines(void **state)
{
	static const char *const lines[][2] = {
		{ "add A", "add|A| packed=0 queues=2 mem=0M mode=none client=0" },
		{ "  add\tA  # what follows is a comment",
				"add|A| packed=0 queues=2 mem=0M mode=none client=0" },
		{ "add A packed", "add|A| packed=1 queues=2 mem=0M mode=none client=0" },
		{ "add A mode rx client queues 4 mem 64M packed",
				"add|A| packed=1 queues=4 mem=64M mode=rx client=1" },
		{ "add queues queues 0x3",
				"add|queues| packed=0 queues=3 mem=0M mode=none "
				"client=0" },
		{ "show stats", "show|stats| packed=0 queues=2 mem=0M mode=none client=0" },
		{ "show device 0000:03:00.2",
				"show|device|0000:03:00.2 packed=0 queues=2 mem=0M "
				"mode=none client=0" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(type(lines[i][0]), 0);
		assert_string_equal(got, lines[i][1]);
	}
	assert_int_equal(type(""), 0);
	assert_int_equal(type("# nothing"), 0);
	assert_string_equal(got, "");
}

static void
test_mistakes(void **state)
{
#define ADD "add NAME [queues N] [packed] [mem SIZE] [mode tx|rx] [server|client]"
	static const char *const lines[][2] = {
		{ "ad A", "unknown command 'ad' ('help' lists them)" },
		{ "add", "something is missing, usage: " ADD },
		{ "add A queues", "something is missing, usage: " ADD },
		{ "add A fast", "'fast' does not fit, usage: " ADD },
		{ "add A queues 1 queues 2", "'queues' is given twice, usage: " ADD },
		{ "add A server client", "'client' is given twice, usage: " ADD },
		{ "add A mode up", "'up' does not fit, usage: " ADD },
		{ "add A queues 9", "queues 9 is out of range, possible are 1 to 8" },
		{ "add A queues two", "queues 'two' is no number" },
		{ "add A mem 2M packed queues 0", "queues 0 is out of range, possible are 1 to 8" },
		{ "show", "something is missing, usage: show stats [DEV]" },
		{ "show device a b", "'b' does not fit, usage: show device [DEV]" },
		{ "quit now", "'now' does not fit, usage: quit" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(type(lines[i][0]), -1);
		assert_string_equal(said, lines[i][1]);
		assert_string_equal(got, "");
	}
}

static void
test_long_words(void **state)
{
	char line[COMMAND_TEXT_MAX];
	unsigned int i;

	strcpy(line, "add ");
	memset(line + 4, 'n', COMMAND_WORD_MAX);
	line[4 + COMMAND_WORD_MAX] = '\0';
	assert_int_equal(type(line), 0);
	memset(line + 4, 'n', COMMAND_WORD_MAX + 1);
	line[5 + COMMAND_WORD_MAX] = '\0';
	assert_int_equal(type(line), -1);
	assert_non_null(strstr(said, "word 2 has 256 characters, at most 255 are possible"));
	for (i = 0; i + 2 < sizeof(line); i += 2)
		memcpy(&line[i], "a ", 3);
	assert_int_equal(type(line), -1);
	assert_string_equal(said, "unknown command 'a' ('help' lists them)");
}

/* All completions of @line as librte_cmdline lists them: their first words, each with a blank. */
static void
complete(const char *line, char *all, size_t size)
{
	char one[128];
	int state = -1;

	all[0] = '\0';
	while (cmdline_complete(cl, line, &state, one, sizeof(one)) == 1) {
		char *bracket = strchr(one, one[0] == '[' ? ']' : '[');

		bracket[one[0] == '[' ? 1 : 0] = '\0';
		strncat(all, one, size - strlen(all) - 1);
		if (one[0] == '[')
			strncat(all, " ", size - strlen(all) - 1);
	}
}

static void
test_completion(void **state)
{
	static const char *const lines[][2] = {
		{ "", "add show show quit " },
		{ "a", "add " },
		{ "show ", "stats device " },
		{ "show d", "device " },
		{ "show device ", "0000:03:00.2 0000:03:00.3 [RETURN] " },
		{ "show device 0000:03:00.3", "0000:03:00.3 " },
		{ "add ", "[NAME] " },
		{ "add A ", "queues packed mem mode server client [RETURN] " },
		{ "add A p", "packed " },
		{ "add A packed ", "queues mem mode server client [RETURN] " },
		{ "add A packed queues ", "[N] " },
		{ "add A queues 2 client mode ", "tx rx " },
		{ "add A nonsense ", "" },
		{ "quit ", "[RETURN] " },
	};
	char all[512];
	unsigned int i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		complete(lines[i][0], all, sizeof(all));
		assert_string_equal(all, lines[i][1]);
	}
}

static void
test_completes_one(void **state)
{
	char one[128];
	int again = 0;

	assert_int_equal(cmdline_complete(cl, "add A pa", &again, one, sizeof(one)), 2);
	assert_string_equal(one, "cked ");
}

/* A line that has all words and options of a syntax. */
static void
full_line(const char *text, char *line, size_t size)
{
	char word[SYNTAX_TEXT_MAX];
	struct syntax syntax;
	struct syntax_cursor cursor;
	const struct syntax_word *next;

	assert_int_equal(syntax_parse(text, &syntax), 0);
	cursor = syntax_begin(&syntax);
	line[0] = '\0';
	while ((next = syntax_next(&cursor, 0)) != NULL) {
		assert_true(next->any || syntax_choice(next, 0, word));
		if (next->any)
			strcpy(word, "X");
		assert_int_equal(syntax_take(&cursor, word), 0);
		assert_true(strlen(line) + strlen(word) + 2 < size);
		strcat(strcat(line, " "), word);
	}
}

static bool
row_fits(const struct command_row *row, const char *line)
{
	struct syntax syntax;
	struct syntax_cursor cursor;
	char copy[1024];
	char *save = NULL;
	char *word;

	assert_int_equal(syntax_parse(row->syntax, &syntax), 0);
	cursor = syntax_begin(&syntax);
	strcpy(copy, line);
	for (word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		if (syntax_take(&cursor, word) != 0)
			return false;
	}
	return syntax_may_end(&cursor);
}

/* Of the program's own rows, each is well-formed and no line fits two of them. */
static void
test_program_rows(void **state)
{
	const struct command_section *section;
	const struct command_row *row;
	char line[1024];
	unsigned int i;
	unsigned int j;

	for (section = command_sections; section->name != NULL; section++)
		assert_true(section->rows[0].syntax != NULL && section->title[0] != '\0');
	assert_true(command_rows_nb(command_sections) > 5);
	for (i = 0; (row = command_rows_get(command_sections, i)) != NULL; i++) {
		assert_non_null(row->run);
		assert_in_range(strlen(row->help), 10, 90);
		full_line(row->syntax, line, sizeof(line));
		for (j = 0; j < command_rows_nb(command_sections); j++)
			assert_int_equal(row_fits(command_rows_get(command_sections, j), line),
					i == j);
	}
}

static void
test_bad_row(void **state)
{
	static const struct command_row rows[] = {
		{ "a [B] [c]", "bad", take },
		{ NULL, NULL, NULL },
	};
	static const struct command_section sections[] = {
		{ "bad", "bad", rows },
		{ NULL, NULL, NULL },
	};
	struct command_session bad = { .sections = sections, .log = &said_log };
	struct command_set *none = NULL;

	assert_int_equal(command_set_create(&bad, &none), -EINVAL);
	assert_string_equal(said, "the syntax 'a [B] [c]' is against the rules");
	assert_null(none);
	command_set_destroy(NULL);
}

static int
setup(void **state)
{
	session.out = fopen("/dev/null", "w");
	if (session.out == NULL || command_set_create(&session, &set) != 0)
		return -1;
	cl = cmdline_new(command_set_ctx(set), "", -1, fileno(session.out));
	return cl == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	cmdline_free(cl);
	command_set_destroy(set);
	fclose(session.out);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_completes_one),
		cmocka_unit_test(test_program_rows),
		cmocka_unit_test(test_bad_row),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
