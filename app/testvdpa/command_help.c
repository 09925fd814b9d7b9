/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: help walks the same tables as the parser, so that it cannot miss a command.
 * Each command is a line that begins with two blanks and its syntax; behind a long syntax the
 * explanation begins on the next line.
 */
#include <errno.h>
#include <string.h>

#include "command_rows.h"
#include "console.h"

#define COMMAND_HELP_COLUMN 38

static void
command_help_section(const struct command_section *section, FILE *out)
{
	const struct command_row *row;

	fprintf(out, "%s: %s\n", section->name, section->title);
	for (row = section->rows; row->syntax != NULL; row++) {
		fprintf(out, "  %-*s ", COMMAND_HELP_COLUMN, row->syntax);
		if (strlen(row->syntax) > COMMAND_HELP_COLUMN)
			fprintf(out, "\n  %*s ", COMMAND_HELP_COLUMN, "");
		fprintf(out, "%s\n", row->help);
	}
}

static int
command_help(struct command_session *session, const struct command_args *args)
{
	const struct command_section *section;
	bool found = false;

	for (section = session->sections; section->name != NULL; section++) {
		if (args->word[1][0] != '\0' && strcmp(args->word[1], section->name) != 0)
			continue;
		command_help_section(section, session->out);
		found = true;
	}
	if (!found)
		base_err(session->log, "no section of the help is called '%s' ('help' shows all)",
				args->word[1]);
	return found ? 0 : -ENOENT;
}

static int
command_wait(struct command_session *session, const struct command_args *args)
{
	static const struct value_range seconds = { "SECONDS", 1, 24 * 3600 * 1000 };
	uint64_t ms;
	int ret = value_seconds(&seconds, args->word[1], session->log, &ms);

	if (ret == 0)
		ret = console_pause(session, ms);
	if (ret == 1)
		session->quit = true;
	return ret < 0 ? ret : 0;
}

static int
command_quit(struct command_session *session, const struct command_args *args)
{
	session->quit = true;
	return 0;
}

const struct command_row command_help_rows[] = {
	{ "help [SECTION]", "the commands, or those of one section", command_help },
	{ "wait SECONDS", "take no command for so long, for scripts; everything else goes on",
			command_wait },
	{ "quit", "detach everything and end", command_quit },
	{ NULL, NULL, NULL },
};
