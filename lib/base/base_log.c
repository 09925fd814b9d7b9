/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a message is formatted on the caller's stack and handed to the writer in
 * one piece, so that a writer needs no state of its own and messages of threads do not mix.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base_log.h"

#define BASE_LOG_MAX 1024 /* longest message; longer ones are cut */

void
base_log_write(const struct base_log *log, enum base_log_level level, const char *fmt, ...)
{
	char msg[BASE_LOG_MAX];
	va_list ap;

	if (log == NULL || log->write == NULL || level > log->level)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	log->write(log->arg, level, msg);
}

const char *
base_log_level_name(enum base_log_level level)
{
	static const char *const names[] = {
		[BASE_LOG_ERR] = "error",
		[BASE_LOG_WARN] = "warning",
		[BASE_LOG_NOTICE] = "notice",
		[BASE_LOG_INFO] = "info",
		[BASE_LOG_DEBUG] = "debug",
	};

	return (unsigned int)level < sizeof(names) / sizeof(names[0]) ? names[level] : "unknown";
}
