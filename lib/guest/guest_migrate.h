/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The live migration of a running guest from one back-end to another one, in QEMU's order: log on,
 * a first copy of all memory, rounds over the dirty logs while the guest runs, stop (GET_VRING_BASE
 * of all queues), the last round, and the start of the other back-end on the copy. Where a step
 * fails, or none is to follow, the guest goes on where it was.
 *
 * Whether a page was written and is in no log is found in one of two ways, see
 * enum guest_migrate_check. For the guest's control thread.
 */
#ifndef GUEST_MIGRATE_H
#define GUEST_MIGRATE_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_vm.h"

#define GUEST_MIGRATE_MAX_ROUNDS 32u
#define GUEST_MIGRATE_MAX_DIFFER 8u /**< pages that are named */

enum guest_migrate_state {
	GUEST_MIGRATE_IDLE, /**< nothing has been done */
	GUEST_MIGRATE_LOGGING, /**< the back-end marks what it writes; nothing is copied yet */
	GUEST_MIGRATE_COPYING, /**< all was copied once; the guest runs; rounds follow */
	GUEST_MIGRATE_STOPPED, /**< guest and device stand still, the bases are known */
	GUEST_MIGRATE_MOVED, /**< the end: the guest runs at the destination, on the copy */
	GUEST_MIGRATE_STAYED, /**< the end: the guest runs where it was, without a log */
	GUEST_MIGRATE_LOST, /**< the end: the guest runs nowhere */
	GUEST_MIGRATE_NB_STATES,
};

const char *guest_migrate_state_name(enum guest_migrate_state state);
/** Is there an arc between them? */
bool guest_migrate_may(enum guest_migrate_state from, enum guest_migrate_state to);

/** How a dirty bit that is missing is found. */
enum guest_migrate_check {
	/** Copy and memory are compared page by page while the guest is down: its downtime grows (the
	 * time that this takes is told), and every page is named. */
	GUEST_MIGRATE_COMPARE,
	/** Not, so that the downtime is the user's. Instead the guest reads no frames from before the
	 * last round until after the switch-over: they are then read from the copy, and what was not
	 * copied is torn. The ledger has the verdict. */
	GUEST_MIGRATE_HOLD,
};

struct guest_migrate_attr {
	struct guest_vm *vm; /**< runs, on a client's socket */
	const char *to; /**< socket of the destination; NULL: the migration is cancelled at the end */
	enum guest_migrate_check check;
	unsigned int min_rounds; /**< 0: 3 */
	unsigned int max_rounds; /**< 0: 16; at most GUEST_MIGRATE_MAX_ROUNDS */
	uint64_t few_pages; /**< a round with at most so many is the last before the stop; 0: 64 */
	unsigned int hold_ms; /**< at most, for a frame on each receive queue; 0: 20 */
	/** Called after each round while the guest runs, for a test to wait for traffic; not 0 cancels
	 * the migration. May be NULL. */
	int (*between)(void *arg, unsigned int round);
	void *arg;
	const struct base_log *log;
};

/** Where a queue stood; indices as struct guest_vm_place has them. */
struct guest_migrate_queue {
	struct guest_vm_place source; /**< when the device had stopped */
	uint16_t base; /**< what GET_VRING_BASE said */
	uint16_t unread; /**< entries that the device had returned and the guest not yet taken */
	bool stale; /**< what the device writes of the ring is another in the copy: a fault */
	struct guest_vm_place there; /**< when the guest had gone on */
};

struct guest_migrate_page {
	uint64_t gpa;
	char whose[GUEST_VM_WHOSE_LEN];
};

/** What a migration did; filled as far as it came. */
struct guest_migrate_result {
	enum guest_migrate_state state; /**< MOVED, STAYED or LOST */
	const char *step; /**< that failed; NULL: none. "" is not used */
	char why[256]; /**< of it, the last vhost-user error or the system's; "" if none */
	unsigned int nb_rounds; /**< while the guest ran */
	uint64_t pages[GUEST_MIGRATE_MAX_ROUNDS]; /**< copied in each */
	uint64_t last_pages; /**< copied in the last round, after the stop */
	uint64_t device_pages; /**< marked by the device, in all rounds */
	bool compared; /**< all of the memory */
	uint64_t nb_differ; /**< pages that nobody had marked */
	struct guest_migrate_page differ[GUEST_MIGRATE_MAX_DIFFER]; /**< the first of them */
	uint64_t stale_bits; /**< marked in a log that had been replaced; must be 0 */
	unsigned int held; /**< frames that were left unread until after the switch-over */
	unsigned int judged; /**< buffers with frames that only the device's log has put into the
				  copy; 0: there was no traffic, and HOLD has shown nothing */
	uint64_t hold_ns; /**< how long the guest had read nothing when it was stopped */
	uint64_t downtime_ns; /**< from the stop to the destination's (or source's) start; without
				   the comparison */
	uint64_t compare_ns;
	uint64_t total_ns;
	unsigned int nb_queues;
	struct guest_migrate_queue queues[2 * GUEST_NET_MAX_PAIRS];
};

/**
 * Migrates. @return 0: done as asked (moved; or, without destination, cancelled and gone on).
 * -EBADMSG: the same, but a page differs, a ring in the copy is behind, or a replaced log was
 * written; else why the guest could not move, and @p result tells where it is now.
 */
int guest_migrate_run(const struct guest_migrate_attr *attr, struct guest_migrate_result *result);

#endif /* GUEST_MIGRATE_H */
