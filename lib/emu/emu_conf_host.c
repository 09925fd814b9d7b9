/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "host_devices": whether the RDMA devices that the host has of its own are
 * seen beside the card's. Hidden unless asked: a test should not find another card by accident.
 */
#include "emu_conf_topics.h"

static const char *const emu_conf_host_words[] = { "hide", "show" };

int
emu_conf_host_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	unsigned int word;
	int ret = emu_json_enum(at, value, emu_conf_host_words,
			BASE_ARRAY_SIZE(emu_conf_host_words), &word);

	if (ret == 0)
		conf->seam.host_devices = word == 1;
	return ret;
}

json_t *
emu_conf_host_show(const struct emu_conf *conf)
{
	return json_string(emu_conf_host_words[conf->seam.host_devices]);
}
