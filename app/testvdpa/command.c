/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: librte_cmdline knows instructions, lists of tokens of one length, and walks
 * a line through each of them. A row of our tables may be of many lengths, so it becomes one
 * instruction for each number of words that it allows. Their tokens are of a kind of our own: a
 * token hands its word to the row's cursor (syntax.h), which token 0 sets to the beginning;
 * librte_cmdline always walks from token 0 on, and asks a token for completions only after it
 * walked over the ones before it. An instruction's data leads back to the row and the session.
 *
 * So that a word is not offered as many times as a row has lengths, only the longest instruction
 * of a row completes. A shorter one fits an unfinished line (librte_cmdline gives no place for the
 * result then) only where the line ends with it, and shows that the line may be sent.
 *
 * A handler gets the words, does one thing, and returns 0 or -errno; it has then said why.
 * librte_cmdline only knows that a line did not fit; command_explain.c finds out why.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmdline.h>

#include "command.h"
#include "command_rows.h"

_Static_assert(sizeof(struct command_args) <= CMDLINE_PARSE_RESULT_BUFSIZE,
		"a line taken apart lies in librte_cmdline's result");

/** One row bound to a session; the data of its instructions. */
struct command_bound {
	const struct command_row *row;
	struct command_session *session;
	struct syntax syntax;
	struct syntax_cursor cursor; /**< of the walk that is going on */
};

/** A word of an instruction. */
struct command_token {
	cmdline_parse_token_hdr_t hdr; /**< first: what librte_cmdline sees of it */
	struct command_bound *bound;
	unsigned int index; /**< from 0 */
	unsigned int nb; /**< words of the instruction */
};

struct command_set {
	unsigned int nb_bound;
	struct command_bound *bound;
	unsigned int nb_inst;
	cmdline_parse_inst_t **inst; /**< ends with NULL */
};

/* --- what handlers ask -------------------------------------------------------------------- */

const char *
command_option(const struct command_args *args, const char *key)
{
	unsigned int i;

	for (i = 0; i < args->nb_given; i++) {
		if (strcmp(args->given[i].key, key) == 0)
			return args->given[i].value;
	}
	return NULL;
}

int
command_option_number(const struct command_session *session, const struct command_args *args,
		const struct value_range *range, uint64_t *n)
{
	const char *text = command_option(args, range->name);

	return text == NULL ? 0 : value_number(range, text, session->log, n);
}

int
command_option_size(const struct command_session *session, const struct command_args *args,
		const struct value_range *range, uint64_t *bytes)
{
	const char *text = command_option(args, range->name);

	return text == NULL ? 0 : value_size(range, text, session->log, bytes);
}

/* --- tokens ------------------------------------------------------------------------------- */

/* Keeps a word that the cursor took; @before is the cursor as it was. */
static void
command_keep(struct command_args *args, const struct syntax_cursor *before, const char *word)
{
	char *text = &args->text[args->len];
	size_t size = strlen(word) + 1;

	memcpy(text, word, size);
	args->len += (unsigned int)size;
	if (before->nb < before->syntax->nb_words)
		args->word[before->nb] = text;
	else if (before->open != NULL)
		args->given[args->nb_given - 1].value = text;
	else
		args->given[args->nb_given++] = (struct command_given){ text, "" };
}

/* The word at the beginning of @buf; @return its length, 0 where it is none or too long. */
static unsigned int
command_word(const char *buf, char word[COMMAND_WORD_MAX + 1])
{
	unsigned int len = 0;

	while (len <= COMMAND_WORD_MAX && !cmdline_isendoftoken(buf[len]))
		len++;
	if (len > COMMAND_WORD_MAX)
		return 0;
	memcpy(word, buf, len);
	word[len] = '\0';
	return len;
}

/* Has an unfinished line exactly @nb words, with a blank behind each? */
static bool
command_has_words(const char *buf, unsigned int nb)
{
	bool blank = true;

	for (; *buf != '\0'; buf++) {
		blank = *buf == ' ' || *buf == '\t';
		nb -= !blank && (buf[1] == ' ' || buf[1] == '\t');
	}
	return blank && nb == 0;
}

static bool
command_is_longest(const struct command_token *token)
{
	return token->nb == syntax_max_words(&token->bound->syntax);
}

static int
command_token_parse(cmdline_parse_token_hdr_t *hdr, const char *buf, void *res, unsigned int size)
{
	const struct command_token *token = (const struct command_token *)hdr;
	struct syntax_cursor *cursor = &token->bound->cursor;
	struct command_args *args = res;
	char word[COMMAND_WORD_MAX + 1];
	struct syntax_cursor before;
	unsigned int len;

	if (res != NULL && size < sizeof(*args))
		return -1;
	if (token->index == 0) {
		*cursor = syntax_begin(&token->bound->syntax);
		if (res == NULL && !command_is_longest(token) && !command_has_words(buf, token->nb))
			return -1;
	}
	before = *cursor;
	len = command_word(buf, word);
	if (len == 0 || syntax_take(cursor, word) != 0)
		return -1;
	if (token->index + 1 == token->nb && !syntax_may_end(cursor))
		return -1;
	if (args != NULL && len >= sizeof(args->text) - args->len)
		return -1;
	if (args != NULL)
		command_keep(args, &before, word);
	return (int)len;
}

/* The @index-th of a word's possibilities. */
static bool
command_choice(const struct command_session *session, const struct syntax_word *word,
		unsigned int index, char *text)
{
	if (!word->any)
		return syntax_choice(word, index, text);
	return session->name != NULL && session->name(word->text, index, text);
}

/* The possibilities at a token, one by one; @return number of them before @index ran out. */
static unsigned int
command_token_choices(const struct command_token *token, unsigned int index, char *text)
{
	struct syntax_cursor cursor = token->index == 0 ? syntax_begin(&token->bound->syntax) :
							  token->bound->cursor;
	const struct syntax_word *next;
	unsigned int nb = 0;
	unsigned int i;
	unsigned int j;

	for (i = 0; (next = syntax_next(&cursor, i)) != NULL; i++) {
		for (j = 0; command_choice(token->bound->session, next, j, text); j++) {
			if (nb++ == index)
				return nb;
		}
	}
	return nb;
}

static int
command_token_nb(cmdline_parse_token_hdr_t *hdr)
{
	char text[SYNTAX_TEXT_MAX];

	return (int)command_token_choices((const struct command_token *)hdr, UINT32_MAX, text);
}

static int
command_token_choice(cmdline_parse_token_hdr_t *hdr, int index, char *dst, unsigned int size)
{
	const struct command_token *token = (const struct command_token *)hdr;
	char text[SYNTAX_TEXT_MAX];

	if (!command_is_longest(token) || index < 0 ||
			command_token_choices(token, (unsigned int)index, text) !=
					(unsigned int)index + 1 ||
			strlen(text) >= size)
		return -1;
	memcpy(dst, text, strlen(text) + 1);
	return 0;
}

static int
command_token_help(cmdline_parse_token_hdr_t *hdr, char *dst, unsigned int size)
{
	const struct command_token *token = (const struct command_token *)hdr;
	struct syntax_cursor cursor = token->index == 0 ? syntax_begin(&token->bound->syntax) :
							  token->bound->cursor;
	const struct syntax_word *next = syntax_next(&cursor, 0);

	if (token->index < token->bound->syntax.nb_words || cursor.open != NULL)
		snprintf(dst, size, "%s", next == NULL ? "" : next->text);
	else
		snprintf(dst, size, "option");
	return 0;
}

static struct cmdline_token_ops command_token_ops = {
	.parse = command_token_parse,
	.complete_get_nb = command_token_nb,
	.complete_get_elt = command_token_choice,
	.get_help = command_token_help,
};

/* --- instructions ------------------------------------------------------------------------- */

/* Called by librte_cmdline when a line fits an instruction. */
static void
command_called(void *parsed, struct cmdline *cl, void *data)
{
	const struct command_bound *bound = data;
	struct command_session *session = bound->session;
	struct command_args *args = parsed;
	unsigned int i;

	for (i = 0; i < SYNTAX_WORDS_MAX; i++) {
		if (args->word[i] == NULL)
			args->word[i] = "";
	}
	if (bound->row->run(session, args) != 0)
		session->nb_failed++;
	fflush(session->out);
	if (session->quit)
		cmdline_quit(cl);
}

/* One instruction for lines of @nb words; it and its tokens are one piece of memory. */
static int
command_bind_inst(struct command_set *set, struct command_bound *bound, unsigned int nb)
{
	cmdline_parse_inst_t *inst;
	struct command_token *token;
	unsigned int i;

	token = calloc(1, nb * sizeof(*token) + sizeof(*inst) + (nb + 1) * sizeof(inst->tokens[0]));
	if (token == NULL)
		return -ENOMEM;
	inst = (cmdline_parse_inst_t *)&token[nb];
	inst->f = command_called;
	inst->data = bound;
	inst->help_str = bound->row->help;
	for (i = 0; i < nb; i++) {
		token[i] = (struct command_token){ .hdr.ops = &command_token_ops,
			.bound = bound,
			.index = i,
			.nb = nb };
		inst->tokens[i] = &token[i].hdr;
	}
	set->inst[set->nb_inst++] = inst;
	return 0;
}

static int
command_bind(struct command_set *set, struct command_bound *bound)
{
	unsigned int nb = syntax_max_words(&bound->syntax) + 1;
	int ret = 0;

	while (nb-- > syntax_min_words(&bound->syntax) && ret == 0)
		ret = command_bind_inst(set, bound, nb);
	return ret;
}

static int
command_set_parse(struct command_set *set, struct command_session *session)
{
	unsigned int nb_inst = 1;
	unsigned int i;

	for (i = 0; i < set->nb_bound; i++) {
		struct command_bound *bound = &set->bound[i];

		bound->row = command_rows_get(session->sections, i);
		bound->session = session;
		if (syntax_parse(bound->row->syntax, &bound->syntax) != 0) {
			base_err(session->log, "the syntax '%s' is against the rules",
					bound->row->syntax);
			return -EINVAL;
		}
		nb_inst += syntax_max_words(&bound->syntax) - syntax_min_words(&bound->syntax) + 1;
	}
	set->inst = calloc(nb_inst, sizeof(*set->inst));
	return set->inst == NULL ? -ENOMEM : 0;
}

int
command_set_create(struct command_session *session, struct command_set **set_out)
{
	struct command_set *set = calloc(1, sizeof(*set));
	unsigned int i;
	int ret;

	if (set == NULL)
		return -ENOMEM;
	set->nb_bound = command_rows_nb(session->sections);
	set->bound = calloc(set->nb_bound, sizeof(*set->bound));
	ret = set->bound == NULL ? -ENOMEM : command_set_parse(set, session);
	for (i = 0; i < set->nb_bound && ret == 0; i++)
		ret = command_bind(set, &set->bound[i]);
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
		free(set->inst[i]->tokens[0]); /* where the instruction's memory begins */
	free(set->inst);
	free(set->bound);
	free(set);
}

cmdline_parse_ctx_t *
command_set_ctx(struct command_set *set)
{
	return (cmdline_parse_ctx_t *)set->inst;
}
