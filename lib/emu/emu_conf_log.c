/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "log": where messages go and which. The file is opened later, by emu_log.
 */
#include "emu_conf_topics.h"

static const char *const emu_conf_levels[] = { "error", "warning", "notice", "info", "debug" };
_Static_assert(BASE_ARRAY_SIZE(emu_conf_levels) == BASE_LOG_DEBUG + 1, "one name per level");

int
emu_conf_log_file(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	return emu_json_file(at, value, conf->log_file, sizeof(conf->log_file));
}

int
emu_conf_log_level(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	unsigned int level;
	int ret = emu_json_enum(at, value, emu_conf_levels, BASE_ARRAY_SIZE(emu_conf_levels),
			&level);

	if (ret == 0)
		conf->log_level = (enum base_log_level)level;
	return ret;
}

static int
emu_conf_log_file_key(struct emu_json *at, const json_t *value, void *conf)
{
	return emu_conf_log_file(at, value, conf);
}

static int
emu_conf_log_level_key(struct emu_json *at, const json_t *value, void *conf)
{
	return emu_conf_log_level(at, value, conf);
}

int
emu_conf_log_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	static const struct emu_json_key keys[] = {
		{ "file", emu_conf_log_file_key },
		{ "level", emu_conf_log_level_key },
	};

	return emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), conf);
}

json_t *
emu_conf_log_show(const struct emu_conf *conf)
{
	json_t *log = json_pack("{s:s}", "level", emu_conf_levels[conf->log_level]);

	if (log != NULL && conf->log_file[0] != '\0')
		json_object_set_new(log, "file", json_string(conf->log_file));
	return log;
}
