/* SPDX-License-Identifier: BSD-3-Clause */
/* A card of one function whose device file is open, with a user context; and calls to it. */
#ifndef MIB_RIG_H
#define MIB_RIG_H

#if defined(__clang__) /* a header with its attributes behind it, as user space lays them out */
#pragma clang diagnostic ignored "-Wgnu-variable-sized-type-not-at-end"
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/mlx5-abi.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl_cmds.h>

#include "mib_ctx.h"
#include "wire.h"

static atomic_uint nb_warnings; /* of any thread */

static void
count_warning(void *arg, enum base_log_level level, const char *msg)
{
	nb_warnings += level == BASE_LOG_WARN;
}

static const struct base_log test_log = { BASE_LOG_WARN, count_warning, NULL };

struct rig {
	struct wire *wire;
	struct fw_card *card;
	struct uv_file *file;
	struct mib_ctx *ctx;
	int cmd_fd;
	struct uv_obj *chan; /* the channel that was made last */
	int (*publish)(void *arg, int fd, struct uv_obj *obj); /* NULL: only note it */
};

static int
rig_publish(void *arg, int fd, struct uv_obj *obj)
{
	struct rig *rig = arg;

	rig->chan = obj;
	return rig->publish != NULL ? rig->publish(arg, fd, obj) : 0;
}

/* One call with up to two attributes. */
static inline int
rig_call(struct rig *rig, unsigned int object, unsigned int method, struct ib_uverbs_attr *attrs,
		unsigned int nb)
{
	struct {
		struct ib_uverbs_ioctl_hdr hdr;
		struct ib_uverbs_attr attrs[2];
	} c = { 0 };
	int ret;

	c.hdr.length = (uint16_t)(sizeof(c.hdr) + nb * sizeof(c.attrs[0]));
	c.hdr.object_id = (uint16_t)object;
	c.hdr.method_id = (uint16_t)method;
	c.hdr.num_attrs = (uint16_t)nb;
	c.hdr.driver_id = RDMA_DRIVER_MLX5;
	memcpy(c.attrs, attrs, nb * sizeof(attrs[0]));
	ret = uv_ioctl(rig->file, RDMA_VERBS_IOCTL, (uintptr_t)&c);
	memcpy(attrs, c.attrs, nb * sizeof(attrs[0]));
	return ret;
}

static inline int
rig_setup(void **state)
{
	static struct mlx5_ib_alloc_ucontext_req_v2 req = { .total_num_bfregs = 16,
		.num_low_latency_bfregs = 4,
		.flags = MLX5_IB_ALLOC_UCTX_DEVX,
		.lib_caps = MLX5_LIB_CAP_DYN_UAR };
	static struct mlx5_ib_alloc_ucontext_resp resp;
	struct ib_uverbs_attr attrs[2] = {
		{ .attr_id = UVERBS_ATTR_UHW_IN, .len = sizeof(req), .data = (uintptr_t)&req },
		{ .attr_id = UVERBS_ATTR_UHW_OUT, .len = sizeof(resp), .data = (uintptr_t)&resp },
	};
	struct rig *rig = calloc(1, sizeof(*rig));
	struct fw_card_attr cattr = { .nb_funcs = 1, .log = &test_log };
	struct mib_open_attr oattr = { .name = "uverbs0",
		.log = &test_log,
		.fd_publish = rig_publish,
		.arg = rig };
	struct fw_caps caps;

	nb_warnings = 0;
	fw_caps_init(&caps);
	assert_int_equal(wire_loop_create(1, 10, &test_log, &rig->wire), 0);
	cattr.caps = &caps;
	cattr.wire = rig->wire;
	assert_int_equal(fw_card_create(&cattr, &rig->card), 0);
	oattr.func = fw_card_func(rig->card, 0);
	assert_int_equal(mib_open(&oattr, &rig->file, &rig->cmd_fd), 0);
	rig->ctx = uv_file_priv(rig->file);
	assert_int_equal(rig_call(rig, UVERBS_OBJECT_DEVICE, UVERBS_METHOD_GET_CONTEXT, attrs, 2),
			0);
	assert_int_equal(resp.response_length, sizeof(resp));
	assert_int_equal(resp.dump_fill_mkey, FW_NULL_MKEY);
	assert_int_equal(rig_call(rig, UVERBS_OBJECT_DEVICE, UVERBS_METHOD_GET_CONTEXT, attrs, 2),
			-EINVAL);
	*state = rig;
	return 0;
}

/* The rest, when the file was closed already. */
static inline void
rig_forget(struct rig *rig)
{
	close(rig->cmd_fd);
	fw_card_destroy(rig->card);
	wire_destroy(rig->wire);
	free(rig);
}

static inline int
rig_teardown(void **state)
{
	struct rig *rig = *state;

	uv_file_close(rig->file);
	rig_forget(rig);
	return 0;
}

#endif /* MIB_RIG_H */
