/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: /proc/interrupts has a line for each interrupt: its number, a colon, a count
 * for each processor, the controller and the trigger, and what the driver called it. virtio_pci calls
 * those of a device virtioN-QUEUE and virtioN-config; one that is shared by all queues virtioN.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_interrupt.h"

/* The virtio device below an interface, virtioN. */
static int
interrupt_device(const char *interface, char *name, size_t size)
{
	char path[PATH_MAX];
	char device[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/class/net/%s/device", interface);
	if (realpath(path, device) == NULL)
		return -errno;
	snprintf(name, size, "%s", strrchr(device, '/') + 1);
	return 0;
}

/* What the device's name is followed by in the line's last word; NULL: the line is another's. */
static const char *
interrupt_suffix(char *line, const char *device)
{
	size_t len = strlen(device);
	char *name;

	line[strcspn(line, "\n")] = '\0';
	name = strrchr(line, ' ');
	if (name == NULL || strncmp(name + 1, device, len) != 0)
		return NULL;
	name += 1 + len;
	if (*name == '-')
		return name + 1;
	return *name == '\0' ? name : NULL;
}

static uint64_t
interrupt_sum(const char *line)
{
	const char *at = strchr(line, ':');
	uint64_t sum = 0;
	char *end;

	if (at == NULL)
		return 0;
	for (at++;; at = end) {
		uint64_t count = strtoull(at, &end, 10);

		if (end == at)
			return sum;
		sum += count;
	}
}

int
agent_interrupt_read(const char *interface, struct agent_interrupt *found, int max)
{
	char device[AGENT_INTERRUPT_NAME];
	char line[512];
	int rc = interrupt_device(interface, device, sizeof(device));
	FILE *file;
	int nb = 0;

	if (rc != 0)
		return rc;
	file = fopen("/proc/interrupts", "re");
	if (file == NULL)
		return -errno;
	while (nb >= 0 && fgets(line, sizeof(line), file) != NULL) {
		const char *suffix = interrupt_suffix(line, device);

		if (suffix == NULL)
			continue;
		if (nb == max) {
			nb = -E2BIG;
			break;
		}
		snprintf(found[nb].name, sizeof(found[nb].name), "%s", suffix);
		found[nb++].count = interrupt_sum(line);
	}
	fclose(file);
	return nb;
}
