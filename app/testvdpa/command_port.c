/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: handlers that hand their words to the port table (port.h), which checks them
 * and says what is wrong with them.
 */
#include "command_rows.h"
#include "port.h"

static int
command_attach(struct command_session *session, const struct command_args *args)
{
	enum port_mode mode = session->mode;
	int ret;

	if (command_option(args, "client") != NULL)
		mode = PORT_CLIENT;
	if (command_option(args, "server") != NULL)
		mode = PORT_SERVER;
	ret = port_attach(args->word[1], args->word[2], mode, session->log);
	if (ret == 0)
		fprintf(session->out, "attached %s to %s\n", args->word[1], args->word[2]);
	return ret;
}

static int
command_detach(struct command_session *session, const struct command_args *args)
{
	int ret = port_detach(args->word[1], session->log);

	if (ret == 0)
		fprintf(session->out, "detached %s\n", args->word[1]);
	return ret;
}

const struct command_row command_port_rows[] = {
	{ "attach DEV SOCKET [server|client]",
			"let a device serve the vhost-user front-end at a socket", command_attach },
	{ "detach DEV|SOCKET", "stop the rings, disconnect the front-end, close the socket",
			command_detach },
	{ NULL, NULL, NULL },
};
