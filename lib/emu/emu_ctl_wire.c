/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the verbs about wires. Ports are named: functions by their numbers, ways out
 * as the configuration named them. What can be set and counted is told by the wire's own tables.
 * The wire belongs to the card's lock, so text is made of what was copied under it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "emu_ctl_verbs.h"
#include "fw_show.h"
#include "wire_admin.h"

/* The port that argument @p arg names. */
static int
ctl_port(struct emu_ctl_call *call, unsigned int arg, unsigned int *port)
{
	int ret = wire_port_find(call->wire, call->args[arg]);

	if (ret < 0)
		return emu_ctl_fail(call, "no port '%.60s': 'wire' lists them", call->args[arg]);
	*port = (unsigned int)ret;
	return 0;
}

/* Ports [*first, *end): the one that argument @p arg names, all when it was not given. */
static int
ctl_ports(struct emu_ctl_call *call, unsigned int arg, unsigned int *first, unsigned int *end)
{
	int ret = 0;

	*first = 0;
	*end = wire_nb_ports(call->wire);
	if (arg >= call->nb_args)
		return 0;
	ret = ctl_port(call, arg, first);
	*end = *first + 1;
	return ret;
}

/* Calls @p show for each of the ports and puts the list into the reply. */
static int
ctl_each_port(struct emu_ctl_call *call, unsigned int arg,
		json_t *(*show)(const struct wire *wire, unsigned int port))
{
	json_t *list = json_array();
	unsigned int i, end;
	int ret;

	fw_card_lock(call->card);
	ret = ctl_ports(call, arg, &i, &end);
	for (; ret == 0 && i < end; i++)
		json_array_append_new(list, show(call->wire, i));
	fw_card_unlock(call->card);
	if (ret != 0)
		json_decref(list);
	else if (json_object_set_new(call->reply, "ports", list) != 0)
		ret = emu_ctl_fail(call, "out of memory");
	return ret;
}

static json_t *
show_link(const struct wire *wire, unsigned int port)
{
	return json_pack("{s:s, s:s}", "port", wire_port_name(wire, port), "link",
			wire_link_text(wire, port));
}

/* Everything that is not what it would be without a setting. */
static json_t *
show_port(const struct wire *wire, unsigned int port)
{
	int net = wire_port_net(wire, port);
	json_t *one = json_pack("{s:s, s:s, s:s, s:s}", "port", wire_port_name(wire, port), "kind",
			wire_port_kind(wire, port), "wire",
			net < 0 ? "" : wire_net_name(wire, (unsigned int)net), "link",
			wire_link_text(wire, port));
	const struct wire_setting *row;
	unsigned int i;
	char value[256];

	for (i = 0; (row = wire_setting_at(i)) != NULL; i++) {
		int ret = wire_port_get(wire, port, row->name, value, sizeof(value));

		if (strcmp(row->name, "link") == 0)
			continue;
		json_object_set_new(one, row->name, json_string(ret == 0 ? value : "(long)"));
	}
	return one;
}

static json_t *
show_stats(const struct wire *wire, unsigned int port)
{
	json_t *one = json_pack("{s:s}", "port", wire_port_name(wire, port));
	struct wire_port_stats stats;
	const char *name;
	uint64_t value;
	unsigned int i;

	wire_port_stats(wire, port, &stats);
	for (i = 0; wire_stats_at(&stats, i, &name, &value); i++)
		json_object_set_new(one, name, json_integer((json_int_t)value));
	return one;
}

int
emu_ctl_link(struct emu_ctl_call *call)
{
	const char *why = NULL;
	unsigned int port = 0;
	int ret;

	if (call->nb_args < 2)
		return ctl_each_port(call, 0, show_link);
	fw_card_lock(call->card);
	ret = ctl_port(call, 0, &port);
	if (ret == 0)
		ret = wire_port_set(call->wire, port, "link", call->args[1], &why);
	fw_card_unlock(call->card);
	return why == NULL ? ret : emu_ctl_fail(call, "'%.60s' %s", call->args[1], why);
}

/* "wire set PORT NAME=VALUE...": all of them, up to the first that is wrong. */
static int
ctl_wire_set(struct emu_ctl_call *call)
{
	unsigned int port = 0, i;
	int ret = ctl_port(call, 1, &port);

	for (i = 2; ret == 0 && i < call->nb_args; i++) {
		const char *value = strchr(call->args[i], '='), *why;
		char name[32];

		if (value == NULL || (size_t)(value - call->args[i]) >= sizeof(name))
			return emu_ctl_fail(call, "'%.60s' is not NAME=VALUE", call->args[i]);
		memcpy(name, call->args[i], (size_t)(value - call->args[i]));
		name[value - call->args[i]] = '\0';
		ret = wire_port_set(call->wire, port, name, value + 1, &why);
		if (ret != 0)
			return emu_ctl_fail(call, "%s: '%.60s' %s", name,
					ret == -ENOENT ? name : value + 1, why);
	}
	return ret;
}

int
emu_ctl_wire(struct emu_ctl_call *call)
{
	const char *what = call->nb_args > 0 ? call->args[0] : "show";
	int ret;

	if (strcmp(what, "show") == 0 && call->nb_args < 3)
		return ctl_each_port(call, 1, show_port);
	if (strcmp(what, "stats") == 0 && call->nb_args < 3)
		return ctl_each_port(call, 1, show_stats);
	if (strcmp(what, "set") != 0 || call->nb_args < 3)
		return emu_ctl_fail(call,
				"usage: wire [show [PORT] | stats [PORT] | "
				"set PORT NAME=VALUE...]");
	fw_card_lock(call->card);
	ret = ctl_wire_set(call);
	fw_card_unlock(call->card);
	return ret;
}
