/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Inside of uverbs: a call in progress, and the method that carries old-style write commands.
 */
#ifndef UV_CALL_H
#define UV_CALL_H

#include <rdma/rdma_user_ioctl_cmds.h>

#include "uv_file.h"

/** An attribute of the call, or an object that its handler took by number. */
struct uv_slot {
	bool present;
	uint8_t access; /**< of objects taken by number */
	struct ib_uverbs_attr user; /**< as the user gave it */
	uint64_t uaddr; /**< where the user has it */
	const void *data; /**< input: inside @c user, or @c copy */
	void *copy;
	struct uv_obj *obj;
};

#define UV_MAX_EXTRA 2u /**< objects that a write command may name */

struct uv_call {
	struct uv_file *file;
	const struct uv_api *api;
	const struct uv_method_def *method;
	struct uv_slot slots[UV_MAX_ATTRS]; /**< in the order of the method's declaration */
	struct uv_slot extra[UV_MAX_EXTRA];
	unsigned int nb_extra;
	bool makes_context;
	const char *write_name; /**< of the command in INVOKE_WRITE */
};

#endif /* UV_CALL_H */
