/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a frame is a head and a list of pieces; here are the two ends of its life, one
 * piece and a copy.
 */
#include <string.h>

#include "wire.h"

void
wire_frame_init(struct wire_frame *frame, const void *data, size_t len)
{
	*frame = (struct wire_frame){
		.head = data,
		.head_len = (uint32_t)len,
		.len = (uint32_t)len,
	};
}

void
wire_frame_copy(const struct wire_frame *frame, void *buf)
{
	uint8_t *at = buf;
	unsigned int i;

	memcpy(at, frame->head, frame->head_len);
	at += frame->head_len;
	for (i = 0; i < frame->nb_body; i++) {
		memcpy(at, frame->body[i].iov_base, frame->body[i].iov_len);
		at += frame->body[i].iov_len;
	}
}
