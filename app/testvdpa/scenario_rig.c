/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the first devices that EAL found serve A, B and, from the third on, the place
 * where A moves to. Each is attached to a socket of its own in a private directory; the guests
 * connect to the first two. The way back takes the guests away first, then the ports, so that a
 * device is stopped by its front-end's end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base_clock.h>
#include <base_math.h>

#include "flow.h"
#include "port.h"
#include "scenario_play.h"

#define RIG_MESSAGE_MS 10000u

/* --- devices --------------------------------------------------------------------------------- */

static int
rig_find_device(const char *name, void *arg)
{
	struct scenario_play *play = arg;
	struct scenario_port *port = &play->ports[play->nb_ports];

	if (play->nb_ports == SCENARIO_DEVICES_MAX)
		return 1;
	snprintf(port->device, sizeof(port->device), "%s", name);
	play->nb_ports++;
	return 0;
}

static int
rig_find_devices(struct scenario_play *play)
{
	(void)device_foreach(rig_find_device, play);
	for (unsigned int i = 0; i < play->nb_ports; i++)
		memcpy(play->report.devices[i], play->ports[i].device, DEVICE_NAME_MAX);
	play->report.nb_devices = play->nb_ports;
	if (play->nb_ports >= SCENARIO_GUESTS)
		return 0;
	base_err(&play->log, "a scenario needs two vDPA devices, EAL found %s",
			play->nb_ports == 0 ? "none" : "one");
	return -ENODEV;
}

/* --- set-up ---------------------------------------------------------------------------------- */

static int
rig_make_dir(struct scenario_play *play)
{
	int ret;

	snprintf(play->dir, sizeof(play->dir), "/tmp/testvdpa-XXXXXX");
	if (mkdtemp(play->dir) != NULL)
		return 0;
	ret = -errno;
	base_err(&play->log, "no directory for sockets: %s", strerror(-ret));
	play->dir[0] = '\0';
	return ret;
}

static int
rig_create_guest(struct scenario_play *play, unsigned int g)
{
	struct scenario_guest *guest = &play->guests[g];
	struct vm_attr attr = {
		.name = guest->name,
		.socket = play->ports[g].socket,
		.nb_pairs = play->attr->queue_pairs,
		.packed = play->attr->packed,
		.timeout_ms = RIG_MESSAGE_MS,
		.settle_ms = play->attr->patience_ms,
		.log = &play->log,
	};

	guest->port = g;
	guest->name[0] = (char)('A' + g);
	return vm_add(&attr, &guest->vm);
}

int
scenario_rig_create(struct scenario_play *play)
{
	int ret = rig_find_devices(play);

	if (ret == 0)
		ret = rig_make_dir(play);
	if (ret != 0)
		return ret;
	for (unsigned int i = 0; i < play->nb_ports; i++)
		snprintf(play->ports[i].socket, sizeof(play->ports[i].socket), "%s/%u.sock",
				play->dir, i);
	for (unsigned int g = 0; g < SCENARIO_GUESTS && ret == 0; g++)
		ret = rig_create_guest(play, g);
	play->ledger = vm_ledger();
	return ret;
}

static int
rig_failed(struct scenario_step *step, const struct scenario_guest *guest, const char *what,
		int ret)
{
	const char *text = guest_vm_error(guest->vm->guest);

	scenario_step_fault(step, "guest %s: %s: %s%s%s", guest->name, what, strerror(-ret),
			text[0] != '\0' ? ": " : "", text);
	return ret;
}

int
scenario_rig_start(struct scenario_play *play, struct scenario_step *step)
{
	int ret = 0;

	for (unsigned int i = 0; i < play->nb_ports && ret == 0; i++) {
		struct scenario_port *port = &play->ports[i];

		ret = port_attach(port->device, port->socket, PORT_SERVER, &play->log);
		port->attached = ret == 0;
		if (ret != 0)
			scenario_step_fault(step, "device %s: attach: %s", port->device,
					strerror(-ret));
	}
	for (unsigned int g = 0; g < SCENARIO_GUESTS && ret == 0; g++) {
		ret = vm_up(play->guests[g].vm, &play->log);
		if (ret != 0)
			rig_failed(step, &play->guests[g], "start", ret);
	}
	return ret;
}

/* --- a new life ------------------------------------------------------------------------------ */

static int
rig_reconnect(struct scenario_play *play, struct scenario_guest *guest)
{
	int ret;

	guest_vm_disconnect(guest->vm->guest);
	ret = vm_await_port(guest->vm, 0);
	guest->vm->paused = false; /* a stop that failed */
	return ret == 0 ? vm_up(guest->vm, &play->log) : ret;
}

int
scenario_rig_revive(struct scenario_play *play, struct scenario_step *step)
{
	int ret = 0;

	for (unsigned int g = 0; g < SCENARIO_GUESTS && ret == 0; g++) {
		ret = rig_reconnect(play, &play->guests[g]);
		if (ret != 0)
			rig_failed(step, &play->guests[g], "new connection", ret);
	}
	return ret;
}

/* --- the end --------------------------------------------------------------------------------- */

/* How the guests rang: by storing to the device's own page (host notifier) or by eventfd. */
static void
rig_note_kicks(struct scenario_play *play, struct scenario_step *step)
{
	struct guest_vm_stats *stats = calloc(1, sizeof(*stats)); /* large */
	double page = 0, eventfd = 0;

	if (stats == NULL)
		return;
	for (unsigned int g = 0; g < SCENARIO_GUESTS; g++) {
		guest_vm_stats(play->guests[g].vm->guest, stats);
		for (unsigned int i = 0; i < stats->nb_queues; i++) {
			page += (double)stats->notify[i].page_kicks;
			eventfd += (double)stats->notify[i].eventfd_kicks;
		}
	}
	free(stats);
	scenario_step_note(step, "kicks_by_page", page);
	scenario_step_note(step, "kicks_by_eventfd", eventfd);
}

void
scenario_rig_stop(struct scenario_play *play, struct scenario_step *step)
{
	/* a stop waits for traffic of whoever sends, and these are silent */
	for (unsigned int g = 0; g < SCENARIO_GUESTS; g++)
		vm_stop(play->guests[g].vm, NULL);
	for (unsigned int g = 0; g < SCENARIO_GUESTS; g++) {
		const struct flow_call call = { .vm = play->guests[g].vm, .log = &play->log };
		int ret = flow_stop(&call);

		if (ret != 0)
			rig_failed(step, &play->guests[g], "stop", ret);
	}
	rig_note_kicks(play, step);
}

void
scenario_rig_destroy(struct scenario_play *play)
{
	flow_history_clear();
	vm_remove_all();
	for (unsigned int i = play->nb_ports; i-- > 0;)
		if (play->ports[i].attached)
			port_detach(play->ports[i].device, &play->log);
	if (play->dir[0] != '\0' && rmdir(play->dir) != 0)
		base_warn(&play->log, "%s: %s", play->dir, strerror(errno));
}
