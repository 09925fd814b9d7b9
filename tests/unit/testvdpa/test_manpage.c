/* SPDX-License-Identifier: BSD-3-Clause */
/* The manual page has each option and each command, with the words that the tables have. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "command_rows.h"
#include "manpage.h"
#include "option.h"

static char *page; /* without roff's fonts and escapes */

static void
strip(const char *from, char *to)
{
	while (*from != '\0') {
		if (from[0] == '\\' && from[1] == 'f')
			from += 3;
		else if (from[0] == '\\' && from[1] == '&')
			from += 2;
		else if (from[0] == '\\' && from[1] == 'e')
			*to++ = *(from += 2) == '\0' ? '\0' : '\\';
		else if (from[0] == '\\')
			from++;
		else
			*to++ = *from++;
	}
	*to = '\0';
}

/* An item of a list: a tag and the line below it. */
static void
assert_item(const char *tag, const char *help)
{
	char item[1024];

	snprintf(item, sizeof(item), "\n.TP\n%s\n%s\n", tag, help);
	if (strstr(page, item) == NULL)
		fail_msg("not in the manual page: %s (%s)", tag, help);
}

static void
test_options(void **state)
{
	struct option_doc option;
	char tag[128];
	unsigned int i;

	for (i = 0; option_get(i, &option); i++) {
		snprintf(tag, sizeof(tag), "--%s%s%s", option.name, option.value == NULL ? "" : " ",
				option.value == NULL ? "" : option.value);
		assert_item(tag, option.help);
	}
	assert_true(i >= 9);
}

static void
test_commands(void **state)
{
	const struct command_section *section;
	const struct command_row *row;
	char title[256];

	for (section = command_sections; section->name != NULL; section++) {
		snprintf(title, sizeof(title), "\n.SS %s\n%s\n", section->name, section->title);
		assert_non_null(strstr(page, title));
		for (row = section->rows; row->syntax != NULL; row++)
			assert_item(row->syntax, row->help);
	}
}

static void
test_page(void **state)
{
	assert_non_null(strstr(page, ".TH DPDK-TESTVDPA 1 \"\" \"vdpa-mlx5-devx 9.8.7\""));
	assert_non_null(strstr(page, "\n.SH NAME\ndpdk-testvdpa - "));
	assert_non_null(strstr(page, "\n.SH EXIT STATUS\n"));
}

static int
setup(void **state)
{
	size_t size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return -1;
	manpage_write("9.8.7", out);
	fclose(out);
	page = malloc(size + 1);
	if (page == NULL)
		return -1;
	strip(text, page);
	free(text);
	return 0;
}

static int
teardown(void **state)
{
	free(page);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_page),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
