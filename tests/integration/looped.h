/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * One guest on a looped port that sends to itself, stream n on pair n: what the programs share that
 * take it from flow to flow. No locks: for the control thread.
 */
#ifndef LOOPED_H
#define LOOPED_H

#include "guest_vm.h"

struct looped {
	struct guest_vm *vm;
	struct guest_ledger *ledger;
	struct guest_traffic_load load; /**< 200 bytes, 16 under way; the rate is the program's */
	unsigned int pairs;
};

/** Writes the guest's warnings to standard output. */
extern const struct base_log looped_log;

/**
 * What the guest at the back-end @p socket (kept) is made of, but for its ledger: 256 entries,
 * split, guest_vm's memory, looped_log. The caller changes what it wants otherwise.
 */
void looped_attr(struct guest_vm_attr *attr, const char *socket, unsigned int pairs);

/**
 * Words of a command line: packed, mergeable (receive buffers of 128 bytes, so that a frame takes
 * two), indirect, event (EVENT_IDX), poll, eventfd (no host notifier).
 * @return whether all are such words; the one that is not is printed.
 */
bool looped_words(struct guest_vm_attr *attr, char *const *words, int nb);

/**
 * Prints which of its wishes @p vm was granted and what became of them, in one line. @return 0, or
 * -ENODATA when something was negotiated and never happened.
 */
int looped_proof(struct guest_vm *vm);

/** Makes ledger and guest, not connected; @p attr gets the ledger. @return 0 or -errno. */
int looped_open(struct looped *looped, struct guest_vm_attr *attr);
/** Frees both, also after looped_open() has failed. */
void looped_close(struct looped *looped);

/** Connects, sends, and waits until every pair carries packets. @return 0 or -errno. */
int looped_start(struct looped *looped);

/** Each pair carries 60 new packets. @return 0, or -ETIMEDOUT after a line that names the pair. */
int looped_alive(struct looped *looped);

/**
 * The end: stops to send, waits for what is under way and prints the account. @return 0 when all that
 * was posted has arrived once, whole and in order (but what a reset excuses), and the guest's driver
 * saw no error; -EBADMSG, -ENOMEM.
 */
int looped_account(struct looped *looped);

#endif /* LOOPED_H */
