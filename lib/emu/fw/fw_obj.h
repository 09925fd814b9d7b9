/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What all objects of the firmware have in common: a class, a number, an owner, a list of the
 * objects that it uses. An object that is used cannot be destroyed. All functions need the card's
 * lock.
 */
#ifndef FW_OBJ_H
#define FW_OBJ_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "fw_syndrome.h"
#include "prm_cmd.h"

struct fw_uctx;

/** Kinds of objects, users before what they use: a context is taken down in this order. */
enum fw_class {
	FW_CLASS_FLOW,
	FW_CLASS_TIR,
	FW_CLASS_RQT,
	FW_CLASS_VIRTQ,
	FW_CLASS_COUNTERS,
	FW_CLASS_QP,
	FW_CLASS_CQ,
	FW_CLASS_MKEY,
	FW_CLASS_UMEM,
	FW_CLASS_VAR,
	FW_CLASS_UAR,
	FW_CLASS_TIS,
	FW_CLASS_TD,
	FW_CLASS_PD,
	FW_NB_CLASSES,
};

#define FW_OBJ_MAX_USES 10u

/** First member of every object's structure. */
struct fw_obj {
	enum fw_class cls;
	uint32_t id;
	struct fw_uctx *uctx;
	uint32_t nb_users; /**< objects that use this one */
	uint32_t nb_uses;
	struct fw_obj *uses[FW_OBJ_MAX_USES]; /**< each counts this one in its nb_users */
	TAILQ_ENTRY(fw_obj) link; /**< in fw_uctx.objs[cls], oldest first */
};
TAILQ_HEAD(fw_obj_list, fw_obj);

/** First number and quantity of numbers of a class, for its table. */
void fw_class_range(enum fw_class cls, uint32_t *first, uint32_t *nb);
/** "CQ", never NULL. */
const char *fw_class_name(enum fw_class cls);
/** The PRM's row for it, NULL for objects that no command creates (flows, umems, ...). */
const struct prm_obj_kind *fw_class_kind(enum fw_class cls);

/** A zeroed object of @p size bytes with a number, owned by @p uctx. */
enum fw_syndrome
fw_obj_new(struct fw_uctx *uctx, enum fw_class cls, size_t size, struct fw_obj **obj);
/** Notes that @p obj uses @p used (NULL is fine) until it is deleted or forgets it. */
void fw_obj_use(struct fw_obj *obj, struct fw_obj *used);
/** Forgets all that @p obj uses. */
void fw_obj_unuse_all(struct fw_obj *obj);
/** Looks an object of this context up; @p field names it in the log. */
enum fw_syndrome fw_obj_get(struct fw_uctx *uctx, enum fw_class cls, uint32_t id, const char *field,
		struct fw_obj **obj);
/** As fw_obj_get(), but says nothing: NULL when it does not exist in this context. */
struct fw_obj *fw_obj_peek(struct fw_uctx *uctx, enum fw_class cls, uint32_t id);
/** Destroys an object of this context by number, if nobody uses it. */
enum fw_syndrome fw_obj_destroy(struct fw_uctx *uctx, enum fw_class cls, uint32_t id);
/** Deletes an object that nobody uses (assert). */
void fw_obj_delete(struct fw_obj *obj);

#endif /* FW_OBJ_H */
