/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: queries that do not keep their caller waiting. A channel is a descriptor
 * and some threads: the call checks the command and queues it, the next thread that is free executes
 * it and sends the answer as one message: the caller's number (struct mlx5_ib_uapi_devx_async_cmd_hdr)
 * and the command's output, status included. The user reads them from the descriptor, one read() an
 * answer.
 *
 * In the kernel each of them is a command in an entry of its own of the command queue, so they run
 * side by side, as many as there are entries, and end in any order. Here each has a thread of its
 * own; the first one comes with the channel, others when they are first needed. A reader that does
 * not read keeps the threads waiting, and calls get EAGAIN as soon as the answers that are due have
 * more bytes than the kernel would keep.
 *
 * The object that is asked may be destroyed before its turn comes: the answer is the firmware's
 * refusal then. Closing the descriptor (or the device) drops what is queued and waits for the
 * commands in progress: so no thread outlives the user context.
 *
 * Lock: the channel's, a leaf. A thread holds none while it executes or sends.
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
/* Entries of the command queue, without the one that is kept for pages (mlx5_core: max_reg_cmds). */
#define MIB_ASYNC_MAX_THREADS 31u

struct mib_query {
	uint64_t wr_id;
	size_t inlen, outlen;
	uint8_t *in;
	STAILQ_ENTRY(mib_query) link;
};
STAILQ_HEAD(mib_queries, mib_query);

struct mib_async {
	struct mib_ctx *ctx;
	int peer; /* our end */
	int end; /* eventfd, readable when the end has come */
	struct base_mutex lock;
	pthread_cond_t more; /* something is queued, or the end has come */
	struct mib_queries queue BASE_GUARDED_BY(lock);
	unsigned int nb_queued BASE_GUARDED_BY(lock);
	size_t bytes BASE_GUARDED_BY(lock); /* of answers that are due */
	bool stop BASE_GUARDED_BY(lock);
	unsigned int nb_threads, nb_idle BASE_GUARDED_BY(lock);
	pthread_t threads[MIB_ASYNC_MAX_THREADS];
};

static void
mib_query_free(struct mib_query *query)
{
	free(query->in);
	free(query);
}

/* --- the threads ---------------------------------------------------------------------------- */

static struct mib_query *
mib_async_pop_locked(struct mib_async *async) BASE_REQUIRES(async->lock)
{
	struct mib_query *query = STAILQ_FIRST(&async->queue);

	if (query != NULL) {
		STAILQ_REMOVE_HEAD(&async->queue, link);
		async->nb_queued--;
	}
	return query;
}

/* Waits for the next query; NULL: there will be none. */
static struct mib_query *
mib_async_next(struct mib_async *async)
{
	struct mib_query *query = NULL;

	base_mutex_lock(&async->lock);
	async->nb_idle++;
	while (!async->stop && STAILQ_EMPTY(&async->queue))
		pthread_cond_wait(&async->more, &async->lock.m);
	async->nb_idle--;
	if (!async->stop)
		query = mib_async_pop_locked(async);
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
	struct pollfd fds[2] = { { async->peer, POLLOUT, 0 }, { async->end, POLLIN, 0 } };

	while (sendmsg(async->peer, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN || mib_async_stopped(async))
			return; /* the reader is gone, or we are */
		poll(fds, 2, -1);
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

	while ((query = mib_async_next(async)) != NULL)
		mib_async_run(async, query);
	return NULL;
}

/* One more thread. Signals are the program's threads' business. */
static int
mib_async_grow_locked(struct mib_async *async) BASE_REQUIRES(async->lock)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&async->threads[async->nb_threads], NULL, mib_async_main, async);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	async->nb_threads += ret == 0;
	return ret;
}

/* --- calls ---------------------------------------------------------------------------------- */

/* There is one thread at least; more of them only make it faster. */
static void
mib_async_push_locked(struct mib_async *async, struct mib_query *query) BASE_REQUIRES(async->lock)
{
	async->bytes += query->outlen;
	async->nb_queued++;
	STAILQ_INSERT_TAIL(&async->queue, query, link);
	if (async->nb_queued > async->nb_idle && async->nb_threads < MIB_ASYNC_MAX_THREADS)
		mib_async_grow_locked(async);
	pthread_cond_signal(&async->more);
}

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
		mib_async_push_locked(async, query);
	}
	base_mutex_unlock(&async->lock);
	if (ret != 0)
		mib_query_free(query);
	return ret;
}

static void
mib_async_free(struct mib_async *async)
{
	pthread_cond_destroy(&async->more);
	base_mutex_destroy(&async->lock);
	free(async);
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
	pthread_cond_init(&async->more, NULL);
	ret = -EMFILE;
	async->end = eventfd(0, EFD_CLOEXEC);
	if (async->end < 0)
		goto free_async;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		goto close_end;
	async->peer = pair[1];
	base_mutex_lock(&async->lock);
	STAILQ_INIT(&async->queue);
	ret = mib_async_grow_locked(async);
	base_mutex_unlock(&async->lock);
	if (ret != 0)
		goto close_pair;
	obj->fd = pair[0];
	obj->priv = async;
	return 0;

close_pair:
	close(pair[0]);
	close(pair[1]);
close_end:
	close(async->end);
free_async:
	mib_async_free(async);
	return ret;
}

static int
mib_async_destroy(struct uv_obj *obj)
{
	struct mib_async *async = obj->priv;
	struct mib_query *query;
	unsigned int i, nb;

	base_mutex_lock(&async->lock);
	async->stop = true;
	while ((query = mib_async_pop_locked(async)) != NULL)
		mib_query_free(query);
	nb = async->nb_threads; /* no call is under way that could add one */
	pthread_cond_broadcast(&async->more);
	base_mutex_unlock(&async->lock);
	eventfd_write(async->end, 1);
	for (i = 0; i < nb; i++)
		pthread_join(async->threads[i], NULL);
	close(async->peer);
	close(async->end);
	mib_async_free(async);
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
