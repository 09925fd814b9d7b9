/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What fault_sweep and schedules share: one guest on a looped port with numbered traffic on every
 * queue pair, the card's control socket beside it, and the questions that are asked after anything
 * was done to them: does every queue run, does every pair carry packets, is every object released,
 * does the account hold.
 */
#ifndef CHAOS_H
#define CHAOS_H

#include <stdbool.h>

#include "card_ctl.h"
#include "guest_vm.h"

#define CHAOS_MAX_PAIRS 8u
#define CHAOS_RING 256u /**< entries of each ring */

struct chaos_attr {
	const char *socket, *control; /**< of the back-end, of the card */
	unsigned int pairs;
	bool packed;
};

struct chaos {
	struct guest_vm *vm;
	struct guest_ledger *ledger;
	struct card_ctl *card;
	struct guest_traffic_load load;
	struct chaos_attr attr;
	struct card_ctl_objects idle; /**< objects when no front-end is there */
	bool idle_known;
};

/** Connects to the card and makes the guest, not connected. @return 0 or -errno. */
int chaos_open(struct chaos *chaos, const struct chaos_attr *attr);
void chaos_close(struct chaos *chaos);

/** Connects and starts the guest with its traffic; tries again while the end of the last connection
 * was not noticed, or for as long as the back-end needs to answer. @return 0 or -errno. */
int chaos_connect(struct chaos *chaos);

/**
 * Ends the connection and waits until the card has the objects that it had before the first one
 * (the first time: until their number is at rest). @return 0 or -EBUSY after a line for each class.
 */
int chaos_disconnect(struct chaos *chaos);

/** Do all queues run, says the card? Asks again until @p timeout_ms are over. */
bool chaos_all_run(struct chaos *chaos, unsigned int timeout_ms);

/** Does queue @p queue run? Asks again until @p timeout_ms are over. */
bool chaos_runs(struct chaos *chaos, unsigned int queue, unsigned int timeout_ms);

/**
 * Is a stream dead that had no packet for @p silent_ms while others had @p others? Yes, after
 * @p timeout_ms in which many others came, or after several times that. Pure.
 */
bool chaos_is_dead(uint64_t silent_ms, uint64_t others, unsigned int timeout_ms);

/** Each pair carries new packets. @return 0, or -ETIMEDOUT after a pair was dead by
 * chaos_is_dead(); a line of the kept log tells which one. */
int chaos_alive(struct chaos *chaos, unsigned int timeout_ms);
/** The same of the pairs whose bit is set. */
int chaos_pairs_alive(struct chaos *chaos, unsigned int pairs, unsigned int timeout_ms);
/** Does each pair carry new packets before @p timeout_ms are over, starved machine or not? */
bool chaos_alive_within(struct chaos *chaos, unsigned int timeout_ms);

/**
 * After guest_vm_quiet(): waits until not more than @p may_miss packets are missing, excused ones
 * among them. @return 0, -ETIMEDOUT; @p missing gets how many are.
 */
int chaos_drain(struct chaos *chaos, uint64_t may_miss, unsigned int timeout_ms, uint64_t *missing);

/**
 * After guest_vm_quiet(): waits until each ring is where it must be when nothing is under way. Every
 * chain that was posted to send has been returned, and the card's indices are those of guest memory.
 * @return 0, or -ETIMEDOUT after a line for each ring that is elsewhere.
 */
int chaos_rest(struct chaos *chaos, unsigned int timeout_ms);

/** Waits until the card has had no command for a while: what goes on behind a reply is done. */
void chaos_calm(struct chaos *chaos);

/** Frames that the card has dropped so far: no rule leads to a queue, or no room will ever be. */
uint64_t chaos_dropped(struct chaos *chaos);

/** Lines of the guest's log that were not worth printing so far. */
void chaos_print_log(void);

#endif /* CHAOS_H */
