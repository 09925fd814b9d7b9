/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the files of a wire share. A net's kind only says where a frame goes; waiting, dropping and
 * counting are done once, in wire.c. A port's owner only takes frames or not.
 */
#ifndef WIRE_PRIV_H
#define WIRE_PRIV_H

#include <sys/queue.h>

#include "wire.h"
#include "wire_admin.h"
#include "wire_mishap.h"
#include "wire_rate.h"
#include "wire_vlan.h"

#define WIRE_MAX_PORTS 64u
#define WIRE_MAX_NETS 32u
#define WIRE_FRAME_MIN 14u /* an Ethernet header */
#define WIRE_NO_NET UINT32_MAX

struct wire_out;
struct wire_watch;

enum wire_port_state {
	/** Holds nobody up: a frame that it cannot take is dropped. State of a new port, of one
	 * without an owner, and of one that let a frame wait for the whole pause limit. */
	WIRE_PORT_DOWN,
	/** Frames that it cannot take now wait for it. */
	WIRE_PORT_UP,
};
#define WIRE_PORT_NB_STATES 2u

enum wire_link_state {
	/** The operator wants it and the other end is there: frames pass. State of a new port. */
	WIRE_LINK_UP,
	/** The operator wants it, but nobody is at the other end (a socket without a peer). */
	WIRE_LINK_NO_CARRIER,
	/** The operator does not want it. Whether somebody is at the other end is remembered. */
	WIRE_LINK_OFF,
};
#define WIRE_LINK_NB_STATES 3u

/** A frame that the wire holds back: a copy. */
struct wire_held {
	STAILQ_ENTRY(wire_held) link;
	uint64_t due_ns; /**< to leave at this time, */
	uint64_t due_passed; /**< or, if not 0, when the port has passed so many frames */
	struct wire_hold hold; /**< how long its receivers have refused it */
	uint32_t len;
	uint8_t data[];
};

/** What may happen to frames that a port sends; a port without any of it has none. */
struct wire_trouble {
	struct wire_rate rate;
	struct wire_mishaps mishaps;
	uint64_t seed;
	uint64_t delay_ns;
	STAILQ_HEAD(, wire_held) held; /**< in the order of leaving */
	unsigned int nb_held;
	uint64_t passed; /**< frames that have left, for due_passed */
};

struct wire_port {
	enum wire_port_state state;
	enum wire_link_state link;
	bool carrier;
	const struct wire_port_ops *ops; /**< NULL: nothing is plugged in */
	void *arg;
	struct wire_port_stats stats;
	char name[WIRE_NAME_MAX];
	uint32_t net; /**< WIRE_NO_NET: in none */
	uint32_t mtu; /**< longest frame that leaves here, without header and tag; 0: any */
	/** This port records what comes from or goes to these; it gets nothing else. */
	uint64_t mirrors;
	struct wire_vlan vlan;
	struct wire_trouble *trouble; /**< NULL: none */
	struct wire_out *out; /**< NULL: a function's */
};

struct wire_net;

struct wire_kind {
	const char *name;
	int (*create)(struct wire_net *net); /**< makes @c state; NULL: has none */
	void (*destroy)(struct wire_net *net);
	/**
	 * Ports of the net that a frame of VLAN @p vid goes to, bit i for port i; learns from the
	 * frame if it wants to.
	 */
	uint64_t (*route)(struct wire_net *net, unsigned int port, uint16_t vid,
			const uint8_t *frame);
	/** Forgets what it knows of a port that was unplugged; NULL: knows nothing. */
	void (*forget)(struct wire_net *net, unsigned int port);
};

extern const struct wire_kind wire_switch_kind;
extern const struct wire_kind wire_loop_kind;
extern const struct wire_kind wire_null_kind;

/** A broadcast domain. */
struct wire_net {
	const struct wire_kind *kind;
	const struct wire *wire;
	char name[WIRE_NAME_MAX];
	uint64_t ports; /**< that are in it */
	uint64_t recorders; /**< of those, the ones with mirrors */
	bool vlans; /**< one of the ports has VLANs set */
	void *state; /**< of the kind */
};

struct wire {
	const struct base_log *log;
	uint64_t pause_ns;
	unsigned int nb_ports, nb_funcs;
	unsigned int nb_nets;
	struct wire_port *ports; /**< WIRE_MAX_PORTS */
	struct wire_net *nets; /**< WIRE_MAX_NETS */
	uint64_t outs; /**< ports that lead out */
	uint64_t held; /**< ports with frames that are held back */
	uint8_t *rewritten; /**< head of the frame under way, with its tag changed */
	uint8_t *spoiled; /**< the frame under way, with a bit turned */
	struct wire_watch *watch;
	void (*link_changed)(void *arg, unsigned int port, bool up);
	void *link_arg;
};

/* --- wire.c --------------------------------------------------------------------------------- */

/** wire_send() behind link, rate and mishaps: routes, asks, delivers. Does not count "tx". */
int wire_pass(struct wire *wire, unsigned int port, const struct wire_frame *frame,
		struct wire_hold *hold);

/* --- wire_net.c ----------------------------------------------------------------------------- */

/** A wire whose functions are all in one net of @p kind. */
int wire_create_one(const struct wire_kind *kind, unsigned int nb_funcs, struct wire **wire);
int wire_net_add_kind(struct wire *wire, const char *name, const struct wire_kind *kind);
/** A new port in @p net. @return its number, -ENOENT (no net), -EEXIST, -EINVAL, -ENOSPC. */
int wire_port_add(struct wire *wire, unsigned int net, const char *name);
/** Something changed that a net keeps a digest of: VLANs, mirrors. */
void wire_net_refresh(struct wire *wire, unsigned int net);

/* --- wire_port.c ---------------------------------------------------------------------------- */

/** Is there an arc from @p from to @p to? */
bool wire_port_arc(enum wire_port_state from, enum wire_port_state to);
bool wire_link_arc(enum wire_link_state from, enum wire_link_state to);
void wire_port_set_state(struct wire *wire, unsigned int port, enum wire_port_state to);
/** The other end has come or gone. */
void wire_carrier(struct wire *wire, unsigned int port, bool there);

/* --- wire_trouble.c ------------------------------------------------------------------------- */

/** The port's trouble, made if it has none; NULL: no memory. */
struct wire_trouble *wire_trouble_get(struct wire *wire, unsigned int port);
/** Forgets what is held back. */
void wire_trouble_free(struct wire *wire, unsigned int port);
/** wire_send() of a port with trouble; the link is up and the length is good. */
int wire_trouble_send(struct wire *wire, unsigned int port, const struct wire_frame *frame,
		struct wire_hold *hold);
/** Lets frames go that are due. @return how many. */
unsigned int wire_trouble_poll(struct wire *wire, unsigned int port);

#endif /* WIRE_PRIV_H */
