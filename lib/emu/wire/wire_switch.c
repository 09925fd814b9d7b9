/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a transparent bridge. The source address of each frame is remembered with
 * its VLAN and port, the latest port wins (a station that moved). A frame for a known station goes
 * to its port only, and nowhere when that is where it came from; a frame for a group or for an
 * unknown station goes to all other ports of the net that something is plugged into. Who of them
 * is a member of the VLAN is not decided here; in a net without VLANs there is one, number 0.
 *
 * The table is small and of fixed size, so that a guest that makes up addresses costs no memory:
 * an address has WAYS places to be in, the one that was used longest ago is given away. Losing an
 * entry is harmless, its frames are flooded until the station speaks again. Entries do not age:
 * there is no cable that could move a station without it being plugged in anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <endian.h>
#include <string.h>

#include "base_clock.h"
#include "wire_priv.h"

#define SWITCH_SETS 1024u
#define SWITCH_WAYS 4u

struct switch_entry {
	uint64_t key; /* VLAN and address; 0: free; the all-zero address is never learned */
	uint64_t used; /* value of the switch's tick at the last hit */
	unsigned int port;
};

struct wire_switch {
	uint64_t tick; /* one per frame */
	/* Of the last frame: the next one mostly has the same source and destination. */
	struct switch_entry *last_src, *last_dst;
	struct switch_entry table[SWITCH_SETS][SWITCH_WAYS];
};

static uint64_t
switch_mac(const uint8_t *p)
{
	uint64_t eight;

	/* Neither address is the end of the frame. */
	memcpy(&eight, p, sizeof(eight));
	return be64toh(eight) >> 16;
}

/* Is it a group's address? The first bit that is sent says so, the lowest of the first byte. */
static bool
switch_is_group(uint64_t mac)
{
	return (mac >> 40 & 1) != 0;
}

static uint64_t
switch_key(uint16_t vid, uint64_t mac)
{
	return (uint64_t)vid << 48 | mac;
}

static struct switch_entry *
switch_set(struct wire_switch *sw, uint64_t key)
{
	/* Fibonacci hashing: the top bits of the product depend on all bits of the key. */
	return sw->table[key * 0x9e3779b97f4a7c15ULL >> 54 & (SWITCH_SETS - 1)];
}

/* The entry with this key, which is not 0; @last is looked at first and gets what was found. */
static struct switch_entry *
switch_find(struct wire_switch *sw, uint64_t key, struct switch_entry **last)
{
	struct switch_entry *set;
	unsigned int i;

	if ((*last)->key == key)
		return *last;
	set = switch_set(sw, key);
	for (i = 0; i < SWITCH_WAYS; i++) {
		if (set[i].key == key) {
			*last = &set[i];
			return &set[i];
		}
	}
	return NULL;
}

static struct switch_entry *
switch_oldest(struct wire_switch *sw, uint64_t key)
{
	struct switch_entry *set = switch_set(sw, key);
	struct switch_entry *oldest = &set[0];
	unsigned int i;

	for (i = 1; i < SWITCH_WAYS; i++) {
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	return oldest;
}

static void
switch_learn(struct wire_switch *sw, uint64_t mac, uint16_t vid, unsigned int port)
{
	uint64_t key = switch_key(vid, mac);
	struct switch_entry *entry;

	if (switch_is_group(mac) || mac == 0)
		return; /* a group sends nothing */
	entry = switch_find(sw, key, &sw->last_src);
	if (entry == NULL)
		entry = switch_oldest(sw, key);
	entry->key = key;
	entry->port = port;
	entry->used = ++sw->tick;
}

static uint64_t
switch_flood(const struct wire_net *net, unsigned int port)
{
	uint64_t to = 0;
	unsigned int i;

	for (i = 0; i < net->wire->nb_ports; i++)
		to |= (uint64_t)(net->wire->ports[i].ops != NULL) << i;
	return to & net->ports & ~(1ULL << port);
}

static uint64_t
switch_route(struct wire_net *net, unsigned int port, uint16_t vid, const uint8_t *frame)
{
	struct wire_switch *sw = net->state;
	const struct switch_entry *entry = NULL;
	uint64_t mac = switch_mac(frame);

	switch_learn(sw, switch_mac(frame + 6), vid, port);
	if (!switch_is_group(mac) && mac != 0)
		entry = switch_find(sw, switch_key(vid, mac), &sw->last_dst);
	if (entry == NULL)
		return switch_flood(net, port);
	return entry->port == port ? 0 : 1ULL << entry->port;
}

static void
switch_forget(struct wire_net *net, unsigned int port)
{
	struct wire_switch *sw = net->state;
	unsigned int set, way;

	for (set = 0; set < SWITCH_SETS; set++) {
		for (way = 0; way < SWITCH_WAYS; way++) {
			if (sw->table[set][way].port == port)
				memset(&sw->table[set][way], 0, sizeof(sw->table[set][way]));
		}
	}
}

static int
switch_create(struct wire_net *net)
{
	struct wire_switch *sw = calloc(1, sizeof(*sw));

	if (sw == NULL)
		return -ENOMEM;
	sw->last_src = sw->last_dst = &sw->table[0][0];
	net->state = sw;
	return 0;
}

static void
switch_destroy(struct wire_net *net)
{
	free(net->state);
}

const struct wire_kind wire_switch_kind = {
	.name = "switch",
	.create = switch_create,
	.destroy = switch_destroy,
	.route = switch_route,
	.forget = switch_forget,
};

int
wire_switch_create(unsigned int nb_ports, unsigned int pause_ms, const struct base_log *log,
		struct wire **wire)
{
	int ret = wire_create_one(&wire_switch_kind, nb_ports, wire);

	if (ret != 0)
		return ret;
	(*wire)->log = log;
	(*wire)->pause_ns = pause_ms * BASE_NS_PER_MS;
	return 0;
}
