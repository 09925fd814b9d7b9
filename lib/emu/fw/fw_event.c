/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: an event is an event queue entry (PRM structure eqe) that the kernel driver
 * reads; here it is handed to it right away. OBJECT_CHANGE names the object by type and number in
 * its data: 16 bits reserved, obj_type, obj_id (Linux mlx5_ifc.h, affiliated_event_header).
 */
#include "fw_event.h"
#include "fw_uctx.h"
#include "prm_field.h"

#define AFFILIATED_TYPE_OFF 16
#define AFFILIATED_ID_OFF 32

void
fw_event_object_change(const struct fw_obj *obj)
{
	const struct prm_obj_kind *kind = fw_class_kind(obj->cls);
	uint8_t eqe[PRM_SIZE(eqe)] = { 0 };
	uint8_t *data = PRM_PTR(eqe, eqe, event_data);

	PRM_SET(eqe, eqe, event_type, PRM_EVENT_OBJECT_CHANGE);
	prm_set(data, AFFILIATED_TYPE_OFF, 16, kind->obj_type);
	prm_set(data, AFFILIATED_ID_OFF, 32, obj->id);
	obj->uctx->ops->event(obj->uctx->arg, kind, obj->id, PRM_EVENT_OBJECT_CHANGE, eqe);
}
