/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a channel is a file of the kernel's. It is made non-blocking so that a
 * thread that waits for many things never hangs in one of them. Each read brings one event: the
 * cookie of the subscription, and with data the firmware's EQE behind it, which nobody here needs
 * (what happened to the object is asked from the object).
 */
#include "devx_event.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "devx_priv.h"
#include "prm_field.h"

struct devx_event_channel {
	struct devx_dev *dev;
	struct mlx5dv_devx_event_channel *dv;
};

int
devx_event_channel_create(struct devx_dev *dev, bool with_data, struct devx_event_channel **out)
{
	struct devx_event_channel *channel;
	int ret, flags;

	channel = calloc(1, sizeof(*channel));
	if (channel == NULL)
		return -ENOMEM;
	channel->dev = dev;
	errno = 0;
	channel->dv = mlx5dv_devx_create_event_channel(dev->ctx,
			with_data ? 0 : MLX5DV_DEVX_CREATE_EVENT_CHANNEL_FLAGS_OMIT_EV_DATA);
	if (channel->dv == NULL) {
		ret = devx_errno();
		goto free_channel;
	}
	flags = fcntl(channel->dv->fd, F_GETFL);
	if (flags < 0 || fcntl(channel->dv->fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		ret = devx_errno();
		goto destroy_dv;
	}
	*out = channel;
	return 0;
destroy_dv:
	mlx5dv_devx_destroy_event_channel(channel->dv);
free_channel:
	free(channel);
	base_err(dev->log, "%s: no event channel: %s", dev->pci_addr, strerror(-ret));
	return ret;
}

void
devx_event_channel_destroy(struct devx_event_channel *channel)
{
	if (channel == NULL)
		return;
	mlx5dv_devx_destroy_event_channel(channel->dv);
	free(channel);
}

int
devx_event_channel_fd(const struct devx_event_channel *channel)
{
	return channel->dv->fd;
}

int
devx_event_subscribe(struct devx_event_channel *channel, struct devx_obj *obj, enum prm_event event,
		uint64_t cookie)
{
	uint16_t events[1] = { (uint16_t)event };
	int error;

	error = mlx5dv_devx_subscribe_devx_event(channel->dv, obj->dv, sizeof(events), events,
			cookie);
	if (error == 0)
		return 0;
	error = error > 0 ? error : errno;
	base_err(channel->dev->log, "%s: no events of %s: %s", channel->dev->pci_addr, obj->name,
			strerror(error));
	return -error;
}

int
devx_event_read(struct devx_event_channel *channel, uint64_t *cookie)
{
	union {
		struct mlx5dv_devx_async_event_hdr hdr;
		uint8_t bytes[sizeof(struct mlx5dv_devx_async_event_hdr) + PRM_SIZE(eqe)];
	} event;
	ssize_t len;

	do {
		errno = 0;
		len = mlx5dv_devx_get_event(channel->dv, &event.hdr, sizeof(event));
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : devx_errno();
	if ((size_t)len < sizeof(event.hdr))
		return -EIO;
	*cookie = event.hdr.cookie;
	return 0;
}
