/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a plug with the transmit pair wired to the receive pair. Each port is its
 * own network; addresses are not looked at.
 */
#include "base_clock.h"
#include "wire_priv.h"

static uint64_t
loop_route(struct wire *wire, unsigned int port, const uint8_t *frame)
{
	(void)wire;
	(void)frame;
	return 1ULL << port;
}

static const struct wire_kind wire_loop_kind = {
	.name = "loop",
	.route = loop_route,
};

int
wire_loop_create(unsigned int nb_ports, unsigned int pause_ms, const struct base_log *log,
		struct wire **wire)
{
	int ret = wire_init(&wire_loop_kind, sizeof(struct wire), nb_ports, wire);

	if (ret != 0)
		return ret;
	(*wire)->log = log;
	(*wire)->pause_ns = pause_ms * BASE_NS_PER_MS;
	return 0;
}
