/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "show VIEW [DEV]" names a view of show.h; the view's table decides what is
 * printed.
 */
#include "command_rows.h"
#include "show.h"

static int
command_show(struct command_session *session, const struct command_args *args)
{
	return show_run(args->word[1], args->word[2], session->out, session->log);
}

const struct command_row command_show_rows[] = {
	{ "show device [DEV]", "queues, features, socket and connection of the devices",
			command_show },
	{ "show virtq [DEV]", "the rings: size, descriptors, indices, driver's statistics",
			command_show },
	{ "show stats [DEV]", "the driver's statistics of all its queues", command_show },
	{ "show memory [DEV]", "the memory table that the front-end sent", command_show },
	{ "show json [DEV]", "all of these on one line, for programs", command_show },
	{ NULL, NULL, NULL },
};
