/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a user context owns objects, by class and in order of creation. Its end
 * takes them down by class, users first (the order of enum fw_class), and within a class the
 * youngest first: an indirect key can only point at keys that were there before it. So at any
 * moment, whatever is left over has an order that works; a second pass is never needed (assert).
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "fw_card.h"
#include "fw_event.h"
#include "fw_uctx.h"

int
fw_uctx_create(struct fw_func *func, const struct fw_uctx_ops *ops, void *arg,
		struct fw_uctx **uctxp)
{
	struct fw_uctx *uctx = calloc(1, sizeof(*uctx));
	unsigned int i;

	if (uctx == NULL)
		return -ENOMEM;
	uctx->func = func;
	uctx->ops = ops;
	uctx->arg = arg;
	uctx->doing = "nothing";
	for (i = 0; i < FW_NB_CLASSES; i++)
		TAILQ_INIT(&uctx->objs[i]);
	vnet_lock(func->card->vnet);
	func->card->nb_uctxs++;
	TAILQ_INSERT_TAIL(&func->uctxs, uctx, link);
	uctx->number = func->nb_uctxs_ever++;
	vnet_unlock(func->card->vnet);
	base_dbg(func->card->log, "fw: function %u: context %u created", func->index, uctx->number);
	*uctxp = uctx;
	return 0;
}

void
fw_uctx_destroy(struct fw_uctx *uctx)
{
	struct fw_card *card;
	struct fw_obj *obj;
	unsigned int i, nb = 0;

	if (uctx == NULL)
		return;
	card = uctx->func->card;
	vnet_lock(card->vnet);
	uctx->doing = "end of context";
	for (i = 0; i < FW_NB_CLASSES; i++) {
		for (; (obj = TAILQ_LAST(&uctx->objs[i], fw_obj_list)) != NULL; nb++)
			fw_obj_delete(obj);
	}
	fw_event_forget(uctx);
	card->nb_uctxs--;
	TAILQ_REMOVE(&uctx->func->uctxs, uctx, link);
	vnet_unlock(card->vnet);
	base_dbg(card->log, "fw: function %u: context %u destroyed, with %u objects left over",
			uctx->func->index, uctx->number, nb);
	free(uctx);
}

void
fw_uctx_enter(struct fw_uctx *uctx, const char *doing)
{
	vnet_lock(uctx->func->card->vnet);
	uctx->doing = doing;
}

int
fw_uctx_leave(struct fw_uctx *uctx, enum fw_syndrome syn)
{
	vnet_unlock(uctx->func->card->vnet);
	return fw_syndrome_errno(syn);
}

int
fw_eqn(struct fw_uctx *uctx, uint32_t vector, uint32_t *eqn)
{
	enum fw_syndrome syn = FW_SYN_OK;

	fw_uctx_enter(uctx, "QUERY_EQN");
	if (vector < FW_NB_VECTORS)
		*eqn = FW_FIRST_EQN + vector;
	else
		syn = fw_refuse(uctx, FW_SYN_NO_VECTOR, "vector", vector);
	return fw_uctx_leave(uctx, syn);
}
