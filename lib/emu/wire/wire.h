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

#include "base_log.h"

struct wire;

#define WIRE_FRAME_MAX 65550u /**< longest frame in bytes (64 KiB of IP, VLAN tag included) */

/** The port's owner; called by the wire from inside wire_send(). */
struct wire_port_ops {
	/** Can a frame of this content be taken now? Frames are passed so that steering can look. */
	bool (*can_take)(void *arg, const void *frame, size_t len);
	/** Takes it; called after can_take() said yes, in the same wire_send(). */
	void (*take)(void *arg, const void *frame, size_t len);
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
 * @return 0 (delivered or dropped by rule), -EAGAIN (keep it, try again), -EINVAL (shorter than
 * an Ethernet header or longer than WIRE_FRAME_MAX; the frame is gone).
 */
int wire_send(struct wire *wire, unsigned int port, const void *frame, size_t len,
		struct wire_hold *hold);
void wire_port_stats(const struct wire *wire, unsigned int port, struct wire_port_stats *stats);

#endif /* WIRE_H */
