/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the words in capitals of a syntax may stand for right now, for completion.
 */
#ifndef COMMAND_NAMES_H
#define COMMAND_NAMES_H

#include "command.h"

/** See command_session.name. Knows DEV, DEV|SOCKET (the ports) and SECTION. */
bool command_names(const char *word, unsigned int index, char text[SYNTAX_TEXT_MAX]);

#endif /* COMMAND_NAMES_H */
