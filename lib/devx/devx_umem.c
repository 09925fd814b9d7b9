/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one registration for each piece of memory, through the kernel, which pins
 * it. Nothing is cached here.
 */
#include "devx_umem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devx_priv.h"

struct devx_umem {
	struct devx_grave_item grave; /* first */
	struct devx_dev *dev;
	struct mlx5dv_devx_umem *dv;
	void (*release)(void *mem); /* NULL: the memory is the caller's */
	void *mem;
};

int
devx_umem_create(struct devx_dev *dev, void *addr, size_t len, struct devx_umem **out)
{
	struct devx_umem *umem;
	int ret;

	umem = calloc(1, sizeof(*umem));
	if (umem == NULL)
		return -ENOMEM;
	umem->dev = dev;
	devx_cmd_counted(dev);
	errno = 0;
	umem->dv = mlx5dv_devx_umem_reg(dev->ctx, addr, len, IBV_ACCESS_LOCAL_WRITE);
	if (umem->dv == NULL) {
		ret = devx_errno();
		base_err(dev->log, "%s: cannot register %zu bytes at %p as umem: %s", dev->pci_addr,
				len, addr, strerror(-ret));
		free(umem);
		return ret;
	}
	*out = umem;
	return 0;
}

static int
devx_umem_try(struct devx_grave_item *item)
{
	struct devx_umem *umem = (struct devx_umem *)item;
	int error;

	devx_cmd_counted(umem->dev);
	error = mlx5dv_devx_umem_dereg(umem->dv);
	if (error != 0) {
		error = error > 0 ? error : errno;
		base_log_write(umem->dev->log, devx_grave_level(item),
				"%s: cannot deregister a umem: %s", umem->dev->pci_addr,
				strerror(error));
		return -error;
	}
	if (umem->release != NULL)
		umem->release(umem->mem);
	free(umem);
	return 0;
}

void
devx_umem_own(struct devx_umem *umem, void (*release)(void *mem), void *mem)
{
	umem->release = release;
	umem->mem = mem;
}

void
devx_umem_destroy(struct devx_umem *umem)
{
	if (umem != NULL)
		devx_grave_give_up(umem->dev, &umem->grave, devx_umem_try);
}

uint32_t
devx_umem_id(const struct devx_umem *umem)
{
	return umem->dv->umem_id;
}
