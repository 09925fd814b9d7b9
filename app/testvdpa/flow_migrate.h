/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Live migration of a built-in guest from its back-end to another one, as a flow: its record is
 * judged as every flow's (flow.h), and every page or ring that was written, but is in no dirty log,
 * is a fault that names it. How it is done, and what the figures mean: guest_migrate.h.
 */
#ifndef FLOW_MIGRATE_H
#define FLOW_MIGRATE_H

#include <stdio.h>

#include <guest_migrate.h>

#include "flow.h"

/** Where to, and how. */
struct flow_migrate_to {
	/** The vDPA device of this process that is to serve the guest: attached to @c socket if it is
	 * attached to none. NULL: a back-end of somebody else listens at @c socket. */
	const char *device;
	const char *socket;
	enum guest_migrate_check check;
};

/**
 * Moves the guest. Its device and socket of before stay attached, so it can be moved back.
 * @param result gets the figures; may be NULL
 * @return as flow_run(), and before there is a record, with a complaint: -ENODEV, -EBUSY (the device
 * serves another socket, or somebody else), -EALREADY (the guest is there), -EOPNOTSUPP (the guest is
 * the server of its socket), -ENOENT or -ENOTSOCK (nobody is at @c socket), or what port_attach()
 * says. Where the destination refuses the result is its error, and the guest goes on at the source.
 */
int flow_migrate(const struct flow_call *call, const struct flow_migrate_to *to,
		struct guest_migrate_result *result);

/** All but the switch-over, and then all of it is undone: the source goes on at its bases. */
int flow_migrate_fail(const struct flow_call *call, enum guest_migrate_check check,
		struct guest_migrate_result *result);

/** Writes the figures for people, a few lines. */
void flow_migrate_print(const struct guest_migrate_result *result, FILE *out);

/** Does the port of @p device have a front-end? One that is leaving is waited for a little. */
bool flow_migrate_is_served(const char *device);

#endif /* FLOW_MIGRATE_H */
