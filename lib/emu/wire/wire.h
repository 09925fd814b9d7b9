/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the ports of a card are plugged into. A wire carries Ethernet frames (no preamble, no FCS)
 * between ports; kinds: a learning switch that joins the functions of one card, a loop-back plug.
 *
 * Flow control: the switch is lossless within reason, like a link with 802.3x pause. A frame is
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
	uint16_t csum_start, csum_offset; /**< if csum_partial; both lie in the head */
	enum wire_gso gso; /**< if not NONE, csum_partial is set, too */
	uint16_t gso_size; /**< payload bytes of a segment, > 0 */
	uint16_t gso_hdr_len; /**< bytes of all headers, TCP's included, as the head says */
	bool ecn; /**< CWR belongs to the first segment only (VIRTIO_NET_HDR_GSO_ECN) */
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
};

/** Counters of one port; "tx" is from the port into the wire. */
struct wire_port_stats {
	uint64_t tx_frames, tx_bytes;
	uint64_t rx_frames, rx_bytes;
	uint64_t rx_dropped; /**< frames that it could not take, dropped while it was down */
};

/**
 * How long the frame at a sender's head has been waiting. One for each of the sender's queues,
 * zeroed when the queue starts; wire_send() does the rest.
 */
struct wire_hold {
	uint64_t since_ns; /**< base_clock_ns() of the first -EAGAIN, 0: not waiting */
};

/** A learning switch with @p nb_ports ports; pause limit in ms (0: never wait, drop). */
int wire_switch_create(unsigned int nb_ports, unsigned int pause_ms, const struct base_log *log,
		struct wire **wire);
/** A plug that gives each port its own frames back. */
int wire_loop_create(unsigned int nb_ports, unsigned int pause_ms, const struct base_log *log,
		struct wire **wire);
void wire_destroy(struct wire *wire); /**< NULL is fine */

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
/** A finished frame that lies in one piece of memory. */
void wire_frame_init(struct wire_frame *frame, const void *data, size_t len);
void wire_port_stats(const struct wire *wire, unsigned int port, struct wire_port_stats *stats);

#endif /* WIRE_H */
