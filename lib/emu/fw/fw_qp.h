/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Event queue pairs, for the firmware's own files. A virtio queue names a queue pair of the
 * firmware ("FW QP", without queues of its own); what is sent through it arrives at its peer
 * ("SW QP"), whose receive queue and completion queue are the driver's.
 */
#ifndef FW_QP_H
#define FW_QP_H

#include "fw_card.h"
#include "prm_field.h"

enum fw_qp_state {
	/** Made, or sent back with 2RST_QP: counts from 0 again, knows no peer. */
	FW_QP_RST,
	/** RST2INIT_QP was given. */
	FW_QP_INIT,
	/** Ready to receive: knows its peer. Completions can arrive. */
	FW_QP_RTR,
	/** Ready to send: virtio queues can name it. */
	FW_QP_RTS,
	/** The virtio queue that used it is gone; only 2RST_QP helps. */
	FW_QP_ERR,
	FW_QP_NB_STATES,
};

struct fw_qp {
	struct fw_obj obj;
	enum fw_qp_state state;
	uint32_t peer; /**< number of the remote queue pair, from RTR on */
	struct fw_cq *cq; /**< of the receive queue; NULL: it has none (FW QP) */
	uint8_t qpc[PRM_SIZE(qpc)]; /**< as it was given, for QUERY */
	uint32_t *dbrec; /**< in user memory, big endian: receive WQEs posted ever */
	uint32_t rq_size; /**< WQEs */
	uint16_t counter; /**< receive WQEs used since RST */
	bool starved; /**< a completion waits for credit; in fw_card.starved_qps */
	TAILQ_ENTRY(fw_qp) link;
};

/** "RTS", never NULL. */
const char *fw_qp_state_name(enum fw_qp_state state);
/** The state that a command leads to from @p from, or -1: it has no such arc. */
int fw_qp_arc(uint16_t opcode, enum fw_qp_state from);

/**
 * Tells the driver through @p qp, a FW QP, that a queue has used entries.
 * @return false: there is no pair that could take it, the send ended in error.
 */
bool fw_qp_send_event(struct fw_qp *qp);
/** The pair breaks: the receiver's completion queue gets an error, and nothing comes after it. */
void fw_qp_break(struct fw_qp *qp);
/** Where the events that @p qp sends are told of; NULL: the pair is not connected. */
struct fw_cq *fw_qp_event_cq(const struct fw_qp *qp);
/** A virtio queue that used @p qp is gone. */
void fw_qp_fail(struct fw_qp *qp);
/** Delivers what waited for credit. */
void fw_qp_poll_starved(struct fw_card *card);

#endif /* FW_QP_H */
