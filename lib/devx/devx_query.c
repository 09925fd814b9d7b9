/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: mlx5dv_devx_obj_query_async(3) gives a command to the kernel and returns; the
 * answer is read from the descriptor of an mlx5dv_devx_cmd_comp. So one thread has as many queries
 * under way as the command queue has entries, where each would otherwise need a thread that waits.
 *
 * The kernel's callback (mlx5_ib, devx_query_callback()) hands out the answer's buffer and drops the
 * error of a command that did not get through: such an answer is all zeros, which reads as status OK.
 * Whoever knows what an answer must contain has to look for that.
 */
#include "devx_query.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "devx_priv.h"
#include "prm_field.h"

/* The number and the answer. */
#define QUERY_ANSWER_MAX 1024u

struct devx_query_channel {
	struct devx_dev *dev;
	struct mlx5dv_devx_cmd_comp *comp;
};

/* Of several who saw an answer one gets it. */
static int
query_unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : devx_errno();
}

int
devx_query_channel_create(struct devx_dev *dev, struct devx_query_channel **out)
{
	struct devx_query_channel *channel = calloc(1, sizeof(*channel));
	int ret;

	if (channel == NULL)
		return -ENOMEM;
	errno = 0;
	channel->dev = dev;
	channel->comp = mlx5dv_devx_create_cmd_comp(dev->ctx);
	if (channel->comp == NULL) {
		ret = devx_errno();
		base_warn(dev->log, "%s: no channel for queries: %s", dev->pci_addr,
				strerror(-ret));
		free(channel);
		return ret;
	}
	ret = query_unblock(channel->comp->fd);
	if (ret != 0) {
		devx_query_channel_destroy(channel);
		return ret;
	}
	*out = channel;
	return 0;
}

void
devx_query_channel_destroy(struct devx_query_channel *channel)
{
	if (channel == NULL)
		return;
	mlx5dv_devx_destroy_cmd_comp(channel->comp);
	free(channel);
}

int
devx_query_post(struct devx_query_channel *channel, struct devx_obj *obj, const struct devx_io *io,
		uint64_t cookie)
{
	int error;

	devx_cmd_counted(obj->dev);
	errno = 0;
	error = mlx5dv_devx_obj_query_async(obj->dv, io->in, io->in_len, io->out_len, cookie,
			channel->comp);
	if (error == 0)
		return 0;
	error = error > 0 ? error : -devx_errno();
	base_err(obj->dev->log, "%s: query of %s is not taken: %s", obj->dev->pci_addr, obj->name,
			strerror(error));
	return -error;
}

/* @return 0: readable; -ETIMEDOUT, -errno. */
static int
query_wait(const struct devx_query_channel *channel, int timeout_ms)
{
	struct pollfd pfd = { channel->comp->fd, POLLIN, 0 };
	int ret;

	do {
		ret = poll(&pfd, 1, timeout_ms);
	} while (ret < 0 && errno == EINTR);
	if (ret == 0)
		return -ETIMEDOUT;
	return ret < 0 ? devx_errno() : 0;
}

int
devx_query_take(struct devx_query_channel *channel, int timeout_ms, const struct devx_io *io,
		uint64_t *cookie)
{
	union {
		struct mlx5dv_devx_async_cmd_hdr hdr;
		uint8_t bytes[QUERY_ANSWER_MAX];
	} answer;
	size_t len = sizeof(answer.hdr) + io->out_len;
	int ret;

	assert(len <= sizeof(answer));
	memset(&answer, 0, len);
	do {
		ret = query_wait(channel, timeout_ms);
		if (ret == 0)
			ret = -mlx5dv_devx_get_async_cmd_comp(channel->comp, &answer.hdr, len);
	} while (ret == -EAGAIN);
	if (ret != 0)
		return ret;
	*cookie = answer.hdr.wr_id;
	memcpy(io->out, answer.hdr.out_data, io->out_len);
	return 0;
}

int
devx_query_judge(const struct devx_query_channel *channel, const char *name,
		const struct devx_io *io)
{
	if (PRM_GET(cmd_out, io->out, status) == PRM_STATUS_OK)
		return 0;
	return devx_cmd_failed(channel->dev, name, io, EIO);
}
