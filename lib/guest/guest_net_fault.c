/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one list of what is counted in different places, so that who judges forgets
 * none, and a kind that is added here is judged everywhere.
 */
#include <assert.h>

#include "base_math.h"
#include "guest_net_fault.h"

void
guest_net_faults(const struct guest_net_stats *stats,
		struct guest_net_fault faults[GUEST_NET_NB_FAULTS])
{
	const struct guest_net_fault others[] = {
		{ "descriptor passed over", stats->ring.passed_over },
		{ "used entry shorter than a header", stats->short_used },
		{ "impossible virtio-net header", stats->odd_header },
		{ "packet of which a buffer is missing", stats->merge_errors },
	};
	unsigned int nb = 0;

	static_assert(BASE_ARRAY_SIZE(others) == GUEST_NET_NB_FAULTS - GUEST_VRING_NB_ERRORS + 1,
			"one row each");
	for (unsigned int i = GUEST_VRING_OK + 1; i < GUEST_VRING_NB_ERRORS; i++)
		faults[nb++] = (struct guest_net_fault){
			guest_vring_error_name((enum guest_vring_error)i),
			stats->ring.errors[i],
		};
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(others); i++)
		faults[nb++] = others[i];
}
