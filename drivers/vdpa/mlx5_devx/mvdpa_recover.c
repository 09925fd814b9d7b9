/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the last three errors are remembered. If the oldest of them is younger than
 * the limit, this is the fourth in that time. Time that passes without an error is all it takes
 * to be trusted again. After the fourth only somebody else starts the queue, who means it, so the
 * counting begins anew.
 */
#include "mvdpa_recover.h"

#include <string.h>

bool
mvdpa_recover_allowed(uint64_t last_ns[MVDPA_RECOVER_MAX], uint64_t now_ns)
{
	bool allowed = last_ns[0] == 0 || now_ns - last_ns[0] >= MVDPA_RECOVER_NS;

	if (!allowed) {
		memset(last_ns, 0, MVDPA_RECOVER_MAX * sizeof(last_ns[0]));
		return false;
	}
	memmove(&last_ns[0], &last_ns[1], (MVDPA_RECOVER_MAX - 1) * sizeof(last_ns[0]));
	last_ns[MVDPA_RECOVER_MAX - 1] = now_ns;
	return true;
}
