/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: nets first, then the functions join them, then the ways out, which may fail
 * for reasons that only the system knows (no right to make an interface), then the settings.
 * The first that fails ends it all: a card that is half plugged in would be looked for at the wrong
 * place.
 */
#include <errno.h>
#include <string.h>

#include "emu_wire.h"

const char *const emu_wire_kinds[EMU_WIRE_NB_KINDS] = {
	[EMU_WIRE_SWITCH] = "switch",
	[EMU_WIRE_LOOP] = "loop",
	[EMU_WIRE_NULL] = "null",
};

const char *const emu_wire_roles[EMU_WIRE_NB_ROLES] = {
	[WIRE_UNIX_LISTEN] = "listen",
	[WIRE_UNIX_CONNECT] = "connect",
};

const char *const emu_wire_paces[EMU_WIRE_NB_PACES] = {
	[WIRE_PCAP_RECORDED] = "recorded",
	[WIRE_PCAP_FAST] = "fast",
};

void
emu_wire_conf_init(struct emu_wire_conf *conf, enum emu_wire_kind kind)
{
	unsigned int pause_ms = conf->pause_ms;

	memset(conf, 0, sizeof(*conf));
	conf->pause_ms = pause_ms;
	conf->nb_nets = 1;
	strcpy(conf->nets[0].name, "wire");
	conf->nets[0].kind = kind;
}

static int
emu_wire_nets(const struct emu_wire_conf *conf, unsigned int nb_funcs, const struct base_log *log,
		struct wire *wire)
{
	unsigned int i;
	int ret;

	for (i = 0; i < conf->nb_nets; i++) {
		ret = wire_net_add(wire, conf->nets[i].name, emu_wire_kinds[conf->nets[i].kind]);
		if (ret < 0) {
			base_err(log, "wire '%s': %s", conf->nets[i].name, strerror(-ret));
			return ret;
		}
	}
	for (i = 0; i < SEAM_MAX_FUNCS; i++) {
		if (i < nb_funcs) {
			wire_join(wire, i, conf->func_net[i]);
		} else if ((conf->func_set >> i & 1) != 0) {
			base_err(log, "wire '%s': function %u, but the card has %u",
					conf->nets[conf->func_net[i]].name, i, nb_funcs);
			return -EINVAL;
		}
	}
	return 0;
}

static int
emu_wire_uplink(const struct emu_wire_uplink *up, struct wire *wire)
{
	const struct wire_tap_attr tap = {
		.ifname = up->tap.ifname,
		.fd = up->tap.fd,
		.up = up->tap.up,
		.mtu = up->tap.mtu,
	};
	const struct wire_pcap_attr pcap = {
		.write = up->pcap.write[0] != '\0' ? up->pcap.write : NULL,
		.ports = up->pcap.funcs,
		.play = up->pcap.play[0] != '\0' ? up->pcap.play : NULL,
		.pace = (enum wire_pcap_pace)up->pcap.pace,
		.times = up->pcap.times,
	};

	if (up->kind == EMU_WIRE_TAP)
		return wire_tap_add(wire, up->net, up->name, &tap);
	if (up->kind == EMU_WIRE_UNIX)
		return wire_unix_add(wire, up->net, up->name, up->sock.path,
				(enum wire_unix_role)up->sock.role);
	return wire_pcap_add(wire, up->net, up->name, &pcap);
}

static int
emu_wire_settings(const struct emu_wire_conf *conf, const struct base_log *log, struct wire *wire)
{
	unsigned int i;

	for (i = 0; i < conf->nb_settings; i++) {
		const struct emu_wire_setting *set = &conf->settings[i];
		int port = wire_port_find(wire, set->port);
		const char *why = "there is no such port";
		int ret = port;

		if (port >= 0)
			ret = wire_port_set(wire, (unsigned int)port, set->name, set->value, &why);
		if (ret != 0) {
			base_err(log, "wire port %s: %s '%s': %s", set->port, set->name, set->value,
					why);
			return ret;
		}
	}
	return 0;
}

int
emu_wire_make(const struct emu_wire_conf *conf, unsigned int nb_funcs, const struct base_log *log,
		struct wire **out)
{
	struct wire *wire;
	unsigned int i;
	int ret = wire_create(nb_funcs, conf->pause_ms, log, &wire);

	if (ret != 0)
		return ret;
	ret = emu_wire_nets(conf, nb_funcs, log, wire);
	for (i = 0; ret >= 0 && i < conf->nb_uplinks; i++)
		ret = emu_wire_uplink(&conf->uplinks[i], wire);
	if (ret >= 0)
		ret = emu_wire_settings(conf, log, wire);
	if (ret < 0) {
		wire_destroy(wire);
		return ret;
	}
	*out = wire;
	return 0;
}
