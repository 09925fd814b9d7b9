/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The commands: one table row each, from which the parser, the completion, "help" and the manual
 * page are made. The tables of all subjects are in command_rows.h.
 *
 * Threads: all of this belongs to the thread that runs the commands.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include <cmdline_parse.h>

#include <base_log.h>

#include "device.h"
#include "port_socket.h"
#include "syntax.h"
#include "value.h"

#define COMMAND_WORD_MAX 255u /**< characters of a word */
#define COMMAND_TEXT_MAX 4096u /**< characters of a line */

/** One option of a line. */
struct command_given {
	const char *key;
	const char *value; /**< "" for a key alone */
};

/** A line taken apart; valid while the command runs. */
struct command_args {
	const char *word[SYNTAX_WORDS_MAX]; /**< in the syntax's order; "" where one is missing */
	unsigned int nb_given;
	struct command_given given[SYNTAX_OPTIONS_MAX]; /**< see command_option() */
	char text[COMMAND_TEXT_MAX + 1]; /**< what the pointers point to */
	unsigned int len; /**< of text, so far */
};

struct command_section;
struct command_session;
struct stats;

/** What is to be done now and then, between commands and while input is awaited. */
struct command_timer {
	void (*due)(struct command_session *session); /**< NULL: there is nothing */
	int fd; /**< a timerfd, readable when it is due; only where there is a due */
	char device[DEVICE_NAME_MAX]; /**< for due; "": all */
};

/** What commands work on and leave behind. */
struct command_session {
	const struct command_section *sections; /**< what commands there are (command_rows.h) */
	/**
	 * The @p index-th thing that a word in capitals may stand for; false behind the last, and
	 * where it may be anything. NULL: no such words are completed.
	 */
	bool (*name)(const char *word, unsigned int index, char text[SYNTAX_TEXT_MAX]);
	FILE *out; /**< answers */
	const struct base_log *log; /**< complaints */
	enum port_mode mode; /**< of attach, unless the command says it */
	int stop_fd; /**< readable when the user wants the end (signalfd) */
	struct stats *stats; /**< for rates */
	struct command_timer timer;
	unsigned int nb_failed; /**< commands that failed so far */
	bool quit; /**< the user wants the end */
};

/** One command. */
struct command_row {
	const char *syntax; /**< see syntax.h */
	const char *help; /**< one line: what it does */
	/** @return 0, or -errno, the reason said in one sentence to the session's log */
	int (*run)(struct command_session *session, const struct command_args *args);
};

/** All commands, bound to a session, as librte_cmdline wants them. */
struct command_set;

/**
 * The value of an option of the line: "" for a key alone, NULL where it was not given. For an
 * option whose key is one of a|b, ask for each.
 */
const char *command_option(const struct command_args *args, const char *key);

/**
 * An option that is a number; @p range->name is its key.
 * @param n is left alone where the option was not given
 * @return 0, or what value_number() says of it
 */
int command_option_number(const struct command_session *session, const struct command_args *args,
		const struct value_range *range, uint64_t *n);

/** An option that is a size; likewise. */
int command_option_size(const struct command_session *session, const struct command_args *args,
		const struct value_range *range, uint64_t *bytes);

/**
 * Makes the parser's tables of all rows of the session's sections. @p session must live as long as
 * the set.
 * @return 0, -ENOMEM, -EINVAL (a row's syntax is against the rules)
 */
int command_set_create(struct command_session *session, struct command_set **set);

/** Frees a set; NULL is fine. */
void command_set_destroy(struct command_set *set);

/** The set as librte_cmdline's context. */
cmdline_parse_ctx_t *command_set_ctx(struct command_set *set);

/** Says in one sentence why librte_cmdline did not take @p line, and counts it as failed. */
void command_explain(struct command_session *session, const char *line);

#endif /* COMMAND_H */
