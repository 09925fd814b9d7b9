/* SPDX-License-Identifier: BSD-3-Clause */
/* A log that keeps its last message and counts them all. */
#ifndef LAST_LOG_H
#define LAST_LOG_H

#include <stdio.h>

#include "base_log.h"

static char last_log[512];
static int nb_logs;

static void
last_log_write(void *arg, enum base_log_level level, const char *msg)
{
	nb_logs++;
	snprintf(last_log, sizeof(last_log), "%s", msg);
}

static const struct base_log test_log = { BASE_LOG_DEBUG, last_log_write, NULL };

#endif /* LAST_LOG_H */
