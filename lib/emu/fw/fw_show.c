/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the caller is a thread that knows nothing of the card's inside, so each
 * question is answered under the lock with a copy, and memory is the caller's: nothing here waits
 * for anything while the engine stands still.
 */
#include "fw_show.h"
#include "fw_virtq.h"

void
fw_card_lock(struct fw_card *card) BASE_NO_TSA
{
	vnet_lock(card->vnet);
}

void
fw_card_unlock(struct fw_card *card) BASE_NO_TSA
{
	vnet_unlock(card->vnet);
}

const char *
fw_show_class(unsigned int cls)
{
	return cls < FW_NB_CLASSES ? fw_class_name((enum fw_class)cls) : NULL;
}

unsigned int
fw_show_nb_objs(struct fw_func *func, unsigned int cls)
{
	unsigned int nb;

	fw_card_lock(func->card);
	nb = cls < FW_NB_CLASSES ? func->objs[cls].nb_used : 0;
	fw_card_unlock(func->card);
	return nb;
}

unsigned int
fw_show_nb_uctxs(struct fw_card *card)
{
	unsigned int nb;

	fw_card_lock(card);
	nb = card->nb_uctxs;
	fw_card_unlock(card);
	return nb;
}

unsigned int
fw_show_virtqs(struct fw_func *func, struct fw_show_virtq *list, unsigned int max)
{
	unsigned int nb = 0;
	struct fw_virtq *virtq;
	uint32_t id = 0;

	fw_card_lock(func->card);
	while ((virtq = base_idtab_next(&func->objs[FW_CLASS_VIRTQ], &id)) != NULL) {
		id++;
		if (virtq->queue == NULL || nb++ >= max)
			continue;
		list->id = virtq->obj.id;
		list->index = virtq->index;
		list->state = prm_virtq_state_name((uint8_t)virtq->state);
		list->error = vnet_error_name(virtq->error);
		vnet_queue_indices_locked(virtq->queue, &list->available_index, &list->used_index);
		vnet_queue_stats_locked(virtq->queue, &list->stats);
		list++;
	}
	fw_card_unlock(func->card);
	return nb;
}

unsigned int
fw_show_mtu(struct fw_func *func)
{
	unsigned int mtu;

	fw_card_lock(func->card);
	mtu = vnet_port_mtu_locked(func->port);
	fw_card_unlock(func->card);
	return mtu;
}

void
fw_show_port(struct fw_func *func, struct vnet_port_stats *stats)
{
	fw_card_lock(func->card);
	vnet_port_stats_locked(func->port, stats);
	fw_card_unlock(func->card);
}
