/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the ports of a card are plugged into, as the engine sees it. A wire carries Ethernet frames
 * (no preamble, no FCS) between ports: those of the card's functions first, then those that lead
 * out of the process (TAP, socket, file). The ports belong to broadcast domains ("nets"), each of
 * one kind: a learning switch, a loop-back plug, a sink. How nets and ports are made and set is
 * wire_admin.h.
 *
 * Flow control: a wire is lossless within reason, like a link with 802.3x pause. A frame is
 * taken from its sender only when every port that it goes to can take it now; otherwise
 * wire_send() says -EAGAIN and the sender keeps it, and tries again on its next pass. No frame
 * waits longer than the pause limit: then it goes to the ports that can take it, and those that
 * cannot are "down", as after the pause watchdog of real switches. A port that is down holds
 * nobody up: frames that it cannot take are dropped and counted, until it takes one again or its
 * owner says that something changed (wire_port_wake()). A port begins down.
 *
 * The wait belongs to the frame, not to the port, because a port with several queues may refuse
 * the frames of one and take those of another for ever.
 *
 * Apart from that each port has a link, like a cable in its socket: with the link off nothing goes
 * in or out, and what is sent is gone (wire_link()).
 *
 * Not thread-safe: the engine that drives it serialises (it holds the card's lock).
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base_log.h"

struct wire;

#define WIRE_FRAME_MAX 65550u /**< longest frame in bytes (64 KiB of IP, VLAN tag included) */
#define WIRE_HEAD_MIN 192u /**< what a frame's head holds at least, if the frame is that long */

/** How the payload is to be cut into segments that each get a copy of the headers. */
enum wire_gso {
	WIRE_GSO_NONE, /**< a frame as it goes over a cable */
	WIRE_GSO_TCPV4,
	WIRE_GSO_TCPV6,
};

/**
 * A frame on its way, with the work that its sender left to others. What the frame is made of may
 * be memory of a guest, which can change at any time: who decides by a byte reads it from the
 * head, which is a copy, or copies it first.
 */
struct wire_frame {
	const uint8_t *head; /**< from the destination address on; holds all headers */
	uint32_t head_len; /**< bytes at @c head: WIRE_HEAD_MIN at least, or the whole frame */
	const struct iovec *body; /**< the rest, in order */
	unsigned int nb_body;
	uint32_t len; /**< of head and body */
	/** The checksum field holds the sum of the pseudo header only (virtio 1.2, 5.1.6.2). */
	bool csum_partial;
	uint16_t csum_start, csum_offset; /**< if csum_partial; in the head, behind tags */
	enum wire_gso gso; /**< if not NONE, csum_partial is set, too */
	uint16_t gso_size; /**< payload bytes of a segment, > 0 */
	uint16_t gso_hdr_len; /**< bytes of all headers, TCP's included, as the head says */
	bool ecn; /**< CWR belongs to the first segment only (VIRTIO_NET_HDR_GSO_ECN) */
};

#define WIRE_PLAIN_HEAD 16u /**< two addresses, and what is next to them */

/** A frame of at least WIRE_PLAIN_HEAD bytes with nothing left to do, in one piece of memory. */
struct wire_plain {
	uint8_t head[WIRE_PLAIN_HEAD]; /**< a copy of its first bytes, to decide by */
	const uint8_t *data; /**< may be a guest's memory, which can change at any time */
	uint32_t len; /**< of all */
};

enum wire_answer {
	WIRE_NO, /**< not now */
	WIRE_YES,
	/** Not like this: only whole, that is segmented and with a complete checksum. */
	WIRE_FINISHED_ONLY,
};

/** The port's owner; called by the wire from inside wire_send(). */
struct wire_port_ops {
	/** Can this frame be taken now? Frames are passed so that steering can look. */
	enum wire_answer (*can_take)(void *arg, const struct wire_frame *frame);
	/** Takes it; called after can_take() said yes, in the same wire_send(). */
	void (*take)(void *arg, const struct wire_frame *frame);
	/**
	 * Takes frames, from the first on, as long as nothing but their length counts and nothing
	 * can go wrong; @return how many. The others come one by one. NULL: they all do.
	 */
	unsigned int (*take_plain)(void *arg, const struct wire_plain *frames, unsigned int nb);
};

/**
 * Counters of one port; "tx" is from the port into the wire, "rx" out of the wire to the port's
 * owner. wire_stats_at() knows their names. Each frame that was sent and did not arrive is in one
 * of the reasons, at the port that is to blame.
 */
struct wire_port_stats {
	uint64_t tx_frames, tx_bytes; /**< taken from the owner, whatever came of it */
	uint64_t rx_frames, rx_bytes; /**< handed to the owner */
	uint64_t rx_dropped; /**< frames that it could not take, dropped while it was down */
	uint64_t tx_link; /**< sent while the link was off */
	uint64_t tx_size; /**< shorter than an Ethernet header or longer than WIRE_FRAME_MAX */
	uint64_t tx_vlan; /**< of a VLAN that the port is not a member of */
	uint64_t tx_nowhere; /**< the wire had no (other) port for it */
	uint64_t tx_rate_waits; /**< refusals because of the rate limit; nothing is lost */
	uint64_t tx_lost, tx_duplicated, tx_reordered, tx_corrupted, tx_delayed; /**< mishaps */
	uint64_t rx_link; /**< for this port while its link was off */
	uint64_t rx_mtu; /**< longer than the port's MTU allows */
	uint64_t rx_error; /**< of rx_frames, those that the outside world refused */
};

/**
 * How long the frame at a sender's head has been waiting. One for each of the sender's queues,
 * zeroed when the queue starts; wire_send() does the rest.
 */
struct wire_hold {
	uint64_t since_ns; /**< base_clock_ns() of the first -EAGAIN, 0: not waiting */
};

/** One learning switch for @p nb_ports functions; pause limit in ms (0: never wait, drop). */
int wire_switch_create(unsigned int nb_ports, unsigned int pause_ms, const struct base_log *log,
		struct wire **wire);
/** A plug that gives each of @p nb_ports functions its own frames back. */
int wire_loop_create(unsigned int nb_ports, unsigned int pause_ms, const struct base_log *log,
		struct wire **wire);
void wire_destroy(struct wire *wire); /**< NULL is fine */

/** All ports, those that lead out included. */
unsigned int wire_nb_ports(const struct wire *wire);
/** Plugs an owner into a port; ops NULL unplugs. Frames for a port without owner are dropped. */
void wire_plug(struct wire *wire, unsigned int port, const struct wire_port_ops *ops, void *arg);
/** The owner may be able to take frames from now on: they wait for it again. */
void wire_port_wake(struct wire *wire, unsigned int port);
/**
 * Sends one frame from @p port; @p hold says how long it has waited.
 * @return 0 (delivered or dropped by rule), -EAGAIN (keep it, try again), -EMSGSIZE (a receiver
 * takes it only finished; nobody got it: finish it and send what it has become), -EINVAL (shorter
 * than an Ethernet header or longer than WIRE_FRAME_MAX; the frame is gone).
 */
int wire_send(struct wire *wire, unsigned int port, const struct wire_frame *frame,
		struct wire_hold *hold);
/**
 * Sends frames from @p port as long as they go to one other port each, which takes them at once, and
 * nothing else is to be seen to. @return how many, from the first on; the next is for wire_send().
 */
unsigned int wire_send_plain(struct wire *wire, unsigned int port, const struct wire_plain *frames,
		unsigned int nb);
/** A finished frame that lies in one piece of memory. */
void wire_frame_init(struct wire_frame *frame, const void *data, size_t len);
/** Copies all bytes of a frame; @p buf has room for frame->len. */
void wire_frame_copy(const struct wire_frame *frame, void *buf);
void wire_port_stats(const struct wire *wire, unsigned int port, struct wire_port_stats *stats);

/* --- what comes from outside ---------------------------------------------------------------- */

/**
 * From now on frames from outside are waited for; @p wake is called by another thread when there
 * is something for wire_poll(), and must not block. Without ports that lead out no thread is
 * started and @p wake is never called.
 * @return 0 or what the start of the thread says.
 */
int wire_start(struct wire *wire, void (*wake)(void *arg), void *arg);
/** After it @p wake is not called any more. Harmless without wire_start(). */
void wire_stop(struct wire *wire);
/**
 * Takes frames from outside, and those that were held back, to their receivers. Called on each
 * pass. @return frames moved.
 */
unsigned int wire_poll(struct wire *wire);
/** Is anything under way in the wire, so that wire_poll() should be called soon again? */
bool wire_is_busy(const struct wire *wire);
/** At the process's exit, when nobody else uses the wire: removes what would be left behind. */
void wire_halt(struct wire *wire);
/** In a child after fork: forgets what the child's own exit would do to what it shares with us. */
void wire_forked(struct wire *wire);

/* --- link ----------------------------------------------------------------------------------- */

/** Is the port's link up? (Set so by the owner of the card, and somebody is at the other end.) */
bool wire_link(const struct wire *wire, unsigned int port);
/** @p changed is called after each change of a port's link, with the card's lock held. */
void wire_link_watch(struct wire *wire, void (*changed)(void *arg, unsigned int port, bool up),
		void *arg);

#endif /* WIRE_H */
