/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Asks DPDK's telemetry of this very process, as any client does: through its socket.
 */
#ifndef TELEMETRY_CLIENT_H
#define TELEMETRY_CLIENT_H

#include <base_log.h>

/**
 * Sends "@p command[,@p params]" and waits for the answer.
 * @param params "" where there are none
 * @param answer JSON, to be freed by the caller; NULL where this fails
 * @return 0; -ENOENT this process has no telemetry socket (EAL's --no-telemetry, or no runtime
 * directory); -ENAMETOOLONG, -ETIME, or another -errno of the socket; one sentence to @p log
 */
int telemetry_client_ask(const char *command, const char *params, const struct base_log *log,
		char **answer);

#endif /* TELEMETRY_CLIENT_H */
