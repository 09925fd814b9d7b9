/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the hooks' settings are the card's, under a lock of their own; which of them
 * are of any interest is a word in each function, so that a command of a card without any looks at
 * one word. Whoever changes a setting changes the words after it.
 *
 * Removal: first the word says so, then all who wait are woken, then, under the card's lock, the
 * engine's work for the function ends: no queue runs, no doorbell rings, no record of a completion
 * queue is read. Objects stay until their owners give them back. A removal cannot be undone.
 */
#include <errno.h>
#include <string.h>

#include "base_math.h"
#include "fw_card.h"
#include "fw_cq.h"
#include "fw_page.h"
#include "fw_qp.h"
#include "fw_uctx.h"
#include "fw_virtq.h"

void
fw_hooks_init(struct fw_hooks *hooks)
{
	base_mutex_init(&hooks->lock);
	base_mutex_lock(&hooks->lock);
	fw_latency_init(&hooks->latency, "none");
	base_mutex_unlock(&hooks->lock);
}

void
fw_hooks_fini(struct fw_hooks *hooks)
{
	base_mutex_destroy(&hooks->lock);
}

static void
fw_hooks_set(struct fw_card *card, enum fw_hook hook, bool on)
{
	unsigned int i;

	for (i = 0; i < card->nb_funcs; i++) {
		if (on)
			__atomic_or_fetch(&card->funcs[i].hooks, hook, __ATOMIC_SEQ_CST);
		else
			__atomic_and_fetch(&card->funcs[i].hooks, ~(uint32_t)hook,
					__ATOMIC_SEQ_CST);
	}
}

static void
fw_hooks_wake(struct fw_func *func)
{
	fw_bell_ring(&func->end_bell);
	fw_bell_ring(&func->gate_bell);
}

void
fw_hooks_halt(struct fw_card *card)
{
	unsigned int i;

	fw_hooks_set(card, FW_HOOK_HALTED, true);
	for (i = 0; i < card->nb_funcs; i++)
		fw_hooks_wake(&card->funcs[i]);
}

/* --- latency -------------------------------------------------------------------------------- */

void
fw_card_set_latency(struct fw_card *card, const struct fw_latency *latency)
{
	unsigned int i;

	base_mutex_lock(&card->hooks.lock);
	card->hooks.latency = *latency;
	fw_hooks_set(card, FW_HOOK_LATENCY, fw_latency_waits(latency));
	base_mutex_unlock(&card->hooks.lock);
	/* The limit may have been raised. */
	for (i = 0; i < card->nb_funcs; i++)
		fw_bell_ring(&card->funcs[i].gate_bell);
}

void
fw_card_latency(struct fw_card *card, struct fw_latency *latency)
{
	base_mutex_lock(&card->hooks.lock);
	*latency = card->hooks.latency;
	base_mutex_unlock(&card->hooks.lock);
}

/* --- faults --------------------------------------------------------------------------------- */

/* The engine asks where there are rules for it. The card's lock comes before ours. */
static void
fw_hooks_faults_changed(struct fw_card *card) BASE_REQUIRES(card->hooks.lock)
{
	unsigned int i;

	fw_hooks_set(card, FW_HOOK_FAULTS, card->hooks.faults.nb != 0);
	for (i = 0; i < card->nb_funcs; i++)
		vnet_port_lies_set_locked(card->funcs[i].port,
				fw_faults_lies(&card->hooks.faults, i));
}

int
fw_card_add_fault(struct fw_card *card, const struct fw_fault *rule)
{
	int ret;

	vnet_lock(card->vnet);
	base_mutex_lock(&card->hooks.lock);
	ret = fw_faults_add(&card->hooks.faults, rule);
	fw_hooks_faults_changed(card);
	base_mutex_unlock(&card->hooks.lock);
	vnet_unlock(card->vnet);
	return ret;
}

int
fw_card_del_fault(struct fw_card *card, const char *id)
{
	int ret;

	vnet_lock(card->vnet);
	base_mutex_lock(&card->hooks.lock);
	ret = fw_faults_del(&card->hooks.faults, id);
	fw_hooks_faults_changed(card);
	base_mutex_unlock(&card->hooks.lock);
	vnet_unlock(card->vnet);
	return ret;
}

void
fw_card_clear_faults(struct fw_card *card)
{
	vnet_lock(card->vnet);
	base_mutex_lock(&card->hooks.lock);
	card->hooks.faults.nb = 0;
	card->hooks.faults.nb_commands = 0;
	fw_hooks_faults_changed(card);
	base_mutex_unlock(&card->hooks.lock);
	vnet_unlock(card->vnet);
}

void
fw_card_faults(struct fw_card *card, struct fw_faults *faults)
{
	base_mutex_lock(&card->hooks.lock);
	*faults = card->hooks.faults;
	base_mutex_unlock(&card->hooks.lock);
}

bool
fw_hooks_match(struct fw_card *card, const struct fw_fault_key *key, struct fw_fault *rule)
{
	const struct fw_fault *acts;

	base_mutex_lock(&card->hooks.lock);
	acts = fw_faults_match(&card->hooks.faults, key);
	if (acts != NULL)
		*rule = *acts;
	base_mutex_unlock(&card->hooks.lock);
	return acts != NULL;
}

enum vnet_lie
fw_hooks_lie(void *arg, unsigned int port, uint16_t queue, enum vnet_lie_at at)
{
	struct fw_fault_key key = { .func = port,
		.queue = queue,
		.event = fw_fault_engine_event(at) };
	struct fw_card *card = arg;
	struct fw_fault rule;

	if (!fw_hooks_match(card, &key, &rule))
		return VNET_LIE_NONE;
	if (rule.fired == 1) /* it may happen to each packet */
		base_notice(card->log, "fw: function %u, queue %u: fault '%s': %s", port, queue,
				rule.id, fw_fault_action_name(rule.action));
	return fw_fault_lie(rule.action);
}

int
fw_func_queue_error(struct fw_func *func, uint16_t index, uint8_t error)
{
	struct vnet *vnet = func->card->vnet;
	struct fw_obj *obj;
	int ret = -ENOENT;
	uint32_t id;

	if (error == VNET_ERR_NONE || error > VNET_ERR_AVAIL_INDEX)
		return -EINVAL;
	vnet_lock(vnet);
	for (id = 0; (obj = base_idtab_next(&func->objs[FW_CLASS_VIRTQ], &id)) != NULL; id++) {
		struct fw_virtq *virtq = base_container_of(obj, struct fw_virtq, obj);

		if (virtq->index != index || virtq->state != FW_VIRTQ_RDY)
			continue;
		vnet_queue_fail_locked(virtq->queue, (enum vnet_error)error);
		ret = 0;
	}
	vnet_unlock(vnet);
	return ret;
}

int
fw_func_event_error(struct fw_func *func, uint16_t index, enum fw_event_error error)
{
	struct vnet *vnet = func->card->vnet;
	struct fw_obj *obj;
	int ret = -ENOENT;
	struct fw_qp *qp;
	uint32_t id;

	vnet_lock(vnet);
	for (id = 0; (obj = base_idtab_next(&func->objs[FW_CLASS_VIRTQ], &id)) != NULL; id++) {
		struct fw_virtq *virtq = base_container_of(obj, struct fw_virtq, obj);

		qp = fw_virtq_event_qp(virtq);
		if (virtq->index != index || virtq->state != FW_VIRTQ_RDY || qp == NULL ||
				fw_qp_event_cq(qp) == NULL)
			continue;
		if (error == FW_EVENT_ERROR_CQ)
			fw_cq_fail(fw_qp_event_cq(qp));
		else
			fw_qp_break(qp);
		ret = 0;
	}
	vnet_unlock(vnet);
	return ret;
}

/* --- trace ---------------------------------------------------------------------------------- */

void
fw_card_set_trace(struct fw_card *card, const struct fw_trace_ops *ops, void *arg)
{
	card->hooks.trace_arg = arg;
	card->hooks.trace = ops;
}

void
fw_card_trace_on(struct fw_card *card)
{
	fw_hooks_set(card, FW_HOOK_TRACE, true);
}

void
fw_card_trace_off(struct fw_card *card)
{
	fw_hooks_set(card, FW_HOOK_TRACE, false);
}

/* --- removal -------------------------------------------------------------------------------- */

void
fw_card_on_remove(struct fw_card *card, void (*removed)(void *arg, struct fw_func *func), void *arg)
{
	card->hooks.removed_arg = arg;
	card->hooks.removed = removed;
}

bool
fw_func_is_gone(const struct fw_func *func)
{
	return (__atomic_load_n(&func->hooks, __ATOMIC_ACQUIRE) & FW_HOOK_GONE) != 0;
}

unsigned int
fw_func_index(const struct fw_func *func)
{
	return func->index;
}

static void
fw_func_stop_locked(struct fw_func *func)
{
	struct fw_obj *obj;
	uint32_t id;

	for (id = 0; (obj = base_idtab_next(&func->objs[FW_CLASS_VIRTQ], &id)) != NULL; id++)
		vnet_queue_suspend_locked(base_container_of(obj, struct fw_virtq, obj)->queue);
	for (id = 0; (obj = base_idtab_next(&func->objs[FW_CLASS_VAR], &id)) != NULL; id++)
		fw_var_silence(obj);
}

int
fw_func_remove(struct fw_func *func)
{
	struct fw_card *card = func->card;
	uint32_t before = __atomic_fetch_or(&func->hooks, FW_HOOK_GONE, __ATOMIC_SEQ_CST);

	if ((before & FW_HOOK_GONE) != 0)
		return -EALREADY;
	base_notice(card->log, "fw: function %u: removed", func->index);
	fw_hooks_wake(func);
	vnet_lock(card->vnet);
	fw_func_stop_locked(func);
	vnet_unlock(card->vnet);
	if (card->hooks.removed != NULL)
		card->hooks.removed(card->hooks.removed_arg, func);
	return 0;
}
