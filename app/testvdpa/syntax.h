/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A command's syntax, written once as people read it ("attach DEV SOCKET [server|client]"), taken
 * apart for the parser. Pure.
 *
 * Lower-case words stand for themselves; upper-case words for anything; a|b for one of these;
 * brackets for a word that may be missing, and only such words may follow it.
 */
#ifndef SYNTAX_H
#define SYNTAX_H

#include <stdbool.h>

#define SYNTAX_WORDS_MAX 6
#define SYNTAX_TEXT_MAX 48

/** One word of a syntax. */
struct syntax_word {
	bool any; /**< stands for anything */
	bool optional; /**< may be missing */
	char text[SYNTAX_TEXT_MAX]; /**< as written, without brackets */
};

/**
 * Takes @p syntax apart.
 * @return number of words, or -EINVAL (too many, too long, brackets do not match, a word that must
 * be there after one that need not)
 */
int syntax_parse(const char *syntax, struct syntax_word words[SYNTAX_WORDS_MAX]);

/** Does @p given fit a word of a syntax? */
bool syntax_fits(const struct syntax_word *word, const char *given);

#endif /* SYNTAX_H */
