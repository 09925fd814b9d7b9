/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each command goes out through one of five functions, which count it, send
 * it with rdma-core and, when it was refused, write one line and return -errno.
 *
 * rdma-core reports a refusal in two ways: errno alone (the kernel did not pass the command on),
 * or errno EREMOTEIO with status and syndrome in the output buffer (the firmware refused). The
 * output is therefore cleared before the command, and a status that is not OK decides the errno.
 *
 * The count is one atomic word: it may be read while commands run.
 */
#include "devx_cmd.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_math.h"
#include "devx_priv.h"
#include "prm_field.h"

void
devx_cmd_counted(struct devx_dev *dev)
{
	atomic_fetch_add_explicit(&dev->nb_cmds, 1, memory_order_relaxed);
}

uint64_t
devx_cmd_total(const struct devx_dev *dev)
{
	return atomic_load_explicit(&dev->nb_cmds, memory_order_relaxed);
}

int
devx_errno(void)
{
	return errno > 0 ? -errno : -EIO;
}

int
devx_status_errno(uint8_t status)
{
	static const struct {
		uint8_t status;
		int error;
	} map[] = {
		{ PRM_STATUS_INT_ERR, EIO },
		{ PRM_STATUS_BAD_OP, EOPNOTSUPP },
		{ PRM_STATUS_BAD_PARAM, EINVAL },
		{ PRM_STATUS_BAD_SYS_STATE, EIO },
		{ PRM_STATUS_BAD_RES, EINVAL },
		{ PRM_STATUS_RES_BUSY, EBUSY },
		{ PRM_STATUS_LIM_ERR, ENOSPC },
		{ PRM_STATUS_BAD_RES_STATE, EINVAL },
		{ PRM_STATUS_BAD_INDEX, EINVAL },
		{ PRM_STATUS_NO_RES, EAGAIN },
		{ PRM_STATUS_BAD_INP_LEN, EINVAL },
		{ PRM_STATUS_BAD_OUTP_LEN, EINVAL },
		{ PRM_STATUS_BAD_QP_STATE, EINVAL },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(map); i++) {
		if (map[i].status == status)
			return map[i].error;
	}
	return EIO;
}

static uint16_t
devx_io_opcode(const struct devx_io *io)
{
	return (uint16_t)PRM_GET(cmd_in, io->in, opcode);
}

int
devx_cmd_failed(const struct devx_dev *dev, const char *name, const struct devx_io *io, int error)
{
	uint8_t status = (uint8_t)PRM_GET(cmd_out, io->out, status);
	const char *op = prm_opcode_name(devx_io_opcode(io));

	if (status != PRM_STATUS_OK) {
		base_err(dev->log, "%s: %s of %s refused by firmware: %s (0x%02x), syndrome 0x%08x",
				dev->pci_addr, op, name, prm_status_name(status), status,
				(uint32_t)PRM_GET(cmd_out, io->out, syndrome));
		return -devx_status_errno(status);
	}
	if (error <= 0)
		error = EIO;
	base_err(dev->log, "%s: %s of %s failed: %s", dev->pci_addr, op, name, strerror(error));
	return -error;
}

static void
devx_cmd_begin(struct devx_dev *dev, const struct devx_io *io)
{
	memset(io->out, 0, io->out_len);
	devx_cmd_counted(dev);
	errno = 0;
}

int
devx_cmd_general(struct devx_dev *dev, const char *what, const struct devx_io *io)
{
	int error;

	devx_cmd_begin(dev, io);
	error = mlx5dv_devx_general_cmd(dev->ctx, io->in, io->in_len, io->out, io->out_len);
	return error == 0 ? 0 : devx_cmd_failed(dev, what, io, error > 0 ? error : errno);
}

int
devx_cmd_create(struct devx_dev *dev, const char *name, const struct devx_io *io,
		struct devx_obj **obj)
{
	uint16_t opcode = devx_io_opcode(io);
	const struct prm_obj_kind *kind;
	struct devx_obj *new;

	kind = prm_obj_kind(opcode,
			opcode == PRM_OP_CREATE_GENERAL_OBJECT ?
					(uint16_t)PRM_GET(general_obj_in_cmd_hdr, io->in,
							obj_type) :
					0);
	assert(kind != NULL);
	new = calloc(1, sizeof(*new));
	if (new == NULL)
		return -ENOMEM;
	devx_grave_reap(dev); /* it may have the number, or the room, that is wanted */
	devx_cmd_begin(dev, io);
	new->dv = mlx5dv_devx_obj_create(dev->ctx, io->in, io->in_len, io->out, io->out_len);
	if (new->dv == NULL) {
		int error = errno;

		free(new);
		return devx_cmd_failed(dev, name, io, error);
	}
	new->dev = dev;
	new->kind = kind;
	new->id = (uint32_t)prm_get(io->out, kind->id_off, kind->id_bits);
	snprintf(new->name, sizeof(new->name), "%s", name);
	*obj = new;
	return 0;
}

int
devx_cmd_modify(struct devx_obj *obj, const struct devx_io *io)
{
	int error;

	devx_cmd_begin(obj->dev, io);
	error = mlx5dv_devx_obj_modify(obj->dv, io->in, io->in_len, io->out, io->out_len);
	return error == 0 ? 0 : devx_cmd_failed(obj->dev, obj->name, io, error > 0 ? error : errno);
}

int
devx_cmd_query(struct devx_obj *obj, const struct devx_io *io)
{
	int error;

	devx_cmd_begin(obj->dev, io);
	error = mlx5dv_devx_obj_query(obj->dv, io->in, io->in_len, io->out, io->out_len);
	return error == 0 ? 0 : devx_cmd_failed(obj->dev, obj->name, io, error > 0 ? error : errno);
}

static int
devx_obj_try(struct devx_grave_item *item)
{
	struct devx_obj *obj = (struct devx_obj *)item;
	int error;

	devx_cmd_counted(obj->dev);
	error = mlx5dv_devx_obj_destroy(obj->dv);
	if (error != 0) {
		error = error > 0 ? error : errno;
		base_log_write(obj->dev->log, devx_grave_level(item),
				"%s: %s of %s (0x%x) failed: %s", obj->dev->pci_addr,
				prm_opcode_name(obj->kind->destroy_op), obj->name, obj->id,
				strerror(error));
		return -error;
	}
	free(obj);
	return 0;
}

void
devx_obj_destroy(struct devx_obj *obj)
{
	if (obj != NULL)
		devx_grave_give_up(obj->dev, &obj->grave, devx_obj_try);
}

uint32_t
devx_obj_id(const struct devx_obj *obj)
{
	return obj->id;
}
