/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the virtual scheduling form of a token bucket. Each frame moves the time at
 * which the bucket is full again into the future by its cost; a frame may go while that time is
 * not more than the bucket's depth away. A frame that costs more than a whole bucket can go all
 * the same, and those behind it pay. There are no tokens to be added by and by, so nothing is
 * rounded away at low rates, and a bucket that nobody uses needs no care.
 *
 * The depth has to bridge the pauses of the engine, up to 700 us when it idles;
 * otherwise the rate would be missed.
 */
#include "base_clock.h"
#include "wire_rate.h"

static uint64_t
bucket_wait_ns(const struct wire_bucket *bucket, uint64_t now_ns, uint64_t burst_ns)
{
	if (bucket->per_s == 0 || bucket->full_ns <= now_ns + burst_ns)
		return 0;
	return bucket->full_ns - now_ns - burst_ns;
}

static void
bucket_spend(struct wire_bucket *bucket, uint64_t now_ns, uint64_t tokens)
{
	if (bucket->per_s == 0)
		return;
	if (bucket->full_ns < now_ns)
		bucket->full_ns = now_ns;
	/* at most 2^19 bits times 10^9 */
	bucket->full_ns += tokens * BASE_NS_PER_S / bucket->per_s;
}

uint64_t
wire_rate_wait_ns(const struct wire_rate *rate, uint64_t now_ns)
{
	uint64_t bits = bucket_wait_ns(&rate->bits, now_ns, rate->burst_ns);
	uint64_t frames = bucket_wait_ns(&rate->frames, now_ns, rate->burst_ns);

	return bits > frames ? bits : frames;
}

void
wire_rate_spend(struct wire_rate *rate, uint64_t now_ns, uint32_t len)
{
	bucket_spend(&rate->bits, now_ns, 8ULL * len);
	bucket_spend(&rate->frames, now_ns, 1);
}
