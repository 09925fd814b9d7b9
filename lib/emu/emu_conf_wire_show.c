/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: "wire" as it is in force, in the form that emu_conf_wire.c reads. Functions
 * that no net names are left out, as in the file: they are in the first one.
 */
#include "emu_conf_topics.h"

static json_t *
show_functions(uint64_t funcs)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < SEAM_MAX_FUNCS; i++) {
		if ((funcs >> i & 1) != 0)
			json_array_append_new(list, json_integer(i));
	}
	return list;
}

static json_t *
show_tap(const struct emu_wire_uplink *up)
{
	json_t *tap = json_object();

	if (up->tap.ifname[0] != '\0')
		json_object_set_new(tap, "interface", json_string(up->tap.ifname));
	if (up->tap.fd >= 0)
		json_object_set_new(tap, "fd", json_integer(up->tap.fd));
	json_object_set_new(tap, "up", json_boolean(up->tap.up));
	if (up->tap.mtu != 0)
		json_object_set_new(tap, "mtu", json_integer(up->tap.mtu));
	return tap;
}

static json_t *
show_pcap(const struct emu_wire_uplink *up)
{
	json_t *pcap = json_object();

	if (up->pcap.write[0] != '\0')
		json_object_set_new(pcap, "write", json_string(up->pcap.write));
	if (up->pcap.funcs != 0)
		json_object_set_new(pcap, "functions", show_functions(up->pcap.funcs));
	if (up->pcap.play[0] == '\0')
		return pcap;
	json_object_set_new(pcap, "play", json_string(up->pcap.play));
	json_object_set_new(pcap, "pace", json_string(emu_wire_paces[up->pcap.pace]));
	json_object_set_new(pcap, "times", json_integer(up->pcap.times));
	return pcap;
}

static json_t *
show_uplink(const struct emu_wire_uplink *up)
{
	json_t *one = json_pack("{s:s}", "name", up->name);

	if (up->kind == EMU_WIRE_TAP)
		json_object_set_new(one, "tap", show_tap(up));
	else if (up->kind == EMU_WIRE_UNIX)
		json_object_set_new(one, "unix",
				json_pack("{s:s, s:s}", "path", up->sock.path, "role",
						emu_wire_roles[up->sock.role]));
	else
		json_object_set_new(one, "pcap", show_pcap(up));
	return one;
}

static json_t *
show_net(const struct emu_wire_conf *conf, unsigned int net)
{
	json_t *uplinks = json_array();
	uint64_t funcs = 0;
	unsigned int i;

	for (i = 0; i < SEAM_MAX_FUNCS; i++)
		funcs |= (uint64_t)((conf->func_set >> i & 1) != 0 && conf->func_net[i] == net)
				<< i;
	for (i = 0; i < conf->nb_uplinks; i++) {
		if (conf->uplinks[i].net == net)
			json_array_append_new(uplinks, show_uplink(&conf->uplinks[i]));
	}
	return json_pack("{s:s, s:s, s:o, s:o}", "name", conf->nets[net].name, "kind",
			emu_wire_kinds[conf->nets[net].kind], "functions", show_functions(funcs),
			"uplinks", uplinks);
}

json_t *
emu_conf_wire_show(const struct emu_conf *conf)
{
	const struct emu_wire_conf *wire = &conf->wire;
	json_t *nets = json_array(), *ports = json_object();
	unsigned int i;

	for (i = 0; i < wire->nb_nets; i++)
		json_array_append_new(nets, show_net(wire, i));
	for (i = 0; i < wire->nb_settings; i++) {
		const struct emu_wire_setting *set = &wire->settings[i];
		json_t *port = json_object_get(ports, set->port);

		if (port == NULL) {
			json_object_set_new(ports, set->port, json_object());
			port = json_object_get(ports, set->port);
		}
		json_object_set_new(port, set->name, json_string(set->value));
	}
	return json_pack("{s:i, s:o, s:o}", "pause_ms", (int)wire->pause_ms, "nets", nets, "ports",
			ports);
}
