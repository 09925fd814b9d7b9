/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the sections in the order in which "help" and the manual page have them.
 * Rows are constant and belong to the files that run them.
 */
#include <stddef.h>

#include "command_rows.h"

const struct command_section command_sections[] = {
	{ "device", "what there is and what it offers", command_device_rows },
	{ "port", "which device serves which socket", command_port_rows },
	{ "show", "what devices and ports are and do", command_show_rows },
	{ "queue", "the rings one by one", command_queue_rows },
	{ "stats", "rates, and counting anew", command_stats_rows },
	{ "log", "what DPDK and the drivers write", command_log_rows },
	{ "telemetry", "what DPDK and the drivers tell programs", command_telemetry_rows },
	{ "guest", "guests that live in this program", command_guest_rows },
	{ "flow", "what happens to a guest, measured and judged", command_flow_rows },
	{ "migrate", "guests that move, and random flows", command_migrate_rows },
	{ "card", "an emulated card that was named", command_card_rows },
	{ "report", "what happened, for people", command_report_rows },
	{ "program", "of the program itself", command_help_rows },
	{ NULL, NULL, NULL },
};

const struct command_row *
command_rows_get(const struct command_section *sections, unsigned int index)
{
	const struct command_section *section;
	const struct command_row *row;

	for (section = sections; section->name != NULL; section++) {
		for (row = section->rows; row->syntax != NULL; row++) {
			if (index-- == 0)
				return row;
		}
	}
	return NULL;
}

unsigned int
command_rows_nb(const struct command_section *sections)
{
	unsigned int nb = 0;

	while (command_rows_get(sections, nb) != NULL)
		nb++;
	return nb;
}
