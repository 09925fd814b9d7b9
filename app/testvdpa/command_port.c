/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: handlers that hand their words to the port table (port.h) or to EAL's
 * hot-plug. vhost keeps a pointer to the device of an open socket, so a device is taken away only
 * when it serves none. A hot-plug that brings no vDPA device (a class that is missing in the
 * devargs, for example) is an error: nobody wants it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>

#include "command_rows.h"
#include "device.h"
#include "port.h"

#define COMMAND_DEVICES_MAX 256u

static int
command_attach(struct command_session *session, const struct command_args *args)
{
	enum port_mode mode = session->mode;
	int ret;

	if (command_option(args, "client") != NULL)
		mode = PORT_CLIENT;
	if (command_option(args, "server") != NULL)
		mode = PORT_SERVER;
	ret = port_attach(args->word[1], args->word[2], mode, session->log);
	if (ret == 0)
		fprintf(session->out, "attached %s to %s\n", args->word[1], args->word[2]);
	return ret;
}

static int
command_detach(struct command_session *session, const struct command_args *args)
{
	int ret = port_detach(args->word[1], session->log);

	if (ret == 0)
		fprintf(session->out, "detached %s\n", args->word[1]);
	return ret;
}

/** The devices that are there. */
struct command_devices {
	unsigned int nb;
	char name[COMMAND_DEVICES_MAX][DEVICE_NAME_MAX];
};

static int
command_devices_add(const char *name, void *arg)
{
	struct command_devices *devices = arg;

	if (devices->nb < COMMAND_DEVICES_MAX)
		snprintf(devices->name[devices->nb++], DEVICE_NAME_MAX, "%s", name);
	return 0;
}

static bool
command_devices_has(const struct command_devices *devices, const char *name)
{
	unsigned int i;

	for (i = 0; i < devices->nb && strcmp(devices->name[i], name) != 0; i++)
		;
	return i < devices->nb;
}

/* Prints the devices that are new since @before; @return their number. */
static unsigned int
command_devices_new(const struct command_devices *before, FILE *out)
{
	struct command_devices now = { .nb = 0 };
	unsigned int nb = 0;
	unsigned int i;

	(void)device_foreach(command_devices_add, &now);
	for (i = 0; i < now.nb; i++) {
		if (command_devices_has(before, now.name[i]))
			continue;
		fprintf(out, "plugged %s\n", now.name[i]);
		nb++;
	}
	return nb;
}

static int
command_hot_plug(struct command_session *session, const struct command_args *args)
{
	struct command_devices before = { .nb = 0 };
	int ret;

	(void)device_foreach(command_devices_add, &before);
	ret = rte_dev_probe(args->word[1]);
	if (ret != 0) {
		base_err(session->log, "cannot plug '%s': %s", args->word[1], rte_strerror(-ret));
		return ret;
	}
	if (command_devices_new(&before, session->out) != 0)
		return 0;
	base_err(session->log,
			"no new vDPA device came of '%s': is it there already, or did you "
			"forget class=vdpa?",
			args->word[1]);
	return -ENODEV;
}

static int
command_hot_unplug(struct command_session *session, const struct command_args *args)
{
	struct rte_vdpa_device *dev = rte_vdpa_find_device_by_name(args->word[1]);
	struct port_info info;
	int ret;

	if (dev == NULL) {
		base_err(session->log, "no vDPA device is called '%s'", args->word[1]);
		return -ENODEV;
	}
	if (port_get(args->word[1], &info) == 0) {
		base_err(session->log, "cannot unplug %s: it serves %s (%s); detach it first",
				info.device, info.socket, port_state_name(info.state));
		return -EBUSY;
	}
	ret = rte_dev_remove(rte_vdpa_get_rte_device(dev));
	if (ret != 0)
		base_err(session->log, "cannot unplug %s: %s", args->word[1], rte_strerror(-ret));
	else
		fprintf(session->out, "unplugged %s\n", args->word[1]);
	return ret;
}

static int
command_port_one(const char *device, void *arg)
{
	struct command_session *session = arg;
	unsigned int enabled = 0;
	struct port_info info;
	unsigned int i;

	if (port_get(device, &info) != 0)
		return 0;
	for (i = 0; i < info.nb_virtqs; i++)
		enabled += info.virtq[i].enabled;
	fprintf(session->out, "port %s at %s (%s): %s, %u of %u rings enabled, %u memory regions",
			info.device, info.socket, info.mode == PORT_CLIENT ? "client" : "server",
			port_state_name(info.state), enabled, info.nb_virtqs, info.nb_regions);
	fprintf(session->out, ", front-ends so far: %" PRIu64 "\n", info.nb_connected);
	return 0;
}

static int
command_show_port(struct command_session *session, const struct command_args *args)
{
	struct port_info info;

	if (args->word[2][0] == '\0') {
		(void)port_foreach(command_port_one, session);
		return 0;
	}
	if (port_get(args->word[2], &info) != 0) {
		base_err(session->log, "no port has a device or a socket called '%s'",
				args->word[2]);
		return -ENOENT;
	}
	return command_port_one(info.device, session);
}

const struct command_row command_port_rows[] = {
	{ "attach DEV SOCKET [server|client]",
			"let a device serve the vhost-user front-end at a socket", command_attach },
	{ "detach DEV|SOCKET", "stop the rings, disconnect the front-end, close the socket",
			command_detach },
	{ "show port [DEV|SOCKET]", "the attached devices: socket, state, rings",
			command_show_port },
	{ "hot-plug DEVARGS", "probe a device, as with EAL's -a: 0000:03:00.2,class=vdpa",
			command_hot_plug },
	{ "hot-unplug DEV", "close a device that serves no socket, and forget it",
			command_hot_unplug },
	{ NULL, NULL, NULL },
};
