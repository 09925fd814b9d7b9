/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: vhost keeps a plain pointer to the struct rte_vdpa_device in each connection
 * and in each socket that the application attached, and has no way to be told that it went; EAL
 * frees the struct rte_device that it points to when a device is removed. So a registered vDPA
 * device is never unregistered: on removal it is turned to a copy of the rte_device under another
 * name ("removed 0000:03:00.2"), by which nobody looks for it, and every operation finds no device
 * and says so.
 *
 * When a device of the same address is probed, the ghost is turned back, so a socket that stayed
 * attached works again; but not while the connection of before lasts, which has been told that its
 * device is gone. Then the new device is registered beside it, and when that connection has ended,
 * the ghost is a second name of it: sockets that stayed attached lead to it.
 *
 * A ghost stays for as long as its rte_vdpa_device, awake or not: who has just looked at the device
 * behind it reads the name a moment later.
 */
#include "mvdpa_ghost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static LIST_HEAD(, mvdpa_ghost) ghosts;

struct mvdpa_ghost *
mvdpa_ghost_new(struct rte_device *device, struct rte_vdpa_dev_ops *ops)
{
	struct mvdpa_ghost *ghost = calloc(1, sizeof(*ghost));

	if (ghost == NULL)
		return NULL;
	snprintf(ghost->of, sizeof(ghost->of), "%s", device->name);
	snprintf(ghost->name, sizeof(ghost->name), "removed %s", ghost->of);
	ghost->device = *device;
	ghost->device.name = ghost->name;
	ghost->device.driver = NULL;
	ghost->device.devargs = NULL;
	ghost->vid = -1;
	ghost->vdpa = rte_vdpa_register_device(device, ops);
	if (ghost->vdpa != NULL)
		return ghost;
	free(ghost);
	return NULL;
}

/* vhost reads the pointer whenever it likes; both devices are there at this moment. */
static void
ghost_turn(struct rte_vdpa_device *vdpa, struct rte_device *device)
{
	__atomic_store_n(&vdpa->device, device, __ATOMIC_RELEASE);
}

void
mvdpa_ghost_appear(struct mvdpa_ghost *ghost, int vid)
{
	struct mvdpa_ghost *other;

	/* The connection may have come by another one's name. */
	LIST_FOREACH(other, &ghosts, next) {
		if (other->vid < 0 && strcmp(other->of, ghost->of) == 0)
			other->vid = vid;
	}
	ghost->vid = vid;
	ghost_turn(ghost->vdpa, &ghost->device);
	LIST_INSERT_HEAD(&ghosts, ghost, next);
}

void
mvdpa_ghost_keep(struct mvdpa_ghost *ghost, void *remains)
{
	if (ghost->vid < 0)
		free(remains);
	else
		ghost->remains = remains;
}

struct mvdpa_ghost *
mvdpa_ghost_find(const struct rte_vdpa_device *vdpa)
{
	struct mvdpa_ghost *ghost;

	LIST_FOREACH(ghost, &ghosts, next) {
		if (ghost->vdpa == vdpa)
			break;
	}
	return ghost;
}

void
mvdpa_ghost_leave(int vid)
{
	struct mvdpa_ghost *ghost;

	LIST_FOREACH(ghost, &ghosts, next) {
		if (ghost->vid != vid)
			continue;
		ghost->vid = -1;
		free(ghost->remains);
		ghost->remains = NULL;
	}
}

struct mvdpa_ghost *
mvdpa_ghost_wake(struct rte_device *device)
{
	struct mvdpa_ghost *ghost;

	LIST_FOREACH(ghost, &ghosts, next) {
		if (ghost->vid < 0 && strcmp(ghost->of, device->name) == 0)
			break;
	}
	if (ghost == NULL)
		return NULL;
	ghost_turn(ghost->vdpa, device);
	LIST_REMOVE(ghost, next);
	return ghost;
}
