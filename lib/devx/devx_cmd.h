/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The one exit to the firmware. Every command is counted, and a refused one becomes exactly
 * one log line with the object's name, the opcode's name, the status and the syndrome.
 *
 * Command buffers are laid out by lib/prm (big endian). Callers above this library use the typed
 * functions of the other headers; they need from here the object handle and the count.
 */
#ifndef DEVX_CMD_H
#define DEVX_CMD_H

#include <stddef.h>
#include <stdint.h>

#include "devx_dev.h"
#include "prm_cmd.h"

#define DEVX_NAME_MAX 48

/** A firmware object that one command created; knows how it is destroyed. */
struct devx_obj;

/** Buffers of one command. */
struct devx_io {
	const void *in;
	size_t in_len;
	void *out;
	size_t out_len;
};

/** A command that creates no object; @p what names it in the log. */
int devx_cmd_general(struct devx_dev *dev, const char *what, const struct devx_io *io);

/** Creates the object that the command in @p io describes; @p name is copied, for the log. */
int devx_cmd_create(struct devx_dev *dev, const char *name, const struct devx_io *io,
		struct devx_obj **obj);
int devx_cmd_modify(struct devx_obj *obj, const struct devx_io *io);
int devx_cmd_query(struct devx_obj *obj, const struct devx_io *io);

/** Destroys any object of this library that is a struct devx_obj; NULL is fine. */
void devx_obj_destroy(struct devx_obj *obj);
/** Firmware number of the object. */
uint32_t devx_obj_id(const struct devx_obj *obj);

/** Commands sent since the device was opened, refused ones included. Thread-safe. */
uint64_t devx_cmd_total(const struct devx_dev *dev);

/** errno value (positive) that stands for a firmware status. */
int devx_status_errno(uint8_t status);

/* For the files of this library. */
/** One more; also for what costs a command without being one here: memory, flow rules. */
void devx_cmd_counted(struct devx_dev *dev);

#endif /* DEVX_CMD_H */
