/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Which firmware commands a user may send by which DevX method, and how commands name objects.
 * Pure functions.
 */
#ifndef MIB_DEVX_CMD_H
#define MIB_DEVX_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prm_cmd.h"

#define MIB_DESTROY_LEN 16u

/** Opcode of a command of at least 2 bytes. */
uint16_t mib_cmd_opcode(const void *cmd);

/** A command that changes nothing and names no object of a user: method DEVX/OTHER. */
bool mib_cmd_is_general(const void *cmd, size_t len);
/** The kind of object that a create command makes, NULL when it is none: DEVX_OBJ/CREATE. */
const struct prm_obj_kind *mib_cmd_created_kind(const void *cmd, size_t len);
/** Is it a command that modifies exactly this object: DEVX_OBJ/MODIFY? */
bool mib_cmd_modifies(const void *cmd, size_t len, const struct prm_obj_kind *kind, uint32_t id);
/** Is it a command that queries exactly this object: DEVX_OBJ/QUERY? */
bool mib_cmd_queries(const void *cmd, size_t len, const struct prm_obj_kind *kind, uint32_t id);

/** Number of the object in the output of a successful create command. */
uint32_t mib_cmd_new_id(const struct prm_obj_kind *kind, const void *out);
/** Builds the command that destroys it. */
void mib_cmd_destroy(const struct prm_obj_kind *kind, uint32_t id, uint8_t cmd[MIB_DESTROY_LEN]);

#endif /* MIB_DEVX_CMD_H */
