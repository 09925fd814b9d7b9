/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A look at a running card from outside (the control socket). Each function takes the card's lock
 * for itself; what it returns is a copy of one moment.
 */
#ifndef FW_SHOW_H
#define FW_SHOW_H

#include "fw.h"
#include "vnet.h"

/**
 * The card's lock, for who changes the wire of a running card or reads its counters: nothing of
 * the card may be called between the two, except functions of the wire.
 */
void fw_card_lock(struct fw_card *card);
void fw_card_unlock(struct fw_card *card);

/** Classes of objects are numbers from 0; NULL behind the last: "FLOW", "TIR", ... */
const char *fw_show_class(unsigned int cls);
/** Objects of a class that a function has. */
unsigned int fw_show_nb_objs(struct fw_func *func, unsigned int cls);
/** User contexts that the card has, all functions together. */
unsigned int fw_show_nb_uctxs(struct fw_card *card);

/** A virtio queue. */
struct fw_show_virtq {
	uint32_t id; /**< object number */
	uint16_t index; /**< virtio queue number */
	const char *state; /**< "RDY" */
	const char *error; /**< vnet_error_name() */
	uint16_t available_index, used_index; /**< hw_*_index as QUERY would tell them */
	struct vnet_queue_stats stats;
};
/** Up to @p max queues of a function, by object number; @return how many there are in all. */
unsigned int fw_show_virtqs(struct fw_func *func, struct fw_show_virtq *list, unsigned int max);

/** Longest IP packet that the function's port takes. */
unsigned int fw_show_mtu(struct fw_func *func);

void fw_show_port(struct fw_func *func, struct vnet_port_stats *stats);

#endif /* FW_SHOW_H */
