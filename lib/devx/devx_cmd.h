/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The one exit to the firmware. Every command is counted by its opcode, and a refused one becomes
 * exactly one log line with the object's name, the opcode's name, the status and the syndrome.
 *
 * Command buffers are laid out by lib/prm (big endian). Callers above this library use the typed
 * functions of the other headers; they need from here the object handle and the counts.
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

/** Things that cost a firmware command but have no opcode of their own in user space; they are
 * counted under these numbers, outside the range of opcodes. */
enum devx_pseudo_op {
	DEVX_OP_REG_MR = 0xff01,
	DEVX_OP_DEREG_MR,
	DEVX_OP_REG_UMEM,
	DEVX_OP_DEREG_UMEM,
	DEVX_OP_CREATE_FLOW,
	DEVX_OP_DESTROY_FLOW,
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
/** The same for one opcode or one of enum devx_pseudo_op. */
uint64_t devx_cmd_count(const struct devx_dev *dev, uint16_t opcode);

/** errno value (positive) that stands for a firmware status. */
int devx_status_errno(uint8_t status);

/* For the files of this library. */
struct devx_count;
struct devx_count *devx_count_create(void);
void devx_count_destroy(struct devx_count *count);
void devx_count_add(struct devx_count *count, uint16_t opcode);

#endif /* DEVX_CMD_H */
