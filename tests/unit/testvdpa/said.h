/* SPDX-License-Identifier: BSD-3-Clause */
/** @file A log that keeps the last sentence, for tests that ask which one it was. One thread. */
#ifndef SAID_H
#define SAID_H

#include <base_log.h>

extern char said[1024];
extern const struct base_log said_log; /**< all but debugging goes to @c said */

#endif /* SAID_H */
