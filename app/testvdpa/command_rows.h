/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The list of all commands, by subject. Who adds a subject writes its rows in command_SUBJECT.c,
 * declares them here and adds a line to command_rows.c; nothing else knows the subjects.
 */
#ifndef COMMAND_ROWS_H
#define COMMAND_ROWS_H

#include "command.h"

/** The commands of one subject. */
struct command_section {
	const char *name; /**< as "help NAME" has it */
	const char *title; /**< what they are about, a few words */
	const struct command_row *rows; /**< ends with a row whose syntax is NULL */
};

/** All subjects; ends with one whose name is NULL. */
extern const struct command_section command_sections[];

extern const struct command_row command_device_rows[];
extern const struct command_row command_card_rows[];
extern const struct command_row command_port_rows[];
extern const struct command_row command_show_rows[];
extern const struct command_row command_queue_rows[];
extern const struct command_row command_stats_rows[];
extern const struct command_row command_log_rows[];
extern const struct command_row command_telemetry_rows[];
extern const struct command_row command_report_rows[];
extern const struct command_row command_guest_rows[];
extern const struct command_row command_flow_rows[];
extern const struct command_row command_migrate_rows[];
extern const struct command_row command_help_rows[];

/** Number of rows of all sections. */
unsigned int command_rows_nb(const struct command_section *sections);

/** The @p index-th row of all sections, NULL behind the last. */
const struct command_row *
command_rows_get(const struct command_section *sections, unsigned int index);

#endif /* COMMAND_ROWS_H */
