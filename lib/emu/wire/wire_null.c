/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a sink. What is sent is taken at once and goes nowhere, at the full speed of
 * the sender; tx_nowhere counts it. Nothing ever comes back.
 */
#include "wire_priv.h"

static uint64_t
null_route(struct wire_net *net, unsigned int port, uint16_t vid, const uint8_t *frame)
{
	(void)net;
	(void)port;
	(void)vid;
	(void)frame;
	return 0;
}

const struct wire_kind wire_null_kind = {
	.name = "null",
	.route = null_route,
};
