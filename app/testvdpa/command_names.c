/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table row a word, with the walk over what it may be. A walk is done anew
 * for each name, so nothing is kept that could get old; there are few of them and a person is
 * waiting. Names that are too long for librte_cmdline to complete are not offered.
 */
#include <string.h>

#include <base_math.h>

#include "command_names.h"
#include "command_rows.h"
#include "device.h"
#include "port.h"

/** A walk that stops at the name that is looked for. */
struct command_names_walk {
	unsigned int left; /**< names to pass over */
	char *text;
};

static int
command_names_take(const char *name, void *arg)
{
	struct command_names_walk *walk = arg;

	if (strlen(name) >= SYNTAX_TEXT_MAX || walk->left-- != 0)
		return 0;
	strcpy(walk->text, name);
	return 1;
}

static int
command_names_devices(struct command_names_walk *walk)
{
	return device_foreach(command_names_take, walk);
}

static int
command_names_ports(struct command_names_walk *walk)
{
	return port_foreach(command_names_take, walk);
}

static int
command_names_sections(struct command_names_walk *walk)
{
	const struct command_section *section;
	int ret = 0;

	for (section = command_sections; section->name != NULL && ret == 0; section++)
		ret = command_names_take(section->name, walk);
	return ret;
}

static const struct {
	const char *word;
	int (*find)(struct command_names_walk *walk);
} command_names_kinds[] = {
	{ "DEV", command_names_devices },
	{ "DEV|SOCKET", command_names_ports },
	{ "SECTION", command_names_sections },
};

bool
command_names(const char *word, unsigned int index, char text[SYNTAX_TEXT_MAX])
{
	struct command_names_walk walk = { .left = index, .text = text };
	unsigned int i;

	for (i = 0; i < BASE_ARRAY_SIZE(command_names_kinds); i++) {
		if (strcmp(command_names_kinds[i].word, word) == 0)
			return command_names_kinds[i].find(&walk) != 0;
	}
	return false;
}
