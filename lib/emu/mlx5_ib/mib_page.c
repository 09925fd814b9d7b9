/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: doorbell pages. Both kinds are pages of the file's memfd that the user maps
 * at the offset we return. A UAR is written by the user only (CQ doorbells, which the firmware
 * does not need: it reads the doorbell records). A VAR page holds the function's virtio doorbell
 * word; its user may hand it to another process (a guest's host notifier), so we map the page
 * ourselves and give the firmware our view of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include "base_math.h"
#include "mib_ctx.h"

struct mib_page {
	uint32_t index; /* in the memfd */
	uint64_t offset; /* of it, in bytes */
	uint32_t id; /* the firmware's number */
	void *view; /* VAR: our mapping */
};

/* Hands out what the user needs to map the page and to name it in commands. */
static int
mib_page_tell(struct uv_call *call, const struct mib_page *page, uint16_t first_attr)
{
	uint32_t len = (uint32_t)mib_ctx(call)->page_size;
	int ret;

	ret = uv_out(call, first_attr, &page->offset, sizeof(page->offset));
	if (ret == 0)
		ret = uv_out(call, (uint16_t)(first_attr + 1), &len, sizeof(len));
	if (ret == 0)
		ret = uv_out(call, (uint16_t)(first_attr + 2), &page->id, sizeof(page->id));
	return ret;
}

/* --- UAR ------------------------------------------------------------------------------------ */

static int
mib_uar_alloc(struct uv_call *call)
{
	struct mib_ctx *ctx = mib_ctx(call);
	struct mib_page *page;
	uint64_t type;
	int ret;

	ret = uv_in_const(call, MLX5_IB_ATTR_UAR_OBJ_ALLOC_TYPE, MLX5_IB_UAPI_UAR_ALLOC_TYPE_NC,
			&type);
	if (ret != 0)
		return -EOPNOTSUPP;
	page = calloc(1, sizeof(*page));
	if (page == NULL)
		return -ENOMEM;
	ret = mib_page_alloc(ctx, &page->index, &page->offset);
	if (ret != 0)
		goto free_page;
	ret = fw_uar_create(ctx->uctx, &page->id);
	if (ret != 0)
		goto give_back;
	uv_attr_obj(call, MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE)->priv = page;
	return mib_page_tell(call, page, MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET);

give_back:
	mib_page_free(ctx, page->index);
free_page:
	free(page);
	return ret;
}

static int
mib_uar_destroy(struct uv_obj *obj)
{
	struct mib_ctx *ctx = mib_obj_ctx(obj);
	struct mib_page *page = obj->priv;
	int ret = fw_uar_destroy(ctx->uctx, page->id);

	if (ret != 0 && !uv_obj_is_forced(obj))
		return ret;
	mib_page_free(ctx, page->index);
	free(page);
	return 0;
}

/* --- VAR ------------------------------------------------------------------------------------ */

static int
mib_var_make(struct mib_ctx *ctx, struct mib_page *page)
{
	int ret = mib_page_alloc(ctx, &page->index, &page->offset);

	if (ret != 0)
		return ret;
	page->view = mmap(NULL, ctx->page_size, PROT_READ | PROT_WRITE, MAP_SHARED, ctx->memfd,
			(off_t)page->offset);
	if (page->view == MAP_FAILED) {
		ret = -errno;
		goto give_back;
	}
	ret = fw_var_create(ctx->uctx, page->view, &page->id);
	if (ret != 0)
		goto unmap;
	return 0;

unmap:
	munmap(page->view, ctx->page_size);
give_back:
	mib_page_free(ctx, page->index);
	return ret;
}

static int
mib_var_alloc(struct uv_call *call)
{
	struct mib_ctx *ctx = mib_ctx(call);
	struct mib_page *page = calloc(1, sizeof(*page));
	int ret;

	if (page == NULL)
		return -ENOMEM;
	ret = mib_var_make(ctx, page);
	if (ret != 0) {
		free(page);
		return ret;
	}
	uv_attr_obj(call, MLX5_IB_ATTR_VAR_OBJ_ALLOC_HANDLE)->priv = page;
	return mib_page_tell(call, page, MLX5_IB_ATTR_VAR_OBJ_ALLOC_MMAP_OFFSET);
}

static int
mib_var_destroy(struct uv_obj *obj)
{
	struct mib_ctx *ctx = mib_obj_ctx(obj);
	struct mib_page *page = obj->priv;
	int ret = fw_var_destroy(ctx->uctx, page->id);

	if (ret != 0)
		return ret; /* the firmware may still poll the page */
	munmap(page->view, ctx->page_size);
	mib_page_free(ctx, page->index);
	free(page);
	return 0;
}

/* --- tables --------------------------------------------------------------------------------- */

static const struct uv_attr_def uar_alloc_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_UAR_OBJ_ALLOC_HANDLE, MLX5_IB_OBJECT_UAR, UV_NEW),
	UV_ATTR_CONST(MLX5_IB_ATTR_UAR_OBJ_ALLOC_TYPE),
	UV_ATTR_OUT(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_OFFSET, 8, 8),
	UV_ATTR_OUT(MLX5_IB_ATTR_UAR_OBJ_ALLOC_MMAP_LENGTH, 4, 4),
	UV_ATTR_OUT(MLX5_IB_ATTR_UAR_OBJ_ALLOC_PAGE_ID, 4, 4),
};
static const struct uv_attr_def uar_destroy_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_UAR_OBJ_DESTROY_HANDLE, MLX5_IB_OBJECT_UAR, UV_DESTROY),
};
static const struct uv_method_def uar_methods[] = {
	{ .id = MLX5_IB_METHOD_UAR_OBJ_ALLOC,
			.name = "UAR_ALLOC",
			.attrs = uar_alloc_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(uar_alloc_attrs),
			.handler = mib_uar_alloc },
	{ .id = MLX5_IB_METHOD_UAR_OBJ_DESTROY,
			.name = "UAR_DESTROY",
			.attrs = uar_destroy_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(uar_destroy_attrs) },
};

const struct uv_object_def mib_uar_def = {
	.id = MLX5_IB_OBJECT_UAR,
	.name = "UAR",
	.methods = uar_methods,
	.nb_methods = BASE_ARRAY_SIZE(uar_methods),
	.destroy = mib_uar_destroy,
};

static const struct uv_attr_def var_alloc_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_VAR_OBJ_ALLOC_HANDLE, MLX5_IB_OBJECT_VAR, UV_NEW),
	UV_ATTR_OUT(MLX5_IB_ATTR_VAR_OBJ_ALLOC_MMAP_OFFSET, 8, 8),
	UV_ATTR_OUT(MLX5_IB_ATTR_VAR_OBJ_ALLOC_MMAP_LENGTH, 4, 4),
	UV_ATTR_OUT(MLX5_IB_ATTR_VAR_OBJ_ALLOC_PAGE_ID, 4, 4),
};
static const struct uv_attr_def var_destroy_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_VAR_OBJ_DESTROY_HANDLE, MLX5_IB_OBJECT_VAR, UV_DESTROY),
};
static const struct uv_method_def var_methods[] = {
	{ .id = MLX5_IB_METHOD_VAR_OBJ_ALLOC,
			.name = "VAR_ALLOC",
			.attrs = var_alloc_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(var_alloc_attrs),
			.handler = mib_var_alloc },
	{ .id = MLX5_IB_METHOD_VAR_OBJ_DESTROY,
			.name = "VAR_DESTROY",
			.attrs = var_destroy_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(var_destroy_attrs) },
};

const struct uv_object_def mib_var_def = {
	.id = MLX5_IB_OBJECT_VAR,
	.name = "VAR",
	.methods = var_methods,
	.nb_methods = BASE_ARRAY_SIZE(var_methods),
	.destroy = mib_var_destroy,
};
