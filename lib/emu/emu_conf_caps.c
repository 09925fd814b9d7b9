/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "capabilities": names of the firmware's table, numbers as values, true and
 * false where a number is a switch. Names and ranges are the table's; nothing is known of them
 * here.
 */
#include "emu_conf_topics.h"
#include "fw_caps.h"

static int
emu_conf_cap(struct emu_json *at, const char *name, const json_t *value, void *caps)
{
	const struct fw_cap_row *row = fw_caps_find(name);
	uint64_t number;
	bool on;
	int ret;

	if (row == NULL)
		return emu_json_fail(at,
				"no such capability; doc/guides/emulated-card.md and "
				"'mlx5emu ctl config' list them");
	if (row->max == 1 && json_is_boolean(value)) {
		ret = emu_json_bool(at, value, &on);
		number = on;
	} else {
		ret = emu_json_u64(at, value, row->min, row->max, &number);
	}
	return ret == 0 ? fw_caps_set(caps, name, number) : ret;
}

int
emu_conf_caps_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	int ret = emu_json_members(at, value, emu_conf_cap, &conf->caps);
	const char *bad;

	if (ret != 0)
		return ret;
	bad = fw_caps_check(&conf->caps);
	return bad != NULL ? emu_json_fail(at, "no card can be like this: %s", bad) : 0;
}

json_t *
emu_conf_caps_show(const struct emu_conf *conf)
{
	json_t *caps = json_object();
	const struct fw_cap_row *row;
	uint64_t value;
	size_t i;

	for (i = 0; caps != NULL && (row = fw_caps_row(i)) != NULL; i++) {
		if (fw_caps_get(&conf->caps, row->name, &value) != 0)
			continue;
		json_object_set_new(caps, row->name,
				row->min == 0 && row->max == 1 ? json_boolean(value != 0) :
								 json_integer((json_int_t)value));
	}
	return caps;
}
