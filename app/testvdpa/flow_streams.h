/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The streams that a flow is about: what its guest sends, and what is sent to it, of senders that
 * send when it begins. They are noted then, and to whom they send, for a sender may stop in the
 * meantime. For flow*.c.
 */
#ifndef FLOW_STREAMS_H
#define FLOW_STREAMS_H

#include "flow.h"

#define FLOW_SENDERS_MAX 32u /**< guests that send to one */

struct flow_streams {
	struct guest_ledger_span *span; /**< what was sent in the flow; NULL: not yet, or no more */
	unsigned int nb_senders;
	struct flow_sender {
		char name[VM_NAME_MAX + 1];
		char peer[VM_NAME_MAX + 1]; /**< to whom it sent; "" nobody */
		uint32_t tx_stream;
		unsigned int nb_pairs;
	} senders[FLOW_SENDERS_MAX];
};

void flow_streams_note(struct flow_streams *streams, const struct vm *vm);
/** Is @p vm one of the senders, or does one send to it? */
bool flow_streams_are_of(const struct flow_streams *streams, const struct vm *vm);

/**
 * Each stream whose way is open carries a packet that was sent after now, or is slow or dead in the
 * record. @param when for the fault: "before", "after"
 */
void flow_streams_wait(const struct flow_streams *streams, struct flow_record *record,
		unsigned int settle_ms, const char *when);
/** What was sent in the span gets time to arrive, while traffic goes on. */
void flow_streams_settle(const struct flow_streams *streams, unsigned int settle_ms);

/** Counts the packets of the span; 0 of all where there is none. */
void flow_streams_count(const struct flow_streams *streams, struct vm_account *account);
/** Median and maximum of the gaps of the streams that run go into the record. */
void flow_streams_measure(const struct flow_streams *streams, struct flow_record *record);

#endif /* FLOW_STREAMS_H */
