/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * How long commands take: a table by command, built from a profile and from own figures. Pure.
 */
#ifndef FW_LATENCY_H
#define FW_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "fw_op.h"

#define FW_LATENCY_MAX_ROWS 64u
#define FW_LATENCY_MAX_NS 60000000000ull /**< one minute, what Linux gives a command */

struct fw_latency_row {
	struct fw_op op;
	uint64_t ns;
};

struct fw_latency {
	const char *profile; /**< what it was built from */
	uint64_t default_ns; /**< commands without a row */
	uint64_t mr_ns_per_mib; /**< REG_MR: added for each MiB that is registered */
	uint32_t in_flight; /**< commands of one function at a time; 0: any number */
	uint32_t nb_rows;
	struct fw_latency_row rows[FW_LATENCY_MAX_ROWS];
};

/** Profile @p i, NULL past the end: "none", "cx6dx". */
const char *fw_latency_profile_name(unsigned int i);
/** Starts from a profile. @return 0, -ENOENT. */
int fw_latency_init(struct fw_latency *latency, const char *profile);
/**
 * Sets or replaces a row; @p command as in fw_op_parse().
 * @return 0, -ENOENT (no such command), -ERANGE (above FW_LATENCY_MAX_NS), -ENOSPC.
 */
int fw_latency_set(struct fw_latency *latency, const char *command, uint64_t ns);
/** A row for the object type wins over a row for all types, that over the default. */
uint64_t fw_latency_of(const struct fw_latency *latency, const struct fw_op *op, uint64_t bytes);
/** Is there anything to wait for? */
bool fw_latency_waits(const struct fw_latency *latency);

#endif /* FW_LATENCY_H */
