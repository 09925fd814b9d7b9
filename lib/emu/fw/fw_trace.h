/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What the firmware tells about each command that it executed, to whoever keeps a trace.
 */
#ifndef FW_TRACE_H
#define FW_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "fw_op.h"

/** One command; everything is valid during the call only. */
struct fw_trace_command {
	uint64_t start_ns; /**< CLOCK_MONOTONIC */
	uint64_t duration_ns; /**< until the answer, waiting included */
	uint64_t wait_ns; /**< of it, artificial: for its turn, and as latency */
	uint32_t func, context;
	struct fw_op op;
	const char *object; /**< "VIRTQ"; NULL: it is about none */
	uint32_t id; /**< of the object, 0 when it was not created */
	int32_t queue; /**< virtio queue index, -1: none */
	uint64_t select; /**< MODIFY of a virtio queue: modify_field_select, else 0 */
	int32_t state; /**< the state that it asks for, -1: none */
	uint8_t status;
	uint32_t syndrome;
	int error; /**< errno of the call, 0: none */
	const char *fault; /**< id of the rule that acted on it, or NULL */
	const uint8_t *in, *out; /**< NULL for what the kernel sends by itself */
	size_t inlen, outlen;
};

struct fw_trace_ops {
	/** Called in the thread of the command, without the card's lock. */
	void (*command)(void *arg, const struct fw_trace_command *command);
};

#endif /* FW_TRACE_H */
