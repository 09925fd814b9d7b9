/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Completion queues, for the firmware's own files.
 */
#ifndef FW_CQ_H
#define FW_CQ_H

#include "fw_card.h"
#include "fw_moder.h"
#include "prm_field.h"

/** When a completion queue may tell: a request in memory, and what was seen of it. */
struct fw_cq_arm {
	bool armed;
	uint32_t ci; /**< the consumer's counter when it armed: tell of what is behind it */
	uint32_t last; /**< arm record when it was looked at last */
};

struct fw_cq {
	struct fw_obj obj;
	bool collapsed; /**< cc: all entries go to the first place */
	bool may_overrun; /**< oi */
	uint8_t log_size;
	uint8_t *cqes; /**< in user memory, 64 bytes each */
	uint32_t *dbrec; /**< in user memory, big endian: [0] consumer counter, [1] arm */
	uint32_t pi; /**< completions ever; 24 bits count */
	struct fw_cq_arm arm;
	bool failed; /**< it takes and tells nothing any more */
	struct fw_moder moder;
	uint8_t cqc[PRM_SIZE(cqc)]; /**< the context (PRM cqc) as the driver gave it last */
	TAILQ_ENTRY(fw_cq) link; /**< fw_card.cqs */
};

/** What a completion says. */
struct fw_cqe {
	uint8_t opcode;
	uint32_t qpn;
	uint16_t wqe_counter;
};
#define FW_CQE_RESP_SEND 2u /**< a receive WQE was used by a send */
#define FW_CQE_RESP_ERR 0xeu /**< a receive WQE ended with an error */

/**
 * Does the driver want to be told now? @p record: arm record as it is in memory. A record that
 * changed is a new request (serial number, command, consumer counter: the driver changes one of
 * them). Who tells clears @c armed.
 */
bool fw_cq_arm_wants(struct fw_cq_arm *arm, uint32_t record, uint32_t pi);

/** Is there room for one more completion? */
bool fw_cq_has_room(const struct fw_cq *cq);
/** The queue fails: its owner gets the event CQ_ERROR (PRM), and nothing after it. */
void fw_cq_fail(struct fw_cq *cq);
/** Writes a completion, and tells if it may. There must be room. */
void fw_cq_push(struct fw_cq *cq, const struct fw_cqe *cqe);
/** Looks at the arm records of all completion queues. */
void fw_cq_poll_all(struct fw_card *card);

#endif /* FW_CQ_H */
