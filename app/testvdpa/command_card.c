/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what the user wants of the emulated card that he named. All but "use" is a
 * question in the card's own words (mlx5emu ctl help), so that verbs that the card learns need
 * nothing here; the answer is written as it is, but for the frequent ones.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card_used.h"
#include "command_rows.h"

/* Asks the card in use. @return 0 and a new reference, or -errno with a sentence in the log. */
static int
command_card_question(struct command_session *session, const char *words, json_t **reply)
{
	struct card_error error;
	int ret;

	if (card_used() == NULL) {
		base_err(session->log,
				"no emulated card is in use: name one by 'card use SOCKET' "
				"or --card");
		return -ENOTCONN;
	}
	ret = card_ask(card_used(), words, reply, &error);
	if (ret != 0)
		base_err(session->log, "%s", error.text);
	return ret;
}

static void
command_card_print(FILE *out, json_t *reply)
{
	const char *plain = json_string_value(json_object_get(reply, "text"));
	char *text;

	json_object_del(reply, "ok");
	if (plain != NULL) {
		fputs(plain, out);
		return;
	}
	text = json_object_size(reply) != 0 ? json_dumps(reply, JSON_INDENT(2)) : NULL;
	fprintf(out, "%s\n", text != NULL ? text : "done");
	free(text);
}

static int
command_card_use(struct command_session *session, const struct command_args *args)
{
	int ret = card_use(args->word[2], session->log);

	if (ret == 0)
		fprintf(session->out, "using the card at %s\n", args->word[2]);
	return ret;
}

static const char *
command_card_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

static int
command_card_status(struct command_session *session, const struct command_args *args)
{
	json_t *reply, *one;
	size_t i;
	int ret = command_card_question(session, "status", &reply);

	if (ret != 0)
		return ret;
	fprintf(session->out, "card at %s\n", card_path(card_used()));
	json_array_foreach(json_object_get(reply, "functions"), i, one)
	{
		const char *name = json_object_get(one, "auxiliary") != NULL ? "auxiliary" : "pci";

		fprintf(session->out, "  function %zu: %s, MAC %s, %lld commands\n", i,
				command_card_text(one, name), command_card_text(one, "mac"),
				(long long)json_integer_value(json_object_get(one, "commands")));
	}
	json_decref(reply);
	return 0;
}

/* The words from the @p first on, as a question. */
static int
command_card_words(struct command_session *session, const struct command_args *args,
		unsigned int first)
{
	char words[CARD_WORDS_MAX] = "";
	json_t *reply;
	size_t len = 0;
	unsigned int i;
	int ret;

	for (i = first; i < SYNTAX_WORDS_MAX && args->word[i][0] != '\0'; i++) {
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s",
				i > first ? " " : "", args->word[i]);
		if (len >= sizeof(words)) {
			base_err(session->log, "card: more than %u characters", CARD_WORDS_MAX - 1);
			return -EINVAL;
		}
	}
	ret = command_card_question(session, words, &reply);
	if (ret != 0)
		return ret;
	command_card_print(session->out, reply);
	json_decref(reply);
	return 0;
}

static int
command_card_link(struct command_session *session, const struct command_args *args)
{
	return command_card_words(session, args, 1);
}

static int
command_card_ask(struct command_session *session, const struct command_args *args)
{
	return command_card_words(session, args, 2);
}

const struct command_row command_card_rows[] = {
	{ "card use SOCKET", "ask the emulated card that listens here from now on",
			command_card_use },
	{ "card status", "functions of the card and the commands that they executed",
			command_card_status },
	{ "card link PORT up|down", "plug a cable in or pull it", command_card_link },
	{ "card ask VERB [ARG] [ARG] [ARG] [ARG] [ARG]",
			"say something else to the card, as 'mlx5emu ctl' does", command_card_ask },
	{ NULL, NULL, NULL },
};
