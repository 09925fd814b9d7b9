/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a PCI function is found among the RDMA devices by the PCI_SLOT_NAME that
 * its sysfs uevent file gives, a sub-function by where the RDMA device's sysfs link "device" leads.
 * Opening takes, in this order: the context (DevX), the protection domain, a UAR page for
 * completion doorbells (write-combining, or non-cached where the platform refuses that or the user
 * says so), the VAR page for queue doorbells, and the null key that stands for holes in guest
 * memory. Closing gives them back in reverse.
 *
 * The VAR of a process that has just died may still be on its way back to the pool; the kernel
 * then says EAGAIN, and the allocation is tried again with growing pauses (there is no event to
 * wait for).
 */
#include "devx_dev.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "devx_mr.h"
#include "devx_priv.h"

#define VAR_TRIES 7
#define VAR_FIRST_PAUSE_MS 100

const char *
devx_uevent_find(const char *text, const char *key)
{
	size_t key_len = strlen(key);
	const char *line = text;

	while (line != NULL && *line != '\0') {
		if (strncmp(line, key, key_len) == 0 && line[key_len] == '=')
			return line + key_len + 1;
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return NULL;
}

static bool
devx_ibdev_is_at(const struct ibv_device *ibdev, const char *pci_addr)
{
	char path[sizeof(ibdev->ibdev_path) + sizeof("/device/uevent")];
	char text[4096];
	const char *slot;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/device/uevent", ibdev->ibdev_path);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	slot = devx_uevent_find(text, "PCI_SLOT_NAME");
	if (slot == NULL)
		return false;
	len = strlen(pci_addr);
	return strncasecmp(slot, pci_addr, len) == 0 && (slot[len] == '\n' || slot[len] == '\0');
}

/* "mlx5_core.sf.2": has no PCI address of its own (that of the parent is several devices'). */
static bool
devx_ibdev_is_aux(const struct ibv_device *ibdev, const char *name)
{
	char path[sizeof(ibdev->ibdev_path) + sizeof("/device")], target[512];
	const char *last;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/device", ibdev->ibdev_path);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	last = strrchr(target, '/');
	return strcmp(last != NULL ? last + 1 : target, name) == 0;
}

static bool
devx_ibdev_is(const struct ibv_device *ibdev, const char *name)
{
	return strncmp(name, DEVX_SF_PREFIX, sizeof(DEVX_SF_PREFIX) - 1) == 0 ?
			devx_ibdev_is_aux(ibdev, name) :
			devx_ibdev_is_at(ibdev, name);
}

static int
devx_open_ctx(struct devx_dev *dev)
{
	struct mlx5dv_context_attr attr = { .flags = MLX5DV_CONTEXT_FLAGS_DEVX };
	struct ibv_device **list;
	int nb = 0, i, ret = -ENODEV;

	list = ibv_get_device_list(&nb);
	if (list == NULL) {
		ret = devx_errno();
		base_err(dev->log, "%s: no list of RDMA devices: %s", dev->pci_addr,
				strerror(-ret));
		return ret;
	}
	for (i = 0; i < nb && !devx_ibdev_is(list[i], dev->pci_addr); i++)
		;
	if (i == nb) {
		base_err(dev->log,
				"%s: none of %d RDMA devices belongs to it (is the mlx5_ib kernel "
				"driver bound?)",
				dev->pci_addr, nb);
		goto free_list;
	}
	errno = 0;
	dev->ctx = mlx5dv_open_device(list[i], &attr);
	ret = dev->ctx != NULL ? 0 : devx_errno();
	if (ret != 0)
		base_err(dev->log, "%s: cannot open %s with DevX: %s", dev->pci_addr,
				ibv_get_device_name(list[i]), strerror(-ret));
free_list:
	ibv_free_device_list(list);
	return ret;
}

static int
devx_open_pd(struct devx_dev *dev)
{
	struct mlx5dv_pd dv_pd = { 0 };
	struct mlx5dv_obj obj = { 0 };
	int ret;

	errno = 0;
	dev->pd = ibv_alloc_pd(dev->ctx);
	if (dev->pd == NULL) {
		ret = devx_errno();
		base_err(dev->log, "%s: no protection domain: %s", dev->pci_addr, strerror(-ret));
		return ret;
	}
	obj.pd.in = dev->pd;
	obj.pd.out = &dv_pd;
	ret = mlx5dv_init_obj(&obj, MLX5DV_OBJ_PD);
	if (ret != 0) {
		base_err(dev->log, "%s: no number for the protection domain: %d", dev->pci_addr,
				ret);
		ibv_dealloc_pd(dev->pd);
		dev->pd = NULL;
		return ret < 0 ? ret : -ret;
	}
	dev->pdn = dv_pd.pdn;
	return 0;
}

static int
devx_open_uar(struct devx_dev *dev)
{
	int ret;

	errno = 0;
	if (!dev->doorbell_nc)
		dev->uar = mlx5dv_devx_alloc_uar(dev->ctx, MLX5DV_UAR_ALLOC_TYPE_BF);
	if (dev->uar == NULL) { /* some platforms have no write-combining mapping for it */
		base_info(dev->log, "%s: completion doorbells are not write-combining",
				dev->pci_addr);
		dev->uar = mlx5dv_devx_alloc_uar(dev->ctx, MLX5DV_UAR_ALLOC_TYPE_NC);
	}
	if (dev->uar != NULL)
		return 0;
	ret = devx_errno();
	base_err(dev->log, "%s: no UAR page: %s", dev->pci_addr, strerror(-ret));
	return ret;
}

static struct mlx5dv_var *
devx_alloc_var(struct devx_dev *dev)
{
	struct timespec pause = { 0 };
	struct mlx5dv_var *var;
	long ms = VAR_FIRST_PAUSE_MS;
	int i;

	for (i = 0;; i++, ms *= 2) {
		errno = 0;
		var = mlx5dv_alloc_var(dev->ctx, 0);
		if (var != NULL || errno != EAGAIN || i == VAR_TRIES)
			return var;
		base_info(dev->log, "%s: no VAR page yet, next try in %ld ms", dev->pci_addr, ms);
		pause.tv_sec = ms / 1000;
		pause.tv_nsec = ms % 1000 * 1000000;
		nanosleep(&pause, NULL);
	}
}

static int
devx_open_var(struct devx_dev *dev)
{
	void *addr;
	int ret;

	dev->var = devx_alloc_var(dev);
	if (dev->var == NULL) {
		ret = devx_errno();
		base_err(dev->log, "%s: no VAR page for queue doorbells: %s", dev->pci_addr,
				strerror(-ret));
		return ret;
	}
	addr = mmap(NULL, dev->var->length, PROT_READ | PROT_WRITE, MAP_SHARED, dev->ctx->cmd_fd,
			dev->var->mmap_off);
	if (addr == MAP_FAILED) {
		ret = devx_errno();
		base_err(dev->log, "%s: cannot map the VAR page: %s", dev->pci_addr,
				strerror(-ret));
		mlx5dv_free_var(dev->var);
		dev->var = NULL;
		return ret;
	}
	dev->var_map = (struct devx_var){
		.addr = addr,
		.offset = (uint64_t)dev->var->mmap_off,
		.length = dev->var->length,
		.page_id = dev->var->page_id,
	};
	return 0;
}

int
devx_dev_open(const struct devx_dev_attr *attr, struct devx_dev **out)
{
	static int (*const steps[])(struct devx_dev *) = { devx_open_ctx, devx_open_pd,
		devx_open_uar, devx_open_var, devx_null_key_open };
	struct devx_dev *dev;
	int ret = -ENOMEM;
	size_t i;

	dev = calloc(1, sizeof(*dev));
	if (dev == NULL)
		return ret;
	snprintf(dev->pci_addr, sizeof(dev->pci_addr), "%s", attr->name);
	dev->log = attr->log;
	dev->doorbell_nc = attr->doorbell_nc;
	dev->page_size = (size_t)sysconf(_SC_PAGESIZE);
	dev->grave = devx_grave_create();
	if (dev->grave == NULL)
		goto close_dev;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ret = steps[i](dev);
		if (ret != 0)
			goto close_dev;
	}
	*out = dev;
	return 0;
close_dev:
	devx_dev_close(dev);
	return ret;
}

void
devx_dev_close(struct devx_dev *dev)
{
	if (dev == NULL)
		return;
	if (dev->grave != NULL)
		devx_grave_reap(dev);
	devx_null_key_close(dev);
	if (dev->var != NULL) {
		munmap(dev->var_map.addr, dev->var_map.length);
		mlx5dv_free_var(dev->var);
	}
	if (dev->uar != NULL)
		mlx5dv_devx_free_uar(dev->uar);
	/* A refusal may be an accident; rdma-core keeps memory for what was not given back. */
	if (dev->pd != NULL && ibv_dealloc_pd(dev->pd) != 0 && ibv_dealloc_pd(dev->pd) != 0)
		base_err(dev->log, "%s: the protection domain is still in use", dev->pci_addr);
	if (dev->ctx != NULL)
		ibv_close_device(dev->ctx);
	devx_grave_destroy(dev->grave);
	free(dev);
}

int
devx_dev_cmd_fd(const struct devx_dev *dev)
{
	return dev->ctx->cmd_fd;
}

uint32_t
devx_dev_pd(const struct devx_dev *dev)
{
	return dev->pdn;
}

const struct devx_var *
devx_dev_var(const struct devx_dev *dev)
{
	return &dev->var_map;
}

size_t
devx_dev_page_size(const struct devx_dev *dev)
{
	return dev->page_size;
}

size_t
devx_var_in_page(uint64_t doorbell_offset, size_t page_size)
{
	return (size_t)(doorbell_offset & (page_size - 1));
}
