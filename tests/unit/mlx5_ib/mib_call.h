/* SPDX-License-Identifier: BSD-3-Clause */
/* Raw ioctls on the rig's file, attribute by attribute, and the few objects that tests need. */
#ifndef MIB_CALL_H
#define MIB_CALL_H

#include "mib_rig.h"

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include "prm_cmd.h"
#include "prm_field.h"

#define CALL_ATTRS 12u

struct call {
	struct ib_uverbs_ioctl_hdr hdr;
	struct ib_uverbs_attr attrs[CALL_ATTRS];
};

static inline struct call
call_to(unsigned int object, unsigned int method)
{
	struct call c = { .hdr = { .object_id = (uint16_t)object,
					  .method_id = (uint16_t)method,
					  .driver_id = RDMA_DRIVER_MLX5 } };

	return c;
}

/* A handle, a descriptor, or a number of 1 to 8 bytes inside the attribute. */
static inline struct ib_uverbs_attr *
call_value(struct call *c, unsigned int id, unsigned int len, uint64_t data)
{
	struct ib_uverbs_attr *attr = &c->attrs[c->hdr.num_attrs++];

	assert_true(c->hdr.num_attrs <= CALL_ATTRS);
	*attr = (struct ib_uverbs_attr){ .attr_id = (uint16_t)id,
		.len = (uint16_t)len,
		.flags = UVERBS_ATTR_F_MANDATORY,
		.data = data };
	return attr;
}

/* A buffer, for either direction. */
static inline struct ib_uverbs_attr *
call_buffer(struct call *c, unsigned int id, const void *buf, size_t len)
{
	struct ib_uverbs_attr *attr = call_value(c, id, (unsigned int)len, (uintptr_t)buf);

	/* Short inputs lie in the attribute; outputs never do, and who gives one passes 16 or
	 * more bytes, or says so with call_value(). */
	if (len <= sizeof(attr->data)) {
		attr->data = 0;
		memcpy(&attr->data, buf, len);
	}
	return attr;
}

static inline int
call_file(struct uv_file *file, struct call *c)
{
	c->hdr.length = (uint16_t)(sizeof(c->hdr) + c->hdr.num_attrs * sizeof(c->attrs[0]));
	return uv_ioctl(file, RDMA_VERBS_IOCTL, (uintptr_t)c);
}

static inline int
call_run(struct rig *rig, struct call *c)
{
	return call_file(rig->file, c);
}

/* --- objects; each returns the call's errno, handles by out-parameter ----------------------- */

/* An old-style command; @p uhw_out may be NULL. */
static inline int
do_write(struct rig *rig, uint32_t cmd, const void *in, size_t inlen, void *out, size_t outlen)
{
	struct call c = call_to(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_INVOKE_WRITE);

	call_value(&c, UVERBS_ATTR_WRITE_CMD, 8, cmd);
	call_buffer(&c, UVERBS_ATTR_CORE_IN, in, inlen);
	if (out != NULL)
		call_value(&c, UVERBS_ATTR_CORE_OUT, (unsigned int)outlen, (uintptr_t)out);
	return call_run(rig, &c);
}

static inline int
do_pd(struct rig *rig, uint32_t *handle, uint32_t *pdn)
{
	struct call c = call_to(UVERBS_OBJECT_DEVICE, UVERBS_METHOD_INVOKE_WRITE);
	struct ib_uverbs_alloc_pd_resp resp = { 0 };
	int ret;

	call_value(&c, UVERBS_ATTR_WRITE_CMD, 8, IB_USER_VERBS_CMD_ALLOC_PD);
	call_value(&c, UVERBS_ATTR_CORE_IN, 8, 0);
	call_value(&c, UVERBS_ATTR_CORE_OUT, sizeof(resp), (uintptr_t)&resp);
	call_value(&c, UVERBS_ATTR_UHW_OUT, sizeof(*pdn), (uintptr_t)pdn);
	ret = call_run(rig, &c);
	*handle = resp.pd_handle;
	return ret;
}

static inline int
do_mr(struct rig *rig, const struct ib_uverbs_reg_mr *cmd, struct ib_uverbs_reg_mr_resp *resp)
{
	return do_write(rig, IB_USER_VERBS_CMD_REG_MR, cmd, sizeof(*cmd), resp, sizeof(*resp));
}

static inline int
do_umem(struct rig *rig, const void *addr, uint64_t len, uint32_t access, uint32_t *handle,
		uint32_t *id)
{
	struct call c = call_to(MLX5_IB_OBJECT_DEVX_UMEM, MLX5_IB_METHOD_DEVX_UMEM_REG);
	struct ib_uverbs_attr *h = call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_HANDLE, 0, 0);
	int ret;

	call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_ADDR, 8, (uintptr_t)addr);
	call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_LEN, 8, len);
	call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_ACCESS, 4, access);
	call_value(&c, MLX5_IB_ATTR_DEVX_UMEM_REG_OUT_ID, 4, (uintptr_t)id);
	ret = call_run(rig, &c);
	*handle = (uint32_t)h->data;
	return ret;
}

/* Any method whose only attribute is a handle: destroying. */
static inline int
do_handle(struct rig *rig, unsigned int object, unsigned int method, unsigned int attr,
		uint32_t handle)
{
	struct call c = call_to(object, method);

	call_value(&c, attr, 0, handle);
	return call_run(rig, &c);
}

static inline int
do_pd_destroy(struct rig *rig, uint32_t handle)
{
	return do_handle(rig, UVERBS_OBJECT_PD, UVERBS_METHOD_PD_DESTROY,
			UVERBS_ATTR_DESTROY_PD_HANDLE, handle);
}

static inline int
do_mr_destroy(struct rig *rig, uint32_t handle)
{
	return do_handle(rig, UVERBS_OBJECT_MR, UVERBS_METHOD_MR_DESTROY,
			UVERBS_ATTR_DESTROY_MR_HANDLE, handle);
}

static inline int
do_umem_destroy(struct rig *rig, uint32_t handle)
{
	return do_handle(rig, MLX5_IB_OBJECT_DEVX_UMEM, MLX5_IB_METHOD_DEVX_UMEM_DEREG,
			MLX5_IB_ATTR_DEVX_UMEM_DEREG_HANDLE, handle);
}

static inline int
do_obj_destroy(struct rig *rig, uint32_t handle)
{
	return do_handle(rig, MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_DESTROY,
			MLX5_IB_ATTR_DEVX_OBJ_DESTROY_HANDLE, handle);
}

static inline int
do_create(struct rig *rig, const void *in, size_t inlen, void *out, size_t outlen, uint32_t *handle)
{
	struct call c = call_to(MLX5_IB_OBJECT_DEVX_OBJ, MLX5_IB_METHOD_DEVX_OBJ_CREATE);
	struct ib_uverbs_attr *h = call_value(&c, MLX5_IB_ATTR_DEVX_OBJ_CREATE_HANDLE, 0, 0);
	int ret;

	call_buffer(&c, MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_IN, in, inlen);
	call_buffer(&c, MLX5_IB_ATTR_DEVX_OBJ_CREATE_CMD_OUT, out, outlen);
	ret = call_run(rig, &c);
	*handle = (uint32_t)h->data;
	return ret;
}

/* A method of an object with a command and its output. */
static inline int
do_command(struct rig *rig, unsigned int method, uint32_t handle, const void *in, size_t inlen,
		void *out, size_t outlen)
{
	/* MODIFY and QUERY number their attributes alike; OTHER has no handle. */
	struct call c = call_to(method == 0 ? MLX5_IB_OBJECT_DEVX : MLX5_IB_OBJECT_DEVX_OBJ,
			method == 0 ? MLX5_IB_METHOD_DEVX_OTHER : method);
	unsigned int first = MLX5_IB_ATTR_DEVX_OBJ_QUERY_HANDLE;

	if (method != 0)
		call_value(&c, first++, 0, handle);
	call_buffer(&c, first, in, inlen);
	call_buffer(&c, first + 1, out, outlen);
	return call_run(rig, &c);
}

/* Counters: an object that needs nothing and can be asked. */
static inline int
do_counters(struct rig *rig, uint32_t *handle, uint32_t *id)
{
	uint8_t in[PRM_SIZE(create_virtio_q_counters_in)] = { 0 };
	uint8_t out[PRM_SIZE(general_obj_out_cmd_hdr)] = { 0 };
	int ret;

	PRM_SET(cmd_in, in, opcode, PRM_OP_CREATE_GENERAL_OBJECT);
	PRM_SET(cmd_in, in, op_mod, PRM_OBJ_VIRTIO_Q_COUNTERS);
	ret = do_create(rig, in, sizeof(in), out, sizeof(out), handle);
	*id = (uint32_t)PRM_GET(general_obj_out_cmd_hdr, out, obj_id);
	return ret;
}

/* A channel of either kind; its descriptor, and the object as the publisher got it. */
static inline int
do_channel(struct rig *rig, unsigned int object, unsigned int method, uint64_t flags,
		struct uv_obj **chan)
{
	struct call c = call_to(object, method);
	int ret;

	call_value(&c, 0x1000, 0, 0);
	if (object == MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD)
		call_value(&c, MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS, 4, flags);
	ret = call_run(rig, &c);
	*chan = rig->chan;
	return ret;
}

static inline void
end_channel(struct uv_obj *chan)
{
	close(chan->fd);
	uv_fd_closed(chan);
}

#endif /* MIB_CALL_H */
