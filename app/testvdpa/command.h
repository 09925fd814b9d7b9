/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The commands: one table row each, from which the parser, the completion and "help" are made.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include <cmdline_parse.h>
#include <cmdline_parse_string.h>

#include <base_log.h>

#include "port_socket.h"

#define COMMAND_ARGS_MAX 6

/** The words of a line as librte_cmdline hands them over; "" where an optional one is missing. */
struct command_args {
	cmdline_fixed_string_t word[COMMAND_ARGS_MAX];
};

/** What commands work on and leave behind. */
struct command_session {
	FILE *out; /**< answers */
	const struct base_log *log; /**< complaints */
	enum port_mode mode; /**< of attach, unless the command says it */
	unsigned int nb_failed; /**< commands that failed so far */
	bool quit; /**< the user wants the end */
};

/** All commands, bound to a session, as librte_cmdline wants them. */
struct command_set;

/**
 * Makes the parser's tables. @p session must live as long as the set.
 * @return 0, -ENOMEM
 */
int command_set_create(struct command_session *session, struct command_set **set);

/** Frees a set; NULL is fine. */
void command_set_destroy(struct command_set *set);

/** The set as librte_cmdline's context. */
cmdline_parse_ctx_t *command_set_ctx(struct command_set *set);

/** Says in one sentence why librte_cmdline did not take @p line, and counts it as failed. */
void command_explain(struct command_session *session, const char *line);

#endif /* COMMAND_H */
