/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What a device does about the events of its two threads (mvdpa_event.h): kicks and completions
 * are handed to the queue's io, queues that firmware gave up are brought back.
 */
#ifndef MVDPA_REPAIR_H
#define MVDPA_REPAIR_H

#include "mvdpa_event.h"

/** The argument of all of them is the struct mvdpa_dev. */
extern const struct mvdpa_event_ops mvdpa_repair_ops;

#endif /* MVDPA_REPAIR_H */
