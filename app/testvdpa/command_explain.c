/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a line that the parser did not take is walked through each row's syntax once
 * more. The row that takes most of its words is what was meant; the word at which it stopped, and
 * why, makes the sentence.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command_rows.h"

/** The row that fits a line best. */
struct command_best {
	const char *syntax; /**< NULL: none */
	unsigned int fit; /**< number of leading words that fit it */
	int why; /**< what syntax_take() said of the next word; 0: there is none */
};

static void
command_compare(const struct command_row *row, char *words[], unsigned int nb,
		struct command_best *best)
{
	struct syntax_cursor cursor;
	struct syntax syntax;
	int ret = 0;

	if (syntax_parse(row->syntax, &syntax) != 0)
		return;
	cursor = syntax_begin(&syntax);
	while (cursor.nb < nb && ret == 0)
		ret = syntax_take(&cursor, words[cursor.nb]);
	if (cursor.nb > best->fit)
		*best = (struct command_best){ row->syntax, cursor.nb, ret };
}

static void
command_complain(const struct command_session *session, char *words[], unsigned int nb)
{
	struct command_best best = { NULL, 0, 0 };
	const struct base_log *log = session->log;
	const struct command_row *row;
	unsigned int i;

	for (i = 0; (row = command_rows_get(session->sections, i)) != NULL; i++)
		command_compare(row, words, nb, &best);
	if (best.syntax == NULL)
		base_err(log, "unknown command '%s' ('help' lists them)", nb > 0 ? words[0] : "");
	else if (best.why == -EEXIST)
		base_err(log, "'%s' is given twice, usage: %s", words[best.fit], best.syntax);
	else if (best.why != 0)
		base_err(log, "'%s' does not fit, usage: %s", words[best.fit], best.syntax);
	else
		base_err(log, "something is missing, usage: %s", best.syntax);
}

/* Takes a line apart like the parser does; @return number of words. */
static unsigned int
command_split(char *line, char *words[])
{
	char *save = NULL;
	char *word;
	unsigned int nb = 0;

	line[strcspn(line, "#\r\n")] = '\0';
	for (word = strtok_r(line, " \t", &save); word != NULL; word = strtok_r(NULL, " \t", &save))
		words[nb++] = word;
	return nb;
}

void
command_explain(struct command_session *session, const char *line)
{
	char **words = calloc(strlen(line) / 2 + 1, sizeof(*words));
	char *copy = strdup(line);
	unsigned int nb;
	unsigned int i;

	session->nb_failed++;
	if (copy != NULL && words != NULL) {
		nb = command_split(copy, words);
		for (i = 0; i < nb && strlen(words[i]) <= COMMAND_WORD_MAX; i++)
			;
		if (i < nb)
			base_err(session->log,
					"word %u has %zu characters, at most %u are possible: %s",
					i + 1, strlen(words[i]), COMMAND_WORD_MAX, words[i]);
		else
			command_complain(session, words, nb);
	}
	free(copy);
	free(words);
}
