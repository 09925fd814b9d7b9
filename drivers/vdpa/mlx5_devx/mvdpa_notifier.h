/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Offers the card's doorbell page to the front-end, so that the guest's kicks go straight to the
 * card (vhost-user VHOST_USER_BACKEND_VRING_HOST_NOTIFIER_MSG).
 */
#ifndef MVDPA_NOTIFIER_H
#define MVDPA_NOTIFIER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base_log.h"
#include "base_mutex.h"
#include "mvdpa_compat.h"

struct mvdpa_notifier {
	const char *name; /**< of the device */
	const struct base_log *log;
	mvdpa_thread thread;
	bool running;
	struct base_mutex lock;
	pthread_cond_t changed;
	long tid BASE_GUARDED_BY(lock); /**< of the thread, for the kernel */
	int wish BASE_GUARDED_BY(lock); /**< vhost device to offer to, -1: none */
	_Atomic bool armed; /**< the next kick makes the wish; set with the lock held */
	int armed_vid BASE_GUARDED_BY(lock);
	bool busy BASE_GUARDED_BY(lock); /**< a front-end is being asked */
	bool stop BASE_GUARDED_BY(lock);
};

int mvdpa_notifier_start(struct mvdpa_notifier *n, const char *name, const struct base_log *log);
void mvdpa_notifier_stop(struct mvdpa_notifier *n);

/** The device was configured for @p vid: offer at the first kick. */
void mvdpa_notifier_arm(struct mvdpa_notifier *n, int vid) BASE_EXCLUDES(n->lock);
/** The device is being closed: begin no new offer. Does not wait. */
void mvdpa_notifier_disarm(struct mvdpa_notifier *n) BASE_EXCLUDES(n->lock);
/** A kick was relayed. */
void mvdpa_notifier_kicked(struct mvdpa_notifier *n) BASE_EXCLUDES(n->lock);
/** Waits until no front-end is being asked, and hangs up on one that does not answer; for
 * dev_cleanup, when the connection is gone. */
void mvdpa_notifier_wait(struct mvdpa_notifier *n) BASE_EXCLUDES(n->lock);

#endif /* MVDPA_NOTIFIER_H */
