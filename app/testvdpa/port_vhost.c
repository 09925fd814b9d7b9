/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: all of this runs in vhost's own threads. After each message that vhost has
 * handled, the port's rings and memory table are copied into the port table right there. That is
 * the only safe place: the next SET_MEM_TABLE frees the table that rte_vhost_get_mem_table() reads,
 * a new SET_VRING_ADDR may move the queue, and no lock of the public API keeps them still. Whoever
 * wants to show something reads the copy.
 *
 * A message is seen after its handling and before vhost configures the device, so the indices of a
 * SET_MEM_TABLE are the ones that the driver saved when it was closed.
 *
 * vhost has one place for a handler of messages, and a driver may take it for itself (mlx5_devx
 * does, at SET_FEATURES). So the same is copied whenever vhost reports that the rings start, stop or
 * change; where no SET_VRING_KICK was seen by then, the place was taken and the port is marked so.
 * The rings of such a port are looked at when somebody asks, which is safe while it runs; its
 * memory table is not (vhost frees the old one without a lock), so it may be an older one.
 *
 * A socket serves one front-end at a time, since the device behind it has one set of rings: a
 * second connection is refused. So is any connection while the port is DOWN.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_vhost.h>

#include "guard_files.h"
#include "guard_table.h"
#include "port_table.h"
#include "port_vhost.h"

/* vhost-user protocol, "Front-end message types". */
#define PORT_VHOST_SET_MEM_TABLE 5u
#define PORT_VHOST_SET_VRING_KICK 12u
#define PORT_VHOST_ADD_MEM_REG 37u
#define PORT_VHOST_REM_MEM_REG 38u

static struct port *
port_vhost_find_locked(int vid) BASE_REQUIRES(port_table.lock)
{
	char path[PATH_MAX];

	if (rte_vhost_get_ifname(vid, path, sizeof(path)) != 0)
		return NULL;
	return port_table_find_locked(path);
}

static void
port_vhost_copy_memory(int vid, struct port_info *info)
{
	struct rte_vhost_memory *mem = NULL;
	unsigned int i;

	if (rte_vhost_get_mem_table(vid, &mem) != 0)
		return;
	info->nb_regions = 0;
	for (i = 0; i < mem->nregions && i < PORT_REGIONS_MAX; i++) {
		info->region[info->nb_regions++] = (struct port_region){
			.gpa = mem->regions[i].guest_phys_addr,
			.size = mem->regions[i].size,
			.frontend = mem->regions[i].guest_user_addr,
			.host = mem->regions[i].host_user_addr,
			.mmap_size = mem->regions[i].mmap_size,
		};
	}
	free(mem);
}

static void
port_vhost_copy_virtq(int vid, uint16_t index, struct port_virtq *virtq)
{
	struct rte_vhost_vring vring;

	memset(&vring, 0, sizeof(vring));
	if (rte_vhost_get_vhost_vring(vid, index, &vring) != 0)
		return;
	virtq->size = vring.size;
	virtq->kickfd = vring.kickfd < 0 ? -1 : vring.kickfd;
	virtq->callfd = vring.callfd < 0 ? -1 : vring.callfd;
	virtq->desc = (uintptr_t)vring.desc;
	virtq->driver = (uintptr_t)vring.avail;
	virtq->device = (uintptr_t)vring.used;
	(void)rte_vhost_get_vring_base(vid, index, &virtq->avail, &virtq->used);
}

static void
port_vhost_copy_virtqs(int vid, struct port_info *info)
{
	unsigned int nb = rte_vhost_get_vring_num(vid);
	uint16_t i;

	(void)rte_vhost_get_negotiated_features(vid, &info->features);
	info->nb_virtqs = nb < PORT_VIRTQS_MAX ? nb : PORT_VIRTQS_MAX;
	for (i = 0; i < info->nb_virtqs; i++)
		port_vhost_copy_virtq(vid, i, &info->virtq[i]);
}

/* The message begins with its type, 32 bits of the host's order (vhost-user, "Header"). */
static enum rte_vhost_msg_result
port_vhost_message(int vid, void *msg)
{
	uint32_t request;
	struct port *port;

	memcpy(&request, msg, sizeof(request));
	base_mutex_lock(&port_table.lock);
	port = port_vhost_find_locked(vid);
	if (port != NULL && port->vid == vid) {
		port->info.nb_messages++;
		if (request == PORT_VHOST_SET_MEM_TABLE || request == PORT_VHOST_ADD_MEM_REG ||
				request == PORT_VHOST_REM_MEM_REG) {
			port->info.nb_mem_table++;
			port_vhost_copy_memory(vid, &port->info);
		}
		port->saw_kick |= request == PORT_VHOST_SET_VRING_KICK;
		port_vhost_copy_virtqs(vid, &port->info);
	}
	base_mutex_unlock(&port_table.lock);
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

/* A memory table that would kill the process is refused before vhost maps it. */
static enum rte_vhost_msg_result
port_vhost_before_message(int vid, void *msg)
{
	struct guard_table table;
	struct port *port;
	char why[256];

	if (guard_table_read(msg, &table) != 0 || guard_table_check(&table, why, sizeof(why)) == 0)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	base_mutex_lock(&port_table.lock);
	port = port_vhost_find_locked(vid);
	if (port != NULL)
		base_err(port->log, "port %s: SET_MEM_TABLE was refused: %s", port->info.device,
				why);
	base_mutex_unlock(&port_table.lock);
	guard_files_close(msg);
	return RTE_VHOST_MSG_RESULT_ERR;
}

void
port_vhost_refresh_locked(struct port *port)
{
	if (port->info.state == PORT_RUNNING && !port->info.is_watched)
		port_vhost_copy_virtqs(port->vid, &port->info);
}

static void
port_vhost_forget(struct port_info *info)
{
	info->features = 0;
	info->nb_regions = 0;
	info->nb_virtqs = 0;
	memset(info->virtq, 0, sizeof(info->virtq));
}

static int
port_vhost_new_connection(int vid)
{
	static const struct rte_vhost_user_extern_ops extern_ops = {
		.pre_msg_handle = port_vhost_before_message,
		.post_msg_handle = port_vhost_message,
	};
	struct port *port;
	int ret = -ENOENT;

	base_mutex_lock(&port_table.lock);
	port = port_vhost_find_locked(vid);
	if (port != NULL && port->vid >= 0) {
		base_err(port->log, "port %s: a second front-end at %s was refused",
				port->info.device, port->info.socket);
		ret = -EBUSY;
	} else if (port != NULL && port->info.state == PORT_WAITING) {
		ret = port_table_set_state_locked(port, PORT_CONNECTED);
		port->vid = vid;
		port->saw_kick = false;
		port->info.nb_connected++;
		port->info.is_watched = true;
		port_vhost_forget(&port->info);
		if (rte_vhost_extern_callback_register(vid, &extern_ops, NULL) != 0)
			base_err(port->log, "port %s: messages cannot be watched",
					port->info.device);
	}
	base_mutex_unlock(&port_table.lock);
	return ret;
}

static void
port_vhost_destroy_connection(int vid)
{
	struct port *port;

	base_mutex_lock(&port_table.lock);
	port = port_vhost_find_locked(vid);
	if (port != NULL && port->vid == vid) {
		port->vid = -1;
		port_vhost_forget(&port->info);
		(void)port_table_set_state_locked(port, PORT_WAITING);
	}
	base_mutex_unlock(&port_table.lock);
}

/* Ready rings: vhost has a memory table. */
static int
port_vhost_new_device(int vid)
{
	struct port *port;

	base_mutex_lock(&port_table.lock);
	port = port_vhost_find_locked(vid);
	if (port != NULL && port->vid == vid) {
		(void)port_table_set_state_locked(port, PORT_RUNNING);
		port->info.is_watched = port->saw_kick;
		port_vhost_copy_memory(vid, &port->info);
		port_vhost_copy_virtqs(vid, &port->info);
	}
	base_mutex_unlock(&port_table.lock);
	return 0;
}

static void
port_vhost_destroy_device(int vid)
{
	struct port *port;

	base_mutex_lock(&port_table.lock);
	port = port_vhost_find_locked(vid);
	if (port != NULL && port->vid == vid) {
		(void)port_table_set_state_locked(port, PORT_CONNECTED);
		port_vhost_copy_virtqs(vid, &port->info);
	}
	base_mutex_unlock(&port_table.lock);
}

static int
port_vhost_vring_state(int vid, uint16_t index, int enable)
{
	struct port *port;

	base_mutex_lock(&port_table.lock);
	port = port_vhost_find_locked(vid);
	if (port != NULL && port->vid == vid && index < PORT_VIRTQS_MAX) {
		port->info.virtq[index].enabled = enable != 0;
		port_vhost_copy_virtqs(vid, &port->info);
	}
	base_mutex_unlock(&port_table.lock);
	return 0;
}

static const struct rte_vhost_device_ops port_vhost_callbacks = {
	.new_device = port_vhost_new_device,
	.destroy_device = port_vhost_destroy_device,
	.vring_state_changed = port_vhost_vring_state,
	.new_connection = port_vhost_new_connection,
	.destroy_connection = port_vhost_destroy_connection,
};

const struct rte_vhost_device_ops *
port_vhost_ops(void)
{
	return &port_vhost_callbacks;
}
