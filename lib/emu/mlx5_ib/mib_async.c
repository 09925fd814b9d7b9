/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: queries that do not keep their caller waiting. A channel is a descriptor
 * and a thread: the call checks the command and queues it, the thread executes what is queued, in
 * order, and sends each answer as one message: the caller's number (struct
 * mlx5_ib_uapi_devx_async_cmd_hdr) and the command's output, status included. The user reads them
 * from the descriptor, one read() an answer.
 *
 * Commands of one channel run one after the other, those of several channels side by side. A
 * reader that does not read keeps the thread waiting, then calls get EAGAIN as soon as the answers
 * that are due have more bytes than the kernel would keep.
 *
 * The object that is asked may be destroyed before its turn comes: the answer is the firmware's
 * refusal then. Closing the descriptor (or the device) drops what is queued and waits for the
 * command in progress: so the thread never outlives the user context.
 *
 * Lock: the channel's, a leaf. The thread holds none while it executes or sends.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rdma/mlx5_user_ioctl_cmds.h>
#include <rdma/mlx5_user_ioctl_verbs.h>

#include "base_math.h"
#include "mib_async.h"

#define MIB_ASYNC_MAX_BYTES (1u << 20) /* as in the kernel */

struct mib_query {
	uint64_t wr_id;
	size_t inlen, outlen;
	uint8_t *in;
	STAILQ_ENTRY(mib_query) link;
};
STAILQ_HEAD(mib_queries, mib_query);

struct mib_async {
	struct mib_ctx *ctx;
	pthread_t thread;
	int peer; /* our end */
	int wake; /* eventfd: something is queued, or the end has come */
	struct base_mutex lock;
	struct mib_queries queue BASE_GUARDED_BY(lock);
	size_t bytes BASE_GUARDED_BY(lock); /* of answers that are due */
	bool stop BASE_GUARDED_BY(lock);
};

static void
mib_query_free(struct mib_query *query)
{
	free(query->in);
	free(query);
}

/* --- the thread ----------------------------------------------------------------------------- */

/* The next query, NULL when there is none now; *@p stop: there will be none. */
static struct mib_query *
mib_async_next(struct mib_async *async, bool *stop)
{
	struct mib_query *query;

	base_mutex_lock(&async->lock);
	query = STAILQ_FIRST(&async->queue);
	if (query != NULL)
		STAILQ_REMOVE_HEAD(&async->queue, link);
	*stop = async->stop;
	base_mutex_unlock(&async->lock);
	return query;
}

static bool
mib_async_stopped(struct mib_async *async)
{
	bool stop;

	base_mutex_lock(&async->lock);
	stop = async->stop;
	base_mutex_unlock(&async->lock);
	return stop;
}

static void
mib_async_send(struct mib_async *async, const struct mib_query *query, const void *out)
{
	uint64_t wr_id = query->wr_id;
	struct iovec iov[2] = {
		{ &wr_id, sizeof(wr_id) },
		{ (void *)(uintptr_t)out, query->outlen },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct pollfd fds[2] = { { async->peer, POLLOUT, 0 }, { async->wake, POLLIN, 0 } };
	uint64_t count;

	while (sendmsg(async->peer, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN || mib_async_stopped(async))
			return; /* the reader is gone, or we are */
		if (poll(fds, 2, -1) > 0 && (fds[1].revents & POLLIN) != 0)
			(void)!read(async->wake, &count, sizeof(count));
	}
}

static void
mib_async_run(struct mib_async *async, struct mib_query *query)
{
	void *out = calloc(1, query->outlen);

	if (out != NULL) {
		/* Its refusal is in the output, where the reader looks for it. */
		fw_cmd_exec(async->ctx->uctx, query->in, query->inlen, out, query->outlen);
		mib_async_send(async, query, out);
	}
	free(out);
	base_mutex_lock(&async->lock);
	async->bytes -= query->outlen;
	base_mutex_unlock(&async->lock);
	mib_query_free(query);
}

static void *
mib_async_main(void *arg)
{
	struct mib_async *async = arg;
	struct mib_query *query;
	uint64_t count;
	bool stop;

	for (;;) {
		query = mib_async_next(async, &stop);
		if (stop)
			break;
		if (query != NULL)
			mib_async_run(async, query);
		else if (read(async->wake, &count, sizeof(count)) < 0 && errno != EINTR)
			break;
	}
	if (query != NULL)
		mib_query_free(query);
	return NULL;
}

/* --- calls ---------------------------------------------------------------------------------- */

int
mib_async_query(struct uv_obj *chan, const struct mib_async_attr *attr)
{
	struct mib_async *async = chan->priv;
	struct mib_query *query = calloc(1, sizeof(*query));
	int ret = 0;

	if (query == NULL)
		return -ENOMEM;
	query->in = malloc(attr->inlen);
	if (query->in == NULL) {
		free(query);
		return -ENOMEM;
	}
	memcpy(query->in, attr->in, attr->inlen);
	query->inlen = attr->inlen;
	query->outlen = attr->outlen;
	query->wr_id = attr->wr_id;
	base_mutex_lock(&async->lock);
	if (async->bytes + attr->outlen > MIB_ASYNC_MAX_BYTES) {
		ret = -EAGAIN;
	} else {
		async->bytes += attr->outlen;
		STAILQ_INSERT_TAIL(&async->queue, query, link);
	}
	base_mutex_unlock(&async->lock);
	if (ret != 0)
		mib_query_free(query);
	else
		eventfd_write(async->wake, 1);
	return ret;
}

/* Signals are the program's threads' business. */
static int
mib_async_start(struct mib_async *async)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&async->thread, NULL, mib_async_main, async);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

static int
mib_async_alloc(struct uv_call *call)
{
	struct uv_obj *obj = uv_attr_obj(call, MLX5_IB_ATTR_DEVX_ASYNC_CMD_FD_ALLOC_HANDLE);
	struct mib_async *async = calloc(1, sizeof(*async));
	int pair[2], ret;

	if (async == NULL)
		return -ENOMEM;
	async->ctx = mib_ctx(call);
	base_mutex_init(&async->lock);
	base_mutex_lock(&async->lock);
	STAILQ_INIT(&async->queue);
	base_mutex_unlock(&async->lock);
	ret = -EMFILE;
	async->wake = eventfd(0, EFD_CLOEXEC);
	if (async->wake < 0)
		goto free_async;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		goto close_wake;
	async->peer = pair[1];
	ret = mib_async_start(async);
	if (ret != 0)
		goto close_pair;
	obj->fd = pair[0];
	obj->priv = async;
	return 0;

close_pair:
	close(pair[0]);
	close(pair[1]);
close_wake:
	close(async->wake);
free_async:
	base_mutex_destroy(&async->lock);
	free(async);
	return ret;
}

static int
mib_async_destroy(struct uv_obj *obj)
{
	struct mib_async *async = obj->priv;
	struct mib_query *query;
	bool stop;

	base_mutex_lock(&async->lock);
	async->stop = true;
	base_mutex_unlock(&async->lock);
	eventfd_write(async->wake, 1);
	pthread_join(async->thread, NULL);
	while ((query = mib_async_next(async, &stop)) != NULL)
		mib_query_free(query);
	close(async->peer);
	close(async->wake);
	base_mutex_destroy(&async->lock);
	free(async);
	return 0;
}

static const struct uv_attr_def async_attrs[] = {
	UV_ATTR_FD(MLX5_IB_ATTR_DEVX_ASYNC_CMD_FD_ALLOC_HANDLE, MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD,
			UV_NEW),
};
static const struct uv_method_def async_methods[] = {
	{ .id = MLX5_IB_METHOD_DEVX_ASYNC_CMD_FD_ALLOC,
			.name = "ASYNC_CMD_FD_ALLOC",
			.attrs = async_attrs,
			.nb_attrs = BASE_ARRAY_SIZE(async_attrs),
			.handler = mib_async_alloc },
};

const struct uv_object_def mib_async_cmd_def = {
	.id = MLX5_IB_OBJECT_DEVX_ASYNC_CMD_FD,
	.name = "ASYNC_CMD_FD",
	.methods = async_methods,
	.nb_methods = BASE_ARRAY_SIZE(async_methods),
	.is_fd = true,
	.destroy = mib_async_destroy,
};
