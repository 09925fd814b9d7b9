/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: words are separated by single blanks and never contain one, so a syntax is
 * walked once, word by word; the order rule (optional words last) makes every shorter form a
 * prefix of the full one.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "syntax.h"

static int
syntax_word_parse(const char *from, size_t len, struct syntax_word *word)
{
	memset(word, 0, sizeof(*word));
	if (len != 0 && from[0] == '[') {
		if (len < 3 || from[len - 1] != ']')
			return -EINVAL;
		word->optional = true;
		from++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(word->text))
		return -EINVAL;
	memcpy(word->text, from, len);
	if (strpbrk(word->text, "[]") != NULL)
		return -EINVAL;
	word->any = isupper((unsigned char)word->text[0]) != 0;
	return 0;
}

int
syntax_parse(const char *syntax, struct syntax_word words[SYNTAX_WORDS_MAX])
{
	int nb = 0;

	while (*syntax != '\0') {
		size_t len = strcspn(syntax, " ");

		if (nb == SYNTAX_WORDS_MAX || syntax_word_parse(syntax, len, &words[nb]) != 0)
			return -EINVAL;
		if (nb > 0 && words[nb - 1].optional && !words[nb].optional)
			return -EINVAL;
		nb++;
		syntax += len;
		if (*syntax == ' ')
			syntax++;
	}
	return nb;
}

bool
syntax_fits(const struct syntax_word *word, const char *given)
{
	size_t len = strlen(given);
	const char *choice = word->text;

	if (word->any)
		return len != 0;
	while (*choice != '\0') {
		size_t n = strcspn(choice, "|");

		if (n == len && strncmp(choice, given, n) == 0)
			return true;
		choice += n;
		if (*choice == '|')
			choice++;
	}
	return false;
}
