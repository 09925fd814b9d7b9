/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A guest's memory as the card sees it: tables of memory, of which one is in force, one may be
 * prepared, and some may still be named by queues. Memory that did not change keeps its keys.
 * Not thread-safe: the device's lock covers it.
 */
#ifndef MVDPA_MEM_H
#define MVDPA_MEM_H

#include <rte_vhost.h>

#include "mvdpa_mem_key.h"
#include "mvdpa_pool.h"

struct guard_table;
struct mvdpa_mem_set; /* keys of one memory table */

struct mvdpa_mem {
	struct devx_dev *devx;
	const struct base_log *log;
	struct mvdpa_pool *pool; /**< on which keys are made and given back */
	uint32_t max_klms; /**< of the card */
	struct mvdpa_mem_plan plan; /**< where vhost has the table in force; translates addresses */
	struct mvdpa_mem_set *tables; /**< all that have keys, the newest first */
	struct mvdpa_mem_set *current; /**< of them: in force; NULL: none */
	struct mvdpa_mem_set *prepared; /**< of them: made ready by mvdpa_mem_prepare(), or NULL */
};

/**
 * Makes everything ready for a table that vhost has not seen yet; queues may be running, and no key
 * goes that they could name. The table in force stays in force until mvdpa_mem_update() finds
 * vhost with this one. Another call replaces what was prepared.
 * @return 0 or -errno, logged; then the card has what it had before.
 */
int mvdpa_mem_prepare(struct mvdpa_mem *mem, const struct guard_table *table);
/**
 * Puts the table that vhost has in force; what was not prepared is made now. The keys of the one
 * before stay until mvdpa_mem_trim(), because queues name them. On error nothing has changed.
 */
int mvdpa_mem_update(struct mvdpa_mem *mem, const struct rte_vhost_memory *table);
/** Gives back all keys but those in force and prepared: no queue names them any more. */
void mvdpa_mem_trim(struct mvdpa_mem *mem);
/** Gives all keys back: there are no queues any more. */
void mvdpa_mem_release(struct mvdpa_mem *mem);
/** The key for virtio queues; there must be a table in force. */
uint32_t mvdpa_mem_key(const struct mvdpa_mem *mem);

#define MVDPA_MEM_REPORT_KEYS 64 /**< that are told of; few guests have more */

/** The table in force, for people; all 0 if there is none. */
struct mvdpa_mem_report {
	uint32_t nb_entries; /**< of the indirect key */
	uint32_t nb_keys; /**< direct ones; the first of them are: */
	struct {
		uint64_t gpa, size;
		uint32_t key;
	} keys[MVDPA_MEM_REPORT_KEYS]; /**< by ascending guest address */
};

void mvdpa_mem_tell(const struct mvdpa_mem *mem, struct mvdpa_mem_report *report);
/** Bytes that all tables keep pinned: for as long as there are two, memory that is in one of them
 * only adds up. */
uint64_t mvdpa_mem_pinned(const struct mvdpa_mem *mem);

#endif /* MVDPA_MEM_H */
