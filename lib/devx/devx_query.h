/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Queries under way: many objects are asked at once, and answer in any order. Any thread may ask, and
 * take an answer.
 */
#ifndef DEVX_QUERY_H
#define DEVX_QUERY_H

#include <stdint.h>

#include "devx_cmd.h"

struct devx_query_channel;

int devx_query_channel_create(struct devx_dev *dev, struct devx_query_channel **channel);
/** Waits for what is under way, and drops its answers. NULL is fine. */
void devx_query_channel_destroy(struct devx_query_channel *channel);

/**
 * Sends a query (in, in_len) whose answer will have out_len bytes; @c io->out is not used. The
 * object may be destroyed before it answers: it then answers with an error.
 * @param cookie comes back with the answer.
 * @return 0: there will be an answer; -errno, logged: there will be none.
 */
int devx_query_post(struct devx_query_channel *channel, struct devx_obj *obj,
		const struct devx_io *io, uint64_t cookie);

/**
 * Waits for the next answer.
 * @param io out and out_len: where it goes, and its length. Its status is for the caller to judge
 *	(devx_query_judge()): nothing says which command failed on the way, its answer is zeros then.
 * @return 0; -ETIMEDOUT: none came in @p timeout_ms; other -errno: the channel is of no use any more.
 */
int devx_query_take(struct devx_query_channel *channel, int timeout_ms, const struct devx_io *io,
		uint64_t *cookie);

/** What the status in an answer says. @param io the command, too. @return 0; -errno, logged with @p name. */
int devx_query_judge(const struct devx_query_channel *channel, const char *name,
		const struct devx_io *io);

#endif /* DEVX_QUERY_H */
