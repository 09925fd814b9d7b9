/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Everything that can be done to a command besides executing it, for the whole card: how long it
 * takes, what goes wrong, who is told. For the firmware's own files; the outside is in fw.h.
 */
#ifndef FW_HOOK_H
#define FW_HOOK_H

#include "base_mutex.h"
#include "fw_fault.h"
#include "fw_latency.h"
#include "fw_trace.h"

struct fw_card;
struct fw_func;

/** Bits of fw_func.hooks. None: a command is executed, nothing else. */
enum fw_hook {
	FW_HOOK_LATENCY = 1u << 0,
	FW_HOOK_FAULTS = 1u << 1,
	FW_HOOK_TRACE = 1u << 2,
	FW_HOOK_GONE = 1u << 3, /**< the function was pulled out */
	FW_HOOK_HALTED = 1u << 4, /**< the process exits: nobody waits any more */
};

struct fw_hooks {
	struct base_mutex lock; /**< leaf; below the card's lock */
	struct fw_latency latency BASE_GUARDED_BY(lock);
	struct fw_faults faults BASE_GUARDED_BY(lock);
	const struct fw_trace_ops *trace; /**< fixed */
	void *trace_arg;
	void (*removed)(void *arg, struct fw_func *func); /**< fixed; may be NULL */
	void *removed_arg;
};

void fw_hooks_init(struct fw_hooks *hooks);
void fw_hooks_fini(struct fw_hooks *hooks);
/** Ends all waiting. Async-signal-safe. */
void fw_hooks_halt(struct fw_card *card);
/** Holds an event against the rules. @return whether one acts; then *@p rule is a copy. */
bool fw_hooks_match(struct fw_card *card, const struct fw_fault_key *key, struct fw_fault *rule);

/** What the engine asks (struct vnet_attr.lie); @p arg is the card. */
enum vnet_lie fw_hooks_lie(void *arg, unsigned int port, uint16_t queue, enum vnet_lie_at at);

#endif /* FW_HOOK_H */
