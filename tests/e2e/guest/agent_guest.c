/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: sysfs names the devices below an interface: .../virtioN of the virtio bus,
 * and above it the PCI function. A driver is unbound and bound by writing the name of its device
 * into two files of the driver; the kernel has done it when write() returns. The interface comes
 * back under the same name, because it is the only one that is missing, but down.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent_guest.h"

#define GUEST_PLACE_PORT 0xe9 /* isa-debugcon's usual one */

static int
guest_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static int
guest_ioctl(const char *interface, unsigned long request, struct ifreq *ifr)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int rc = 0;

	if (fd < 0)
		return -errno;
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", interface);
	if (ioctl(fd, request, ifr) != 0)
		rc = -errno;
	close(fd);
	return rc;
}

static int
guest_up(const char *interface)
{
	struct ifreq ifr = { 0 };
	int rc = guest_ioctl(interface, SIOCGIFFLAGS, &ifr);

	if (rc != 0)
		return rc;
	ifr.ifr_flags |= IFF_UP;
	return guest_ioctl(interface, SIOCSIFFLAGS, &ifr);
}

int
agent_guest_rebind(const char *interface, const char *driver)
{
	bool is_pci = strcmp(driver, "virtio-pci") == 0;
	char path[PATH_MAX];
	char device[PATH_MAX];
	char name[NAME_MAX + 1];
	int rc;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device%s", interface, is_pci ? "/.." : "");
	if (realpath(path, device) == NULL)
		return -errno;
	snprintf(name, sizeof(name), "%s", strrchr(device, '/') + 1);
	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s/unbind", is_pci ? "pci" : "virtio",
			driver);
	rc = guest_write(path, name);
	if (rc != 0)
		return rc;
	strcpy(strrchr(path, '/'), "/bind");
	rc = guest_write(path, name);
	return rc != 0 ? rc : guest_up(interface);
}

int
agent_guest_online(const char *policy)
{
	return guest_write("/sys/devices/system/memory/auto_online_blocks", policy);
}

static int
guest_channels(const char *interface, struct ethtool_channels *channels)
{
	struct ifreq ifr = { .ifr_data = (void *)channels };

	return guest_ioctl(interface, SIOCETHTOOL, &ifr);
}

int
agent_guest_channels(const char *interface, unsigned int pairs)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	int rc = guest_channels(interface, &channels);

	if (rc != 0)
		return rc;
	channels.cmd = ETHTOOL_SCHANNELS;
	channels.combined_count = pairs;
	return guest_channels(interface, &channels);
}

int
agent_guest_interface(const char *interface, struct agent_guest_interface *found)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq ifr = { 0 };
	int rc = guest_channels(interface, &channels);

	if (rc != 0)
		return rc;
	rc = guest_ioctl(interface, SIOCGIFMTU, &ifr);
	*found = (struct agent_guest_interface){ .mtu = ifr.ifr_mtu,
		.pairs = channels.combined_count,
		.max_pairs = channels.max_combined };
	return rc;
}

bool
agent_guest_has_carrier(const char *interface)
{
	struct ethtool_value carrier = { .cmd = ETHTOOL_GLINK };
	struct ifreq ifr = { .ifr_data = (void *)&carrier };

	return guest_ioctl(interface, SIOCETHTOOL, &ifr) == 0 && carrier.data != 0;
}

static int
guest_schedule(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, policy, &param) == 0 ? 0 : -errno;
}

int
agent_guest_freeze(const char *interface)
{
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "/sys/class/net/%s/threaded", interface);
	rc = guest_write(path, "1");
	if (rc == 0)
		rc = guest_write("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	return rc == 0 ? guest_schedule(SCHED_FIFO, 1) : rc;
}

int
agent_guest_place(void)
{
	if (ioperm(GUEST_PLACE_PORT, 1, 1) != 0)
		return -errno;
	return inb(GUEST_PLACE_PORT);
}

int
agent_guest_thaw(void)
{
	return guest_schedule(SCHED_OTHER, 0);
}

int
agent_guest_reboot(void)
{
	sync();
	return reboot(RB_AUTOBOOT) == 0 ? 0 : -errno;
}
