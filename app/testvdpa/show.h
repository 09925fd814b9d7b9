/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What "show" prints about devices and their ports.
 */
#ifndef SHOW_H
#define SHOW_H

#include <stdio.h>

#include <base_log.h>

/**
 * Prints @p what ("device", "virtq", "stats", "memory", "json") of @p device, or of all devices
 * where that is "".
 * @return 0, -ENODEV (said to @p log), -EINVAL (no such view)
 */
int show_run(const char *what, const char *device, FILE *out, const struct base_log *log);

#endif /* SHOW_H */
