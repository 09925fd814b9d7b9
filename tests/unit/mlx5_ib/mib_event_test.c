/* SPDX-License-Identifier: BSD-3-Clause */
/* Event channels: what a message looks like, who gets it, and what a deaf reader loses. */
#include "mib_rig.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <rdma/ib_user_verbs.h>

#include "fw_card.h"
#include "mib_event.h"
#include "wire_admin.h"

static const struct uv_obj cq_obj, vq_obj; /* who is listened to */

static struct uv_obj *
chan_make(struct rig *rig, bool omit)
{
	struct ib_uverbs_attr attrs[2] = {
		{ .attr_id = MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE },
		{ .attr_id = MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS, .len = 4, .data = omit },
	};

	assert_int_equal(rig_call(rig, MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
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
	struct mib_sub_attr cq = { brief, &cq_obj, cq_kind(), 5, 0x1122334455667788, -1, NULL, 0 };
	struct mib_sub_attr vq = { full, &vq_obj, virtq_kind(), 5, 99, -1, NULL, 0 };
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
	mib_unsubscribe_obj(rig->ctx, &cq_obj);
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
	struct mib_sub_attr sub = { chan_make(rig, true), &cq_obj, cq_kind(), 5, 0, efd, NULL, 0 };
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
	mib_unsubscribe_obj(rig->ctx, &cq_obj);
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
	struct mib_sub_attr sub = { chan_make(rig, true), &cq_obj, cq_kind(), 5, 1, -1, NULL, 0 };
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
	struct mib_sub_attr sub = { chan, &cq_obj, cq_kind(), 5, 1, -1, NULL, 0 };
	uint8_t buf[8];
	int fd = chan->fd;

	assert_int_equal(subscribe(rig->ctx, &sub, PRM_EVENT_COMP), 0);
	uv_file_close(rig->file);
	assert_int_equal(read(fd, buf, sizeof(buf)), 0);
	chan_close(chan);
	rig_forget(rig);
}

/* --- the link ------------------------------------------------------------------------------- */

static struct uv_obj *
async_make(struct rig *rig)
{
	struct ib_uverbs_attr attr = { .attr_id = UVERBS_ATTR_ASYNC_EVENT_ALLOC_FD_HANDLE };

	assert_int_equal(rig_call(rig, UVERBS_OBJECT_ASYNC_EVENT, UVERBS_METHOD_ASYNC_EVENT_ALLOC,
					 &attr, 1),
			0);
	fcntl(rig->chan->fd, F_SETFL, O_NONBLOCK);
	return rig->chan;
}

static void
set_link(struct rig *rig, bool up)
{
	vnet_lock(rig->card->vnet);
	if (up)
		wire_link_on(rig->wire, 0);
	else
		wire_link_off(rig->wire, 0);
	vnet_unlock(rig->card->vnet);
}

/* Type of the next asynchronous event, 0: there is none. */
static uint32_t
next_async(const struct uv_obj *chan)
{
	struct ib_uverbs_async_event_desc desc;

	if (read(chan->fd, &desc, sizeof(desc)) != sizeof(desc))
		return 0;
	assert_int_equal(desc.element, 1);
	return desc.event_type;
}

static void
check_port(struct rig *rig, unsigned int state, unsigned int phys)
{
	struct ib_uverbs_query_port_resp_ex resp = { 0 };
	struct ib_uverbs_attr attrs[2] = {
		{ .attr_id = UVERBS_ATTR_QUERY_PORT_PORT_NUM, .len = 8, .data = 1 },
		{ .attr_id = UVERBS_ATTR_QUERY_PORT_RESP,
				.len = sizeof(resp),
				.data = (uintptr_t)&resp },
	};

	assert_int_equal(rig_call(rig, UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_PORT, attrs, 2),
			0);
	assert_int_equal(resp.legacy_resp.state, state);
	assert_int_equal(resp.legacy_resp.phys_state, phys);
}

static void
test_link(void **state)
{
	enum {
		PORT_ACTIVE = 9,
		PORT_ERR = 10
	};
	struct rig *rig = *state;
	struct uv_obj *one = async_make(rig), *two = async_make(rig);

	check_port(rig, 4, 5);
	assert_int_equal(next_async(one), 0);
	set_link(rig, false);
	set_link(rig, false); /* no change, no event */
	check_port(rig, 1, 3);
	assert_int_equal(next_async(one), PORT_ERR);
	assert_int_equal(next_async(one), 0);
	chan_close(one);
	set_link(rig, true);
	check_port(rig, 4, 5);
	assert_int_equal(next_async(two), PORT_ERR);
	assert_int_equal(next_async(two), PORT_ACTIVE);
	/* A function that is not there any more has no link. */
	assert_int_equal(fw_func_remove(rig->ctx->attr.func), 0);
	set_link(rig, false);
	assert_int_equal(next_async(two), 0);
	chan_close(two);
	set_link(rig, true); /* to nobody */
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_messages),
		TEST(test_eventfd),
		TEST(test_overflow),
		TEST(test_link),
		cmocka_unit_test_setup(test_file_first, rig_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
