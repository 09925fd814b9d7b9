/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * One command while it is executed, and the replies that its handlers give.
 */
#ifndef FW_CMD_H
#define FW_CMD_H

#include "fw_obj.h"

struct fw_cmd_row;

struct fw_cmd {
	struct fw_uctx *uctx;
	const struct fw_cmd_row *row;
	const uint8_t *in; /**< lengths are within what the command's row allows */
	size_t inlen;
	uint8_t *out; /**< zeroed */
	size_t outlen;
};

/** Writes the number of a new object to its place in the output. */
void fw_cmd_reply_id(struct fw_cmd *cmd, const struct fw_obj *obj);

#endif /* FW_CMD_H */
