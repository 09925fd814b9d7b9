/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Laying wires: nets (broadcast domains), which port is in which, ports that lead out of the
 * process, and the settings of a port. For whoever makes the card, and for its operator while it
 * runs; the engine needs wire.h only. The same lock as there.
 */
#ifndef WIRE_ADMIN_H
#define WIRE_ADMIN_H

#include "wire.h"

#define WIRE_NAME_MAX 32u /**< bytes of a name, the end included */

/**
 * A wire without nets: its @p nb_funcs ports (0 to nb_funcs - 1, for the card's functions) are not
 * plugged in yet. @return 0, -EINVAL (none, or more than 64), -ENOMEM.
 */
int wire_create(unsigned int nb_funcs, unsigned int pause_ms, const struct base_log *log,
		struct wire **wire);

/**
 * Adds a net. @p kind is "switch", "loop" or "null".
 * @return its number, -EINVAL (unknown kind, bad name), -EEXIST (name is taken), -ENOSPC, -ENOMEM.
 */
int wire_net_add(struct wire *wire, const char *name, const char *kind);
/** Puts a port into a net; a port is in one at most. */
void wire_join(struct wire *wire, unsigned int port, unsigned int net);
/** @return the number of a net, or -ENOENT. */
int wire_net_find(const struct wire *wire, const char *name);
const char *wire_net_name(const struct wire *wire, unsigned int net);
unsigned int wire_nb_nets(const struct wire *wire);

/** Functions' ports are named "0", "1", ... until they are named. @return 0, -EINVAL, -EEXIST. */
int wire_port_rename(struct wire *wire, unsigned int port, const char *name);
const char *wire_port_name(const struct wire *wire, unsigned int port);
/** "function", "tap", "unix" or "pcap". */
const char *wire_port_kind(const struct wire *wire, unsigned int port);
/** @return the net that the port is in, or -ENOENT. */
int wire_port_net(const struct wire *wire, unsigned int port);
/** @return the number of a port, or -ENOENT. */
int wire_port_find(const struct wire *wire, const char *name);

/* --- ports that lead out: each @return the port's number or a negative errno, logged --------- */

struct wire_tap_attr {
	const char *ifname; /**< of the interface; NULL or "": the kernel picks one */
	int fd; /**< an open TAP (IFF_TAP | IFF_NO_PI), or -1; it belongs to the wire then */
	bool up; /**< bring the interface up */
	unsigned int mtu; /**< of the interface; 0: as it is */
};

/**
 * A TAP interface, which vanishes with the wire unless it was made persistent by somebody else.
 * What goes out is finished and within the interface's MTU.
 */
int wire_tap_add(struct wire *wire, unsigned int net, const char *name,
		const struct wire_tap_attr *attr);

enum wire_unix_role {
	WIRE_UNIX_LISTEN, /**< makes the socket (mode 0600) and takes one peer at a time */
	WIRE_UNIX_CONNECT, /**< connects, and tries again for as long as it takes */
};

/**
 * An AF_UNIX SOCK_SEQPACKET socket to another card, one finished frame a message. Either side may
 * start first, end, and come back; the port's link is up while they are connected.
 */
int wire_unix_add(struct wire *wire, unsigned int net, const char *name, const char *path,
		enum wire_unix_role role);

enum wire_pcap_pace {
	WIRE_PCAP_RECORDED, /**< with the gaps that the file tells of */
	WIRE_PCAP_FAST, /**< as fast as the receivers take it */
};

struct wire_pcap_attr {
	const char *write; /**< file that frames are written to, NULL: none */
	/** Which: those that come from or go to one of these ports (bit i: port i); 0: all of the
	 * net. */
	uint64_t ports;
	const char *play; /**< file whose frames are sent, NULL: none */
	enum wire_pcap_pace pace;
	unsigned int times; /**< how often the file is played; 0: for ever */
};

/**
 * Files of captured frames (classic pcap, LINKTYPE_ETHERNET). Playing begins when another port of
 * the net can receive. Frames go to the file as they are on a cable: finished.
 */
int wire_pcap_add(struct wire *wire, unsigned int net, const char *name,
		const struct wire_pcap_attr *attr);

/* --- settings and counters, by name ---------------------------------------------------------- */

/** One setting of a port; doc/guides/wires.md tells about each. */
struct wire_setting {
	const char *name;
	const char *help; /**< its values, in a few words */
};

/** The i-th setting, NULL behind the last. */
const struct wire_setting *wire_setting_at(unsigned int i);
/**
 * Sets one setting of a port from text ("rate", "10M").
 * @return 0, -ENOENT (no such setting), -EINVAL (value makes no sense; nothing is changed; @p why
 * says what is wrong and lives for ever), -ENOMEM.
 */
int wire_port_set(struct wire *wire, unsigned int port, const char *setting, const char *value,
		const char **why);
/** The setting's value as text that wire_port_set() takes. @return 0, -ENOENT, -ENOSPC. */
int wire_port_get(const struct wire *wire, unsigned int port, const char *setting, char *buf,
		size_t size);
/** Value of the i-th counter; @p name gets its name. @return false behind the last. */
bool wire_stats_at(const struct wire_port_stats *stats, unsigned int i, const char **name,
		uint64_t *value);

/** Sets the link of a port as the operator wants it; it is up when the other end is there, too. */
void wire_link_on(struct wire *wire, unsigned int port);
void wire_link_off(struct wire *wire, unsigned int port);
/** "up", "no carrier" or "off". */
const char *wire_link_text(const struct wire *wire, unsigned int port);

#endif /* WIRE_ADMIN_H */
