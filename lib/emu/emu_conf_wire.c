/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "wire": the kind of the one net of all functions, or an object that tells of
 * nets, ways out of the process and settings of ports. Names and forms are checked here; what a
 * setting's value may be is asked of the wire itself, with a port of a wire that nobody uses.
 *
 * The options --wire and --pause-ms win over the file as a whole and in part.
 */
#include <stdio.h>
#include <string.h>

#include "emu_conf_topics.h"

#define EMU_PAUSE_MS_MAX 3600000u

int
emu_conf_wire_kind(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	unsigned int kind;
	int ret = emu_json_enum(at, value, emu_wire_kinds, EMU_WIRE_NB_KINDS, &kind);

	if (ret == 0)
		emu_wire_conf_init(&conf->wire, (enum emu_wire_kind)kind);
	return ret;
}

int
emu_conf_wire_pause(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	uint64_t ms;
	int ret = emu_json_u64(at, value, 0, EMU_PAUSE_MS_MAX, &ms);

	if (ret == 0)
		conf->wire.pause_ms = (unsigned int)ms;
	return ret;
}

static int
wire_pause_key(struct emu_json *at, const json_t *value, void *conf)
{
	return emu_conf_wire_pause(at, value, conf);
}

/* --- nets ----------------------------------------------------------------------------------- */

static int
net_name(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_conf *conf = arg;
	struct emu_wire_net *net = &conf->nets[conf->nb_nets - 1];

	return emu_json_text(at, value, net->name, sizeof(net->name));
}

static int
net_kind(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_conf *conf = arg;

	return emu_json_enum(at, value, emu_wire_kinds, EMU_WIRE_NB_KINDS,
			&conf->nets[conf->nb_nets - 1].kind);
}

static int
net_functions(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_wire_conf *conf = arg;
	uint64_t funcs = 0;
	unsigned int i;
	int ret = emu_json_array(at, value, SEAM_MAX_FUNCS, emu_conf_funcs_mask, &funcs);

	if (ret != 0)
		return ret;
	if ((funcs & conf->func_set) != 0)
		return emu_json_fail(at, "function %u is in another net already",
				(unsigned int)__builtin_ctzll(funcs & conf->func_set));
	conf->func_set |= (uint32_t)funcs;
	for (i = 0; i < SEAM_MAX_FUNCS; i++) {
		if ((funcs >> i & 1) != 0)
			conf->func_net[i] = (uint8_t)(conf->nb_nets - 1);
	}
	return 0;
}

static int
net_uplinks(struct emu_json *at, const json_t *value, void *arg)
{
	return emu_json_array(at, value, EMU_WIRE_UPLINKS, emu_conf_uplink, arg);
}

static int
wire_net(struct emu_json *at, const json_t *value, void *arg)
{
	static const struct emu_json_key keys[] = {
		{ "name", net_name },
		{ "kind", net_kind },
		{ "functions", net_functions },
		{ "uplinks", net_uplinks },
	};
	struct emu_wire_conf *conf = arg;
	struct emu_wire_net *net = &conf->nets[conf->nb_nets++];
	unsigned int i;
	int ret;

	memset(net, 0, sizeof(*net));
	ret = emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), conf);
	if (ret != 0)
		return ret;
	if (net->name[0] == '\0')
		return emu_json_fail(at, "needs a name");
	for (i = 0; i < conf->nb_nets - 1; i++) {
		if (strcmp(conf->nets[i].name, net->name) == 0)
			return emu_json_fail(at, "there are two nets '%s'", net->name);
	}
	return 0;
}

static int
wire_nets(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_conf *conf = arg;
	int ret;

	conf->wire.nb_nets = 0;
	ret = emu_json_array(at, value, EMU_WIRE_NETS, wire_net, &conf->wire);
	if (ret == 0 && conf->wire.nb_nets == 0)
		return emu_json_fail(at, "needs one net at least");
	return ret;
}

/* --- settings ------------------------------------------------------------------------------- */

/* A text, number or truth as text, as the wire takes it. */
static bool
setting_text(const json_t *value, char *buf, size_t size)
{
	int len = -1;

	if (json_is_string(value))
		len = snprintf(buf, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		len = snprintf(buf, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		len = snprintf(buf, size, "%.6f", json_real_value(value));
	return len >= 0 && (size_t)len < size;
}

/* Asks a wire that nobody uses. */
static int
setting_check(struct emu_json *at, const json_t *value, const struct emu_wire_setting *set)
{
	struct wire *wire;
	const char *why;
	int ret = wire_create(1, 0, NULL, &wire);

	if (ret != 0)
		return emu_json_fail(at, "out of memory");
	ret = wire_port_set(wire, 0, set->name, set->value, &why);
	wire_destroy(wire);
	return ret == 0 ? 0 : emu_json_bad(at, value, "other: it %s", why);
}

static const char *
setting_name(const char *name)
{
	const struct wire_setting *row;
	unsigned int i;

	for (i = 0; (row = wire_setting_at(i)) != NULL; i++) {
		if (strcmp(row->name, name) == 0)
			return row->name;
	}
	return NULL;
}

/* The settings of one port. */
struct wire_port_conf {
	const char *port;
	struct emu_wire_conf *wire;
};

static int
wire_setting(struct emu_json *at, const char *name, const json_t *value, void *arg)
{
	const struct wire_port_conf *conf = arg;
	struct emu_wire_conf *wire = conf->wire;
	struct emu_wire_setting *set = &wire->settings[wire->nb_settings];

	if (wire->nb_settings == EMU_WIRE_SETTINGS)
		return emu_json_fail(at, "more than %u settings", EMU_WIRE_SETTINGS);
	strcpy(set->port, conf->port);
	set->name = setting_name(name);
	if (set->name == NULL)
		return emu_json_fail(at,
				"no such setting of a port; doc/guides/wires.md lists them");
	if (!setting_text(value, set->value, sizeof(set->value)))
		return emu_json_bad(at, value, "a text or a number");
	wire->nb_settings++;
	return setting_check(at, value, set);
}

static int
wire_port(struct emu_json *at, const char *port, const json_t *value, void *wire)
{
	struct wire_port_conf conf = { .port = port, .wire = wire };

	if (json_is_object(value) && strlen(port) >= WIRE_NAME_MAX)
		return emu_json_fail(at, "no port has a name so long");
	return emu_json_members(at, value, wire_setting, &conf);
}

static int
wire_ports(struct emu_json *at, const json_t *value, void *arg)
{
	struct emu_conf *conf = arg;

	return emu_json_members(at, value, wire_port, &conf->wire);
}

static bool
wire_has_port(const struct emu_conf *conf, const char *port)
{
	char name[WIRE_NAME_MAX];
	unsigned int i;

	for (i = 0; i < conf->seam.nb_funcs; i++) {
		snprintf(name, sizeof(name), "%u", i);
		if (strcmp(name, port) == 0)
			return true;
	}
	for (i = 0; i < conf->wire.nb_uplinks; i++) {
		if (strcmp(conf->wire.uplinks[i].name, port) == 0)
			return true;
	}
	return false;
}

int
emu_conf_wire_check(struct emu_json *at, const struct emu_conf *conf)
{
	const struct emu_wire_conf *wire = &conf->wire;
	unsigned int i;

	for (i = conf->seam.nb_funcs; i < SEAM_MAX_FUNCS; i++) {
		if ((wire->func_set >> i & 1) != 0)
			return emu_json_fail(at,
					"wire.nets: '%s' names function %u of a card of %u",
					wire->nets[wire->func_net[i]].name, i, conf->seam.nb_funcs);
	}
	for (i = 0; i < wire->nb_settings; i++) {
		if (!wire_has_port(conf, wire->settings[i].port))
			return emu_json_fail(at,
					"wire.ports: '%s' is neither a function's number nor an "
					"uplink's name",
					wire->settings[i].port);
	}
	return 0;
}

int
emu_conf_wire_read(struct emu_json *at, const json_t *value, struct emu_conf *conf)
{
	static const struct emu_json_key keys[] = {
		{ "pause_ms", wire_pause_key },
		{ "nets", wire_nets },
		{ "ports", wire_ports },
	};

	if (json_is_string(value))
		return emu_conf_wire_kind(at, value, conf);
	if (!json_is_object(value))
		return emu_json_bad(at, value, "\"switch\", \"loop\", \"null\" or an object");
	return emu_json_object(at, value, keys, BASE_ARRAY_SIZE(keys), conf);
}
