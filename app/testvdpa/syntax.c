/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a syntax is walked once, group by group; a group is a word, or what stands
 * in one pair of brackets. Words come first, in their order, so the number of words that a line has
 * had says which one is next; behind them each word of the line is the key of an option that was
 * not given yet, or the value of the one before it. A cursor holds just that, and both who runs a
 * line and who completes one walk with it.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "syntax.h"

_Static_assert(SYNTAX_OPTIONS_MAX <= 32, "a bit of the cursor for each option");

static int
syntax_word_parse(const char *from, size_t len, struct syntax_word *word)
{
	memset(word, 0, sizeof(*word));
	if (len == 0 || len >= sizeof(word->text))
		return -EINVAL;
	memcpy(word->text, from, len);
	if (strpbrk(word->text, "[] ") != NULL)
		return -EINVAL;
	word->any = isupper((unsigned char)word->text[0]) != 0;
	return 0;
}

static int
syntax_add_word(struct syntax *syntax, const char *from, size_t len, bool optional)
{
	struct syntax_word *word = &syntax->word[syntax->nb_words];

	if (syntax->nb_words == SYNTAX_WORDS_MAX || syntax->nb_options != 0)
		return -EINVAL;
	if (!optional && syntax->nb_words > 0 && word[-1].optional)
		return -EINVAL;
	if (syntax_word_parse(from, len, word) != 0)
		return -EINVAL;
	word->optional = optional;
	syntax->nb_words++;
	return 0;
}

/* "key" or "key VALUE" */
static int
syntax_add_option(struct syntax *syntax, const char *from, size_t len)
{
	struct syntax_option *option = &syntax->option[syntax->nb_options];
	const char *blank = memchr(from, ' ', len);
	size_t key = blank == NULL ? len : (size_t)(blank - from);

	if (syntax->nb_options == SYNTAX_OPTIONS_MAX || syntax->nb_words == 0 ||
			syntax->word[syntax->nb_words - 1].optional)
		return -EINVAL;
	if (syntax_word_parse(from, key, &option->key) != 0 || option->key.any)
		return -EINVAL;
	option->has_value = blank != NULL;
	syntax->nb_options++;
	return blank == NULL ? 0 : syntax_word_parse(blank + 1, len - key - 1, &option->value);
}

static int
syntax_add_brackets(struct syntax *syntax, const char *from, size_t len)
{
	return len != 0 && isupper((unsigned char)from[0]) != 0 ?
			syntax_add_word(syntax, from, len, true) :
			syntax_add_option(syntax, from, len);
}

int
syntax_parse(const char *text, struct syntax *syntax)
{
	memset(syntax, 0, sizeof(*syntax));
	while (*text != '\0') {
		bool brackets = *text == '[';
		size_t len = strcspn(text += brackets, brackets ? "]" : " ");
		int ret;

		if (brackets && text[len] == '\0')
			return -EINVAL;
		ret = brackets ? syntax_add_brackets(syntax, text, len) :
				 syntax_add_word(syntax, text, len, false);
		if (ret != 0)
			return ret;
		text += len + brackets;
		if (*text != '\0' && (*text++ != ' ' || *text == '\0'))
			return -EINVAL;
	}
	return 0;
}

unsigned int
syntax_min_words(const struct syntax *syntax)
{
	unsigned int nb = syntax->nb_words;

	while (nb > 0 && syntax->word[nb - 1].optional)
		nb--;
	return nb;
}

unsigned int
syntax_max_words(const struct syntax *syntax)
{
	unsigned int nb = syntax->nb_words + syntax->nb_options;
	unsigned int i;

	for (i = 0; i < syntax->nb_options; i++)
		nb += syntax->option[i].has_value;
	return nb;
}

bool
syntax_choice(const struct syntax_word *word, unsigned int index, char text[SYNTAX_TEXT_MAX])
{
	const char *choice = word->text;
	size_t n;

	for (; index > 0; index--) {
		choice = strchr(choice, '|');
		if (choice == NULL)
			return false;
		choice++;
	}
	n = strcspn(choice, "|");
	memcpy(text, choice, n);
	text[n] = '\0';
	return true;
}

bool
syntax_fits(const struct syntax_word *word, const char *given)
{
	char text[SYNTAX_TEXT_MAX];
	unsigned int i;

	if (word->any)
		return *given != '\0';
	for (i = 0; syntax_choice(word, i, text); i++) {
		if (strcmp(text, given) == 0)
			return true;
	}
	return false;
}

struct syntax_cursor
syntax_begin(const struct syntax *syntax)
{
	return (struct syntax_cursor){ .syntax = syntax };
}

static int
syntax_take_key(struct syntax_cursor *cursor, const char *given)
{
	const struct syntax *syntax = cursor->syntax;
	unsigned int i;

	for (i = 0; i < syntax->nb_options; i++) {
		if (!syntax_fits(&syntax->option[i].key, given))
			continue;
		if ((cursor->given & (1u << i)) != 0)
			return -EEXIST;
		cursor->given |= 1u << i;
		cursor->open = syntax->option[i].has_value ? &syntax->option[i] : NULL;
		return 0;
	}
	return -ENOENT;
}

int
syntax_take(struct syntax_cursor *cursor, const char *given)
{
	int ret = 0;

	if (cursor->nb < cursor->syntax->nb_words)
		ret = syntax_fits(&cursor->syntax->word[cursor->nb], given) ? 0 : -ENOENT;
	else if (cursor->open == NULL)
		ret = syntax_take_key(cursor, given);
	else if (syntax_fits(&cursor->open->value, given))
		cursor->open = NULL;
	else
		ret = -ENOENT;
	if (ret == 0)
		cursor->nb++;
	return ret;
}

bool
syntax_may_end(const struct syntax_cursor *cursor)
{
	return cursor->nb >= syntax_min_words(cursor->syntax) && cursor->open == NULL;
}

const struct syntax_word *
syntax_next(const struct syntax_cursor *cursor, unsigned int index)
{
	const struct syntax *syntax = cursor->syntax;
	unsigned int i;

	if (cursor->nb < syntax->nb_words)
		return index == 0 ? &syntax->word[cursor->nb] : NULL;
	if (cursor->open != NULL)
		return index == 0 ? &cursor->open->value : NULL;
	for (i = 0; i < syntax->nb_options; i++) {
		if ((cursor->given & (1u << i)) == 0 && index-- == 0)
			return &syntax->option[i].key;
	}
	return NULL;
}
