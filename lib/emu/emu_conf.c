/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the launcher has checked what the user said; here a strange value can only
 * come from somebody who set the variables by hand, and gets the default.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emu_conf.h"

#define EMU_LIB "libmlx5emu.so"
/* Longer than a guest's driver takes to come back after a memory hot-add, even under TCG. */
#define EMU_PAUSE_MS 3000u

static unsigned int
emu_conf_number(const char *name, unsigned int min, unsigned int max, unsigned int def)
{
	const char *text = getenv(name);
	unsigned long value;
	char *end;

	if (text == NULL || *text == '\0')
		return def;
	value = strtoul(text, &end, 10);
	return *end == '\0' && value >= min && value <= max ? (unsigned int)value : def;
}

static enum base_log_level
emu_conf_level(const char *name)
{
	int level;

	for (level = BASE_LOG_ERR; name != NULL && level <= BASE_LOG_DEBUG; level++) {
		if (strcasecmp(name, base_log_level_name((enum base_log_level)level)) == 0)
			return (enum base_log_level)level;
	}
	return BASE_LOG_NOTICE;
}

bool
emu_conf_read(struct emu_conf *conf)
{
	const char *tree = getenv("MLX5EMU_TREE"), *wire = getenv("MLX5EMU_WIRE");

	memset(conf, 0, sizeof(*conf));
	if (tree == NULL || *tree == '\0' || strlen(tree) >= sizeof(conf->tree))
		return false;
	strcpy(conf->tree, tree);
	conf->seam.tree = conf->tree;
	conf->seam.nb_funcs = emu_conf_number("MLX5EMU_FUNCTIONS", 1, SEAM_MAX_FUNCS, 1);
	conf->loop = wire != NULL && strcmp(wire, "loop") == 0;
	conf->pause_ms = emu_conf_number("MLX5EMU_PAUSE_MS", 0, 3600000, EMU_PAUSE_MS);
	conf->log_level = emu_conf_level(getenv("MLX5EMU_LOG_LEVEL"));
	conf->log_file = getenv("MLX5EMU_LOG");
	if (conf->log_file != NULL && *conf->log_file == '\0')
		conf->log_file = NULL;
	return true;
}

void
emu_conf_unload(void)
{
	const char *old = getenv("LD_PRELOAD");
	char *list, *rest, *entry, *kept;

	if (old == NULL || strstr(old, EMU_LIB) == NULL)
		return;
	list = strdup(old);
	kept = calloc(1, strlen(old) + 2);
	if (list != NULL && kept != NULL) {
		for (entry = strtok_r(list, ": ", &rest); entry != NULL;
				entry = strtok_r(NULL, ": ", &rest)) {
			if (strstr(entry, EMU_LIB) != NULL)
				continue;
			if (*kept != '\0')
				strcat(kept, ":");
			strcat(kept, entry);
		}
		if (*kept != '\0')
			setenv("LD_PRELOAD", kept, 1);
		else
			unsetenv("LD_PRELOAD");
	}
	free(kept);
	free(list);
}
