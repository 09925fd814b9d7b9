/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Inside of mlx5_ib: DevX queries whose answer is read from a descriptor.
 */
#ifndef MIB_ASYNC_H
#define MIB_ASYNC_H

#include "mib_ctx.h"

struct mib_async_attr {
	const void *in; /**< a command that was checked; copied */
	size_t inlen, outlen;
	uint64_t wr_id; /**< comes back with the answer */
};

/** Queues a query. @return 0, -ENOMEM, -EAGAIN: too much is under way. */
int mib_async_query(struct uv_obj *chan, const struct mib_async_attr *attr);

#endif /* MIB_ASYNC_H */
