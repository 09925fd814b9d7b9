/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: an application that does with devices and sockets what it is told, a line
 * a command, and answers each with its first word and the result:
 *   probe DEVARGS        hot-plugs a device (rte_dev_probe)
 *   remove DEVICE        hot-removes it (rte_dev_remove)
 *   serve DEVICE SOCKET  offers it to front-ends at a socket
 *   drop SOCKET          lets go of the socket
 *   quit
 * What EAL tells of devices that went is printed as "gone DEVICE".
 *
 * usage: unplug EAL-OPTIONS
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_vdpa.h>
#include <rte_vhost.h>

#include "base_math.h"

static int
unplug_probe(char *devargs, char *unused)
{
	return rte_dev_probe(devargs);
}

static int
unplug_remove(char *name, char *unused)
{
	static const char *const buses[] = { "bus=pci", "bus=auxiliary" };
	struct rte_device *dev, *found = NULL;
	struct rte_dev_iterator it;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(buses); i++) {
		RTE_DEV_FOREACH(dev, buses[i], &it)
		{
			if (strcmp(rte_dev_name(dev), name) == 0)
				found = dev;
		}
	}
	return found != NULL ? rte_dev_remove(found) : -ENOENT;
}

static int
unplug_serve(char *name, char *socket)
{
	static const struct rte_vhost_device_ops ops = { 0 };
	struct rte_vdpa_device *dev = rte_vdpa_find_device_by_name(name);

	if (dev == NULL)
		return -ENODEV;
	if (rte_vhost_driver_register(socket, 0) != 0 ||
			rte_vhost_driver_callback_register(socket, &ops) != 0 ||
			rte_vhost_driver_attach_vdpa_device(socket, dev) != 0)
		return -1;
	return rte_vhost_driver_start(socket);
}

static int
unplug_drop(char *socket, char *unused)
{
	return rte_vhost_driver_unregister(socket);
}

static const struct {
	const char *word;
	int (*run)(char *first, char *second);
} commands[] = {
	{ "probe", unplug_probe },
	{ "remove", unplug_remove },
	{ "serve", unplug_serve },
	{ "drop", unplug_drop },
};

static void
unplug_gone(const char *name, enum rte_dev_event_type event, void *arg)
{
	if (event == RTE_DEV_EVENT_REMOVE)
		printf("gone %s\n", name);
	fflush(stdout);
}

static void
unplug_command(char *line)
{
	char *word, *first, *second, *save = NULL;
	int ret = -EINVAL;
	size_t i;

	word = strtok_r(line, " \n", &save);
	first = strtok_r(NULL, " \n", &save);
	second = strtok_r(NULL, " \n", &save);
	for (i = 0; word != NULL && first != NULL && i < BASE_ARRAY_SIZE(commands); i++) {
		if (strcmp(word, commands[i].word) == 0)
			ret = commands[i].run(first, second);
	}
	printf("%s: %d\n", word, ret);
}

int
main(int argc, char **argv)
{
	char line[256];

	if (rte_eal_init(argc, argv) < 0 ||
			rte_dev_event_callback_register(NULL, unplug_gone, NULL) != 0)
		return 2;
	printf("ready\n");
	for (; fflush(stdout), fgets(line, sizeof(line), stdin) != NULL;) {
		if (strcmp(line, "quit\n") == 0)
			break;
		unplug_command(line);
	}
	return rte_eal_cleanup();
}
