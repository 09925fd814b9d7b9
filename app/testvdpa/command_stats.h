/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The repeated printing of rates ("stats every").
 */
#ifndef COMMAND_STATS_H
#define COMMAND_STATS_H

#include "command.h"

/** Ends it, if it goes on. */
void command_stats_off(struct command_session *session);

#endif /* COMMAND_STATS_H */
