/* SPDX-License-Identifier: BSD-3-Clause */
/* Event channels: what a message looks like, who gets it, and what a deaf reader loses. */
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
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/mlx5-abi.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl_cmds.h>

#include "mib_event.h"
#include "wire.h"

static unsigned int nb_warnings;

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
};

static int
publish(void *arg, int fd, struct uv_obj *obj)
{
	((struct rig *)arg)->chan = obj;
	return 0;
}

/* One call with up to two attributes. */
static int
call(struct rig *rig, unsigned int object, unsigned int method, struct ib_uverbs_attr *attrs,
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

static int
setup(void **state)
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
		.fd_publish = publish,
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
	assert_int_equal(call(rig, UVERBS_OBJECT_DEVICE, UVERBS_METHOD_GET_CONTEXT, attrs, 2), 0);
	assert_int_equal(resp.response_length, sizeof(resp));
	assert_int_equal(resp.dump_fill_mkey, FW_NULL_MKEY);
	assert_int_equal(call(rig, UVERBS_OBJECT_DEVICE, UVERBS_METHOD_GET_CONTEXT, attrs, 2),
			-EINVAL);
	*state = rig;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *rig = *state;

	uv_file_close(rig->file);
	close(rig->cmd_fd);
	fw_card_destroy(rig->card);
	wire_destroy(rig->wire);
	free(rig);
	return 0;
}

static struct uv_obj *
chan_make(struct rig *rig, bool omit)
{
	struct ib_uverbs_attr attrs[2] = {
		{ .attr_id = MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE },
		{ .attr_id = MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS, .len = 4, .data = omit },
	};

	assert_int_equal(call(rig, MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
					 MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC, attrs, 2),
			0);
	assert_int_equal(rig->chan->fd, attrs[0].data_s64);
	fcntl(rig->chan->fd, F_SETFL, O_NONBLOCK);
	return rig->chan;
}

static void
chan_close(struct uv_obj *chan)
{
	close(chan->fd);
	uv_fd_closed(chan);
}

static int
subscribe(struct mib_ctx *ctx, struct mib_sub_attr *attr, uint16_t event)
{
	attr->events = &event;
	attr->nb_events = 1;
	return mib_subscribe(ctx, attr);
}

static const struct prm_obj_kind *
cq_kind(void)
{
	return prm_obj_kind(PRM_OP_CREATE_CQ, 0);
}

static const struct prm_obj_kind *
virtq_kind(void)
{
	return prm_obj_kind(PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q);
}

static void
test_messages(void **state)
{
	struct rig *rig = *state;
	struct uv_obj *brief = chan_make(rig, true), *full = chan_make(rig, false);
	struct mib_sub_attr cq = { brief, cq_kind(), 5, 0x1122334455667788, -1, NULL, 0 };
	struct mib_sub_attr vq = { full, virtq_kind(), 5, 99, -1, NULL, 0 };
	uint8_t eqe[64], buf[100];
	uint64_t cookie;

	memset(eqe, 0xab, sizeof(eqe));
	assert_int_equal(subscribe(rig->ctx, &cq, PRM_EVENT_COMP), 0);
	assert_int_equal(subscribe(rig->ctx, &vq, PRM_EVENT_OBJECT_CHANGE), 0);
	/* events that the object does not have */
	assert_int_equal(subscribe(rig->ctx, &cq, PRM_EVENT_OBJECT_CHANGE), -EINVAL);
	assert_int_equal(subscribe(rig->ctx, &vq, PRM_EVENT_COMP), -EINVAL);
	mib_event_ops.completion(rig->ctx, 6); /* nobody's */
	assert_int_equal(read(brief->fd, buf, sizeof(buf)), -1);
	mib_event_ops.completion(rig->ctx, 5);
	assert_int_equal(read(brief->fd, buf, sizeof(buf)), 8);
	memcpy(&cookie, buf, 8);
	assert_true(cookie == 0x1122334455667788);
	assert_int_equal(read(full->fd, buf, sizeof(buf)), -1);
	mib_event_ops.event(rig->ctx, virtq_kind(), 5, PRM_EVENT_OBJECT_CHANGE, eqe);
	assert_int_equal(read(full->fd, buf, sizeof(buf)), 72);
	assert_memory_equal(buf + 8, eqe, 64);
	assert_int_equal(read(brief->fd, buf, sizeof(buf)), -1);
	/* the object goes, then its number means nothing */
	mib_unsubscribe_obj(rig->ctx, cq_kind(), 5);
	mib_event_ops.completion(rig->ctx, 5);
	assert_int_equal(read(brief->fd, buf, sizeof(buf)), -1);
	chan_close(brief);
	chan_close(full);
	mib_event_ops.event(rig->ctx, virtq_kind(), 5, PRM_EVENT_OBJECT_CHANGE, eqe);
	assert_int_equal(nb_warnings, 0);
}

static void
test_eventfd(void **state)
{
	struct rig *rig = *state;
	static const uint16_t both[] = { PRM_EVENT_COMP, PRM_EVENT_OBJECT_CHANGE };
	int efd = eventfd(0, EFD_NONBLOCK);
	struct mib_sub_attr sub = { chan_make(rig, true), cq_kind(), 5, 0, efd, NULL, 0 };
	uint64_t count;

	assert_int_equal(subscribe(rig->ctx, &sub, PRM_EVENT_COMP), 0);
	mib_event_ops.completion(rig->ctx, 5);
	assert_int_equal(read(efd, &count, 8), 8);
	assert_int_equal(count, 1);
	/* full and blocking: nobody waits for its reader */
	fcntl(efd, F_SETFL, 0);
	assert_int_equal(eventfd_write(efd, UINT64_MAX - 1), 0);
	mib_event_ops.completion(rig->ctx, 5);
	assert_int_equal(nb_warnings, 0);
	/* one event that the object does not have spoils the call, and nothing of it stays */
	mib_unsubscribe_obj(rig->ctx, cq_kind(), 5);
	assert_int_equal(read(efd, &count, 8), 8);
	sub.events = both;
	sub.nb_events = 2;
	assert_int_equal(mib_subscribe(rig->ctx, &sub), -EINVAL);
	mib_event_ops.completion(rig->ctx, 5);
	assert_int_equal(poll(&(struct pollfd){ efd, POLLIN, 0 }, 1, 0), 0);
	close(efd);
	sub.eventfd = efd;
	assert_int_equal(subscribe(rig->ctx, &sub, PRM_EVENT_COMP), -EBADF);
	sub.eventfd = rig->cmd_fd; /* a file, but no eventfd */
	assert_int_equal(subscribe(rig->ctx, &sub, PRM_EVENT_COMP), -EINVAL);
	chan_close(sub.chan);
}

static void
test_overflow(void **state)
{
	struct rig *rig = *state;
	struct mib_sub_attr sub = { chan_make(rig, true), cq_kind(), 5, 1, -1, NULL, 0 };
	unsigned int sent = 0, seen = 0;
	uint64_t cookie;

	assert_int_equal(subscribe(rig->ctx, &sub, PRM_EVENT_COMP), 0);
	while (nb_warnings == 0 && sent++ < 1000000)
		mib_event_ops.completion(rig->ctx, 5);
	assert_int_equal(nb_warnings, 1);
	mib_event_ops.completion(rig->ctx, 5); /* said once, and nobody waits */
	assert_int_equal(nb_warnings, 1);
	while (read(sub.chan->fd, &cookie, sizeof(cookie)) == sizeof(cookie))
		seen++;
	assert_int_equal(seen, sent - 1);
	chan_close(sub.chan);
}

/* The user closes the device first: the channel is dead, not dangling. */
static void
test_file_first(void **state)
{
	struct rig *rig = *state;
	struct uv_obj *chan = chan_make(rig, true);
	struct mib_sub_attr sub = { chan, cq_kind(), 5, 1, -1, NULL, 0 };
	uint8_t buf[8];
	int fd = chan->fd;

	assert_int_equal(subscribe(rig->ctx, &sub, PRM_EVENT_COMP), 0);
	uv_file_close(rig->file);
	assert_int_equal(read(fd, buf, sizeof(buf)), 0);
	chan_close(chan);
	close(rig->cmd_fd);
	fw_card_destroy(rig->card);
	wire_destroy(rig->wire);
	free(rig);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_messages),
		TEST(test_eventfd),
		TEST(test_overflow),
		cmocka_unit_test_setup(test_file_first, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
