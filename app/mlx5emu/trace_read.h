/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A trace of the emulated card in memory (doc/guides/emulated-card-trace.md).
 */
#ifndef TRACE_READ_H
#define TRACE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_event {
	bool is_command; /**< a firmware command, else a call */
	uint64_t start_ns, duration_ns, wait_ns;
	uint32_t tid;
	int error; /**< errno, 0: none */
	char name[96]; /**< "CREATE_CQ"; of a call "DEVX_OBJ/DEVX_OBJ_CREATE" */
	/* commands only */
	uint32_t function, context, id;
	int32_t queue; /**< -1: none */
	char object[24]; /**< "VIRTQ"; "": none */
	char fields[160], state[12], status[24];
	uint8_t *in, *out; /**< NULL without hex */
	size_t inlen, outlen;
};

struct trace {
	struct trace_event *events; /**< in order of their starts */
	size_t nb;
};

/** Reads JSON lines. @return 0, or -EINVAL or -errno after a message on stderr. */
int trace_read(const char *file, struct trace *trace);
void trace_free(struct trace *trace);

#endif /* TRACE_READ_H */
