/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: as guard_table.c. The message must have one file and nothing in the places
 * behind; else it is of another shape, and is left to vhost. What the kernel says of the file's
 * length is believed, the front-end is not.
 */
#include "guard_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base_math.h"
#include "guard_msg.h"

int
guard_log_read(const void *msg, struct guard_log *log)
{
	struct guard_msg copy;

	memcpy(&copy, msg, offsetof(struct guard_msg, room));
	if (copy.request != GUARD_SET_LOG_BASE)
		return -ENOMSG;
	memcpy(&copy, msg, sizeof(copy));
	if (copy.size != sizeof(copy.log) || copy.nb_fds != 1 || !guard_msg_has_shape(&copy))
		return -EINVAL;
	*log = (struct guard_log){ copy.fd[0], copy.log.size, copy.log.offset };
	return 0;
}

int
guard_log_check(const struct guard_log *log, char *why, size_t size)
{
	struct stat st;
	uint64_t end;

	if (log->size == 0) {
		snprintf(why, size, "the log is empty");
		return -EINVAL;
	}
	if (log->offset % (uint64_t)sysconf(_SC_PAGESIZE) != 0) {
		snprintf(why, size, "the offset 0x%" PRIx64 " is not that of a page", log->offset);
		return -EINVAL;
	}
	if (fstat(log->fd, &st) != 0 || !base_add_ok(log->offset, log->size, &end) ||
			(!S_ISCHR(st.st_mode) && end > (uint64_t)st.st_size)) {
		snprintf(why, size,
				"0x%" PRIx64 " bytes at 0x%" PRIx64
				" of a file that is shorter are wanted",
				log->size, log->offset);
		return -EINVAL;
	}
	return 0;
}
