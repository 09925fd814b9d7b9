/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A message as rte_vhost shows it to a callback (inside of lib/guard).
 */
#ifndef GUARD_MSG_H
#define GUARD_MSG_H

#include <stdbool.h>

#include "guard_table.h"

/** VhostUserRequest (vhost-user protocol, "Front-end message types"). */
enum {
	GUARD_SET_MEM_TABLE = 5,
	GUARD_SET_LOG_BASE = 6,
};

/** The message as on the wire, in room for the longest one, then its files (-1: none). */
struct __attribute__((packed)) guard_msg {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
	union {
		struct {
			uint32_t nb;
			uint32_t padding;
			struct guard_region region[GUARD_REGIONS_MAX];
		} memory;
		struct {
			uint64_t size;
			uint64_t offset;
		} log;
		uint8_t room[GUARD_PAYLOAD_MAX];
	};
	int fd[GUARD_REGIONS_MAX];
	int nb_fds;
};

/** Does it look as if the files were where they are expected? */
static inline bool
guard_msg_has_shape(const struct guard_msg *msg)
{
	int i;

	if (msg->nb_fds < 0 || msg->nb_fds > (int)GUARD_REGIONS_MAX)
		return false;
	for (i = 0; i < (int)GUARD_REGIONS_MAX; i++) {
		if (i < msg->nb_fds ? msg->fd[i] < 0 : msg->fd[i] != -1)
			return false;
	}
	return true;
}

#endif /* GUARD_MSG_H */
