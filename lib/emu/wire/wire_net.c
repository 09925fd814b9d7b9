/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: how a wire is put together. Ports and nets are rows of two arrays that never
 * move, so that sending needs no look-ups; names are for people, compared only when something
 * is laid or asked for.
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "base_math.h"
#include "wire_out.h"
#include "wire_priv.h"

static const struct wire_kind *const wire_kinds[] = {
	&wire_switch_kind,
	&wire_loop_kind,
	&wire_null_kind,
};

/* Letters, digits and a few signs: a name is a word on a command line. */
static bool
wire_name_is_good(const char *name)
{
	size_t i, len = strlen(name);

	if (len == 0 || len >= WIRE_NAME_MAX)
		return false;
	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && strchr("._:@-", name[i]) == NULL)
			return false;
	}
	return true;
}

static void
wire_port_init(struct wire *wire, unsigned int port)
{
	struct wire_port *p = &wire->ports[port];

	p->net = WIRE_NO_NET;
	p->carrier = true;
	wire_vlan_init(&p->vlan);
}

static int
wire_alloc(struct wire *wire)
{
	wire->ports = calloc(WIRE_MAX_PORTS, sizeof(*wire->ports));
	wire->nets = calloc(WIRE_MAX_NETS, sizeof(*wire->nets));
	wire->rewritten = malloc(WIRE_FRAME_MAX + WIRE_VLAN_TAG);
	wire->spoiled = malloc(WIRE_FRAME_MAX);
	return wire->ports == NULL || wire->nets == NULL || wire->rewritten == NULL ||
					wire->spoiled == NULL ?
			-ENOMEM :
			0;
}

int
wire_create(unsigned int nb_funcs, unsigned int pause_ms, const struct base_log *log,
		struct wire **out)
{
	struct wire *wire;
	unsigned int i;

	if (nb_funcs == 0 || nb_funcs > WIRE_MAX_PORTS)
		return -EINVAL;
	wire = calloc(1, sizeof(*wire));
	if (wire == NULL)
		return -ENOMEM;
	if (wire_alloc(wire) != 0) {
		wire_destroy(wire);
		return -ENOMEM;
	}
	wire->log = log;
	wire->pause_ns = pause_ms * BASE_NS_PER_MS;
	wire->nb_ports = wire->nb_funcs = nb_funcs;
	for (i = 0; i < nb_funcs; i++) {
		wire_port_init(wire, i);
		snprintf(wire->ports[i].name, WIRE_NAME_MAX, "%u", i);
	}
	*out = wire;
	return 0;
}

int
wire_create_one(const struct wire_kind *kind, unsigned int nb_funcs, struct wire **out)
{
	struct wire *wire;
	unsigned int i;
	int ret = wire_create(nb_funcs, 0, NULL, &wire);

	if (ret != 0)
		return ret;
	ret = wire_net_add_kind(wire, kind->name, kind);
	if (ret < 0) {
		wire_destroy(wire);
		return ret;
	}
	for (i = 0; i < nb_funcs; i++)
		wire_join(wire, i, (unsigned int)ret);
	*out = wire;
	return 0;
}

void
wire_destroy(struct wire *wire)
{
	unsigned int i;

	if (wire == NULL)
		return;
	wire_stop(wire);
	for (i = 0; i < wire->nb_ports; i++) {
		wire_out_destroy(wire->ports[i].out);
		wire_trouble_free(wire, i);
	}
	for (i = 0; i < wire->nb_nets; i++) {
		if (wire->nets[i].kind->destroy != NULL)
			wire->nets[i].kind->destroy(&wire->nets[i]);
	}
	free(wire->spoiled);
	free(wire->rewritten);
	free(wire->nets);
	free(wire->ports);
	free(wire);
}

/* --- nets ----------------------------------------------------------------------------------- */

int
wire_net_add_kind(struct wire *wire, const char *name, const struct wire_kind *kind)
{
	struct wire_net *net = &wire->nets[wire->nb_nets];
	int ret;

	if (!wire_name_is_good(name))
		return -EINVAL;
	if (wire_net_find(wire, name) >= 0)
		return -EEXIST;
	if (wire->nb_nets == WIRE_MAX_NETS)
		return -ENOSPC;
	*net = (struct wire_net){ .kind = kind, .wire = wire };
	strcpy(net->name, name);
	if (kind->create != NULL) {
		ret = kind->create(net);
		if (ret != 0)
			return ret;
	}
	return (int)wire->nb_nets++;
}

int
wire_net_add(struct wire *wire, const char *name, const char *kind)
{
	unsigned int i;

	for (i = 0; i < BASE_ARRAY_SIZE(wire_kinds); i++) {
		if (strcmp(wire_kinds[i]->name, kind) == 0)
			return wire_net_add_kind(wire, name, wire_kinds[i]);
	}
	return -EINVAL;
}

unsigned int
wire_nb_nets(const struct wire *wire)
{
	return wire->nb_nets;
}

int
wire_net_find(const struct wire *wire, const char *name)
{
	unsigned int i;

	for (i = 0; i < wire->nb_nets; i++) {
		if (strcmp(wire->nets[i].name, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

const char *
wire_net_name(const struct wire *wire, unsigned int net)
{
	assert(net < wire->nb_nets);
	return wire->nets[net].name;
}

void
wire_net_refresh(struct wire *wire, unsigned int index)
{
	struct wire_net *net = &wire->nets[index];
	unsigned int i;

	net->ports = net->recorders = 0;
	net->vlans = false;
	for (i = 0; i < wire->nb_ports; i++) {
		const struct wire_port *p = &wire->ports[i];

		if (p->net != index)
			continue;
		net->ports |= 1ULL << i;
		net->recorders |= (uint64_t)(p->mirrors != 0) << i;
		net->vlans |= p->vlan.set;
	}
}

void
wire_join(struct wire *wire, unsigned int port, unsigned int net)
{
	struct wire_port *p = &wire->ports[port];
	unsigned int old = p->net;

	assert(port < wire->nb_ports && net < wire->nb_nets);
	if (old != WIRE_NO_NET && wire->nets[old].kind->forget != NULL)
		wire->nets[old].kind->forget(&wire->nets[old], port);
	p->net = net;
	if (old != WIRE_NO_NET)
		wire_net_refresh(wire, old);
	wire_net_refresh(wire, net);
}

/* --- ports ---------------------------------------------------------------------------------- */

int
wire_port_add(struct wire *wire, unsigned int net, const char *name)
{
	unsigned int port = wire->nb_ports;

	if (net >= wire->nb_nets)
		return -ENOENT;
	if (!wire_name_is_good(name))
		return -EINVAL;
	if (wire_port_find(wire, name) >= 0)
		return -EEXIST;
	if (port == WIRE_MAX_PORTS)
		return -ENOSPC;
	wire->nb_ports++;
	wire_port_init(wire, port);
	strcpy(wire->ports[port].name, name);
	wire_join(wire, port, net);
	return (int)port;
}

unsigned int
wire_nb_ports(const struct wire *wire)
{
	return wire->nb_ports;
}

int
wire_port_find(const struct wire *wire, const char *name)
{
	unsigned int i;

	for (i = 0; i < wire->nb_ports; i++) {
		if (strcmp(wire->ports[i].name, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

int
wire_port_rename(struct wire *wire, unsigned int port, const char *name)
{
	int other = wire_port_find(wire, name);

	assert(port < wire->nb_ports);
	if (!wire_name_is_good(name))
		return -EINVAL;
	if (other >= 0 && (unsigned int)other != port)
		return -EEXIST;
	strcpy(wire->ports[port].name, name);
	return 0;
}

const char *
wire_port_name(const struct wire *wire, unsigned int port)
{
	assert(port < wire->nb_ports);
	return wire->ports[port].name;
}

const char *
wire_port_kind(const struct wire *wire, unsigned int port)
{
	assert(port < wire->nb_ports);
	return wire->ports[port].out == NULL ? "function" : wire_out_kind(wire->ports[port].out);
}

int
wire_port_net(const struct wire *wire, unsigned int port)
{
	assert(port < wire->nb_ports);
	return wire->ports[port].net == WIRE_NO_NET ? -ENOENT : (int)wire->ports[port].net;
}
