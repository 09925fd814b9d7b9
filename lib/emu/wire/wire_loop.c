/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a plug with the transmit pair wired to the receive pair. Each port is its
 * own network; addresses are not looked at.
 */
#include "base_clock.h"
#include "wire_priv.h"

static uint64_t
loop_route(struct wire_net *net, unsigned int port, uint16_t vid, const uint8_t *frame)
{
	(void)net;
	(void)vid;
	(void)frame;
	return 1ULL << port;
}

const struct wire_kind wire_loop_kind = {
	.name = "loop",
	.route = loop_route,
};

int
wire_loop_create(unsigned int nb_ports, unsigned int pause_ms, const struct base_log *log,
		struct wire **wire)
{
	int ret = wire_create_one(&wire_loop_kind, nb_ports, wire);

	if (ret != 0)
		return ret;
	(*wire)->log = log;
	(*wire)->pause_ns = pause_ms * BASE_NS_PER_MS;
	return 0;
}
