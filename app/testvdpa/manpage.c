/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the tables that the parsers use are walked and written in roff, so the page
 * has what the program has. In a syntax, words that are typed as they are become bold, words that
 * stand for others italic. Text that comes from tables is escaped: a hyphen must not become a dash,
 * a backslash is roff's own, a point at the beginning of a line would be a request.
 */
#include <ctype.h>
#include <string.h>

#include "command_rows.h"
#include "manpage.h"
#include "option.h"

static void
manpage_char(char c, FILE *out)
{
	if (c == '-')
		fputs("\\-", out);
	else if (c == '\\')
		fputs("\\e", out);
	else
		fputc(c, out);
}

/* Plain text, the rest of a line. */
static void
manpage_text(const char *text, FILE *out)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text != '\0'; text++)
		manpage_char(*text, out);
	fputc('\n', out);
}

/* A line of words, each in the font of its kind. */
static void
manpage_syntax(const char *text, FILE *out)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " []|");
		size_t i;

		if (len != 0)
			fputs(isupper((unsigned char)*text) ? "\\fI" : "\\fB", out);
		for (i = 0; i < len; i++)
			manpage_char(text[i], out);
		if (len != 0)
			fputs("\\fR", out);
		text += len;
		if (*text != '\0')
			fputc(*text++, out);
	}
	fputc('\n', out);
}

static void
manpage_options(FILE *out)
{
	struct option_doc option;
	char syntax[128];
	unsigned int i;

	fputs(".SH OPTIONS\n", out);
	for (i = 0; option_get(i, &option); i++) {
		snprintf(syntax, sizeof(syntax), "--%s%s%s", option.name,
				option.value != NULL ? " " : "",
				option.value != NULL ? option.value : "");
		fputs(".TP\n", out);
		manpage_syntax(syntax, out);
		manpage_text(option.help, out);
	}
}

static void
manpage_commands(FILE *out)
{
	const struct command_section *section;
	const struct command_row *row;

	fputs(".SH COMMANDS\n"
	      "Words in capitals stand for values; what is in brackets may be left out. Options of\n"
	      "a command (a key with a value, or a key alone, in brackets) stand behind its other\n"
	      "words in any order, each once. Numbers are decimal or 0x...; sizes may have K, M, G\n"
	      "or T behind them. A # begins a comment.\n",
			out);
	for (section = command_sections; section->name != NULL; section++) {
		fputs(".SS ", out);
		manpage_text(section->name, out);
		manpage_text(section->title, out);
		for (row = section->rows; row->syntax != NULL; row++) {
			fputs(".TP\n", out);
			manpage_syntax(row->syntax, out);
			manpage_text(row->help, out);
		}
	}
}

static const char manpage_head[] =
		".nh\n"
		".SH NAME\n"
		"dpdk\\-testvdpa \\- serve vDPA devices of any DPDK driver, and put them to the test\n"
		".SH SYNOPSIS\n"
		"\\fBdpdk\\-testvdpa\\fR [\\fIEAL options\\fR] \\fB\\-\\-\\fR [\\fIoptions\\fR]\n"
		".SH DESCRIPTION\n"
		"Gives vDPA devices to vhost\\-user front\\-ends such as QEMU: by commands that are "
		"typed,\n"
		"that stand in a file or come through a pipe, or by a scenario that it plays by "
		"itself.\n"
		"A terminal gets a prompt with completion (Tab) and a history. A file or pipe is read "
		"line\n"
		"by line; a command that fails is explained in one sentence on standard error.\n"
		"Which devices there are is said by EAL's options, for example\n"
		"\\fB\\-a 0000:03:00.2,class=vdpa\\fR.\n";

static const char manpage_tail[] =
		".SH EXIT STATUS\n"
		"0 if all went well; 1 if a command failed, the scenario did, or options were wrong.\n"
		"\\fBquit\\fR, SIGINT and SIGTERM end the program in the same orderly way.\n"
		".SH SEE ALSO\n"
		".BR dpdk\\-testpmd (1),\n"
		".BR qemu\\-system\\-x86_64 (1)\n";

void
manpage_write(const char *version, FILE *out)
{
	fprintf(out,
			".\\\" Made from the program's tables; changes belong there.\n"
			".TH DPDK\\-TESTVDPA 1 \"\" \"vdpa\\-mlx5\\-devx %s\" \"User Commands\"\n",
			version);
	fputs(manpage_head, out);
	manpage_options(out);
	manpage_commands(out);
	fputs(manpage_tail, out);
}
