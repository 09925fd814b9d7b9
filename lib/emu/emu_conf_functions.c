/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "functions" is a number, or an array with one object for each function.
 * What an object leaves out is made of the function's number.
 */
#include <stdio.h>
#include <string.h>

#include "emu_conf_topics.h"

int
emu_conf_functions_number(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	uint64_t nb;
	int ret = emu_json_u64(at, value, 1, SEAM_MAX_FUNCS, &nb);

	if (ret == 0)
		conf->seam.nb_funcs = (unsigned int)nb;
	return ret;
}

static int
emu_conf_mac(struct emu_json *at, const json_t *value, void *arg)
{
	static const uint8_t zero[6];
	const char *text = json_string_value(value);
	struct fw_func_attr *func = arg;
	unsigned int b[6], i;
	int len = 0;

	if (text == NULL ||
			sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4],
					&b[5], &len) != 6 ||
			text[len] != '\0' || len != 17 || (b[0] & 1) != 0)
		return emu_json_bad(at, value, "a unicast address as \"02:00:00:00:00:01\"");
	for (i = 0; i < 6; i++)
		func->mac[i] = (uint8_t)b[i];
	if (memcmp(func->mac, zero, sizeof(zero)) == 0)
		return emu_json_bad(at, value, "an address other than zero");
	func->has_mac = true;
	return 0;
}

static const struct emu_json_key emu_conf_function_keys[] = {
	{ "mac", emu_conf_mac },
};

static int
emu_conf_function(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_conf *conf = arg;

	return emu_json_object(at, value, emu_conf_function_keys,
			BASE_ARRAY_SIZE(emu_conf_function_keys),
			&conf->funcs[conf->seam.nb_funcs++]);
}

int
emu_conf_functions_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	if (!json_is_array(value) || json_array_size(value) == 0)
		return json_is_integer(value) ? emu_conf_functions_number(at, value, conf) :
						emu_json_bad(at, value,
								"a number or an array of 1 to %u "
								"objects",
								SEAM_MAX_FUNCS);
	conf->seam.nb_funcs = 0;
	return emu_json_array(at, value, SEAM_MAX_FUNCS, emu_conf_function, conf);
}

json_t *
emu_conf_functions_show(const struct emu_conf *conf)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; list != NULL && i < conf->seam.nb_funcs; i++) {
		const struct fw_func_attr *func = &conf->funcs[i];
		json_t *one = json_object();
		const uint8_t *mac = func->mac;
		char text[18];

		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
				mac[2], mac[3], mac[4], mac[5]);
		if (one != NULL && func->has_mac)
			json_object_set_new(one, "mac", json_string(text));
		json_array_append_new(list, one);
	}
	return list;
}
