/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one method, many commands; the command number chooses a row of the
 * driver's table. User space probes for the method with a command but without any buffer and takes
 * the ENOSPC of the length check as "yes": so the length check must come before everything else.
 */
#include <errno.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_verbs.h>

#include "uv_call.h"
#include "uv_write.h"

const struct uv_attr_def uv_write_attrs[UV_NB_WRITE_ATTRS] = {
	/* The number is an enum: 8 bytes, of which the upper half must be zero. */
	UV_ATTR_CONST(UVERBS_ATTR_WRITE_CMD),
	UV_ATTR_IN(UVERBS_ATTR_CORE_IN, 4, UINT16_MAX, .optional = true),
	UV_ATTR_OUT(UVERBS_ATTR_CORE_OUT, 0, UINT16_MAX, .optional = true),
	UV_ATTR_IN(UVERBS_ATTR_UHW_IN, 0, UINT16_MAX, .optional = true),
	UV_ATTR_OUT(UVERBS_ATTR_UHW_OUT, 0, UINT16_MAX, .optional = true),
};

int
uv_write_invoke(struct uv_call *call)
{
	const struct uv_write_def *def = NULL;
	uint64_t cmd;
	size_t i, inlen;

	if (uv_in_const(call, UVERBS_ATTR_WRITE_CMD, UINT32_MAX, &cmd) != 0)
		return -EINVAL;
	if ((cmd & ~(uint64_t)(IB_USER_VERBS_CMD_FLAG_EXTENDED | IB_USER_VERBS_CMD_COMMAND_MASK)) !=
			0)
		return -EINVAL;
	for (i = 0; i < call->api->nb_writes; i++) {
		if (call->api->writes[i].cmd == cmd)
			def = &call->api->writes[i];
	}
	if (def == NULL)
		return -EOPNOTSUPP;
	call->write_name = def->name;
	/* Those that answer nothing give something back: they work to the end. */
	if (uv_file_is_gone(call->file) && def->resp_len != 0)
		return -EIO;
	uv_in(call, UVERBS_ATTR_CORE_IN, &inlen);
	if (inlen < def->req_len || uv_out_len(call, UVERBS_ATTR_CORE_OUT) < def->resp_len)
		return -ENOSPC;
	return def->handler(call);
}
