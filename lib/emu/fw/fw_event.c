/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: an event is an event queue entry (PRM structure eqe) that the kernel driver
 * reads; here it is handed to it right away. OBJECT_CHANGE names the object by type and number in
 * its data: 16 bits reserved, obj_type, obj_id (Linux mlx5_ifc.h, affiliated_event_header).
 *
 * Before that it is held against the rules. A delayed event waits in a list of the card that the
 * engine's passes look at, so it comes up to one idle sleep of the engine late. It may come after
 * its object is gone, as on hardware: who receives events must know its objects.
 */
#include <stdlib.h>
#include <string.h>

#include "base_clock.h"
#include "base_math.h"
#include "fw_cq.h"
#include "fw_event.h"
#include "fw_uctx.h"
#include "fw_virtq.h"
#include "prm_field.h"

#define AFFILIATED_TYPE_OFF 16
#define AFFILIATED_ID_OFF 32
#define CQ_ERROR_SYNDROME_OFF 88
#define CQ_ERROR_OVERRUN 1

struct fw_event {
	TAILQ_ENTRY(fw_event) link; /* fw_card.late_events */
	struct fw_uctx *uctx;
	enum fw_fault_event what;
	const struct prm_obj_kind *kind;
	uint32_t id;
	uint64_t due_ns;
	uint8_t eqe[PRM_SIZE(eqe)];
};

static void
fw_event_tell(const struct fw_event *event)
{
	const struct fw_uctx *uctx = event->uctx;

	if (event->what == FW_FAULT_EVENT_COMPLETION)
		uctx->ops->completion(uctx->arg, event->id);
	else
		uctx->ops->event(uctx->arg, event->kind, event->id, PRM_EVENT_OBJECT_CHANGE,
				event->eqe);
}

static void
fw_event_put_off(const struct fw_event *event, uint64_t ns)
{
	struct fw_event *late = malloc(sizeof(*late));

	if (late == NULL) {
		fw_event_tell(event); /* too early rather than never */
		return;
	}
	*late = *event;
	late->due_ns = base_clock_ns() + ns;
	TAILQ_INSERT_TAIL(&event->uctx->func->card->late_events, late, link);
	vnet_wake(event->uctx->func->card->vnet);
}

static void
fw_event_obey(const struct fw_event *event, const struct fw_fault *rule)
{
	uint32_t i;

	base_notice(event->uctx->func->card->log,
			"fw: function %u, context %u: %s of 0x%x: fault '%s': %s",
			event->uctx->func->index, event->uctx->number,
			fw_fault_event_name(event->what), event->id, rule->id,
			fw_fault_action_name(rule->action));
	if (rule->action == FW_FAULT_EVENT_DROP)
		return;
	if (rule->action == FW_FAULT_EVENT_DELAY) {
		fw_event_put_off(event, rule->delay_ns);
		return;
	}
	for (i = 0; i <= rule->nb; i++)
		fw_event_tell(event);
}

static void
fw_event_send(const struct fw_event *event, int32_t queue)
{
	struct fw_func *func = event->uctx->func;
	struct fw_fault_key key = { .func = func->index, .queue = queue, .event = event->what };
	uint32_t hooks = __atomic_load_n(&func->hooks, __ATOMIC_ACQUIRE);
	struct fw_fault rule;

	if ((hooks & FW_HOOK_GONE) != 0)
		return;
	if ((hooks & FW_HOOK_FAULTS) != 0 && fw_hooks_match(func->card, &key, &rule))
		fw_event_obey(event, &rule);
	else
		fw_event_tell(event);
}

void
fw_event_object_change(const struct fw_obj *obj)
{
	struct fw_event event = { .uctx = obj->uctx,
		.what = FW_FAULT_EVENT_OBJECT_CHANGE,
		.kind = fw_class_kind(obj->cls),
		.id = obj->id };
	uint8_t *data = PRM_PTR(eqe, event.eqe, event_data);

	PRM_SET(eqe, event.eqe, event_type, PRM_EVENT_OBJECT_CHANGE);
	prm_set(data, AFFILIATED_TYPE_OFF, 16, event.kind->obj_type);
	prm_set(data, AFFILIATED_ID_OFF, 32, obj->id);
	fw_event_send(&event,
			obj->cls != FW_CLASS_VIRTQ ?
					FW_FAULT_ANY :
					base_container_of(obj, struct fw_virtq, obj)->index);
}

/* The virtio queue whose event queue pair reports to this completion queue. */
static int32_t
fw_event_cq_queue(const struct fw_obj *cq)
{
	const struct fw_func *func = cq->uctx->func;
	struct fw_obj *obj, *peer;
	uint32_t id;

	for (id = 0; (obj = base_idtab_next(&func->objs[FW_CLASS_VIRTQ], &id)) != NULL; id++) {
		const struct fw_virtq *virtq = base_container_of(obj, struct fw_virtq, obj);
		const struct fw_qp *qp = fw_virtq_event_qp(virtq);

		if (qp == NULL)
			continue;
		peer = fw_obj_peek(obj->uctx, FW_CLASS_QP, qp->peer);
		if (peer != NULL && base_container_of(peer, struct fw_qp, obj)->cq != NULL &&
				&base_container_of(peer, struct fw_qp, obj)->cq->obj == cq)
			return virtq->index;
	}
	return FW_FAULT_ANY;
}

void
fw_event_cq_error(const struct fw_obj *cq)
{
	uint8_t eqe[PRM_SIZE(eqe)] = { 0 };
	uint8_t *data = PRM_PTR(eqe, eqe, event_data);

	if ((__atomic_load_n(&cq->uctx->func->hooks, __ATOMIC_ACQUIRE) & FW_HOOK_GONE) != 0)
		return;
	PRM_SET(eqe, eqe, event_type, PRM_EVENT_CQ_ERROR);
	prm_set(data, 0, 32, cq->id); /* Linux struct mlx5_eqe_cq_err: cqn, ..., syndrome */
	prm_set(data, CQ_ERROR_SYNDROME_OFF, 8, CQ_ERROR_OVERRUN);
	cq->uctx->ops->event(cq->uctx->arg, fw_class_kind(cq->cls), cq->id, PRM_EVENT_CQ_ERROR,
			eqe);
}

void
fw_event_completion(const struct fw_obj *cq)
{
	const struct fw_uctx *uctx = cq->uctx;
	struct fw_event event = { .uctx = cq->uctx,
		.what = FW_FAULT_EVENT_COMPLETION,
		.id = cq->id };

	/* This is in the way of packets: without hooks nothing is looked up. */
	if (__atomic_load_n(&uctx->func->hooks, __ATOMIC_ACQUIRE) == 0)
		uctx->ops->completion(uctx->arg, cq->id);
	else
		fw_event_send(&event, fw_event_cq_queue(cq));
}

void
fw_event_poll(struct fw_card *card)
{
	struct fw_event *event, *next;
	uint64_t now;

	if (TAILQ_EMPTY(&card->late_events))
		return;
	now = base_clock_ns();
	for (event = TAILQ_FIRST(&card->late_events); event != NULL; event = next) {
		next = TAILQ_NEXT(event, link);
		if (event->due_ns > now)
			continue;
		TAILQ_REMOVE(&card->late_events, event, link);
		if (!fw_func_is_gone(event->uctx->func))
			fw_event_tell(event);
		free(event);
	}
}

void
fw_event_forget(struct fw_uctx *uctx)
{
	struct fw_event_list *list = &uctx->func->card->late_events;
	struct fw_event *event, *next;

	for (event = TAILQ_FIRST(list); event != NULL; event = next) {
		next = TAILQ_NEXT(event, link);
		if (event->uctx != uctx)
			continue;
		TAILQ_REMOVE(list, event, link);
		free(event);
	}
}
