/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: an application that serves one vDPA device at a socket and does what it is
 * told, a word a line: "remove" hot-removes the device from EAL, "unregister" lets go of the
 * socket, "quit" ends. Each is answered with the word and the result.
 *
 * usage: unplug EAL-OPTIONS -- DEVICE SOCKET
 */
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_vdpa.h>
#include <rte_vhost.h>

static struct rte_device *
unplug_find(const char *name)
{
	struct rte_dev_iterator it;
	struct rte_device *dev, *found = NULL;

	RTE_DEV_FOREACH(dev, "bus=pci", &it)
	{
		if (strcmp(rte_dev_name(dev), name) == 0)
			found = dev;
	}
	return found;
}

static int
unplug_serve(const char *name, const char *socket)
{
	static const struct rte_vhost_device_ops ops = { 0 };
	struct rte_vdpa_device *dev = rte_vdpa_find_device_by_name(name);

	if (dev == NULL || rte_vhost_driver_register(socket, 0) != 0 ||
			rte_vhost_driver_callback_register(socket, &ops) != 0 ||
			rte_vhost_driver_attach_vdpa_device(socket, dev) != 0)
		return -1;
	return rte_vhost_driver_start(socket);
}

int
main(int argc, char **argv)
{
	char line[64];
	int ret;

	ret = rte_eal_init(argc, argv);
	if (ret < 0 || argc - ret != 3)
		return 2;
	argv += ret;
	if (unplug_serve(argv[1], argv[2]) != 0)
		return 2;
	printf("ready\n");
	for (; fflush(stdout), fgets(line, sizeof(line), stdin) != NULL;) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "quit") == 0)
			break;
		if (strcmp(line, "remove") == 0)
			ret = rte_dev_remove(unplug_find(argv[1]));
		else
			ret = rte_vhost_driver_unregister(argv[2]);
		printf("%s: %d\n", line, ret);
	}
	return rte_eal_cleanup();
}
