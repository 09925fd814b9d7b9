/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A collapsed completion queue: the card writes every completion over entry 0, so the only news
 * is how many there were. One such queue takes the completions of one virtio queue's event QP.
 *
 * Not thread-safe: poll, arm and reset of one queue are the caller's to order.
 */
#ifndef DEVX_CQ_H
#define DEVX_CQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devx_cmd.h"
#include "devx_umem.h"

struct devx_cq;

struct devx_cq_attr {
	void *mem; /**< page aligned, devx_cq_mem_size() bytes */
	uint16_t depth; /**< entries, a power of two */
	/** Gets mem when it is of no use; NULL: nobody does, nor if it was registered before. */
	void (*release)(void *mem);
	/** What @c mem is part of, registered by the caller, and where in it; it must live longer.
	 * NULL: @c mem is registered here. */
	const struct devx_umem *umem;
	uint64_t offset;
};

/** Bytes of memory that a completion queue needs. */
size_t devx_cq_mem_size(uint16_t depth);
int devx_cq_create(struct devx_dev *dev, const struct devx_cq_attr *attr, struct devx_cq **cq);
void devx_cq_destroy(struct devx_cq *cq);
/** The firmware object, for subscriptions. */
struct devx_obj *devx_cq_obj(struct devx_cq *cq);

/** Completions since the last call (0 to 65535). */
uint16_t devx_cq_poll(struct devx_cq *cq);
/** Did a completion say that the QP which fills the queue has stopped? It ends with a restart. */
bool devx_cq_has_failed(const struct devx_cq *cq);
/** Asks for an event at the next completion; one that is there already causes it at once. */
void devx_cq_arm(struct devx_cq *cq);
/**
 * To be called when the QP that completes into this queue was reset: its counter starts again.
 * Completions not yet polled are dropped, the consumer index goes on.
 */
void devx_cq_restart(struct devx_cq *cq);

#endif /* DEVX_CQ_H */
