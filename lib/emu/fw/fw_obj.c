/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one table row per class of objects says how its numbers run and how to
 * release what an object holds. Numbers come from one table per function and class, so an object
 * of another context is told from one that does not exist. First numbers differ by class: who
 * mixes two kinds of numbers up finds nothing rather than the wrong thing.
 *
 * Invariants: an object is in its function's table and in its context's list of its class, or does
 * not exist. nb_users counts the entries of other objects' uses[] (and of RQTs and indirect keys,
 * which keep longer lists of their own) that point at it.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base_idtab.h"
#include "fw_card.h"
#include "fw_classes.h"
#include "fw_obj.h"
#include "fw_uctx.h"

struct fw_class_row {
	const char *name;
	uint16_t create_op, obj_type; /* 0: no command creates it */
	uint32_t first, nb;
	void (*release)(struct fw_obj *obj); /* lets go of what is not in uses[]; may be NULL */
};

#define NB24 0x100000u /* of 24-bit numbers; far more than a card's memory has room for */

static const struct fw_class_row fw_class_rows[FW_NB_CLASSES] = {
	[FW_CLASS_FLOW] = { "FLOW", 0, 0, 1, NB24, fw_flow_release },
	[FW_CLASS_TIR] = { "TIR", PRM_OP_CREATE_TIR, 0, 0x400, NB24, fw_tir_release },
	[FW_CLASS_RQT] = { "RQT", PRM_OP_CREATE_RQT, 0, 0x800, NB24, fw_rqt_release },
	[FW_CLASS_VIRTQ] = { "VIRTQ", PRM_OP_CREATE_GENERAL_OBJECT, PRM_OBJ_VIRTIO_NET_Q, 0x1000,
			NB24, fw_virtq_release },
	[FW_CLASS_COUNTERS] = { "VIRTQ_COUNTERS", PRM_OP_CREATE_GENERAL_OBJECT,
			PRM_OBJ_VIRTIO_Q_COUNTERS, 0x200, NB24, NULL },
	[FW_CLASS_QP] = { "QP", PRM_OP_CREATE_QP, 0, 0x40, 1u << 18, fw_qp_release },
	[FW_CLASS_CQ] = { "CQ", PRM_OP_CREATE_CQ, 0, 0x80, 1u << 20, fw_cq_release },
	[FW_CLASS_MKEY] = { "MKEY", PRM_OP_CREATE_MKEY, 0, 0x2000, NB24, fw_mkey_release },
	[FW_CLASS_UMEM] = { "UMEM", 0, 0, 1, NB24, NULL },
	[FW_CLASS_VAR] = { "VAR", 0, 0, 0x100, 1u << 10, fw_var_release },
	[FW_CLASS_UAR] = { "UAR", 0, 0, 0x10, 1u << 16, NULL },
	[FW_CLASS_TIS] = { "TIS", PRM_OP_CREATE_TIS, 0, 0x20, NB24, NULL },
	[FW_CLASS_TD] = { "TD", PRM_OP_ALLOC_TRANSPORT_DOMAIN, 0, 8, NB24, NULL },
	[FW_CLASS_PD] = { "PD", PRM_OP_ALLOC_PD, 0, 1, NB24, NULL },
};

void
fw_class_range(enum fw_class cls, uint32_t *first, uint32_t *nb)
{
	*first = fw_class_rows[cls].first;
	*nb = fw_class_rows[cls].nb;
}

const char *
fw_class_name(enum fw_class cls)
{
	return fw_class_rows[cls].name;
}

const struct prm_obj_kind *
fw_class_kind(enum fw_class cls)
{
	const struct fw_class_row *row = &fw_class_rows[cls];

	return row->create_op == 0 ? NULL : prm_obj_kind(row->create_op, row->obj_type);
}

enum fw_syndrome
fw_obj_new(struct fw_uctx *uctx, enum fw_class cls, size_t size, struct fw_obj **obj)
{
	struct fw_obj *o = calloc(1, size);
	int ret;

	if (o == NULL)
		return fw_refuse(uctx, FW_SYN_NO_MEMORY, fw_class_name(cls), size);
	ret = base_idtab_add(&uctx->func->objs[cls], o, &o->id);
	if (ret != 0) {
		free(o);
		return fw_refuse(uctx, ret == -ENOSPC ? FW_SYN_NO_ID : FW_SYN_NO_MEMORY,
				fw_class_name(cls), uctx->func->objs[cls].nb_used);
	}
	o->cls = cls;
	o->uctx = uctx;
	TAILQ_INSERT_TAIL(&uctx->objs[cls], o, link);
	*obj = o;
	return FW_SYN_OK;
}

void
fw_obj_use(struct fw_obj *obj, struct fw_obj *used)
{
	if (used == NULL)
		return;
	assert(obj->nb_uses < FW_OBJ_MAX_USES && used->uctx == obj->uctx);
	used->nb_users++;
	obj->uses[obj->nb_uses++] = used;
}

void
fw_obj_unuse_all(struct fw_obj *obj)
{
	while (obj->nb_uses > 0)
		obj->uses[--obj->nb_uses]->nb_users--;
}

enum fw_syndrome
fw_obj_get(struct fw_uctx *uctx, enum fw_class cls, uint32_t id, const char *field,
		struct fw_obj **obj)
{
	struct fw_obj *o = base_idtab_get(&uctx->func->objs[cls], id);

	*obj = NULL;
	if (o == NULL)
		return fw_refuse(uctx, FW_SYN_NO_OBJECT, field, id);
	if (o->uctx != uctx)
		return fw_refuse(uctx, FW_SYN_FOREIGN, field, id);
	*obj = o;
	return FW_SYN_OK;
}

struct fw_obj *
fw_obj_peek(struct fw_uctx *uctx, enum fw_class cls, uint32_t id)
{
	struct fw_obj *o = base_idtab_get(&uctx->func->objs[cls], id);

	return o != NULL && o->uctx == uctx ? o : NULL;
}

void
fw_obj_delete(struct fw_obj *obj)
{
	const struct fw_class_row *row = &fw_class_rows[obj->cls];

	assert(obj->nb_users == 0);
	if (row->release != NULL)
		row->release(obj);
	fw_obj_unuse_all(obj);
	base_idtab_del(&obj->uctx->func->objs[obj->cls], obj->id);
	TAILQ_REMOVE(&obj->uctx->objs[obj->cls], obj, link);
	free(obj);
}

enum fw_syndrome
fw_obj_destroy(struct fw_uctx *uctx, enum fw_class cls, uint32_t id)
{
	enum fw_syndrome syn;
	struct fw_obj *obj;

	syn = fw_obj_get(uctx, cls, id, fw_class_name(cls), &obj);
	if (syn != FW_SYN_OK)
		return syn;
	if (obj->nb_users > 0)
		return fw_refuse(uctx, FW_SYN_BUSY, fw_class_name(cls), id);
	fw_obj_delete(obj);
	return FW_SYN_OK;
}
