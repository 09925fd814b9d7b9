/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the two options about the wire that all functions are plugged into.
 */
#include "emu_conf_topics.h"

#define EMU_PAUSE_MS_MAX 3600000u

int
emu_conf_wire_kind(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	static const char *const kinds[] = { "switch", "loop" };
	unsigned int kind;
	int ret = emu_json_enum(at, value, kinds, BASE_ARRAY_SIZE(kinds), &kind);

	if (ret == 0)
		conf->loop = kind == 1;
	return ret;
}

int
emu_conf_wire_pause(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	uint64_t ms;
	int ret = emu_json_u64(at, value, 0, EMU_PAUSE_MS_MAX, &ms);

	if (ret == 0)
		conf->pause_ms = (unsigned int)ms;
	return ret;
}
