/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A log of dirty pages in a file of its own, as QEMU shares it with vhost-user back-ends: one bit
 * for 4 KiB of guest memory, set by whoever wrote there, cleared by who copies the page.
 *
 * Bits may be set and taken by any thread and process at the same time.
 */
#ifndef GUEST_DIRTY_H
#define GUEST_DIRTY_H

#include <stdbool.h>
#include <stdint.h>

#define GUEST_DIRTY_PAGE 4096u

struct guest_dirty;

/** Makes a clear log with @p offset bytes in front of it in its file (a multiple of the page size),
 * that covers [0, @p end). @return 0, -ENOMEM, -errno. */
int guest_dirty_create(uint64_t end, uint64_t offset, struct guest_dirty **dirty);
/** NULL is fine. */
void guest_dirty_destroy(struct guest_dirty *dirty);

int guest_dirty_fd(const struct guest_dirty *dirty);
uint64_t guest_dirty_size(const struct guest_dirty *dirty); /**< bytes of the bitmap */
uint64_t guest_dirty_offset(const struct guest_dirty *dirty); /**< of it in the file */
/** Is there a bit for each page of [0, @p end)? */
bool guest_dirty_covers(const struct guest_dirty *dirty, uint64_t end);

/** Sets the bits of [gpa, gpa + len), as far as there are any. */
void guest_dirty_mark(struct guest_dirty *dirty, uint64_t gpa, uint64_t len);
bool guest_dirty_is_set(const struct guest_dirty *dirty, uint64_t gpa);
/** How many bits are set. */
uint64_t guest_dirty_count(const struct guest_dirty *dirty);
/** Clears each bit that is set and calls @p page for it, which may be NULL. @return how many. */
uint64_t
guest_dirty_take(struct guest_dirty *dirty, void (*page)(void *arg, uint64_t gpa), void *arg);

#endif /* GUEST_DIRTY_H */
