/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what the vhost-user front-end needs when its device goes is the place of
 * each ring, so the queues are stopped as by dev_close, and their indices published. When the card
 * answers no more, guest memory says where the rings are.
 *
 * vhost gives a driver no way to end a connection. What can be done is to refuse the messages that
 * would begin something (mvdpa_message.h): the front-end is answered "failed", or hung up on if it
 * asked for no answer. Those that end something, and the question for a ring's base, go on being
 * answered, so a virtual machine can be stopped or moved away.
 */
#include "mvdpa_unplug.h"

#include <stdlib.h>
#include <string.h>

#include <rte_alarm.h>
#include <rte_dev.h>

#include "mvdpa_conf.h"
#include "mvdpa_log.h"

void
mvdpa_unplug_stop(struct mvdpa_dev *dev)
{
	int vid;

	base_mutex_lock(&dev->lock);
	vid = dev->owner;
	mvdpa_message_shut(vid);
	if (!dev->gone) {
		dev->gone = true;
		mvdpa_flow_begin(&dev->flows, MVDPA_FLOW_CLEANUP);
		mvdpa_conf_forget_locked(dev);
		mvdpa_flow_end(&dev->flows, 0);
		dev->owner = vid; /* until its dev_cleanup */
	}
	base_mutex_unlock(&dev->lock);
	mvdpa_notifier_wait(&dev->notifier);
}

static void
unplug_tell(void *name)
{
	rte_dev_event_callback_process(name, RTE_DEV_EVENT_REMOVE);
	free(name);
}

void
mvdpa_unplug_lost(struct mvdpa_dev *dev)
{
	char *name = strdup(dev->name);

	base_err(&mvdpa_log,
			"%s: the card is gone; its rings stop where guest memory says they are",
			dev->name);
	mvdpa_unplug_stop(dev);
	if (name != NULL && rte_eal_alarm_set(1, unplug_tell, name) != 0)
		free(name);
}
