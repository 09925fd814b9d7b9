/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: later sources win: defaults, file, environment (that is: options of the
 * launcher). Every value is checked where it is read, and the first wrong one makes the whole
 * configuration bad: half a configuration would be a card that nobody asked for.
 *
 * In the program's process all this runs once, before anything is emulated; what it opens passes
 * through the seam.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emu_conf_topics.h"

#define EMU_LIB "libmlx5emu.so"
/* Longer than a guest's driver takes to come back after a memory hot-add, even under TCG. */
#define EMU_PAUSE_MS 3000u

void
emu_conf_init(struct emu_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->seam.tree = conf->tree;
	conf->seam.nb_funcs = 1;
	fw_caps_init(&conf->caps);
	fw_latency_init(&conf->latency, "none");
	conf->pacing = VNET_PACING_DEFAULT;
	conf->wire.pause_ms = EMU_PAUSE_MS;
	emu_wire_conf_init(&conf->wire, EMU_WIRE_SWITCH);
	conf->log_level = BASE_LOG_NOTICE;
}

/* --- file ----------------------------------------------------------------------------------- */

static int
emu_conf_unknown_key(struct emu_json *at, const char *key)
{
	char list[320] = "";
	size_t i, len = 0;

	for (i = 0; i < emu_conf_nb_keys && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i != 0 ? ", " : "",
				emu_conf_keys[i].key);
	return emu_json_fail(at, "unknown key \"%.60s\"; known are: %s", key, list);
}

static int
emu_conf_top(struct emu_conf *conf, const json_t *top, struct emu_json *at)
{
	size_t i, known = 0;
	const char *key;
	json_t *value;
	int ret;

	if (!json_is_object(top))
		return emu_json_bad(at, top, "an object, {...}");
	/* In the order of the table: a topic may look at those before it. */
	for (i = 0; i < emu_conf_nb_keys; i++) {
		value = json_object_get(top, emu_conf_keys[i].key);
		if (value == NULL)
			continue;
		known++;
		emu_json_enter(at, emu_conf_keys[i].key, 0);
		ret = emu_conf_keys[i].read(at, value, conf);
		emu_json_leave(at, 0);
		if (ret != 0)
			return ret;
	}
	if (known == json_object_size(top))
		return 0;
	json_object_foreach((json_t *)top, key, value)
	{
		for (i = 0; i < emu_conf_nb_keys && strcmp(emu_conf_keys[i].key, key) != 0; i++)
			;
		if (i == emu_conf_nb_keys)
			return emu_conf_unknown_key(at, key);
	}
	return 0;
}

int
emu_conf_file(struct emu_conf *conf, const char *file, struct emu_json *at)
{
	json_error_t error;
	json_t *top;
	int ret;

	memset(at, 0, sizeof(*at));
	at->source = file;
	top = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
	if (top == NULL && error.line > 0)
		return emu_json_fail(at, "line %d, column %d: not JSON: %s", error.line,
				error.column, error.text);
	if (top == NULL)
		return emu_json_fail(at, "%s", error.text);
	ret = emu_conf_top(conf, top, at);
	json_decref(top);
	return ret;
}

/* --- options and environment ---------------------------------------------------------------- */

int
emu_conf_option(struct emu_conf *conf, const struct emu_conf_option *option, const char *source,
		const char *text, struct emu_json *at)
{
	json_t *value = emu_json_from_text(text);
	int ret;

	memset(at, 0, sizeof(*at));
	at->source = source;
	if (value == NULL)
		return emu_json_fail(at, "'%.60s' is not UTF-8", text);
	ret = option->read(at, value, conf);
	json_decref(value);
	return ret;
}

static const char *
emu_conf_env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

int
emu_conf_read(struct emu_conf *conf, struct emu_json *at)
{
	const char *tree = emu_conf_env("MLX5EMU_TREE"), *file = emu_conf_env("MLX5EMU_CONFIG");
	size_t i;
	int ret;

	emu_conf_init(conf);
	memset(at, 0, sizeof(*at));
	if (tree == NULL && file == NULL)
		return 0;
	at->source = "MLX5EMU_TREE";
	if (tree != NULL && strlen(tree) >= sizeof(conf->tree))
		return emu_json_fail(at, "too long");
	if (tree != NULL)
		strcpy(conf->tree, tree);
	ret = file != NULL ? emu_conf_file(conf, file, at) : 0;
	for (i = 0; i < emu_conf_nb_options && ret == 0; i++) {
		const struct emu_conf_option *option = &emu_conf_options[i];
		const char *text = emu_conf_env(option->env);

		if (text != NULL)
			ret = emu_conf_option(conf, option, option->env, text, at);
	}
	at->source = file != NULL ? file : "options";
	if (ret == 0)
		ret = emu_conf_functions_check(at, conf);
	if (ret == 0)
		ret = emu_conf_wire_check(at, conf);
	return ret == 0 ? 1 : ret;
}

json_t *
emu_conf_show(const struct emu_conf *conf)
{
	json_t *top = json_object();
	size_t i;

	for (i = 0; top != NULL && i < emu_conf_nb_keys; i++) {
		if (json_object_set_new(top, emu_conf_keys[i].key, emu_conf_keys[i].show(conf)) !=
				0) {
			json_decref(top);
			return NULL;
		}
	}
	return top;
}

/* --- children ------------------------------------------------------------------------------- */

static void
emu_conf_unpreload(void)
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

void
emu_conf_unload(void)
{
	size_t i;

	emu_conf_unpreload();
	unsetenv("MLX5EMU_TREE");
	unsetenv("MLX5EMU_CONFIG");
	for (i = 0; i < emu_conf_nb_options; i++)
		unsetenv(emu_conf_options[i].env);
}
