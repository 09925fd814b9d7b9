/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a guest's socket may be served by a port of this process, or by anybody. Ports
 * are looked for by the socket's path at each question; where there is none the answer says so.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "port.h"
#include "vm.h"

#define VM_PORT_MS 10000u /* for a port to notice that its front-end is gone */

uint64_t
vm_front_ends(const struct vm *vm)
{
	static struct port_info info; /* large; one thread */

	return port_get(vm->socket, &info) == 0 ? info.nb_connected : 0;
}

int
vm_await_port(const struct vm *vm, uint64_t nb)
{
	int ret = port_await_free(vm->socket, nb, VM_PORT_MS);

	return ret == -ENOENT ? 0 : ret;
}

bool
vm_device(const struct vm *vm, char device[DEVICE_NAME_MAX])
{
	static struct port_info info; /* large; one thread */

	if (port_get(vm->socket, &info) != 0)
		return false;
	memcpy(device, info.device, DEVICE_NAME_MAX);
	return true;
}

void
vm_set_socket(struct vm *vm, const char *socket)
{
	snprintf(vm->socket, sizeof(vm->socket), "%s", socket);
}
