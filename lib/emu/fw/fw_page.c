/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: pages of the card that user space maps. A UAR page is only a number that
 * completion queues and queue pairs name: what drivers ring there says nothing that their doorbell
 * records in memory do not say as well. One word of a VAR page, at the place
 * that the capability doorbell_bar_offset says, is a doorbell of the function's virtio queues,
 * watched by the engine.
 */
#include <errno.h>
#include <unistd.h>

#include "base_math.h"
#include "fw_card.h"
#include "fw_classes.h"
#include "fw_page.h"
#include "fw_pass.h"
#include "fw_uctx.h"

struct fw_var {
	struct fw_obj obj;
	volatile uint32_t *word; /* NULL until the engine watches it */
};

static enum fw_syndrome
fw_uar_new(struct fw_uctx *uctx, uint32_t *page_id)
{
	enum fw_syndrome syn;
	struct fw_obj *obj;

	syn = fw_obj_new(uctx, FW_CLASS_UAR, sizeof(*obj), &obj);
	if (syn == FW_SYN_OK)
		*page_id = obj->id;
	return syn;
}

int
fw_uar_create(struct fw_uctx *uctx, uint32_t *page_id)
{
	struct fw_pass pass;
	int ret = fw_pass_kernel(&pass, uctx, FW_OP_ALLOC_UAR, 0, 0);

	if (ret == 0) {
		fw_uctx_enter(uctx, "ALLOC_UAR");
		ret = fw_uctx_leave(uctx, fw_uar_new(uctx, page_id));
	}
	return fw_pass_end(&pass, ret, ret == 0 ? *page_id : 0);
}

int
fw_uar_destroy(struct fw_uctx *uctx, uint32_t page_id)
{
	struct fw_pass pass;
	int ret = fw_pass_kernel(&pass, uctx, FW_OP_DEALLOC_UAR, page_id, 0);

	if (ret == 0) {
		fw_uctx_enter(uctx, "DEALLOC_UAR");
		ret = fw_uctx_leave(uctx, fw_obj_destroy(uctx, FW_CLASS_UAR, page_id));
	}
	return fw_pass_end(&pass, ret, 0);
}

/* Drivers add what doorbell_bar_offset has below the page size to where they mapped the page. */
static uint32_t *
fw_var_word(const struct fw_card *card, void *page)
{
	uint64_t in_page = card->caps.doorbell_bar_offset & ((uint64_t)sysconf(_SC_PAGESIZE) - 1);

	return (uint32_t *)(void *)((uint8_t *)page + in_page);
}

int
fw_var_create(struct fw_uctx *uctx, void *page, uint32_t *page_id)
{
	enum fw_syndrome syn;
	struct fw_obj *obj;
	struct fw_var *var;
	uint32_t *word = fw_var_word(uctx->func->card, page);

	fw_uctx_enter(uctx, "ALLOC_VAR");
	/* With the lock that is the last word: fw_func_remove() silences what was there before. */
	if (fw_func_is_gone(uctx->func)) {
		fw_uctx_leave(uctx, FW_SYN_OK);
		return -EIO;
	}
	syn = fw_obj_new(uctx, FW_CLASS_VAR, sizeof(*var), &obj);
	if (syn != FW_SYN_OK)
		goto out;
	var = base_container_of(obj, struct fw_var, obj);
	/* What is left in the page from its last life would ring. */
	__atomic_store_n(word, VNET_DOORBELL_IDLE, __ATOMIC_RELEASE);
	if (vnet_doorbell_add_locked(uctx->func->port, word) != 0) {
		syn = fw_refuse(uctx, FW_SYN_ENGINE, "doorbell words", uctx->func->index);
		fw_obj_delete(obj);
		goto out;
	}
	var->word = word;
	*page_id = obj->id;
out:
	return fw_uctx_leave(uctx, syn);
}

void
fw_var_silence(struct fw_obj *obj)
{
	struct fw_var *var = base_container_of(obj, struct fw_var, obj);

	if (var->word != NULL)
		vnet_doorbell_del_locked(obj->uctx->func->port, var->word);
	var->word = NULL;
}

void
fw_var_release(struct fw_obj *obj)
{
	fw_var_silence(obj);
}

int
fw_var_destroy(struct fw_uctx *uctx, uint32_t page_id)
{
	fw_uctx_enter(uctx, "DEALLOC_VAR");
	return fw_uctx_leave(uctx, fw_obj_destroy(uctx, FW_CLASS_VAR, page_id));
}
