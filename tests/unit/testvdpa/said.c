/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "said.h"

char said[1024];

static void
said_write(void *arg, enum base_log_level level, const char *msg)
{
	snprintf(said, sizeof(said), "%s", msg);
}

const struct base_log said_log = { .level = BASE_LOG_INFO, .write = said_write };
