/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a channel is a pair of SEQPACKET sockets: one event is one message, as one
 * read() of the kernel's file gives one event. The user has one end, we the other. Subscriptions
 * are a list of the context; there are a few per queue.
 *
 * The firmware reports events with the card's lock held. So what runs here takes the leaf lock of
 * the context, sends without waiting, and never calls the firmware. A user that does not read
 * loses events when the socket is full, and the log says so (the kernel's channel overflows too).
 *
 * With OMIT_DATA a message is the 8-byte cookie (struct mlx5_ib_uapi_devx_async_event_hdr), else
 * cookie and 64-byte event queue entry.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include "base_math.h"
#include "mib_event.h"

#define MIB_EQE_LEN 64u
/* enum ibv_event_type of libibverbs, ib_event_type of Linux */
#define MIB_EVENT_DEVICE_FATAL 8u
#define MIB_EVENT_PORT_ACTIVE 9u
#define MIB_EVENT_PORT_ERR 10u

struct mib_chan {
	struct mib_chan *next; /* mib_ctx.asyncs */
	int peer; /* our end */
	bool omit_data;
	bool overflow; /* said once; guarded by the context's event_lock */
};

struct mib_sub {
	struct mib_sub *next;
	const struct uv_obj *chan_obj;
	struct mib_chan *chan;
	const struct uv_obj *obj; /* numbers are used again, maybe before we hear of the end */
	const struct prm_obj_kind *kind;
	uint32_t id;
	uint16_t event;
	uint64_t cookie;
	int eventfd;
};

/* --- sending -------------------------------------------------------------------------------- */

static void
mib_sub_send_locked(struct mib_ctx *ctx, struct mib_sub *sub, const void *eqe)
		BASE_REQUIRES(ctx->event_lock)
{
	const uint64_t one = 1;
	struct iovec iov[2] = {
		{ &sub->cookie, sizeof(sub->cookie) },
		{ (void *)(uintptr_t)eqe, MIB_EQE_LEN },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = sub->chan->omit_data ? 1 : 2 };

	if (sub->eventfd >= 0) {
		/* One that is full would keep us waiting; its reader has been told often enough. */
		if (poll(&(struct pollfd){ sub->eventfd, POLLOUT, 0 }, 1, 0) == 1 &&
				write(sub->eventfd, &one, sizeof(one)) < 0)
			mib_warn(ctx, "event fd of %s %#x: %s", sub->kind->name, sub->id,
					strerror(errno));
		return;
	}
	if (sendmsg(sub->chan->peer, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
		sub->chan->overflow = false;
		return;
	}
	if (!sub->chan->overflow)
		mib_warn(ctx, "event %#x of %s %#x lost: %s", sub->event, sub->kind->name, sub->id,
				strerror(errno));
	sub->chan->overflow = true;
}

static void
mib_event_report(struct mib_ctx *ctx, uint16_t create_op, uint32_t id, uint16_t event,
		const void *eqe)
{
	struct mib_sub *sub;

	base_mutex_lock(&ctx->event_lock);
	for (sub = ctx->subs; sub != NULL; sub = sub->next) {
		if (sub->id == id && sub->event == event && sub->kind->create_op == create_op)
			mib_sub_send_locked(ctx, sub, eqe);
	}
	base_mutex_unlock(&ctx->event_lock);
}

static void
mib_on_completion(void *arg, uint32_t cqn)
{
	static const uint8_t eqe[MIB_EQE_LEN]; /* type 0: completion */

	mib_event_report(arg, PRM_OP_CREATE_CQ, cqn, PRM_EVENT_COMP, eqe);
}

static void
mib_on_event(void *arg, const struct prm_obj_kind *kind, uint32_t id, uint16_t event,
		const void *eqe)
{
	mib_event_report(arg, kind->create_op, id, event, eqe);
}

static void
mib_async_tell(struct mib_ctx *ctx, const struct mib_chan *chan,
		const struct ib_uverbs_async_event_desc *desc)
{
	if (send(chan->peer, desc, sizeof(*desc), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		mib_warn(ctx, "asynchronous event %u lost: %s", desc->event_type, strerror(errno));
}

static void
mib_on_link(void *arg, bool up)
{
	const struct ib_uverbs_async_event_desc desc = {
		.element = MIB_PORT,
		.event_type = up ? MIB_EVENT_PORT_ACTIVE : MIB_EVENT_PORT_ERR,
	};
	struct mib_ctx *ctx = arg;
	const struct mib_chan *chan;

	base_mutex_lock(&ctx->event_lock);
	for (chan = ctx->asyncs; chan != NULL; chan = chan->next)
		mib_async_tell(ctx, chan, &desc);
	base_mutex_unlock(&ctx->event_lock);
}

const struct fw_uctx_ops mib_event_ops = {
	.completion = mib_on_completion,
	.event = mib_on_event,
	.link = mib_on_link,
};

/* --- subscriptions -------------------------------------------------------------------------- */

/* Completions and their queue's end come from CQs, everything else from general objects. */
static bool
mib_event_valid(const struct prm_obj_kind *kind, uint16_t event)
{
	return ((event == PRM_EVENT_COMP || event == PRM_EVENT_CQ_ERROR) &&
			       kind->create_op == PRM_OP_CREATE_CQ) ||
			(event == PRM_EVENT_OBJECT_CHANGE && kind->obj_type != 0);
}

static void
mib_sub_free(struct mib_sub *sub)
{
	if (sub->eventfd >= 0)
		close(sub->eventfd);
	free(sub);
}

/* A file of any other kind could keep the card waiting in write(), or raise a signal. */
static int
mib_sub_eventfd(int fd, int *own)
{
	static const char want[] = "anon_inode:[eventfd]";
	char path[64], link[sizeof(want)];
	ssize_t len;

	*own = -1;
	if (fd < 0)
		return 0;
	*own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (*own < 0)
		return -EBADF;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *own);
	len = readlink(path, link, sizeof(link));
	if (len == (ssize_t)sizeof(want) - 1 && memcmp(link, want, sizeof(want) - 1) == 0)
		return 0;
	close(*own);
	*own = -1;
	return -EINVAL;
}

static int
mib_sub_make(struct mib_ctx *ctx, const struct mib_sub_attr *attr, uint16_t event,
		struct mib_sub **out)
{
	struct mib_sub *sub;
	int ret;

	if (!mib_event_valid(attr->kind, event)) {
		mib_err(ctx, "subscribe: %s has no event %#x", attr->kind->name, event);
		return -EINVAL;
	}
	sub = calloc(1, sizeof(*sub));
	if (sub == NULL)
		return -ENOMEM;
	ret = mib_sub_eventfd(attr->eventfd, &sub->eventfd);
	if (ret != 0) {
		free(sub);
		return ret;
	}
	sub->chan_obj = attr->chan;
	sub->chan = attr->chan->priv;
	sub->obj = attr->obj;
	sub->kind = attr->kind;
	sub->id = attr->id;
	sub->event = event;
	sub->cookie = attr->cookie;
	*out = sub;
	return 0;
}

int
mib_subscribe(struct mib_ctx *ctx, const struct mib_sub_attr *attr)
{
	struct mib_sub *first = NULL, **end = &first, *sub;
	size_t i;
	int ret;

	for (i = 0; i < attr->nb_events; i++) {
		ret = mib_sub_make(ctx, attr, attr->events[i], end);
		if (ret != 0)
			goto free_all;
		end = &(*end)->next;
	}
	base_mutex_lock(&ctx->event_lock);
	*end = ctx->subs;
	ctx->subs = first;
	base_mutex_unlock(&ctx->event_lock);
	return 0;
free_all:
	while ((sub = first) != NULL) {
		first = sub->next;
		mib_sub_free(sub);
	}
	return ret;
}

/* Drops the subscriptions of a channel or of an object; the other one is NULL. */
static void
mib_unsubscribe(struct mib_ctx *ctx, const struct uv_obj *chan, const struct uv_obj *obj)
{
	struct mib_sub **link, *sub;

	base_mutex_lock(&ctx->event_lock);
	for (link = &ctx->subs; (sub = *link) != NULL;) {
		if (chan != NULL ? sub->chan_obj != chan : sub->obj != obj) {
			link = &sub->next;
			continue;
		}
		*link = sub->next;
		mib_sub_free(sub);
	}
	base_mutex_unlock(&ctx->event_lock);
}

void
mib_unsubscribe_obj(struct mib_ctx *ctx, const struct uv_obj *obj)
{
	mib_unsubscribe(ctx, NULL, obj);
}

/* --- channels ------------------------------------------------------------------------------- */

static int
mib_chan_new(struct uv_obj *obj, bool omit_data)
{
	struct mib_chan *chan = calloc(1, sizeof(*chan));
	int pair[2];

	if (chan == NULL)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		free(chan);
		return -errno;
	}
	chan->peer = pair[1];
	chan->omit_data = omit_data;
	obj->fd = pair[0];
	obj->priv = chan;
	return 0;
}

static int
mib_chan_destroy(struct uv_obj *obj)
{
	struct mib_chan *chan = obj->priv;

	mib_unsubscribe(mib_obj_ctx(obj), obj, NULL);
	close(chan->peer);
	free(chan);
	return 0;
}

/*
 * When the device goes, the user is told on the asynchronous channel (Linux:
 * uverbs_async_event_destroy_uobj()), then comes the end of the file. (A read in Linux then fails
 * with EIO; a socket says 0 bytes.)
 */
static int
mib_async_destroy(struct uv_obj *obj)
{
	const struct ib_uverbs_async_event_desc fatal = { .event_type = MIB_EVENT_DEVICE_FATAL };
	struct mib_ctx *ctx = mib_obj_ctx(obj);
	struct mib_chan *chan = obj->priv, **link;

	base_mutex_lock(&ctx->event_lock);
	for (link = &ctx->asyncs; *link != NULL && *link != chan;)
		link = &(*link)->next;
	if (*link != NULL)
		*link = chan->next;
	base_mutex_unlock(&ctx->event_lock);
	if (uv_obj_is_removed(obj))
		mib_async_tell(ctx, chan, &fatal);
	return mib_chan_destroy(obj);
}

static int
mib_event_fd_alloc(struct uv_call *call)
{
	uint64_t flags;
	int ret = uv_in_flags(call, MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS,
			MLX5_IB_UAPI_DEVX_CR_EV_CH_FLAGS_OMIT_DATA, &flags);

	if (ret != 0)
		return ret;
	return mib_chan_new(uv_attr_obj(call, MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE),
			flags != 0);
}

/* Asynchronous events of verbs: the link's changes and the end of the device; others never come. */
static int
mib_async_alloc(struct uv_call *call)
{
	struct uv_obj *obj = uv_attr_obj(call, UVERBS_ATTR_ASYNC_EVENT_ALLOC_FD_HANDLE);
	struct mib_ctx *ctx = mib_ctx(call);
	struct mib_chan *chan;
	int ret = mib_chan_new(obj, false);

	if (ret != 0)
		return ret;
	chan = obj->priv;
	base_mutex_lock(&ctx->event_lock);
	chan->next = ctx->asyncs;
	ctx->asyncs = chan;
	base_mutex_unlock(&ctx->event_lock);
	return 0;
}

static const struct uv_attr_def event_fd_attrs[] = {
	UV_ATTR_FD(MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_HANDLE,
			MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD, UV_NEW),
	UV_ATTR_FLAGS(MLX5_IB_ATTR_DEVX_ASYNC_EVENT_FD_ALLOC_FLAGS),
};
static const struct uv_method_def event_fd_methods[] = {
	{ .id = MLX5_IB_METHOD_DEVX_ASYNC_EVENT_FD_ALLOC,
			.name = "EVENT_FD_ALLOC",
			.attrs = event_fd_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(event_fd_attrs),
			.handler = mib_event_fd_alloc },
};

const struct uv_object_def mib_event_fd_def = {
	.id = MLX5_IB_OBJECT_DEVX_ASYNC_EVENT_FD,
	.name = "EVENT_FD",
	.methods = event_fd_methods,
	.nb_methods = BASE_ARRAY_SIZE(event_fd_methods),
	.is_fd = true,
	.destroy = mib_chan_destroy,
};

static const struct uv_attr_def async_attrs[] = {
	UV_ATTR_FD(UVERBS_ATTR_ASYNC_EVENT_ALLOC_FD_HANDLE, UVERBS_OBJECT_ASYNC_EVENT, UV_NEW),
};
static const struct uv_method_def async_methods[] = {
	{ .id = UVERBS_METHOD_ASYNC_EVENT_ALLOC,
			.name = "ASYNC_EVENT_ALLOC",
			.attrs = async_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(async_attrs),
			.handler = mib_async_alloc },
};

const struct uv_object_def mib_async_def = {
	.id = UVERBS_OBJECT_ASYNC_EVENT,
	.name = "ASYNC_EVENT",
	.methods = async_methods,
	.nb_methods = BASE_ARRAY_SIZE(async_methods),
	.is_fd = true,
	.destroy = mib_async_destroy,
};
