/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The pair of queue pairs that carries a virtio queue's events: the card sends a message from the
 * firmware QP to the software QP, whose receive completions land in a completion queue.
 *
 * Not thread-safe.
 */
#ifndef DEVX_QP_H
#define DEVX_QP_H

#include <stddef.h>
#include <stdint.h>

#include "devx_cq.h"

struct devx_qp;

struct devx_qp_attr {
	void *mem; /**< page aligned, devx_qp_mem_size() bytes */
	uint16_t depth; /**< messages that may be on their way, a power of two */
	struct devx_cq *cq; /**< gets the completions; must live longer */
	/** Gets mem when it is of no use; NULL: nobody does, nor if it was registered before. */
	void (*release)(void *mem);
	/** What @c mem is part of, registered by the caller, and where in it; it must live longer.
	 * NULL: @c mem is registered here. */
	const struct devx_umem *umem;
	uint64_t offset;
};

size_t devx_qp_mem_size(uint16_t depth);
/** Creates both QPs and connects them (ready to send). */
int devx_qp_create(struct devx_dev *dev, const struct devx_qp_attr *attr, struct devx_qp **qp);
void devx_qp_destroy(struct devx_qp *qp);
/** Number of the firmware QP, for the virtio queue. */
uint32_t devx_qp_fw_id(const struct devx_qp *qp);

/**
 * Brings both QPs back to ready through reset: destroying a virtio queue leaves its event QP in
 * error. The completion queue is restarted with them.
 */
int devx_qp_reconnect(struct devx_qp *qp);
/** Gives the card back the room of @p nb messages that were polled. */
void devx_qp_credit(struct devx_qp *qp, uint16_t nb);

#endif /* DEVX_QP_H */
