/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The log of dirty pages that a front-end hands over (vhost-user, VHOST_USER_SET_LOG_BASE). Seeing
 * it on its way lets a driver map it by itself: vhost adds the offset to an address that has it in
 * already, and it unmaps the log before when a new one comes.
 */
#ifndef GUARD_LOG_H
#define GUARD_LOG_H

#include <stddef.h>
#include <stdint.h>

/** A log as it stands in the message. */
struct guard_log {
	int fd; /**< belongs to the message */
	uint64_t size; /**< bytes; a bit is a page of 4 KiB */
	uint64_t offset; /**< in the file */
};

/**
 * Takes the log out of a SET_LOG_BASE that a pre-message callback of rte_vhost got.
 * @return 0, -ENOMSG when it is another message, -EINVAL when it is not of the expected shape
 * (vhost has its own checks for those).
 */
int guard_log_read(const void *msg, struct guard_log *log);

/**
 * Judges it: it must not be empty, begin at a page (vhost cannot map it otherwise), and lie in its
 * file; vhost would map a longer one, and whoever marks a page behind the end dies of SIGBUS.
 * @param why gets a sentence when the log cannot be used
 * @return 0 or -EINVAL
 */
int guard_log_check(const struct guard_log *log, char *why, size_t size);

#endif /* GUARD_LOG_H */
