/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: DPDK's log types, by name. rte_log_set_level_pattern() is content with a
 * pattern that nothing fits, which is a typing mistake more often than a wish for the future; so
 * the types that fit are counted first.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "command_rows.h"

/* RTE_LOG_EMERG is 1. */
static const char *const command_log_levels[] = { "emergency", "alert", "critical", "error",
	"warning", "notice", "info", "debug" };

/* What rte_log_dump() writes of a type: "id 36: lib.vhost.config, level is info". */
static bool
command_log_line(char *line, const char *pattern, FILE *out)
{
	char *name = strstr(line, ": ");
	char *level = strstr(line, ", level is ");

	if (strncmp(line, "id ", 3) != 0 || name == NULL || level == NULL)
		return false;
	name += strlen(": ");
	*level = '\0';
	level += strlen(", level is ");
	if (fnmatch(pattern, name, 0) != 0)
		return false;
	if (out != NULL)
		fprintf(out, "  %-36s %s\n", name, level);
	return true;
}

/* Prints the types that fit, unless @out is NULL; @return their number, 0 as well without memory */
static unsigned int
command_log_fitting(const char *pattern, FILE *out)
{
	char *text = NULL;
	char *save = NULL;
	unsigned int nb = 0;
	size_t size;
	char *line;
	FILE *dump = open_memstream(&text, &size);

	if (dump == NULL)
		return 0;
	rte_log_dump(dump);
	fclose(dump);
	for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
		nb += command_log_line(line, pattern, out);
	free(text);
	return nb;
}

static int
command_log_list(struct command_session *session, const struct command_args *args)
{
	const char *pattern = args->word[2][0] == '\0' ? "*" : args->word[2];
	unsigned int nb = command_log_fitting(pattern, session->out);

	if (nb == 0)
		base_err(session->log, "no log type fits '%s'", pattern);
	return nb == 0 ? -ENOENT : 0;
}

static int
command_log_level(struct command_session *session, const struct command_args *args)
{
	const char *pattern = args->word[2];
	unsigned int nb = command_log_fitting(pattern, NULL);
	uint32_t level = 0;

	while (strcmp(command_log_levels[level], args->word[3]) != 0)
		level++; /* the syntax allows these words only */
	if (nb == 0) {
		base_err(session->log, "no log type fits '%s' ('log list' shows them)", pattern);
		return -ENOENT;
	}
	if (rte_log_set_level_pattern(pattern, level + 1) != 0) {
		base_err(session->log, "'%s' is no pattern for log types", pattern);
		return -EINVAL;
	}
	fprintf(session->out, "%u log type%s at level %s\n", nb, nb == 1 ? "" : "s", args->word[3]);
	return 0;
}

const struct command_row command_log_rows[] = {
	{ "log list [PATTERN]", "DPDK's log types with their levels", command_log_list },
	{ "log level PATTERN emergency|alert|critical|error|warning|notice|info|debug",
			"what the types that fit (pmd.vdpa.*) write: this and worse",
			command_log_level },
	{ NULL, NULL, NULL },
};
