/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the PCI bus offers a function whose id is in the table. It is taken only
 * with class=vdpa (any other answer is "not mine", so that drivers of other classes get it), and
 * through rdma-core: the kernel's mlx5 driver stays bound, nothing is mapped by EAL.
 *
 * A device that a front-end uses is not removed: vhost keeps a pointer to it for the connection,
 * and has no way to be told that it went. The application has to unregister the socket first.
 */
#include <errno.h>

#include <rte_devargs.h>

#include <bus_pci_driver.h>
#include <dev_driver.h>

#include "mvdpa_args.h"
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

static int
mvdpa_probe(struct rte_pci_driver *driver, struct rte_pci_device *pci)
{
	const char *text = pci->device.devargs != NULL ? pci->device.devargs->args : NULL;
	struct mvdpa_args args;
	struct mvdpa_dev *dev;
	int ret;

	if (!mvdpa_args_want(text))
		return 1;
	ret = mvdpa_args_parse(text, &mvdpa_log, &args);
	if (ret != 0)
		return ret;
	ret = mvdpa_dev_create(&pci->device, &args, &dev);
	if (ret != 0)
		return ret;
	ret = mvdpa_ops_register(dev);
	if (ret != 0)
		mvdpa_dev_destroy(dev);
	return ret;
}

static int
mvdpa_remove(struct rte_pci_device *pci)
{
	struct mvdpa_dev *dev = mvdpa_ops_find(&pci->device);

	if (dev == NULL)
		return -ENODEV;
	if (mvdpa_dev_in_use(dev)) {
		base_err(&mvdpa_log,
				"%s: cannot be removed while a front-end uses it: unregister its "
				"vhost socket first",
				dev->name);
		return -EBUSY;
	}
	mvdpa_ops_unregister(dev);
	mvdpa_dev_destroy(dev);
	return 0;
}

static struct rte_pci_driver mvdpa_pci_driver = {
	.id_table = mvdpa_pci_ids,
	.probe = mvdpa_probe,
	.remove = mvdpa_remove,
};

RTE_PMD_REGISTER_PCI(vdpa_mlx5_devx, mvdpa_pci_driver);
RTE_PMD_REGISTER_PCI_TABLE(vdpa_mlx5_devx, mvdpa_pci_ids);
RTE_PMD_REGISTER_KMOD_DEP(vdpa_mlx5_devx, "* ib_uverbs & mlx5_core & mlx5_ib");
RTE_PMD_REGISTER_PARAM_STRING(vdpa_mlx5_devx, MVDPA_ARGS_USAGE);
