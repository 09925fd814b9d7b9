/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: DevX gives the user the firmware's commands, in three ways: general queries
 * (OTHER), commands that make an object (CREATE, which gives a handle), and commands on an object
 * (MODIFY, QUERY). What may go which way is decided in mib_devx_cmd.c. The command that destroys
 * an object is built when it is made and kept in it: the user destroys by handle only.
 *
 * When a command fails in the firmware, its output is handed out all the same (the user reads
 * status and syndrome there) and the call fails with EREMOTEIO.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rdma/mlx5_user_ioctl_cmds.h>

#include "base_math.h"
#include "fw_syndrome.h"
#include "mib_async.h"
#include "mib_ctx.h"
#include "mib_devx.h"
#include "mib_devx_cmd.h"
#include "mib_event.h"
#include "prm_field.h"

#define MIB_HDR_LEN 16u

struct mib_devx_obj {
	const struct prm_obj_kind *kind;
	uint32_t id;
	uint8_t destroy[MIB_DESTROY_LEN];
};

const struct prm_obj_kind *
mib_devx_obj_kind(const struct uv_obj *obj)
{
	return ((const struct mib_devx_obj *)obj->priv)->kind;
}

uint32_t
mib_devx_obj_id(const struct uv_obj *obj)
{
	return ((const struct mib_devx_obj *)obj->priv)->id;
}

int
mib_exec(struct mib_ctx *ctx, const void *in, size_t inlen, void *out, size_t outlen)
{
	int ret = fw_cmd_exec(ctx->uctx, in, inlen, out, outlen);

	if (ret == -EREMOTEIO)
		ret = fw_status_errno((uint8_t)PRM_GET(cmd_out, out, status));
	return ret;
}

/* --- commands ------------------------------------------------------------------------------- */

struct mib_cmd {
	uint16_t in_attr, out_attr;
	const void *in;
	size_t inlen;
	void *out; /* to be freed */
	size_t outlen;
	bool done; /* the card has carried it out and said so */
};

static int
mib_cmd_begin(struct uv_call *call, struct mib_cmd *cmd)
{
	struct mib_ctx *ctx = mib_ctx(call);

	cmd->out = NULL;
	if (!uv_has_context(call) || !ctx->devx)
		return -EINVAL;
	cmd->in = uv_in(call, cmd->in_attr, &cmd->inlen);
	cmd->outlen = uv_out_len(call, cmd->out_attr);
	cmd->out = calloc(1, cmd->outlen);
	return cmd->out != NULL ? 0 : -ENOMEM;
}

/* Runs it and hands the output out; the firmware's refusal is -EREMOTEIO. */
static int
mib_cmd_run(struct uv_call *call, struct mib_cmd *cmd)
{
	int ret, ret_out;

	ret = fw_cmd_exec(mib_ctx(call)->uctx, cmd->in, cmd->inlen, cmd->out, cmd->outlen);
	cmd->done = ret == 0;
	if (ret != 0 && ret != -EREMOTEIO)
		return ret;
	ret_out = uv_out(call, cmd->out_attr, cmd->out, cmd->outlen);
	return ret_out != 0 ? ret_out : ret;
}

static int
mib_cmd_refuse(struct uv_call *call, const struct mib_cmd *cmd, const char *method)
{
	uint16_t opcode = cmd->inlen >= 2 ? mib_cmd_opcode(cmd->in) : 0;

	mib_err(mib_ctx(call), "%s: command %#x (%s) is not allowed there, or names another object",
			method, opcode, prm_opcode_name(opcode));
	return -EINVAL;
}

static int
mib_devx_other(struct uv_call *call)
{
	struct mib_cmd cmd = { MLX5_IB_ATTR_DEVX_OTHER_CMD_IN, MLX5_IB_ATTR_DEVX_OTHER_CMD_OUT };
	int ret = mib_cmd_begin(call, &cmd);

	if (ret == 0)
		ret = mib_cmd_is_general(cmd.in, cmd.inlen) ?
				mib_cmd_run(call, &cmd) :
				mib_cmd_refuse(call, &cmd, "DEVX/OTHER");
	free(cmd.out);
	return ret;
}

static int
mib_devx_obj_make(struct uv_call *call, struct mib_cmd *cmd, const struct prm_obj_kind *kind)
{
	struct uv_obj *uobj = uv_attr_obj(call, MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE);
	struct mib_devx_obj *obj;
	uint8_t out[MIB_HDR_LEN];
	int ret;

	if (cmd->outlen < kind->out_size)
		return -EINVAL;
	obj = calloc(1, sizeof(*obj));
	if (obj == NULL)
		return -ENOMEM;
	obj->kind = kind;
	ret = mib_cmd_run(call, cmd);
	if (!cmd->done) {
		free(obj);
		return ret;
	}
	obj->id = mib_cmd_new_id(kind, cmd->out);
	mib_cmd_destroy(kind, obj->id, obj->destroy);
	if (ret != 0) { /* made, but the user cannot be told */
		mib_exec(mib_ctx(call), obj->destroy, sizeof(obj->destroy), out, sizeof(out));
		free(obj);
		return ret;
	}
	uobj->priv = obj;
	return 0;
}

static int
mib_devx_obj_create(struct uv_call *call)
{
	struct mib_cmd cmd = { MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN,
		MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT };
	const struct prm_obj_kind *kind;
	int ret = mib_cmd_begin(call, &cmd);

	if (ret == 0) {
		kind = mib_cmd_created_kind(cmd.in, cmd.inlen);
		ret = kind != NULL ? mib_devx_obj_make(call, &cmd, kind) :
				     mib_cmd_refuse(call, &cmd, "DEVX_OBJ/CREATE");
	}
	free(cmd.out);
	return ret;
}

static int
mib_devx_obj_modify(struct uv_call *call)
{
	struct mib_cmd cmd = { MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_IN,
		MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_OUT };
	struct mib_devx_obj *obj = uv_attr_obj(call, MLX5_IB_ATTR_DEVX_OBJ_MODIFY_HANDLE)->priv;
	int ret = mib_cmd_begin(call, &cmd);

	if (ret == 0)
		ret = mib_cmd_modifies(cmd.in, cmd.inlen, obj->kind, obj->id) ?
				mib_cmd_run(call, &cmd) :
				mib_cmd_refuse(call, &cmd, "DEVX_OBJ/MODIFY");
	free(cmd.out);
	return ret;
}

static int
mib_devx_obj_query(struct uv_call *call)
{
	struct mib_cmd cmd = { MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_IN,
		MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_OUT };
	struct mib_devx_obj *obj = uv_attr_obj(call, MLX5_IB_ATTR_DEVX_OBJ_QUERY_HANDLE)->priv;
	int ret = mib_cmd_begin(call, &cmd);

	if (ret == 0)
		ret = mib_cmd_queries(cmd.in, cmd.inlen, obj->kind, obj->id) ?
				mib_cmd_run(call, &cmd) :
				mib_cmd_refuse(call, &cmd, "DEVX_OBJ/QUERY");
	free(cmd.out);
	return ret;
}

static int
mib_devx_obj_query_async(struct uv_call *call)
{
	struct mib_ctx *ctx = mib_ctx(call);
	struct mib_devx_obj *obj =
			uv_attr_obj(call, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_HANDLE)->priv;
	struct mib_cmd cmd = { .in_attr = MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_CMD_IN };
	struct mib_async_attr attr = {
		.wr_id = uv_in_u64(call, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_WR_ID),
	};
	uint64_t outlen;

	if (!ctx->devx ||
			uv_in_const(call, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_OUT_LEN, UINT16_MAX,
					&outlen) != 0)
		return -EINVAL;
	cmd.in = uv_in(call, cmd.in_attr, &cmd.inlen);
	if (outlen < MIB_HDR_LEN || !mib_cmd_queries(cmd.in, cmd.inlen, obj->kind, obj->id))
		return mib_cmd_refuse(call, &cmd, "DEVX_OBJ/ASYNC_QUERY");
	attr.in = cmd.in;
	attr.inlen = cmd.inlen;
	attr.outlen = (size_t)outlen;
	return mib_async_query(uv_attr_obj(call, MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_FD), &attr);
}

static int
mib_devx_obj_destroy(struct uv_obj *uobj)
{
	struct mib_ctx *ctx = mib_obj_ctx(uobj);
	struct mib_devx_obj *obj = uobj->priv;
	uint8_t out[MIB_HDR_LEN];
	int ret = mib_exec(ctx, obj->destroy, sizeof(obj->destroy), out, sizeof(out));

	if (ret != 0 && !uv_obj_is_forced(uobj))
		return ret;
	mib_unsubscribe_obj(ctx, uobj);
	free(obj);
	return 0;
}

/* --- other methods -------------------------------------------------------------------------- */

/* Numbers of static doorbell pages: there are none (mib_ctx.c). */
static int
mib_devx_query_uar(struct uv_call *call)
{
	return -EINVAL;
}

static int
mib_devx_query_eqn(struct uv_call *call)
{
	struct mib_ctx *ctx = mib_ctx(call);
	uint32_t eqn;
	int ret;

	if (!uv_has_context(call))
		return -EINVAL;
	ret = fw_eqn(ctx->uctx, uv_in_u32(call, MLX5_IB_ATTR_DEVX_QUERY_EQN_USER_VEC), &eqn);
	if (ret != 0)
		return ret;
	return uv_out(call, MLX5_IB_ATTR_DEVX_QUERY_EQN_DEV_EQN, &eqn, sizeof(eqn));
}

static int
mib_devx_subscribe(struct uv_call *call)
{
	struct mib_ctx *ctx = mib_ctx(call);
	struct uv_obj *obj = uv_attr_obj(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_OBJ_HANDLE);
	struct mib_sub_attr attr = {
		.chan = uv_attr_obj(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_HANDLE),
		.cookie = uv_in_u64(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE),
		.eventfd = -1,
	};
	uint16_t events[MIB_MAX_EVENTS];
	size_t len;
	const void *list = uv_in(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST, &len);

	if (!ctx->devx || len % sizeof(events[0]) != 0 || len > sizeof(events))
		return -EINVAL;
	if (obj == NULL) {
		mib_err(ctx, "subscribe: events of no object are not supported");
		return -EINVAL;
	}
	if (uv_has(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM)) {
		if (uv_has(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE))
			return -EINVAL;
		attr.eventfd = (int)uv_in_u32(call, MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM);
	}
	attr.obj = obj;
	attr.kind = mib_devx_obj_kind(obj);
	attr.id = mib_devx_obj_id(obj);
	memcpy(events, list, len);
	attr.events = events;
	attr.nb_events = len / sizeof(events[0]);
	return mib_subscribe(ctx, &attr);
}

/* --- tables --------------------------------------------------------------------------------- */

#define MIB_ANY UINT16_MAX
#define MIB_METHOD(num, text, table, fn)                                                           \
	{                                                                                          \
		.id = (num), .name = (text), .attrs = (table), .nb_attrs = BASE_ARRAY_SIZE(table), \
		.handler = (fn)                                                                    \
	}

static const struct uv_attr_def other_attrs[] = {
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_OTHER_CMD_IN, MIB_HDR_LEN, MIB_ANY),
	UV_ATTR_OUT(MLX5_IB_ATTR_DEVX_OTHER_CMD_OUT, MIB_HDR_LEN, MIB_ANY),
};
static const struct uv_attr_def query_uar_attrs[] = {
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_QUERY_UAR_USER_IDX, 4, 4),
	UV_ATTR_OUT(MLX5_IB_ATTR_DEVX_QUERY_UAR_DEV_IDX, 4, 4),
};
static const struct uv_attr_def query_eqn_attrs[] = {
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_QUERY_EQN_USER_VEC, 4, 4),
	UV_ATTR_OUT(MLX5_IB_ATTR_DEVX_QUERY_EQN_DEV_EQN, 4, 4),
};
static const struct uv_attr_def subscribe_attrs[] = {
	UV_ATTR_FD(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_HANDLE, MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
			UV_READ),
	UV_ATTR_IDR(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_OBJ_HANDLE, MLX5_IB_OBJECT_DEVX_OBJ, UV_READ,
			.optional = true),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_TYPE_NUM_LIST, 2, MIB_ANY),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_COOKIE, 8, 8, .optional = true),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_SUBSCRIBE_EVENT_FD_NUM, 4, 4, .optional = true),
};
static const struct uv_method_def devx_methods[] = {
	MIB_METHOD(MLX5_IB_METHOD_DEVX_OTHER, "DEVX_OTHER", other_attrs, mib_devx_other),
	MIB_METHOD(MLX5_IB_METHOD_DEVX_QUERY_UAR, "DEVX_QUERY_UAR", query_uar_attrs,
			mib_devx_query_uar),
	MIB_METHOD(MLX5_IB_METHOD_DEVX_QUERY_EQN, "DEVX_QUERY_EQN", query_eqn_attrs,
			mib_devx_query_eqn),
	MIB_METHOD(MLX5_IB_METHOD_DEVX_SUBSCRIBE_EVENT, "DEVX_SUBSCRIBE", subscribe_attrs,
			mib_devx_subscribe),
};

const struct uv_object_def mib_devx_def = {
	.id = MLX5_IB_OBJECT_DEVX,
	.name = "DEVX",
	.methods = devx_methods,
	.nb_methods = BASE_ARRAY_SIZE(devx_methods),
};

static const struct uv_attr_def obj_create_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE, MLX5_IB_OBJECT_DEVX_OBJ, UV_NEW),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN, MIB_HDR_LEN, MIB_ANY),
	UV_ATTR_OUT(MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT, MIB_HDR_LEN, MIB_ANY),
};
static const struct uv_attr_def obj_destroy_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_DEVX_OBJ_DESTROY_HANDLE, MLX5_IB_OBJECT_DEVX_OBJ, UV_DESTROY),
};
static const struct uv_attr_def obj_modify_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_DEVX_OBJ_MODIFY_HANDLE, MLX5_IB_OBJECT_DEVX_OBJ, UV_WRITE),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_IN, MIB_HDR_LEN, MIB_ANY),
	UV_ATTR_OUT(MLX5_IB_ATTR_DEVX_OBJ_MODIFY_CMD_OUT, MIB_HDR_LEN, MIB_ANY),
};
static const struct uv_attr_def obj_query_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_DEVX_OBJ_QUERY_HANDLE, MLX5_IB_OBJECT_DEVX_OBJ, UV_READ),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_IN, MIB_HDR_LEN, MIB_ANY),
	UV_ATTR_OUT(MLX5_IB_ATTR_DEVX_OBJ_QUERY_CMD_OUT, MIB_HDR_LEN, MIB_ANY),
};
static const struct uv_attr_def obj_query_async_attrs[] = {
	UV_ATTR_IDR(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_HANDLE, MLX5_IB_OBJECT_DEVX_OBJ, UV_READ),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_CMD_IN, MIB_HDR_LEN, MIB_ANY),
	UV_ATTR_CONST(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_OUT_LEN),
	UV_ATTR_FD(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_FD, MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD, UV_READ),
	UV_ATTR_IN(MLX5_IB_ATTR_DEVX_OBJ_QUERY_ASYNC_WR_ID, 8, 8),
};
static const struct uv_method_def devx_obj_methods[] = {
	MIB_METHOD(MLX5_IB_METHOD_DEVX_OBJ_CREATE, "DEVX_OBJ_CREATE", obj_create_attrs,
			mib_devx_obj_create),
	MIB_METHOD(MLX5_IB_METHOD_DEVX_OBJ_DESTROY, "DEVX_OBJ_DESTROY", obj_destroy_attrs, NULL),
	MIB_METHOD(MLX5_IB_METHOD_DEVX_OBJ_MODIFY, "DEVX_OBJ_MODIFY", obj_modify_attrs,
			mib_devx_obj_modify),
	MIB_METHOD(MLX5_IB_METHOD_DEVX_OBJ_QUERY, "DEVX_OBJ_QUERY", obj_query_attrs,
			mib_devx_obj_query),
	MIB_METHOD(MLX5_IB_METHOD_DEVX_OBJ_ASYNC_QUERY, "DEVX_OBJ_ASYNC_QUERY",
			obj_query_async_attrs, mib_devx_obj_query_async),
};

const struct uv_object_def mib_devx_obj_def = {
	.id = MLX5_IB_OBJECT_DEVX_OBJ,
	.name = "DEVX_OBJ",
	.methods = devx_obj_methods,
	.nb_methods = BASE_ARRAY_SIZE(devx_obj_methods),
	.destroy = mib_devx_obj_destroy,
};
