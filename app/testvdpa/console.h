/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Where commands come from: a file, a pipe, a terminal.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"

#define CONSOLE_PROMPT "testvdpa> "

/** What to read and when to end. */
struct console_attr {
	const char *file; /**< commands to run first, or NULL */
	int in_fd; /**< then from here: with a prompt where it is a terminal */
	bool end_with_input; /**< end at the end of in_fd; else wait for the session's stop_fd */
	struct command_session *session;
	struct command_set *commands;
};

/**
 * Runs commands until "quit", the end that was wished for, or the session's stop_fd.
 * @return 0, or -errno where an input could not be read (said to the session's log)
 */
int console_run(const struct console_attr *attr);

/**
 * Waits for @p ms without taking input; the session's timer goes on.
 * @return 0; 1: the user wants the end; -errno
 */
int console_pause(struct command_session *session, uint64_t ms);

#endif /* CONSOLE_H */
