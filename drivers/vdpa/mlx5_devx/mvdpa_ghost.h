/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What is left with vhost of a device that was removed. Not thread-safe: the lock of the list of
 * devices (mvdpa_ops.c) covers all of it.
 */
#ifndef MVDPA_GHOST_H
#define MVDPA_GHOST_H

#include <sys/queue.h>

#include <dev_driver.h>
#include <vdpa_driver.h>

/** The part of a device that outlives it; made at registration, so that removal cannot fail, and
 * never freed. */
struct mvdpa_ghost {
	LIST_ENTRY(mvdpa_ghost) next;
	struct rte_vdpa_device *vdpa; /**< vhost's; it may be pointed to for as long as it likes */
	struct rte_device device; /**< for whoever looks at vdpa->device */
	char of[64]; /**< name of the device that it was */
	char name[80]; /**< its own */
	int vid; /**< connection that used the device and has not ended, -1: none */
	void *remains; /**< memory to be freed when that connection has ended */
};

/** Registers the device with vhost. @return what will be its ghost, or NULL: vhost does not take
 * the device, or there is no memory. */
struct mvdpa_ghost *mvdpa_ghost_new(struct rte_device *device, struct rte_vdpa_dev_ops *ops);

/** The device goes; the connection @p vid (-1: none) still knows it. */
void mvdpa_ghost_appear(struct mvdpa_ghost *ghost, int vid);
/** Keeps @p remains for as long as the connection lasts. */
void mvdpa_ghost_keep(struct mvdpa_ghost *ghost, void *remains);
/** The ghost behind @p vdpa, or NULL. */
struct mvdpa_ghost *mvdpa_ghost_find(const struct rte_vdpa_device *vdpa);
/** The connection @p vid has ended, whichever ghosts it knew. */
void mvdpa_ghost_leave(int vid);
/**
 * A device of the same name is there: who is attached to the ghost gets the device.
 * @return what to use instead of a new registration, or NULL: there is none, or a connection of
 *         before still has it.
 */
struct mvdpa_ghost *mvdpa_ghost_wake(struct rte_device *device);

#endif /* MVDPA_GHOST_H */
