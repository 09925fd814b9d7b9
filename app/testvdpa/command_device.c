/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: what rte_vdpa.h and EAL tell of a device, by name and in words. Nothing here
 * needs a front-end; what one has negotiated comes from the port table.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "command_rows.h"
#include "device.h"
#include "feature.h"
#include "port.h"

#define COMMAND_DEVICE_F_LOG_ALL (1ULL << 26) /* VHOST_F_LOG_ALL */
#define COMMAND_DEVICE_P_LOG_SHMFD (1ULL << 1) /* VHOST_USER_PROTOCOL_F_LOG_SHMFD */

static int
command_device_get(const struct command_session *session, const char *name,
		struct device_info *info)
{
	int ret = device_info(name, info);

	if (ret == -ENODEV)
		base_err(session->log, "no vDPA device is called '%s'", name);
	else if (ret != 0)
		base_err(session->log, "device %s: the driver does not say what it can", name);
	return ret;
}

static int
command_devices_one(const char *name, void *arg)
{
	struct command_session *session = arg;
	struct device_info info;
	struct port_info port;

	if (device_info(name, &info) != 0)
		return 0;
	fprintf(session->out, "%-20s driver %s, up to %u queue pairs", name, info.driver,
			info.max_pairs);
	if (port_get(name, &port) == 0)
		fprintf(session->out, ", %s at %s\n", port_state_name(port.state), port.socket);
	else
		fprintf(session->out, ", not attached\n");
	return 0;
}

static int
command_devices_count(const char *name, void *arg)
{
	++*(unsigned int *)arg;
	return 0;
}

static int
command_devices(struct command_session *session, const struct command_args *args)
{
	unsigned int nb = 0;

	(void)device_foreach(command_devices_one, session);
	(void)device_foreach(command_devices_count, &nb);
	fprintf(session->out, "%u vDPA device%s\n", nb, nb == 1 ? "" : "s");
	return 0;
}

static int
command_info(struct command_session *session, const struct command_args *args)
{
	struct device_info info;
	int ret = command_device_get(session, args->word[2], &info);

	if (ret != 0)
		return ret;
	fprintf(session->out, "device %s\n", args->word[2]);
	fprintf(session->out, "  driver: %s\n  bus: %s\n", info.driver, info.bus);
	fprintf(session->out, "  devargs: %s\n", info.devargs[0] == '\0' ? "none" : info.devargs);
	fprintf(session->out, "  NUMA node: %d\n", info.numa_node);
	fprintf(session->out, "  queue pairs: up to %u\n", info.max_pairs);
	fprintf(session->out, "  features: 0x%" PRIx64 ", protocol features: 0x%" PRIx64 "\n",
			info.features, info.protocol);
	fprintf(session->out, "  statistics of a queue: %u\n", info.nb_stats);
	return 0;
}

/** A set of features to print. */
struct command_features {
	const char *kind;
	uint64_t offered;
	uint64_t negotiated;
	const char *(*name)(unsigned int bit);
};

static void
command_features_print(const struct command_features *features, FILE *out)
{
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		const char *name = features->name(bit);
		uint64_t mask = 1ULL << bit;
		char number[16];

		if (((features->offered | features->negotiated) & mask) == 0)
			continue;
		snprintf(number, sizeof(number), "bit%u", bit);
		fprintf(out, "  %s %-22s%s%s\n", features->kind, name != NULL ? name : number,
				(features->offered & mask) != 0 ? " offered" : "",
				(features->negotiated & mask) != 0 ? " negotiated" : "");
	}
}

static int
command_features(struct command_session *session, const struct command_args *args)
{
	struct command_features virtio = { .kind = "virtio  ", .name = feature_name };
	struct command_features vhost = { .kind = "protocol", .name = feature_protocol_name };
	struct device_info info;
	struct port_info port;
	int ret = command_device_get(session, args->word[2], &info);

	if (ret != 0)
		return ret;
	virtio.offered = info.features;
	vhost.offered = info.protocol;
	if (port_get(args->word[2], &port) == 0)
		virtio.negotiated = port.features;
	fprintf(session->out, "device %s\n", args->word[2]);
	command_features_print(&virtio, session->out);
	command_features_print(&vhost, session->out);
	return 0;
}

/* What the driver says, what vhost-user allows, what this program keeps. */
static int
command_limits(struct command_session *session, const struct command_args *args)
{
	struct device_info info;
	bool migrates;
	int ret = command_device_get(session, args->word[2], &info);

	if (ret != 0)
		return ret;
	migrates = (info.features & COMMAND_DEVICE_F_LOG_ALL) != 0 &&
			(info.protocol & COMMAND_DEVICE_P_LOG_SHMFD) != 0;
	fprintf(session->out, "device %s\n", args->word[2]);
	fprintf(session->out, "  queue pairs: %u (rings: %u)\n", info.max_pairs,
			info.max_pairs * 2);
	fprintf(session->out, "  rings shown: %u, memory regions shown: %u\n", PORT_VIRTQS_MAX,
			PORT_REGIONS_MAX);
	fprintf(session->out, "  front-ends at a time: 1\n");
	fprintf(session->out, "  socket path: %zu characters\n",
			sizeof(((struct port_info *)0)->socket) - 1);
	fprintf(session->out, "  live migration: %s\n",
			migrates ? "yes (LOG_ALL and LOG_SHMFD are offered)" : "not offered");
	return 0;
}

const struct command_row command_device_rows[] = {
	{ "show devices", "the vDPA devices, one a line", command_devices },
	{ "show info DEV", "driver, bus, devargs, and what the device offers", command_info },
	{ "show features DEV", "features by name: offered by the device, negotiated by a guest",
			command_features },
	{ "show limits DEV", "what the device, vhost-user and this program allow at most",
			command_limits },
	{ NULL, NULL, NULL },
};
