/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what an operator can set at a port, one row each: name, help, how to set it
 * from text and how to print it. The configuration file and the control socket both end here,
 * so a value means the same in both, and whoever adds a setting adds a row.
 *
 * A port gets its trouble (wire_trouble.c) with the first setting that needs it; setting all back
 * to nothing leaves it there, at the price of a few comparisons per frame.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "wire_priv.h"

#define SETTING_DELAY_MAX_US 10000000u
#define SETTING_BURST_MAX_US 10000000u

struct setting_row {
	struct wire_setting pub;
	/* Sets it. @return NULL, or what is wrong with the value. */
	const char *(*set)(struct wire *wire, unsigned int port, const char *value);
	int (*get)(const struct wire_port *port, char *buf, size_t size);
};

static const char setting_no_memory[] = "no memory";

static int
setting_print(char *buf, size_t size, uint64_t value)
{
	int len = snprintf(buf, size, "%" PRIu64, value);

	return len < 0 || (size_t)len >= size ? -ENOSPC : 0;
}

/* A number, with K, M or G (thousands) behind it if @p units. */
static bool
setting_number(const char *text, uint64_t max, uint64_t *value)
{
	static const struct {
		char sign;
		uint64_t factor;
	} units[] = { { 'K', 1000 }, { 'k', 1000 }, { 'M', 1000000 }, { 'G', 1000000000 } };
	unsigned int i;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	for (i = 0; i < BASE_ARRAY_SIZE(units); i++) {
		if (*end == units[i].sign && base_mul_ok(*value, units[i].factor, value)) {
			end++;
			break;
		}
	}
	return *end == '\0' && *value <= max;
}

/* --- link, MTU, VLAN ------------------------------------------------------------------------ */

static const char *
set_link(struct wire *wire, unsigned int port, const char *value)
{
	if (strcmp(value, "up") == 0)
		wire_link_on(wire, port);
	else if (strcmp(value, "down") == 0)
		wire_link_off(wire, port);
	else
		return "is not up or down";
	return NULL;
}

static int
get_link(const struct wire_port *p, char *buf, size_t size)
{
	int len = snprintf(buf, size, "%s", p->link == WIRE_LINK_OFF ? "down" : "up");

	return len < 0 || (size_t)len >= size ? -ENOSPC : 0;
}

static const char *
set_mtu(struct wire *wire, unsigned int port, const char *value)
{
	uint64_t mtu;

	if (!setting_number(value, WIRE_FRAME_MAX, &mtu))
		return "is not a number of bytes up to 65550";
	wire->ports[port].mtu = (uint32_t)mtu;
	return NULL;
}

static int
get_mtu(const struct wire_port *p, char *buf, size_t size)
{
	return setting_print(buf, size, p->mtu);
}

static const char *
set_vlan(struct wire *wire, unsigned int port, const char *value)
{
	struct wire_port *p = &wire->ports[port];

	if (wire_vlan_parse(value, &p->vlan) != 0)
		return "is not none, access:VID or trunk:VID,VID-VID[/VID]";
	if (p->net != WIRE_NO_NET)
		wire_net_refresh(wire, p->net);
	return NULL;
}

static int
get_vlan(const struct wire_port *p, char *buf, size_t size)
{
	return wire_vlan_print(&p->vlan, buf, size);
}

/* --- rate ----------------------------------------------------------------------------------- */

static const char *
set_bucket(struct wire *wire, unsigned int port, const char *value, size_t at)
{
	struct wire_trouble *t;
	uint64_t per_s;

	if (!setting_number(value, UINT64_MAX, &per_s))
		return "is not a number (K, M, G allowed)";
	t = wire_trouble_get(wire, port);
	if (t == NULL)
		return setting_no_memory;
	*(struct wire_bucket *)((char *)t + at) = (struct wire_bucket){ .per_s = per_s };
	return NULL;
}

static const char *
set_rate(struct wire *wire, unsigned int port, const char *value)
{
	return set_bucket(wire, port, value, offsetof(struct wire_trouble, rate.bits));
}

static const char *
set_frames(struct wire *wire, unsigned int port, const char *value)
{
	return set_bucket(wire, port, value, offsetof(struct wire_trouble, rate.frames));
}

static int
get_rate(const struct wire_port *p, char *buf, size_t size)
{
	return setting_print(buf, size, p->trouble == NULL ? 0 : p->trouble->rate.bits.per_s);
}

static int
get_frames(const struct wire_port *p, char *buf, size_t size)
{
	return setting_print(buf, size, p->trouble == NULL ? 0 : p->trouble->rate.frames.per_s);
}

static const char *
set_burst(struct wire *wire, unsigned int port, const char *value)
{
	struct wire_trouble *t;
	uint64_t us;

	if (!setting_number(value, SETTING_BURST_MAX_US, &us))
		return "is not a number of microseconds up to 10000000";
	t = wire_trouble_get(wire, port);
	if (t == NULL)
		return setting_no_memory;
	t->rate.burst_ns = us * 1000;
	return NULL;
}

static int
get_burst(const struct wire_port *p, char *buf, size_t size)
{
	return setting_print(buf, size,
			p->trouble == NULL ? 2000 : p->trouble->rate.burst_ns / 1000);
}

/* --- mishaps -------------------------------------------------------------------------------- */

static const char *
set_chance(struct wire *wire, unsigned int port, const char *value, enum wire_mishap mishap)
{
	struct wire_trouble *t;
	struct wire_chance chance;

	if (wire_chance_parse(value, &chance) != 0)
		return "is not a probability (0.01), every:N or either with xTIMES behind it";
	t = wire_trouble_get(wire, port);
	if (t == NULL)
		return setting_no_memory;
	t->mishaps.chance[mishap] = chance;
	return NULL;
}

static int
get_chance(const struct wire_port *p, char *buf, size_t size, enum wire_mishap mishap)
{
	static const struct wire_chance never;

	return wire_chance_print(p->trouble == NULL ? &never : &p->trouble->mishaps.chance[mishap],
			buf, size);
}

#define SETTING_CHANCE(name, mishap)                                                           \
	static const char *set_##name(struct wire *wire, unsigned int port, const char *value) \
	{                                                                                      \
		return set_chance(wire, port, value, mishap);                                  \
	}                                                                                      \
	static int get_##name(const struct wire_port *p, char *buf, size_t size)               \
	{                                                                                      \
		return get_chance(p, buf, size, mishap);                                       \
	}

SETTING_CHANCE(loss, WIRE_MISHAP_LOSE)
SETTING_CHANCE(duplicate, WIRE_MISHAP_DUPLICATE)
SETTING_CHANCE(reorder, WIRE_MISHAP_REORDER)
SETTING_CHANCE(corrupt, WIRE_MISHAP_CORRUPT)

static const char *
set_delay(struct wire *wire, unsigned int port, const char *value)
{
	struct wire_trouble *t;
	uint64_t us;

	if (!setting_number(value, SETTING_DELAY_MAX_US, &us))
		return "is not a number of microseconds up to 10000000";
	t = wire_trouble_get(wire, port);
	if (t == NULL)
		return setting_no_memory;
	t->delay_ns = us * 1000;
	return NULL;
}

static int
get_delay(const struct wire_port *p, char *buf, size_t size)
{
	return setting_print(buf, size, p->trouble == NULL ? 0 : p->trouble->delay_ns / 1000);
}

static const char *
set_seed(struct wire *wire, unsigned int port, const char *value)
{
	struct wire_trouble *t;
	uint64_t seed;

	if (!setting_number(value, UINT64_MAX, &seed))
		return "is not a number";
	t = wire_trouble_get(wire, port);
	if (t == NULL)
		return setting_no_memory;
	t->seed = seed;
	wire_mishaps_seed(&t->mishaps, seed);
	return NULL;
}

static int
get_seed(const struct wire_port *p, char *buf, size_t size)
{
	return setting_print(buf, size, p->trouble == NULL ? 1 : p->trouble->seed);
}

/* --- table ---------------------------------------------------------------------------------- */

static const struct setting_row setting_rows[] = {
	{ { "link", "up or down" }, set_link, get_link },
	{ { "mtu", "longest packet that leaves here, bytes; 0: any" }, set_mtu, get_mtu },
	{ { "vlan", "none, access:VID or trunk:VID,VID-VID[/VID]" }, set_vlan, get_vlan },
	{ { "rate", "bits a second that the port sends at most; 0: no limit" }, set_rate,
			get_rate },
	{ { "frames", "frames a second that the port sends at most; 0: no limit" }, set_frames,
			get_frames },
	{ { "burst", "depth of both limits, microseconds" }, set_burst, get_burst },
	{ { "loss", "0.01, every:100, every:100x1: frames that vanish" }, set_loss, get_loss },
	{ { "duplicate", "as loss: frames that come twice" }, set_duplicate, get_duplicate },
	{ { "reorder", "as loss: frames that the next one overtakes" }, set_reorder, get_reorder },
	{ { "corrupt", "as loss: frames with one bit turned" }, set_corrupt, get_corrupt },
	{ { "delay", "microseconds that each frame takes longer" }, set_delay, get_delay },
	{ { "seed", "starts the sequence of mishaps anew" }, set_seed, get_seed },
};

static const struct setting_row *
setting_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < BASE_ARRAY_SIZE(setting_rows); i++) {
		if (strcmp(setting_rows[i].pub.name, name) == 0)
			return &setting_rows[i];
	}
	return NULL;
}

const struct wire_setting *
wire_setting_at(unsigned int i)
{
	return i < BASE_ARRAY_SIZE(setting_rows) ? &setting_rows[i].pub : NULL;
}

int
wire_port_set(struct wire *wire, unsigned int port, const char *setting, const char *value,
		const char **why)
{
	const struct setting_row *row = setting_find(setting);

	assert(port < wire->nb_ports);
	*why = "is not a setting of a port";
	if (row == NULL)
		return -ENOENT;
	*why = row->set(wire, port, value);
	if (*why == NULL)
		return 0;
	return *why == setting_no_memory ? -ENOMEM : -EINVAL;
}

int
wire_port_get(const struct wire *wire, unsigned int port, const char *setting, char *buf,
		size_t size)
{
	const struct setting_row *row = setting_find(setting);

	assert(port < wire->nb_ports);
	return row == NULL ? -ENOENT : row->get(&wire->ports[port], buf, size);
}
