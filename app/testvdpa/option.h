/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the user said after EAL's "--".
 */
#ifndef OPTION_H
#define OPTION_H

#include <stdbool.h>
#include <stdio.h>

#include "scenario.h"

/** The program's own options; strings point into argv. */
struct option_attr {
	const char *cmdline_file; /**< commands to run first, or NULL */
	const char *iface; /**< prefix of the sockets of auto_start; never NULL */
	bool interactive; /**< a prompt even where standard input is no terminal */
	bool client; /**< attach as vhost-user client unless told otherwise */
	bool auto_start; /**< attach every device at start */
	bool help; /**< print the usage and end */
	struct scenario_attr scenario; /**< name is NULL where no scenario was asked for */
};

/**
 * Reads the options of @p argv (argv[0] is the program).
 * @param err gets one sentence about the first bad option
 * @return 0 or -EINVAL
 */
int option_parse(int argc, char **argv, struct option_attr *attr, FILE *err);

/** Prints the options with their meaning. */
void option_usage(const char *program, FILE *out);

/** What is to be said of an option. */
struct option_doc {
	const char *name; /**< without -- */
	const char *value; /**< name of its value, NULL: takes none */
	const char *help; /**< one line */
};

/** Describes the @p index-th option; @return false behind the last. */
bool option_get(unsigned int index, struct option_doc *doc);

#endif /* OPTION_H */
