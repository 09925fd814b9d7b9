/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the PCI bus offers a function whose id is in the table, the auxiliary bus a
 * sub-function by its name; from there on both are the same. It is taken only with class=vdpa (any
 * other answer is "not mine", so that drivers of other classes get it), and through rdma-core: the
 * kernel's mlx5 driver stays bound, nothing is mapped by EAL.
 *
 * Removal works at any time. vhost keeps a pointer to the device for each connection and each
 * socket, so something stays with it (mvdpa_ghost.c).
 *
 * A secondary process has no vhost of its own and could not share the card's, so nothing is done
 * there. It is no error: EAL repeats each hot plug in all secondary processes, and takes the device
 * back from the primary one when one of them fails.
 */
#include <errno.h>
#include <string.h>

#include <rte_class.h>
#include <rte_devargs.h>
#include <rte_eal.h>

#include <bus_auxiliary_driver.h>
#include <bus_pci_driver.h>
#include <dev_driver.h>

#include "mvdpa_args.h"
#include "mvdpa_compat.h"
#include "mvdpa_log.h"
#include "mvdpa_ops.h"

#define MELLANOX 0x15b3

/* Functions whose firmware may have virtio queue objects (https://pci-ids.ucw.cz/read/PC/15b3). */
static const struct rte_pci_id mvdpa_pci_ids[] = {
	{ RTE_PCI_DEVICE(MELLANOX, 0x101b) }, /* ConnectX-6 */
	{ RTE_PCI_DEVICE(MELLANOX, 0x101c) }, /* ConnectX-6 virtual function */
	{ RTE_PCI_DEVICE(MELLANOX, 0x101d) }, /* ConnectX-6 Dx */
	{ RTE_PCI_DEVICE(MELLANOX, 0x101e) }, /* virtual function of the family from 6 Dx on */
	{ RTE_PCI_DEVICE(MELLANOX, 0x101f) }, /* ConnectX-6 Lx */
	{ RTE_PCI_DEVICE(MELLANOX, 0x1021) }, /* ConnectX-7 */
	{ RTE_PCI_DEVICE(MELLANOX, 0x1023) }, /* ConnectX-8 */
	{ RTE_PCI_DEVICE(MELLANOX, 0xa2d6) }, /* BlueField-2 */
	{ RTE_PCI_DEVICE(MELLANOX, 0xa2dc) }, /* BlueField-3 */
	{ .vendor_id = 0 },
};

/* Is it said in DPDK's global syntax ("bus=pci,addr=.../class=vdpa/driver=...") or in the old one? */
static bool
driver_wanted(const struct rte_devargs *devargs)
{
	if (devargs == NULL)
		return false;
	return (devargs->cls != NULL && strcmp(devargs->cls->name, "vdpa") == 0) ||
			mvdpa_args_want(devargs->args);
}

static int
driver_probe(struct rte_device *device)
{
	struct mvdpa_args args;
	struct mvdpa_dev *dev;
	int ret;

	if (!driver_wanted(device->devargs))
		return 1;
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		base_info(&mvdpa_log, "%s: left to the primary process", device->name);
		return 0;
	}
	ret = mvdpa_args_parse(device->devargs->args, &mvdpa_log, &args);
	if (ret != 0)
		return ret;
	ret = mvdpa_dev_create(device, &args, &dev);
	if (ret != 0)
		return ret;
	ret = mvdpa_ops_register(dev);
	if (ret != 0)
		mvdpa_dev_destroy(dev);
	return ret;
}

static int
driver_remove(const struct rte_device *device)
{
	struct mvdpa_dev *dev = mvdpa_ops_find(device);

	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0;
	if (dev == NULL)
		return -ENODEV;
	mvdpa_ops_remove(dev);
	return 0;
}

static int
mvdpa_probe(struct rte_pci_driver *driver, struct rte_pci_device *pci)
{
	return driver_probe(&pci->device);
}

static int
mvdpa_remove(struct rte_pci_device *pci)
{
	return driver_remove(&pci->device);
}

static struct rte_pci_driver mvdpa_pci_driver = {
	.id_table = mvdpa_pci_ids,
	.probe = mvdpa_probe,
	.remove = mvdpa_remove,
};

static bool
mvdpa_aux_match(const char *name)
{
	return strncmp(name, DEVX_SF_PREFIX, sizeof(DEVX_SF_PREFIX) - 1) == 0;
}

static int
mvdpa_aux_probe(struct rte_auxiliary_driver *driver, struct rte_auxiliary_device *aux)
{
	return driver_probe(&aux->device);
}

static int
mvdpa_aux_remove(struct rte_auxiliary_device *aux)
{
	return driver_remove(&aux->device);
}

static struct rte_auxiliary_driver mvdpa_aux_driver = {
	.match = mvdpa_aux_match,
	.probe = mvdpa_aux_probe,
	.remove = mvdpa_aux_remove,
};

RTE_PMD_REGISTER_AUXILIARY(vdpa_mlx5_devx_sf, mvdpa_aux_driver);
RTE_PMD_REGISTER_PCI(vdpa_mlx5_devx, mvdpa_pci_driver);
RTE_PMD_REGISTER_PCI_TABLE(vdpa_mlx5_devx, mvdpa_pci_ids);
RTE_PMD_REGISTER_KMOD_DEP(vdpa_mlx5_devx, "* ib_uverbs & mlx5_core & mlx5_ib");
RTE_PMD_REGISTER_PARAM_STRING(vdpa_mlx5_devx, MVDPA_ARGS_USAGE);
