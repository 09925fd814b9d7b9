/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Bits of a command that must be zero, for the firmware's own files: those that belong to no field
 * of its structures, and fields of features that this card never has.
 */
#ifndef FW_RESERVED_H
#define FW_RESERVED_H

#include "fw_cmd.h"

struct fw_reserved; /**< the masks of all commands; constant once made */

/** @return 0, -ENOMEM. */
int fw_reserved_create(struct fw_reserved **reserved);
void fw_reserved_destroy(struct fw_reserved *reserved); /**< NULL is fine */
/**
 * Refuses a command, whose length has been checked, with FW_SYN_RESERVED or FW_SYN_FIELD_CAP if it
 * sets such a bit; the log names the structure, and the dword and mask, or the field.
 */
enum fw_syndrome fw_reserved_check(const struct fw_reserved *reserved, const struct fw_cmd *cmd);

#endif /* FW_RESERVED_H */
