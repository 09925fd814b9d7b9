/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the files of this library share and nobody else sees: rdma-core's handles.
 */
#ifndef DEVX_PRIV_H
#define DEVX_PRIV_H

#include <infiniband/mlx5dv.h>
#include <infiniband/verbs.h>

#include "devx_cmd.h"
#include "devx_dev.h"
#include "devx_grave.h"

struct devx_dev {
	char pci_addr[32];
	const struct base_log *log;
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	uint32_t pdn;
	size_t page_size;
	bool doorbell_nc; /* the user wants no write-combining */
	struct mlx5dv_devx_uar *uar;
	struct mlx5dv_var *var;
	struct devx_var var_map;
	struct ibv_mr *null_mr;
	_Atomic uint64_t nb_cmds;
	struct devx_grave *grave;
};

struct devx_obj {
	struct devx_grave_item grave; /* first */
	struct devx_dev *dev;
	struct mlx5dv_devx_obj *dv;
	const struct prm_obj_kind *kind;
	uint32_t id;
	char name[DEVX_NAME_MAX];
};

/** errno as a negative number, -EIO where the library that failed has set none. */
int devx_errno(void);

/** Says why a command of the object @p name failed. @param error the positive errno that rdma-core
 * gave, which counts where the firmware's status is OK. @return -errno. */
int
devx_cmd_failed(const struct devx_dev *dev, const char *name, const struct devx_io *io, int error);

#endif /* DEVX_PRIV_H */
