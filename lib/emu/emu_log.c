/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one write() a message, on a descriptor opened with O_APPEND: lines of
 * several threads, and of several processes that log to one file, do not mix.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "emu_log.h"

#define EMU_LOG_LINE 1200

static void
emu_log_write(void *arg, enum base_log_level level, const char *msg)
{
	int fd = (int)(intptr_t)arg, len;
	char line[EMU_LOG_LINE];
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	len = snprintf(line, sizeof(line), "%lld.%06ld mlx5emu %s: %s\n", (long long)ts.tv_sec,
			ts.tv_nsec / 1000, base_log_level_name(level), msg);
	if (len >= (int)sizeof(line)) {
		len = sizeof(line);
		line[len - 1] = '\n';
	}
	/* There is no place left to complain in. */
	if (write(fd, line, (size_t)len) < 0)
		return;
}

void
emu_log_init(struct base_log *log, const char *file, enum base_log_level level)
{
	int fd = STDERR_FILENO;

	if (file[0] != '\0') {
		fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (fd < 0) {
			dprintf(STDERR_FILENO, "mlx5emu: log file %s: %s\n", file, strerror(errno));
			fd = STDERR_FILENO;
		}
	}
	log->level = level;
	log->write = emu_log_write;
	log->arg = (void *)(intptr_t)fd;
}
