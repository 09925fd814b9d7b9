/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Commands of a trace in words that do not depend on the run: numbers of objects become "CQ#2" (the
 * second CQ that was made), addresses "ADDR#1" (the first that was seen), so that the traces of two
 * runs, or of two drivers, can be compared.
 */
#ifndef TRACE_HEX_H
#define TRACE_HEX_H

#include "trace_read.h"

struct trace_words {
	char *head; /**< "MODIFY_GENERAL_OBJECT/VIRTIO_NET_Q VIRTQ#1 STATE RDY" */
	char *body; /**< lines "  virtq.state = 0x1\n" by the PRM's field names; "" without hex */
};

struct trace_texts {
	struct trace_words *words; /**< one for each command, calls are left out */
	size_t nb;
};

/** @return 0 or -ENOMEM. */
int trace_texts_make(const struct trace *trace, struct trace_texts *texts);
void trace_texts_free(struct trace_texts *texts);

#endif /* TRACE_HEX_H */
