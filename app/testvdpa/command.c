/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: command_rows is the only list of commands. At start each row's syntax is
 * turned into instructions of librte_cmdline, one for every number of words that it allows, all
 * with the same tokens; an instruction's data leads back to the row and the session. A handler
 * gets the words, does one thing, and returns 0 or -errno; it has then said why.
 *
 * librte_cmdline only knows that a line did not fit; command_explain() finds out why.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmdline.h>

#include <base_math.h>

#include "command.h"
#include "port.h"
#include "show.h"
#include "syntax.h"

/** One command. */
struct command_row {
	const char *syntax;
	const char *help;
	int (*run)(struct command_session *session, const struct command_args *args);
};

static int command_attach(struct command_session *session, const struct command_args *args);
static int command_detach(struct command_session *session, const struct command_args *args);
static int command_show(struct command_session *session, const struct command_args *args);
static int command_help(struct command_session *session, const struct command_args *args);
static int command_quit(struct command_session *session, const struct command_args *args);

static const struct command_row command_rows[] = {
	{ "attach DEV SOCKET [server|client]",
			"let a device serve the vhost-user front-end at a socket", command_attach },
	{ "detach DEV|SOCKET", "stop the rings, disconnect the front-end, close the socket",
			command_detach },
	{ "show device [DEV]", "queues, features, socket and connection of the devices",
			command_show },
	{ "show virtq [DEV]", "the rings: size, descriptors, indices, driver's statistics",
			command_show },
	{ "show stats [DEV]", "the driver's statistics of all its queues", command_show },
	{ "show memory [DEV]", "the memory table that the front-end sent", command_show },
	{ "show json [DEV]", "all of these on one line, for programs", command_show },
	{ "help", "print this", command_help },
	{ "quit", "detach everything and end", command_quit },
};

/** One row bound to a session; the data of its instructions. */
struct command_bound {
	const struct command_row *row;
	struct command_session *session;
	struct syntax_word words[SYNTAX_WORDS_MAX];
	char choice[SYNTAX_WORDS_MAX][SYNTAX_TEXT_MAX]; /**< a#b, as librte_cmdline writes a|b */
	struct cmdline_token_string token[SYNTAX_WORDS_MAX];
	int nb_words;
};

struct command_set {
	struct command_bound bound[BASE_ARRAY_SIZE(command_rows)];
	cmdline_parse_inst_t *inst[BASE_ARRAY_SIZE(command_rows) * SYNTAX_WORDS_MAX + 1];
	unsigned int nb_inst;
};

static int
command_attach(struct command_session *session, const struct command_args *args)
{
	enum port_mode mode = session->mode;
	int ret;

	if (args->word[3][0] != '\0')
		mode = strcmp(args->word[3], "client") == 0 ? PORT_CLIENT : PORT_SERVER;
	ret = port_attach(args->word[1], args->word[2], mode, session->log);
	if (ret == 0)
		fprintf(session->out, "attached %s to %s\n", args->word[1], args->word[2]);
	return ret;
}

static int
command_detach(struct command_session *session, const struct command_args *args)
{
	int ret = port_detach(args->word[1], session->log);

	if (ret == 0)
		fprintf(session->out, "detached %s\n", args->word[1]);
	return ret;
}

static int
command_show(struct command_session *session, const struct command_args *args)
{
	return show_run(args->word[1], args->word[2], session->out, session->log);
}

static int
command_help(struct command_session *session, const struct command_args *args)
{
	unsigned int i;

	for (i = 0; i < BASE_ARRAY_SIZE(command_rows); i++)
		fprintf(session->out, "  %-34s %s\n", command_rows[i].syntax, command_rows[i].help);
	return 0;
}

static int
command_quit(struct command_session *session, const struct command_args *args)
{
	session->quit = true;
	return 0;
}

/* Called by librte_cmdline when a line fits an instruction. */
static void
command_called(void *parsed, struct cmdline *cl, void *data)
{
	const struct command_bound *bound = data;
	struct command_session *session = bound->session;

	if (bound->row->run(session, parsed) != 0)
		session->nb_failed++;
	fflush(session->out);
	if (session->quit)
		cmdline_quit(cl);
}

static void
command_bind_word(struct command_bound *bound, unsigned int i)
{
	char *c;

	memcpy(bound->choice[i], bound->words[i].text, sizeof(bound->choice[i]));
	for (c = bound->choice[i]; *c != '\0'; c++) {
		if (*c == '|')
			*c = '#';
	}
	bound->token[i] = (struct cmdline_token_string){
		.hdr = { .ops = &cmdline_token_string_ops,
				.offset = offsetof(struct command_args, word) +
						i * sizeof(cmdline_fixed_string_t) },
		.string_data = { .str = bound->words[i].any ? NULL : bound->choice[i] },
	};
}

/* One instruction: the first @nb words of the row. */
static int
command_bind_inst(struct command_set *set, struct command_bound *bound, unsigned int nb)
{
	cmdline_parse_inst_t *inst;
	unsigned int i;

	inst = calloc(1, sizeof(*inst) + (nb + 1) * sizeof(inst->tokens[0]));
	if (inst == NULL)
		return -ENOMEM;
	inst->f = command_called;
	inst->data = bound;
	inst->help_str = bound->row->help;
	for (i = 0; i < nb; i++)
		inst->tokens[i] = &bound->token[i].hdr;
	set->inst[set->nb_inst++] = inst;
	return 0;
}

static int
command_bind(struct command_set *set, unsigned int row, struct command_session *session)
{
	struct command_bound *bound = &set->bound[row];
	int ret = 0;
	int i;

	bound->row = &command_rows[row];
	bound->session = session;
	bound->nb_words = syntax_parse(bound->row->syntax, bound->words);
	for (i = 0; i < bound->nb_words; i++)
		command_bind_word(bound, (unsigned int)i);
	for (i = 1; i <= bound->nb_words && ret == 0; i++) {
		if (i == bound->nb_words || bound->words[i].optional)
			ret = command_bind_inst(set, bound, (unsigned int)i);
	}
	return bound->nb_words < 0 ? bound->nb_words : ret;
}

int
command_set_create(struct command_session *session, struct command_set **set_out)
{
	struct command_set *set = calloc(1, sizeof(*set));
	unsigned int row;
	int ret = 0;

	if (set == NULL)
		return -ENOMEM;
	for (row = 0; row < BASE_ARRAY_SIZE(command_rows) && ret == 0; row++)
		ret = command_bind(set, row, session);
	if (ret != 0) {
		command_set_destroy(set);
		return ret;
	}
	*set_out = set;
	return 0;
}

void
command_set_destroy(struct command_set *set)
{
	unsigned int i;

	if (set == NULL)
		return;
	for (i = 0; i < set->nb_inst; i++)
		free(set->inst[i]);
	free(set);
}

cmdline_parse_ctx_t *
command_set_ctx(struct command_set *set)
{
	return set->inst;
}

/* Takes a line apart like the parser does; @return number of words, at most SYNTAX_WORDS_MAX + 1 */
static int
command_split(char *line, char *words[SYNTAX_WORDS_MAX + 1])
{
	char *save = NULL;
	char *word;
	int nb = 0;

	line[strcspn(line, "#\r\n")] = '\0';
	for (word = strtok_r(line, " \t", &save); word != NULL && nb <= SYNTAX_WORDS_MAX;
			word = strtok_r(NULL, " \t", &save))
		words[nb++] = word;
	return nb;
}

/* How many leading words of a line fit a syntax. */
static int
command_fit(const struct syntax_word *syntax, int nb_syntax, char *words[], int nb)
{
	int i;

	for (i = 0; i < nb && i < nb_syntax && syntax_fits(&syntax[i], words[i]); i++)
		;
	return i;
}

void
command_explain(struct command_session *session, const char *line)
{
	struct syntax_word syntax[SYNTAX_WORDS_MAX];
	char *words[SYNTAX_WORDS_MAX + 1];
	const char *best = NULL;
	char *copy = strdup(line);
	int best_fit = 0;
	unsigned int row;
	int nb;
	int i;

	session->nb_failed++;
	if (copy == NULL)
		return;
	nb = command_split(copy, words);
	for (row = 0; row < BASE_ARRAY_SIZE(command_rows); row++) {
		int fit = command_fit(syntax, syntax_parse(command_rows[row].syntax, syntax), words,
				nb);

		if (fit > best_fit) {
			best_fit = fit;
			best = command_rows[row].syntax;
		}
	}
	for (i = 0; i < nb && strlen(words[i]) < sizeof(cmdline_fixed_string_t) - 1; i++)
		;
	if (i < nb)
		base_err(session->log, "word %d has %zu characters, at most %zu are possible: %s",
				i + 1, strlen(words[i]), sizeof(cmdline_fixed_string_t) - 2,
				words[i]);
	else if (best != NULL)
		base_err(session->log, "usage: %s", best);
	else
		base_err(session->log, "unknown command '%s' ('help' lists them)",
				nb > 0 ? words[0] : "");
	free(copy);
}
