/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A vDPA device that moves no packet: the virtual device driver "vdpa_null", for tests of who
 * talks to vDPA devices. It keeps note of what vhost asked of it.
 */
#ifndef NULL_VDPA_H
#define NULL_VDPA_H

#include <stdatomic.h>

/** Calls of all devices since the program's start. */
struct null_vdpa_calls {
	atomic_uint conf;
	atomic_uint close;
};

extern struct null_vdpa_calls null_vdpa_calls;

/** Links the driver in; does nothing else. */
void null_vdpa_use(void);

#endif /* NULL_VDPA_H */
