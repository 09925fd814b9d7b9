/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A command's syntax, written once as people read it, taken apart for the parser. Pure.
 *
 *     guest add NAME SOCKET [queues N] [packed] [server|client]
 *     show virtq [DEV]
 *
 * Lower-case words stand for themselves; upper-case words for anything; a|b for one of these.
 * Brackets around an upper-case word: it may be missing, and only such words may follow. Brackets
 * around lower-case words: an option, a key with a value or a key alone; options stand behind all
 * words, in any order, each at most once. Optional words and options do not go together, since
 * nobody could tell which is which.
 */
#ifndef SYNTAX_H
#define SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYNTAX_WORDS_MAX 8
#define SYNTAX_OPTIONS_MAX 24
#define SYNTAX_TEXT_MAX 60

/** One word of a syntax. */
struct syntax_word {
	bool any; /**< stands for anything */
	bool optional; /**< may be missing */
	char text[SYNTAX_TEXT_MAX]; /**< as written, without brackets */
};

/** A group in brackets that may stand anywhere behind the words. */
struct syntax_option {
	struct syntax_word key; /**< never any; a|b: one of these */
	bool has_value;
	struct syntax_word value;
};

/** A syntax taken apart. */
struct syntax {
	unsigned int nb_words;
	struct syntax_word word[SYNTAX_WORDS_MAX];
	unsigned int nb_options;
	struct syntax_option option[SYNTAX_OPTIONS_MAX];
};

/** How far a line has been walked. */
struct syntax_cursor {
	const struct syntax *syntax;
	unsigned int nb; /**< words of the line taken so far */
	const struct syntax_option *open; /**< the option whose value is next; NULL: none */
	uint32_t given; /**< bit n: option n was there */
};

/**
 * Takes @p text apart.
 * @return 0, or -EINVAL (too many or too long words, brackets do not match, an order that is
 * against the rules above)
 */
int syntax_parse(const char *text, struct syntax *syntax);

/** Number of words of the shortest and of the longest line. */
unsigned int syntax_min_words(const struct syntax *syntax);
unsigned int syntax_max_words(const struct syntax *syntax);

/** Does @p given fit a word of a syntax? */
bool syntax_fits(const struct syntax_word *word, const char *given);

/** A cursor before the first word. */
struct syntax_cursor syntax_begin(const struct syntax *syntax);

/**
 * Walks over @p given.
 * @return 0; -ENOENT it fits nothing here; -EEXIST it is an option that was given already; the
 * cursor then stays where it is
 */
int syntax_take(struct syntax_cursor *cursor, const char *given);

/** May the line end here? */
bool syntax_may_end(const struct syntax_cursor *cursor);

/**
 * What can be next, as a word of the syntax (a|b or a name in upper case): the @p index-th
 * possibility, NULL when there are no more.
 */
const struct syntax_word *syntax_next(const struct syntax_cursor *cursor, unsigned int index);

/** Copies the @p index-th of a|b|c to @p text; @return false where there are not so many. */
bool syntax_choice(const struct syntax_word *word, unsigned int index, char text[SYNTAX_TEXT_MAX]);

#endif /* SYNTAX_H */
