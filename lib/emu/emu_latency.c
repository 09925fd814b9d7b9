/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a profile, and what is changed in it. The profile is read first, wherever it
 * stands in the object.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "emu_conf_topics.h"
#include "emu_latency.h"
#include "emu_time.h"

#define EMU_LATENCY_MAX_IN_FLIGHT 1024u
#define EMU_LATENCY_MAX_PER_MIB 1000000000ull

static int
emu_latency_profile(struct emu_json *at, const json_t *value, void *arg)
{
	const char *names[8];
	unsigned int i, nb = 0;
	int ret;

	while (nb < BASE_ARRAY_SIZE(names) && (names[nb] = fw_latency_profile_name(nb)) != NULL)
		nb++;
	ret = emu_json_enum(at, value, names, nb, &i);
	return ret == 0 ? fw_latency_init(arg, names[i]) : ret;
}

/* The profile's turn was before. */
static int
emu_latency_seen(struct emu_json *at, const json_t *value, void *arg)
{
	return 0;
}

static int
emu_latency_default(struct emu_json *at, const json_t *value, void *arg)
{
	struct fw_latency *latency = arg;

	return emu_time_read(at, value, FW_LATENCY_MAX_NS, &latency->default_ns);
}

static int
emu_latency_per_mib(struct emu_json *at, const json_t *value, void *arg)
{
	struct fw_latency *latency = arg;

	return emu_time_read(at, value, EMU_LATENCY_MAX_PER_MIB, &latency->mr_ns_per_mib);
}

static int
emu_latency_in_flight(struct emu_json *at, const json_t *value, void *arg)
{
	struct fw_latency *latency = arg;
	uint64_t nb;
	int ret = emu_json_u64(at, value, 0, EMU_LATENCY_MAX_IN_FLIGHT, &nb);

	if (ret == 0)
		latency->in_flight = (uint32_t)nb;
	return ret;
}

static int
emu_latency_command(struct emu_json *at, const char *name, const json_t *value, void *latency)
{
	uint64_t ns;
	int ret = emu_time_read(at, value, FW_LATENCY_MAX_NS, &ns);

	if (ret != 0)
		return ret;
	ret = fw_latency_set(latency, name, ns);
	if (ret == -ENOENT)
		return emu_json_fail(at,
				"no such command; doc/guides/emulated-card-faults.md "
				"lists their names");
	if (ret == -ENOSPC)
		return emu_json_fail(at, "more than %u commands", FW_LATENCY_MAX_ROWS);
	return 0;
}

static int
emu_latency_commands(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_json_members(at, value, emu_latency_command, arg);
}

int
emu_latency_read(struct emu_json *at, const json_t *value, struct fw_latency *latency)
{
	static const struct emu_json_key keys[] = {
		{ "profile", emu_latency_seen },
		{ "default_us", emu_latency_default },
		{ "reg_mr_us_per_mib", emu_latency_per_mib },
		{ "commands_in_flight", emu_latency_in_flight },
		{ "commands", emu_latency_commands },
	};
	const json_t *profile = json_object_get(value, "profile");
	size_t mark;
	int ret = 0;

	if (profile != NULL) {
		mark = emu_json_enter(at, "profile", 0);
		ret = emu_latency_profile(at, profile, latency);
		emu_json_leave(at, mark);
	}
	return ret != 0 ? ret : emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), latency);
}

static json_t *
emu_latency_show_commands(const struct fw_latency *latency)
{
	json_t *commands = json_object();
	char name[96];
	uint32_t i;

	for (i = 0; commands != NULL && i < latency->nb_rows; i++) {
		const struct fw_op *op = &latency->rows[i].op;
		const char *type = fw_op_type_name(op->obj_type);

		snprintf(name, sizeof(name), "%s%s%s", fw_op_name(op->opcode),
				type != NULL ? "/" : "", type != NULL ? type : "");
		json_object_set_new(commands, name, emu_time_show(latency->rows[i].ns));
	}
	return commands;
}

json_t *
emu_latency_show(const struct fw_latency *latency)
{
	return json_pack("{s:s, s:o, s:o, s:i, s:o}", "profile", latency->profile, "default_us",
			emu_time_show(latency->default_ns), "reg_mr_us_per_mib",
			emu_time_show(latency->mr_ns_per_mib), "commands_in_flight",
			(int)latency->in_flight, "commands", emu_latency_show_commands(latency));
}

int
emu_conf_latency_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	return emu_latency_read(at, value, &conf->latency);
}

json_t *
emu_conf_latency_show(const struct emu_conf *conf)
{
	return emu_latency_show(&conf->latency);
}
