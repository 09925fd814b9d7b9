/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the kernel queues the events of a context at its async file. Each has to be
 * acknowledged, or objects that it names could not be destroyed.
 */
#include "devx_async.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "devx_priv.h"

int
devx_async_open(struct devx_dev *dev)
{
	int flags = fcntl(dev->ctx->async_fd, F_GETFL);
	int ret;

	if (flags >= 0 && fcntl(dev->ctx->async_fd, F_SETFL, flags | O_NONBLOCK) == 0)
		return 0;
	ret = devx_errno();
	base_err(dev->log, "%s: cannot use the file of asynchronous events: %s", dev->pci_addr,
			strerror(-ret));
	return ret;
}

int
devx_async_fd(const struct devx_dev *dev)
{
	return dev->ctx->async_fd;
}

int
devx_async_read(struct devx_dev *dev, bool *fatal)
{
	struct ibv_async_event event;

	errno = 0;
	if (ibv_get_async_event(dev->ctx, &event) != 0)
		return devx_errno();
	base_info(dev->log, "%s: asynchronous event: %s", dev->pci_addr,
			ibv_event_type_str(event.event_type));
	if (event.event_type == IBV_EVENT_DEVICE_FATAL)
		*fatal = true;
	ibv_ack_async_event(&event);
	return 0;
}
