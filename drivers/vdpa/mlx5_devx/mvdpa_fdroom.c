/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: Linux lets a process's table of open files grow when a number is given out
 * that it has no place for (64, 128, 256 and so on). In a process with several threads that waits
 * for a grace period of RCU, 5 to 25 ms, whoever asks for the file: recvmsg() with the files of a
 * message, as well as the duplicates that are made of them. A guest with a few queues brings enough
 * of them to meet that in its first start, where each queue waits for it behind the lock.
 *
 * The table never shrinks. So one number is taken at probe that is higher than all that will be
 * wanted. It stays taken, as a mark: a device that comes later looks for the highest number, and
 * has its room beyond.
 */
#include "mvdpa_fdroom.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* The highest number in use; 0 if that cannot be found out. */
static unsigned long
fdroom_highest(void)
{
	unsigned long highest = 0, fd;
	const struct dirent *entry;
	DIR *dir;

	dir = opendir("/proc/self/fd");
	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		fd = strtoul(entry->d_name, NULL, 10);
		if (fd > highest)
			highest = fd;
	}
	closedir(dir);
	return highest;
}

void
mvdpa_fdroom_make(uint32_t nb, const char *name, const struct base_log *log, int *fd)
{
	unsigned long want = fdroom_highest() + nb;
	struct rlimit limit;
	int low;

	*fd = -1;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == 0)
		return;
	if (want >= limit.rlim_cur)
		want = limit.rlim_cur - 1;
	low = eventfd(0, EFD_CLOEXEC);
	if (low >= 0)
		*fd = fcntl(low, F_DUPFD_CLOEXEC, (int)want);
	if (*fd < 0) /* the process has as many files as it may: others will say so */
		base_info(log, "%s: no room was made for %u files: %s", name, nb, strerror(errno));
	if (low >= 0)
		close(low);
}

void
mvdpa_fdroom_give_up(int fd)
{
	if (fd >= 0)
		close(fd);
}
