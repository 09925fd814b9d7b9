/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: protection domains and memory regions are made by old-style commands and
 * destroyed by methods of their own. A domain counts its regions and stays as long as it has some;
 * what DevX objects make of it only the firmware knows, which then says RES_BUSY.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>

#include "base_math.h"
#include "mib_devx.h"
#include "mib_devx_cmd.h"
#include "mib_pin.h"
#include "prm_field.h"

struct mib_pd {
	uint32_t pdn;
	atomic_uint nb_mrs;
};

struct mib_mr {
	struct mib_pd *pd;
	struct mib_pin pin;
	uint32_t mkey;
};

/* --- protection domain ---------------------------------------------------------------------- */

static int
mib_pd_dealloc(struct mib_ctx *ctx, uint32_t pdn)
{
	const struct prm_obj_kind *kind = prm_obj_kind(PRM_OP_ALLOC_PD, 0);
	uint8_t in[MIB_DESTROY_LEN], out[PRM_SIZE(alloc_pd_out)];

	mib_cmd_destroy(kind, pdn, in);
	return mib_exec(ctx, in, sizeof(in), out, sizeof(out));
}

int
mib_cmd_alloc_pd(struct uv_call *call)
{
	uint8_t in[PRM_SIZE(alloc_pd_in)] = { 0 }, out[PRM_SIZE(alloc_pd_out)];
	struct mlx5_ib_alloc_pd_resp uhw;
	struct ib_uverbs_alloc_pd_resp resp;
	struct uv_obj *obj;
	struct mib_pd *pd;
	int ret;

	ret = uv_obj_get(call, UVERBS_OBJECT_PD, 0, UV_NEW, &obj);
	if (ret != 0)
		return ret;
	pd = calloc(1, sizeof(*pd));
	if (pd == NULL)
		return -ENOMEM;
	PRM_SET(alloc_pd_in, in, opcode, PRM_OP_ALLOC_PD);
	ret = mib_exec(mib_ctx(call), in, sizeof(in), out, sizeof(out));
	if (ret != 0) {
		free(pd);
		return ret;
	}
	pd->pdn = mib_cmd_new_id(prm_obj_kind(PRM_OP_ALLOC_PD, 0), out);
	obj->priv = pd;
	uhw.pdn = pd->pdn;
	resp.pd_handle = obj->id;
	if (uv_has(call, UVERBS_ATTR_UHW_OUT))
		ret = uv_out(call, UVERBS_ATTR_UHW_OUT, &uhw, sizeof(uhw));
	return ret != 0 ? ret : uv_out_struct(call, UVERBS_ATTR_CORE_OUT, &resp, sizeof(resp));
}

int
mib_cmd_dealloc_pd(struct uv_call *call)
{
	const struct ib_uverbs_dealloc_pd *cmd = uv_in(call, UVERBS_ATTR_CORE_IN, NULL);
	struct uv_obj *obj;

	return uv_obj_get(call, UVERBS_OBJECT_PD, cmd->pd_handle, UV_DESTROY, &obj);
}

static int
mib_pd_destroy(struct uv_obj *obj)
{
	struct mib_pd *pd = obj->priv;
	int ret;

	if (atomic_load(&pd->nb_mrs) != 0)
		return -EBUSY;
	ret = mib_pd_dealloc(mib_obj_ctx(obj), pd->pdn);
	if (ret != 0 && !uv_obj_is_forced(obj))
		return ret;
	free(pd);
	return 0;
}

/* --- memory region -------------------------------------------------------------------------- */

static const struct {
	uint32_t user, fw;
} mib_access[] = {
	{ IB_UVERBS_ACCESS_LOCAL_WRITE, FW_LOCAL_WRITE },
	{ IB_UVERBS_ACCESS_REMOTE_WRITE, FW_REMOTE_WRITE },
	{ IB_UVERBS_ACCESS_REMOTE_READ, FW_REMOTE_READ },
};

/* The card's access bits; -EOPNOTSUPP for what it does not do, -EINVAL for what makes no sense. */
static int
mib_mr_access(uint32_t user, uint32_t *fw)
{
	size_t i;

	user &= ~(uint32_t)IB_UVERBS_ACCESS_OPTIONAL_RANGE;
	if ((user & IB_UVERBS_ACCESS_REMOTE_WRITE) != 0 &&
			(user & IB_UVERBS_ACCESS_LOCAL_WRITE) == 0)
		return -EINVAL;
	*fw = 0;
	for (i = 0; i < BASE_ARRAY_SIZE(mib_access); i++) {
		if ((user & mib_access[i].user) != 0)
			*fw |= mib_access[i].fw;
		user &= ~mib_access[i].user;
	}
	return user == 0 ? 0 : -EOPNOTSUPP;
}

static int
mib_mr_make(struct mib_ctx *ctx, const struct ib_uverbs_reg_mr *cmd, struct mib_pd *pd,
		struct mib_mr **mrp)
{
	struct fw_mr_attr attr = { .iova = cmd->hca_va, .pd = pd->pdn };
	struct mib_mr *mr;
	int ret;

	if (((cmd->start ^ cmd->hca_va) & (ctx->page_size - 1)) != 0)
		return -EINVAL;
	ret = mib_mr_access(cmd->access_flags, &attr.access);
	if (ret != 0)
		return ret;
	mr = calloc(1, sizeof(*mr));
	if (mr == NULL)
		return -ENOMEM;
	ret = mib_pin(cmd->start, cmd->length, attr.access != 0, &mr->pin);
	if (ret != 0)
		goto free_mr;
	attr.pages = (struct fw_pages){ mr->pin.addr, cmd->length };
	ret = fw_mr_create(ctx->uctx, &attr, &mr->mkey);
	if (ret != 0)
		goto unpin;
	mr->pd = pd;
	atomic_fetch_add(&pd->nb_mrs, 1);
	*mrp = mr;
	return 0;

unpin:
	mib_unpin(&mr->pin);
free_mr:
	free(mr);
	return ret;
}

int
mib_cmd_reg_mr(struct uv_call *call)
{
	const struct ib_uverbs_reg_mr *cmd = uv_in(call, UVERBS_ATTR_CORE_IN, NULL);
	struct mib_ctx *ctx = mib_ctx(call);
	struct ib_uverbs_reg_mr_resp resp;
	struct uv_obj *obj, *pd;
	struct mib_mr *mr;
	int ret;

	ret = uv_obj_get(call, UVERBS_OBJECT_MR, 0, UV_NEW, &obj);
	if (ret == 0)
		ret = uv_obj_get(call, UVERBS_OBJECT_PD, cmd->pd_handle, UV_READ, &pd);
	if (ret == 0)
		ret = mib_mr_make(ctx, cmd, pd->priv, &mr);
	if (ret != 0) {
		mib_err(ctx, "REG_MR of %#llx bytes at %#llx as %#llx, access %#x: %d",
				(unsigned long long)cmd->length, (unsigned long long)cmd->start,
				(unsigned long long)cmd->hca_va, cmd->access_flags, ret);
		return ret;
	}
	obj->priv = mr;
	resp.mr_handle = obj->id;
	resp.lkey = mr->mkey;
	resp.rkey = mr->mkey;
	return uv_out_struct(call, UVERBS_ATTR_CORE_OUT, &resp, sizeof(resp));
}

int
mib_cmd_dereg_mr(struct uv_call *call)
{
	const struct ib_uverbs_dereg_mr *cmd = uv_in(call, UVERBS_ATTR_CORE_IN, NULL);
	struct uv_obj *obj;

	return uv_obj_get(call, UVERBS_OBJECT_MR, cmd->mr_handle, UV_DESTROY, &obj);
}

static int
mib_mr_destroy(struct uv_obj *obj)
{
	struct mib_mr *mr = obj->priv;
	int ret = fw_mr_destroy(mib_obj_ctx(obj)->uctx, mr->mkey);

	if (ret != 0 && !uv_obj_is_forced(obj))
		return ret;
	atomic_fetch_sub(&mr->pd->nb_mrs, 1);
	if (ret != 0) { /* the firmware may still use the pages */
		mib_ctx_orphan(mib_obj_ctx(obj), &mr->pin, mr);
		return 0;
	}
	mib_unpin(&mr->pin);
	free(mr);
	return 0;
}

/* --- tables --------------------------------------------------------------------------------- */

static const struct uv_attr_def pd_destroy_attrs[] = {
	UV_ATTR_IDR(UVERBS_ATTR_DESTROY_PD_HANDLE, UVERBS_OBJECT_PD, UV_DESTROY),
};
static const struct uv_method_def pd_methods[] = {
	{ .id = UVERBS_METHOD_PD_DESTROY,
			.name = "PD_DESTROY",
			.attrs = pd_destroy_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(pd_destroy_attrs) },
};

const struct uv_object_def mib_pd_def = {
	.id = UVERBS_OBJECT_PD,
	.name = "PD",
	.methods = pd_methods,
	.nb_methods = BASE_ARRAY_SIZE(pd_methods),
	.destroy = mib_pd_destroy,
};

static const struct uv_attr_def mr_destroy_attrs[] = {
	UV_ATTR_IDR(UVERBS_ATTR_DESTROY_MR_HANDLE, UVERBS_OBJECT_MR, UV_DESTROY),
};
static const struct uv_method_def mr_methods[] = {
	{ .id = UVERBS_METHOD_MR_DESTROY,
			.name = "MR_DESTROY",
			.attrs = mr_destroy_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(mr_destroy_attrs) },
};

const struct uv_object_def mib_mr_def = {
	.id = UVERBS_OBJECT_MR,
	.name = "MR",
	.methods = mr_methods,
	.nb_methods = BASE_ARRAY_SIZE(mr_methods),
	.destroy = mib_mr_destroy,
};
