/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: each command and each event is held against all rules; what the engine does
 * with rings and packets are events, too. A rule counts what
 * falls under it, whether it acts or not, so that a rule that does nothing
 * (a delay of 0) is a counter, and a test can sweep over "the k-th" without knowing how many
 * there are. When several want to act, the oldest does; the others have counted.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base_math.h"
#include "fw_fault.h"
#include "prm_cmd.h"

static const char *const fw_fault_actions[FW_FAULT_NB_ACTIONS] = {
	[FW_FAULT_FAIL] = "fail",
	[FW_FAULT_FAIL_AFTER] = "fail-after",
	[FW_FAULT_TIMEOUT] = "timeout",
	[FW_FAULT_TIMEOUT_AFTER] = "timeout-after",
	[FW_FAULT_DELAY] = "delay",
	[FW_FAULT_QUEUE_ERROR] = "queue-error",
	[FW_FAULT_STOP_EARLY] = "stop-early",
	[FW_FAULT_BAD_INDICES] = "bad-indices",
	[FW_FAULT_REMOVE] = "remove",
	[FW_FAULT_EVENT_DROP] = "event-drop",
	[FW_FAULT_EVENT_DELAY] = "event-delay",
	[FW_FAULT_EVENT_REPEAT] = "event-repeat",
	[FW_FAULT_SKIP_USED] = "skip-used",
	[FW_FAULT_REPEAT_USED] = "repeat-used",
	[FW_FAULT_STALE_USED] = "stale-used",
	[FW_FAULT_TEAR] = "tear",
	[FW_FAULT_MISS_DIRTY] = "miss-dirty",
};

/* What the engine does, and the event that it is, for the actions that are the engine's. */
static const struct fw_fault_engine {
	enum vnet_lie lie;
	enum fw_fault_event event;
} fw_fault_engines[FW_FAULT_NB_ACTIONS] = {
	[FW_FAULT_SKIP_USED] = { VNET_LIE_SKIP_USED, FW_FAULT_EVENT_USED },
	[FW_FAULT_REPEAT_USED] = { VNET_LIE_REPEAT_USED, FW_FAULT_EVENT_USED },
	[FW_FAULT_STALE_USED] = { VNET_LIE_STALE_USED, FW_FAULT_EVENT_USED },
	[FW_FAULT_TEAR] = { VNET_LIE_TEAR, FW_FAULT_EVENT_PACKET },
	[FW_FAULT_MISS_DIRTY] = { VNET_LIE_MISS_DIRTY, FW_FAULT_EVENT_DIRTY_PAYLOAD },
};

static const enum fw_fault_event fw_fault_engine_events[VNET_LIE_NB_ATS] = {
	[VNET_LIE_AT_USED] = FW_FAULT_EVENT_USED,
	[VNET_LIE_AT_PACKET] = FW_FAULT_EVENT_PACKET,
	[VNET_LIE_AT_DIRTY_PAYLOAD] = FW_FAULT_EVENT_DIRTY_PAYLOAD,
	[VNET_LIE_AT_DIRTY_RING] = FW_FAULT_EVENT_DIRTY_RING,
};

static const char *const fw_fault_events[FW_FAULT_NB_EVENTS] = {
	[FW_FAULT_EVENT_NONE] = "none",
	[FW_FAULT_EVENT_OBJECT_CHANGE] = "object-change",
	[FW_FAULT_EVENT_COMPLETION] = "completion",
};

const char *
fw_fault_action_name(enum fw_fault_action action)
{
	return fw_fault_actions[action];
}

const char *
fw_fault_event_name(enum fw_fault_event event)
{
	return fw_fault_events[event];
}

bool
fw_fault_on_events(enum fw_fault_action action)
{
	return action == FW_FAULT_EVENT_DROP || action == FW_FAULT_EVENT_DELAY ||
			action == FW_FAULT_EVENT_REPEAT;
}

enum vnet_lie
fw_fault_lie(enum fw_fault_action action)
{
	return fw_fault_engines[action].lie;
}

enum fw_fault_event
fw_fault_engine_event(enum vnet_lie_at at)
{
	return fw_fault_engine_events[at];
}

void
fw_fault_init(struct fw_fault *rule, enum fw_fault_action action)
{
	static const struct fw_op modify = { PRM_OP_MODIFY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q };
	static const struct fw_op query = { PRM_OP_QUERY_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q };

	memset(rule, 0, sizeof(*rule));
	rule->action = action;
	rule->func = FW_FAULT_ANY;
	rule->queue = FW_FAULT_ANY;
	rule->nth = 1;
	rule->count = 1;
	rule->nb = 1;
	if (action == FW_FAULT_FAIL || action == FW_FAULT_FAIL_AFTER)
		rule->status = PRM_STATUS_INT_ERR;
	if (action == FW_FAULT_QUEUE_ERROR)
		rule->error = VNET_ERR_INVALID_BUFFER;
	if (action == FW_FAULT_STOP_EARLY)
		rule->op = modify;
	if (action == FW_FAULT_BAD_INDICES)
		rule->op = query;
	if (fw_fault_on_events(action))
		rule->event = FW_FAULT_EVENT_OBJECT_CHANGE;
	if (fw_fault_lie(action) != VNET_LIE_NONE)
		rule->event = fw_fault_engines[action].event;
}

/* What is wrong with an action of the engine. */
static const char *
fw_fault_check_lie(const struct fw_fault *rule)
{
	bool dirty_ring = rule->action == FW_FAULT_MISS_DIRTY &&
			rule->event == FW_FAULT_EVENT_DIRTY_RING;

	if (rule->event != fw_fault_engines[rule->action].event && !dirty_ring)
		return rule->event < FW_FAULT_NB_EVENTS ? "only the event actions take an event" :
							  "part is for miss-dirty";
	if (rule->op.opcode != 0)
		return "it is about packets, not about commands";
	if (rule->delay_ns != 0)
		return "only commands and events can be delayed";
	if (rule->action == FW_FAULT_MISS_DIRTY && rule->count > VNET_LIE_MAX_PAGES)
		return "of so many pages no account can be kept: up to 64, or forever";
	return NULL;
}

const char *
fw_fault_check(const struct fw_fault *rule)
{
	bool on_events = fw_fault_on_events(rule->action);

	if (rule->id[0] == '\0')
		return "it has no id";
	if (rule->nth == 0)
		return "nth counts from 1";
	if (fw_fault_lie(rule->action) != VNET_LIE_NONE)
		return fw_fault_check_lie(rule);
	if (on_events != (rule->event != FW_FAULT_EVENT_NONE))
		return on_events ? "it names no event" : "only the event actions take an event";
	if (rule->event >= FW_FAULT_NB_EVENTS)
		return "part is for miss-dirty";
	if (on_events && rule->op.opcode != 0)
		return "an event comes with no command";
	if ((rule->action == FW_FAULT_FAIL || rule->action == FW_FAULT_FAIL_AFTER) &&
			rule->status == PRM_STATUS_OK)
		return "a failure needs a status that is not OK";
	if (rule->action == FW_FAULT_QUEUE_ERROR &&
			(rule->error == VNET_ERR_NONE || rule->error > VNET_ERR_AVAIL_INDEX))
		return "there is no such error of a queue";
	if (rule->action == FW_FAULT_STOP_EARLY &&
			(rule->op.opcode != PRM_OP_MODIFY_GENERAL_OBJECT || rule->nb == 0))
		return "stop-early is for MODIFY of virtio queues and 1 or more chains";
	if (rule->action == FW_FAULT_BAD_INDICES && rule->op.opcode != PRM_OP_QUERY_GENERAL_OBJECT)
		return "bad-indices is for QUERY of virtio queues";
	return NULL;
}

static struct fw_fault *
fw_faults_find(struct fw_faults *faults, const char *id)
{
	uint32_t i;

	for (i = 0; i < faults->nb; i++) {
		if (strcmp(faults->rules[i].id, id) == 0)
			return &faults->rules[i];
	}
	return NULL;
}

int
fw_faults_add(struct fw_faults *faults, const struct fw_fault *rule)
{
	if (fw_fault_check(rule) != NULL)
		return -EINVAL;
	if (fw_faults_find(faults, rule->id) != NULL)
		return -EEXIST;
	if (faults->nb == FW_FAULT_MAX_RULES)
		return -ENOSPC;
	faults->rules[faults->nb] = *rule;
	faults->rules[faults->nb].matched = 0;
	faults->rules[faults->nb].fired = 0;
	faults->nb++;
	return 0;
}

int
fw_faults_del(struct fw_faults *faults, const char *id)
{
	struct fw_fault *rule = fw_faults_find(faults, id);

	if (rule == NULL)
		return -ENOENT;
	faults->nb--;
	memmove(rule, rule + 1, (size_t)(&faults->rules[faults->nb] - rule) * sizeof(*rule));
	return 0;
}

uint32_t
fw_faults_lies(const struct fw_faults *faults, uint32_t func)
{
	uint32_t i, at, ats = 0;

	for (i = 0; i < faults->nb; i++) {
		const struct fw_fault *rule = &faults->rules[i];

		if (rule->func != FW_FAULT_ANY && (uint32_t)rule->func != func)
			continue;
		for (at = 0; at < VNET_LIE_NB_ATS; at++) {
			if (rule->event == fw_fault_engine_events[at])
				ats |= 1u << at;
		}
	}
	return ats;
}

static bool
fw_fault_covers(const struct fw_fault *rule, const struct fw_fault_key *key)
{
	if (rule->event != key->event)
		return false;
	if (rule->func != FW_FAULT_ANY && (uint32_t)rule->func != key->func)
		return false;
	if (rule->queue != FW_FAULT_ANY && rule->queue != key->queue)
		return false;
	if (rule->action == FW_FAULT_STOP_EARLY && !key->suspends)
		return false;
	return fw_op_matches(&rule->op, &key->op);
}

/* Has its time come? The rule has counted already; one that would do nothing is a mere counter. */
static bool
fw_fault_due(const struct fw_fault *rule)
{
	if (rule->action == FW_FAULT_DELAY && rule->delay_ns == 0)
		return false;
	return rule->matched >= rule->nth &&
			(rule->count == 0 || rule->matched - rule->nth < rule->count);
}

const struct fw_fault *
fw_faults_match(struct fw_faults *faults, const struct fw_fault_key *key)
{
	const struct fw_fault *acts = NULL;
	uint32_t i;

	faults->nb_commands += key->event == FW_FAULT_EVENT_NONE;
	for (i = 0; i < faults->nb; i++) {
		struct fw_fault *rule = &faults->rules[i];

		if (!fw_fault_covers(rule, key))
			continue;
		rule->matched++;
		if (acts != NULL || !fw_fault_due(rule))
			continue;
		rule->fired++;
		acts = rule;
	}
	return acts;
}
