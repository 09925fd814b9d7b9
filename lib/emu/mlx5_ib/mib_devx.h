/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Inside of mlx5_ib: DevX objects, for those who refer to them.
 */
#ifndef MIB_DEVX_H
#define MIB_DEVX_H

#include "mib_ctx.h"

/** Kind and number of an object of type DEVX_OBJ. */
const struct prm_obj_kind *mib_devx_obj_kind(const struct uv_obj *obj);
uint32_t mib_devx_obj_id(const struct uv_obj *obj);

/** A command of the kernel itself: 0, or the errno that the kernel makes of the status. */
int mib_exec(struct mib_ctx *ctx, const void *in, size_t inlen, void *out, size_t outlen);

#endif /* MIB_DEVX_H */
