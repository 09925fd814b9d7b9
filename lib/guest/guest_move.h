/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A guest's memory on its way to another host: files of its own that are filled page by page by what
 * the dirty logs say (pre-copy), and take the place of the guest's memory in the end.
 *
 * The guest's own writes are noted in a log of the guest's memory (guest_mem_watch()), as KVM does;
 * the device's come from the back-end. What neither noted differs at the end: guest_move_compare().
 * For one control thread; the guest may run until guest_move_finish().
 */
#ifndef GUEST_MOVE_H
#define GUEST_MOVE_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_dirty.h"
#include "guest_mem.h"

struct guest_move;

/** Begins: all memory is copied once; from now on the guest's writes are noted. */
int guest_move_begin(struct guest_mem *mem, const struct base_log *log, struct guest_move **move);
/** Regions that came meanwhile are copied, those that went are forgotten. @return 0, -errno. */
int guest_move_follow(struct guest_move *move);
/** Copies what is dirty by the guest's log and by @p device (NULL: none). @return pages. */
uint64_t guest_move_round(struct guest_move *move, struct guest_dirty *device);
/** With guest and device stopped and a last round done: pages that differ, of which the first one
 * is logged. */
uint64_t guest_move_compare(struct guest_move *move);
/** The same, but @p differ is called for each page that differs. @return pages. */
uint64_t
guest_move_differ(struct guest_move *move, void (*differ)(void *arg, uint64_t gpa), void *arg);
/** Is [@p gpa, @p gpa + @p len), inside one region, the same in the copy? False for no region. */
bool guest_move_same(const struct guest_move *move, uint64_t gpa, uint64_t len);
/** Has the guest written the page of @p gpa since the last round? (The device is not asked.) */
bool guest_move_guest_wrote(const struct guest_move *move, uint64_t gpa);
/** The memory table of the copies, as the destination is to get it: addresses of the guest, and ours,
 * are those of the guest's memory. @return number of rows. */
unsigned int guest_move_table(const struct guest_move *move,
		struct guest_mem_region table[GUEST_MEM_MAX_REGIONS]);
/** The copies become the guest's memory, at the same addresses of ours. @return 0, -errno. */
int guest_move_finish(struct guest_move *move);
/** Ends it, finished or not: the guest goes on with the memory that it has. Its threads stand still
 * (guest_vm_end_move()). NULL is fine. */
void guest_move_end(struct guest_move *move);

#endif /* GUEST_MOVE_H */
