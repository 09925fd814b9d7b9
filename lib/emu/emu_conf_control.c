/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "control": where 'mlx5emu ctl' finds the card. A socket in the file system,
 * because its mode guards it; names of the abstract kind have none.
 */
#include "emu_conf_topics.h"

int
emu_conf_control_socket(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	return emu_json_file(at, value, conf->control, sizeof(conf->control));
}

static int
emu_conf_control_socket_key(struct emu_json *at, const json_t *value, void *conf)
{
	return emu_conf_control_socket(at, value, conf);
}

int
emu_conf_control_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	static const struct emu_json_key keys[] = {
		{ "socket", emu_conf_control_socket_key },
	};

	return emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), conf);
}

json_t *
emu_conf_control_show(const struct emu_conf *conf)
{
	json_t *control = json_object();

	if (control != NULL && conf->control[0] != '\0')
		json_object_set_new(control, "socket", json_string(conf->control));
	return control;
}
