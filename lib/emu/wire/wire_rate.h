/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A limit of bits and frames a second. Time is handed in; nothing here reads a clock.
 */
#ifndef WIRE_RATE_H
#define WIRE_RATE_H

#include <stdint.h>

/** A token bucket, kept as the time at which it is full again. */
struct wire_bucket {
	uint64_t per_s; /**< tokens a second; 0: no limit */
	uint64_t full_ns;
};

struct wire_rate {
	struct wire_bucket bits; /**< of frames without preamble, gap and FCS */
	struct wire_bucket frames;
	uint64_t burst_ns; /**< depth of the buckets, as time */
};

/** How long the next frame has to wait; 0: it may go. */
uint64_t wire_rate_wait_ns(const struct wire_rate *rate, uint64_t now_ns);
/** A frame of @p len bytes goes, perhaps before its time. */
void wire_rate_spend(struct wire_rate *rate, uint64_t now_ns, uint32_t len);

#endif /* WIRE_RATE_H */
