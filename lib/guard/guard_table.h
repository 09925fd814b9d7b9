/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Memory tables that vhost would take, and die of: a region that is longer than its file is mapped
 * without a question, and the first look into it is a SIGBUS for the whole process.
 */
#ifndef GUARD_TABLE_H
#define GUARD_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <rte_version.h>

#define GUARD_REGIONS_MAX 8u

/** A region of SET_MEM_TABLE as it stands in the message (vhost-user, "Memory region"). */
struct guard_region {
	uint64_t gpa;
	uint64_t size;
	uint64_t user;
	uint64_t offset; /**< in the file that came with it */
};

/** Bytes of the longest payload of a message (vhost-user, "Payload"), behind which vhost keeps the
 * files: that of CREATE_CRYPTO_SESSION, which learned of asymmetric keys in DPDK 25.03. */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 3, 0, 0)
#define GUARD_PAYLOAD_MAX 1072
#else
#define GUARD_PAYLOAD_MAX 632
#endif

/** A memory table with its files. */
struct guard_table {
	uint32_t nb;
	struct guard_region region[GUARD_REGIONS_MAX];
	int fd[GUARD_REGIONS_MAX];
};

/**
 * Takes the table out of a SET_MEM_TABLE that a pre-message callback of rte_vhost got.
 * @return 0; -ENOMSG when it is another message; -EINVAL when it is not of the expected shape
 * (vhost has its own checks for those); -EPROTO when its regions, its files and its length do not
 * agree: vhost refuses it, or takes what it finds in the place of a region for one.
 */
int guard_table_read(const void *msg, struct guard_table *table);

/**
 * Judges it.
 * @param why gets a sentence when the table cannot be served
 * @return 0 or -EINVAL
 */
int guard_table_check(const struct guard_table *table, char *why, size_t size);

/** Puts a table that guard_table_read() took out of @p msg, changed, back there. */
void guard_table_write(const struct guard_table *table, void *msg);

#endif /* GUARD_TABLE_H */
