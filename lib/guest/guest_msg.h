/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * vhost-user messages on a socket: layouts, names and sizes, sending and receiving with a deadline.
 * Numbers and layouts are those of the vhost-user protocol (QEMU, docs/interop/vhost-user). No
 * state; one message at a time on one socket and direction.
 */
#ifndef GUEST_MSG_H
#define GUEST_MSG_H

#include <stdint.h>

#include "guest_mem.h"

/** Requests of the front-end. */
enum guest_msg_request {
	GUEST_MSG_GET_FEATURES = 1,
	GUEST_MSG_SET_FEATURES = 2,
	GUEST_MSG_SET_OWNER = 3,
	GUEST_MSG_SET_MEM_TABLE = 5,
	GUEST_MSG_SET_LOG_BASE = 6,
	GUEST_MSG_SET_VRING_NUM = 8,
	GUEST_MSG_SET_VRING_ADDR = 9,
	GUEST_MSG_SET_VRING_BASE = 10,
	GUEST_MSG_GET_VRING_BASE = 11,
	GUEST_MSG_SET_VRING_KICK = 12,
	GUEST_MSG_SET_VRING_CALL = 13,
	GUEST_MSG_SET_VRING_ERR = 14,
	GUEST_MSG_GET_PROTOCOL_FEATURES = 15,
	GUEST_MSG_SET_PROTOCOL_FEATURES = 16,
	GUEST_MSG_GET_QUEUE_NUM = 17,
	GUEST_MSG_SET_VRING_ENABLE = 18,
	GUEST_MSG_SET_BACKEND_REQ_FD = 21,
	GUEST_MSG_SET_STATUS = 39,
	GUEST_MSG_GET_STATUS = 40,
	GUEST_MSG_NB_REQUESTS,
};

/** Requests of the back-end, on its own channel. */
enum guest_msg_back_request {
	GUEST_MSG_BACK_CONFIG_CHANGE = 2,
	GUEST_MSG_BACK_VRING_HOST_NOTIFIER = 3,
};

#define GUEST_MSG_VERSION 0x1u /**< in @c flags, bits 0 and 1 */
#define GUEST_MSG_VERSION_MASK 0x3u
#define GUEST_MSG_REPLY 0x4u /**< in @c flags: this is an answer */
#define GUEST_MSG_NEED_REPLY 0x8u /**< in @c flags: answer this with 0 or an error */
#define GUEST_MSG_VRING_IDX_MASK 0xffu /**< in a u64 that names a queue */
#define GUEST_MSG_VRING_NOFD 0x100u /**< in such a u64: no descriptor comes along */

#define GUEST_MSG_HDR_SIZE 12u
#define GUEST_MSG_MAX_FDS GUEST_MEM_MAX_REGIONS

/** A row of SET_MEM_TABLE. */
struct guest_msg_region {
	uint64_t gpa, size, user_addr, mmap_offset;
};

/** A message as it is on the wire, host byte order. */
struct guest_msg_wire {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /**< of the payload */
	union {
		uint64_t u64;
		struct {
			uint32_t index, num;
		} state;
		struct {
			uint32_t index, flags;
			uint64_t desc, used, avail, log;
		} addr;
		struct {
			uint32_t nb, padding;
			struct guest_msg_region regions[GUEST_MEM_MAX_REGIONS];
		} mem;
		struct {
			uint64_t u64, size, offset;
		} area;
		struct {
			uint64_t size, offset;
		} log;
	} u;
} __attribute__((packed));

/** A message and the file descriptors that travel with it (owned by whoever holds it). */
struct guest_msg {
	struct guest_msg_wire wire;
	int fds[GUEST_MSG_MAX_FDS];
	unsigned int nb_fds;
};

/** "SET_MEM_TABLE", for example; "unknown" for numbers without a name; never NULL. */
const char *guest_msg_name(uint32_t request);

/** Payload bytes of the answer to @p request, 0 for requests without one of their own. */
uint32_t guest_msg_reply_size(uint32_t request);

/**
 * Sends @p msg with its descriptors (which stay the caller's).
 * @return 0, -ETIMEDOUT at @p deadline_ns (base_clock_ns()), -EPIPE or -ECONNRESET when the other
 * side is gone (never a signal), another -errno.
 */
int guest_msg_send(int fd, const struct guest_msg *msg, uint64_t deadline_ns);

/**
 * Receives one message; descriptors belong to the caller, guest_msg_close() closes them.
 * @return 0, -ETIMEDOUT, -ECONNRESET (closed by the other side), -EMSGSIZE (a payload larger than
 * any message has, or more descriptors), another -errno. On an error there is nothing to close.
 */
int guest_msg_recv(int fd, struct guest_msg *msg, uint64_t deadline_ns);

/** Closes the descriptors that came with @p msg. */
void guest_msg_close(struct guest_msg *msg);

#endif /* GUEST_MSG_H */
