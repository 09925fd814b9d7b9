/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Faults that somebody wants: rules that say which command or event, the how-manieth of them, and
 * what shall happen. Pure: whoever owns the rules has the lock.
 */
#ifndef FW_FAULT_H
#define FW_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "fw_op.h"
#include "vnet.h"

#define FW_FAULT_MAX_RULES 64u
#define FW_FAULT_ID_MAX 32u

/** What a rule does. Every action on a command can be given a delay besides. */
enum fw_fault_action {
	/** The command is answered with status and syndrome and not carried out. */
	FW_FAULT_FAIL,
	/** It is carried out, but answered so. (Commands of the kernel: as FW_FAULT_FAIL, because
	 * memory that the kernel believes free must not be reachable.) */
	FW_FAULT_FAIL_AFTER,
	/** It is never answered: the call ends after the delay with ETIMEDOUT. */
	FW_FAULT_TIMEOUT,
	/** As FW_FAULT_TIMEOUT, but it is carried out. (Not commands of the kernel, as above.) */
	FW_FAULT_TIMEOUT_AFTER,
	/** It only takes longer. */
	FW_FAULT_DELAY,
	/** After the command its queue (or the one that the rule names) goes to ERR. */
	FW_FAULT_QUEUE_ERROR,
	/** SUSPEND leaves up to @c nb chains fetched that are not used. */
	FW_FAULT_STOP_EARLY,
	/** QUERY of a virtio queue tells the rule's indices. */
	FW_FAULT_BAD_INDICES,
	/** The function is pulled out, right before the command. */
	FW_FAULT_REMOVE,
	FW_FAULT_EVENT_DROP,
	FW_FAULT_EVENT_DELAY,
	/** The event comes @c nb times more. */
	FW_FAULT_EVENT_REPEAT,
	/* What the engine does wrong with rings, packets and log: enum vnet_lie. */
	FW_FAULT_SKIP_USED,
	FW_FAULT_REPEAT_USED,
	FW_FAULT_STALE_USED,
	FW_FAULT_TEAR,
	/** The @c count pages are never noted while the rule is there. */
	FW_FAULT_MISS_DIRTY,
	FW_FAULT_NB_ACTIONS,
};

/** Events that a rule can name; and the engine's, which a rule has by its action. */
enum fw_fault_event {
	FW_FAULT_EVENT_NONE,
	FW_FAULT_EVENT_OBJECT_CHANGE,
	FW_FAULT_EVENT_COMPLETION,
	FW_FAULT_NB_EVENTS,
	FW_FAULT_EVENT_USED = FW_FAULT_NB_EVENTS, /**< a chain is given back */
	FW_FAULT_EVENT_PACKET, /**< a packet is put into a guest's buffers */
	FW_FAULT_EVENT_DIRTY_PAYLOAD, /**< a page of buffers is noted in the dirty log */
	FW_FAULT_EVENT_DIRTY_RING, /**< a page of a ring is */
};

#define FW_FAULT_ANY (-1)

struct fw_fault {
	char id[FW_FAULT_ID_MAX]; /**< not empty, unique */
	enum fw_fault_action action;
	/* Which commands or events; all that is given must hold. */
	int32_t func; /**< FW_FAULT_ANY: of all functions */
	int32_t queue; /**< virtio queue index, or FW_FAULT_ANY */
	struct fw_op op; /**< zeros: any command */
	enum fw_fault_event event; /**< for the actions on events and of the engine only */
	/* When: the nth matching one since the rule was added, and the next count - 1. */
	uint64_t nth; /**< from 1 */
	uint64_t count; /**< 0: all from then on */
	/* What exactly. */
	uint8_t status; /**< PRM status, not OK */
	uint32_t syndrome;
	uint64_t delay_ns;
	uint32_t nb;
	uint16_t avail, used;
	enum vnet_error error;
	/* Kept by the rules themselves. */
	uint64_t matched; /**< how many fell under it */
	uint64_t fired; /**< how many times it acted */
};

struct fw_faults {
	uint32_t nb;
	uint64_t nb_commands; /**< that were looked at since there are rules */
	struct fw_fault rules[FW_FAULT_MAX_RULES];
};

/** What passes by. */
struct fw_fault_key {
	uint32_t func;
	int32_t queue; /**< FW_FAULT_ANY: it is about no virtio queue */
	struct fw_op op;
	enum fw_fault_event event; /**< FW_FAULT_EVENT_NONE: a command */
	bool suspends; /**< a MODIFY that asks for the state SUSPEND */
};

const char *fw_fault_action_name(enum fw_fault_action action);
const char *fw_fault_event_name(enum fw_fault_event event);
/** Is it an action on events? */
bool fw_fault_on_events(enum fw_fault_action action);
/** What the engine does then; VNET_LIE_NONE: it is no action of the engine. */
enum vnet_lie fw_fault_lie(enum fw_fault_action action);
/** The event of the engine's moment @p at. */
enum fw_fault_event fw_fault_engine_event(enum vnet_lie_at at);

/** A rule that matches everything, with the action's defaults: once, the first time. */
void fw_fault_init(struct fw_fault *rule, enum fw_fault_action action);
/** What is wrong with the rule, or NULL. */
const char *fw_fault_check(const struct fw_fault *rule);
/** @return 0, -EINVAL (see fw_fault_check()), -EEXIST, -ENOSPC. Counters start at 0. */
int fw_faults_add(struct fw_faults *faults, const struct fw_fault *rule);
/** @return 0, -ENOENT. */
int fw_faults_del(struct fw_faults *faults, const char *id);
/** At which moments the engine has to ask for function @p func: bits 1 << enum vnet_lie_at. */
uint32_t fw_faults_lies(const struct fw_faults *faults, uint32_t func);
/** The rule that acts on this one, the first of several; NULL: none. Counts in all of them. */
const struct fw_fault *fw_faults_match(struct fw_faults *faults, const struct fw_fault_key *key);

#endif /* FW_FAULT_H */
