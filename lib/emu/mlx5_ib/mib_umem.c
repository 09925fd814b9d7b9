/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a umem is pinned user memory with a number that commands name (rings of CQs
 * and QPs, buffers of virtqs). The page size bitmap says which page sizes the user can live with;
 * ours is the system's.
 */
#include <errno.h>
#include <stdlib.h>

#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/mlx5_user_ioctl_cmds.h>

#include "base_math.h"
#include "mib_ctx.h"
#include "mib_pin.h"

struct mib_umem {
	struct mib_pin pin;
	uint32_t id;
};

static int
mib_umem_make(struct mib_ctx *ctx, uint64_t addr, uint64_t len, bool write, struct mib_umem **umemp)
{
	struct mib_umem *umem = calloc(1, sizeof(*umem));
	struct fw_pages pages;
	int ret;

	if (umem == NULL)
		return -ENOMEM;
	ret = mib_pin(addr, len, write, &umem->pin);
	if (ret != 0)
		goto free_umem;
	pages = (struct fw_pages){ umem->pin.addr, len };
	ret = fw_umem_create(ctx->uctx, &pages, &umem->id);
	if (ret != 0)
		goto unpin;
	*umemp = umem;
	return 0;

unpin:
	mib_unpin(&umem->pin);
free_umem:
	free(umem);
	return ret;
}

static int
mib_umem_reg(struct uv_call *call)
{
	struct mib_ctx *ctx = mib_ctx(call);
	uint64_t addr = uv_in_u64(call, MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR);
	uint64_t len = uv_in_u64(call, MLX5_IB_ATTR_DEVX_UMEM_REG_LEN), access;
	struct mib_umem *umem;
	int ret;

	if (!ctx->devx)
		return -EINVAL;
	ret = uv_in_flags(call, MLX5_IB_ATTR_DEVX_UMEM_REG_ACCESS,
			IB_UVERBS_ACCESS_LOCAL_WRITE | IB_UVERBS_ACCESS_REMOTE_WRITE |
					IB_UVERBS_ACCESS_REMOTE_READ |
					IB_UVERBS_ACCESS_RELAXED_ORDERING,
			&access);
	if (ret != 0)
		return ret;
	if (uv_has(call, MLX5_IB_ATTR_DEVX_UMEM_REG_DMABUF_FD))
		return -EOPNOTSUPP;
	if (uv_has(call, MLX5_IB_ATTR_DEVX_UMEM_REG_PGSZ_BITMAP) &&
			(uv_in_u64(call, MLX5_IB_ATTR_DEVX_UMEM_REG_PGSZ_BITMAP) &
					ctx->page_size) == 0)
		return -EINVAL;
	ret = mib_umem_make(ctx, addr, len,
			(access & ~(uint64_t)IB_UVERBS_ACCESS_RELAXED_ORDERING) != 0, &umem);
	if (ret != 0) {
		mib_err(ctx, "UMEM_REG of %#llx bytes at %#llx, access %#llx: %d",
				(unsigned long long)len, (unsigned long long)addr,
				(unsigned long long)access, ret);
		return ret;
	}
	uv_attr_obj(call, MLX5_IB_ATTR_DEVX_UMEM_REG_HANDLE)->priv = umem;
	return uv_out(call, MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID, &umem->id, sizeof(umem->id));
}

static int
mib_umem_destroy(struct uv_obj *obj)
{
	struct mib_umem *umem = obj->priv;
	int ret = fw_umem_destroy(mib_obj_ctx(obj)->uctx, umem->id);

	if (ret != 0 && !uv_obj_is_forced(obj))
		return ret;
	if (ret != 0) { /* still in use: the pages must stay */
		mib_ctx_orphan(mib_obj_ctx(obj), &umem->pin, umem);
		return 0;
	}
	mib_unpin(&umem->pin);
	free(umem);
	return 0;
}

static const struct uv_attr_def reg_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_DEVX_UMEM_REG_HANDLE, MLX5_IB_OBJECT_DEVX_UMEM, UV_NEW),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR, 8, 8),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_UMEM_REG_LEN, 8, 8),
	UV_ATTR_FLAGS(MLX5_IB_ATTR_DEVX_UMEM_REG_ACCESS),
	UV_ATTR_OUT(MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID, 4, 4),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_UMEM_REG_PGSZ_BITMAP, 8, 8, .optional = true),
	/* A foreign descriptor, not one of an object: only its presence matters. */
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_UMEM_REG_DMABUF_FD, 0, 8, .optional = true),
};
static const struct uv_attr_def dereg_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_DEVX_UMEM_DEREG_HANDLE, MLX5_IB_OBJECT_DEVX_UMEM, UV_DESTROY),
};
static const struct uv_method_def umem_methods[] = {
	{ .id = MLX5_IB_METHOD_DEVX_UMEM_REG,
			.name = "UMEM_REG",
			.attrs = reg_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(reg_attrs),
			.handler = mib_umem_reg },
	{ .id = MLX5_IB_METHOD_DEVX_UMEM_DEREG,
			.name = "UMEM_DEREG",
			.attrs = dereg_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(dereg_attrs) },
};

const struct uv_object_def mib_umem_def = {
	.id = MLX5_IB_OBJECT_DEVX_UMEM,
	.name = "UMEM",
	.methods = umem_methods,
	.nb_methods = BASE_ARRAY_SIZE(umem_methods),
	.destroy = mib_umem_destroy,
};
