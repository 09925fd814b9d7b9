/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the answers of DPDK's telemetry, as they are, one line each; whoever has the
 * prompt need not find the socket. An answer {"/x":null} is how DPDK says that a command or a
 * parameter is unknown, and {"/x":{"error":"..."}} how mlx5_devx does: both are failures here.
 *
 * rte_vdpa.h knows nothing of memory keys; a driver that tells them does so here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "command_rows.h"
#include "telemetry_client.h"

/* The one member of an answer, or NULL. */
static json_t *
command_telemetry_member(const char *answer, json_t **root)
{
	*root = json_loads(answer, 0, NULL);
	return *root == NULL ? NULL : json_object_iter_value(json_object_iter(*root));
}

/* What went wrong, as a sentence; NULL where nothing did. The text lives as long as @root. */
static const char *
command_telemetry_error(json_t *member)
{
	if (member == NULL || json_is_null(member))
		return "there is no such command, or its parameters make no sense ('telemetry /' "
		       "lists the commands)";
	return json_string_value(json_object_get(member, "error"));
}

static int
command_telemetry(struct command_session *session, const struct command_args *args)
{
	const char *why;
	json_t *root;
	char *answer;
	int ret;

	ret = telemetry_client_ask(args->word[1], args->word[2], session->log, &answer);
	if (ret != 0)
		return ret;
	why = command_telemetry_error(command_telemetry_member(answer, &root));
	if (why != NULL) {
		base_err(session->log, "telemetry %s: %s", args->word[1], why);
		ret = -EINVAL;
	} else {
		fprintf(session->out, "%s\n", answer);
	}
	json_decref(root);
	free(answer);
	return ret;
}

static void
command_keys_print(json_t *memory, FILE *out)
{
	json_t *value;
	const char *name;

	json_object_foreach(memory, name, value)
	{
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		fprintf(out, "  %-16s %s\n", name, text == NULL ? "" : text);
		free(text);
	}
}

static int
command_keys(struct command_session *session, const struct command_args *args)
{
	json_t *memory;
	json_t *root;
	char *answer;
	int ret;

	ret = telemetry_client_ask("/vdpa/info", args->word[2], session->log, &answer);
	if (ret != 0)
		return ret;
	memory = json_object_get(command_telemetry_member(answer, &root), "memory");
	if (memory == NULL) {
		base_err(session->log, "no driver tells memory keys of a device '%s'",
				args->word[2]);
		ret = -ENOENT;
	} else {
		fprintf(session->out, "device %s\n", args->word[2]);
		command_keys_print(memory, session->out);
	}
	json_decref(root);
	free(answer);
	return ret;
}

const struct command_row command_telemetry_rows[] = {
	{ "telemetry COMMAND [PARAMS]",
			"ask DPDK's telemetry of this process: telemetry /vdpa/virtq DEV,0",
			command_telemetry },
	{ "show keys DEV", "memory keys, where the driver tells them (mlx5_devx does)",
			command_keys },
	{ NULL, NULL, NULL },
};
