/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a view is a table row with a function that prints one device; show_run()
 * picks the row and walks the devices. A device is gathered once into a struct show_device (from
 * the port table's copy and the driver's statistics), so that all views, the one for programs
 * included, tell the same. Virtqueues are listed when the front-end has set them up; a device may
 * have hundreds that nobody uses.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <base_math.h>

#include "device.h"
#include "feature.h"
#include "json.h"
#include "port.h"
#include "show.h"

/** All that is known of one device. */
struct show_device {
	const char *name;
	uint32_t max_virtqs;
	uint64_t features;
	struct port_info port; /**< device is "" where the device is not attached */
};

/** One view. */
struct show_view {
	const char *name;
	void (*print)(const struct show_device *dev, FILE *out);
};

/** For the walk over devices. */
struct show_walk {
	const struct show_view *view;
	FILE *out;
	unsigned int nb;
};

static bool
show_is_attached(const struct show_device *dev)
{
	return dev->port.device[0] != '\0';
}

static bool
show_is_connected(const struct show_device *dev)
{
	return dev->port.state == PORT_CONNECTED || dev->port.state == PORT_RUNNING;
}

static const char *
show_state(const struct show_device *dev)
{
	return show_is_attached(dev) ? port_state_name(dev->port.state) : "not attached";
}

static void
show_features(uint64_t features, FILE *out)
{
	feature_print(features, out);
	fputc('\n', out);
}

static void
show_view_device(const struct show_device *dev, FILE *out)
{
	fprintf(out, "device %s: %s\n", dev->name, show_state(dev));
	fprintf(out, "  max virtqueues: %u\n  features: ", dev->max_virtqs);
	show_features(dev->features, out);
	if (!show_is_attached(dev))
		return;
	fprintf(out, "  socket: %s (%s), front-ends so far: %" PRIu64 ", messages: %" PRIu64 "\n",
			dev->port.socket, dev->port.mode == PORT_CLIENT ? "client" : "server",
			dev->port.nb_connected, dev->port.nb_messages);
	if (show_is_connected(dev) && !dev->port.is_watched)
		fprintf(out,
				"  the driver watches the messages itself: they are not counted here, "
				"and memory is shown as it was when the rings started\n");
	if (dev->port.features != 0) {
		fprintf(out, "  negotiated: ");
		show_features(dev->port.features, out);
	}
}

static void
show_stats(const struct device_stats *stats, FILE *out)
{
	unsigned int i;

	for (i = 0; i < stats->nb; i++)
		fprintf(out, "    %-32s %" PRIu64 "\n", stats->stat[i].name, stats->stat[i].value);
}

static void
show_view_virtq(const struct show_device *dev, FILE *out)
{
	struct device_stats stats;
	uint16_t i;

	fprintf(out, "device %s: %s\n", dev->name, show_state(dev));
	for (i = 0; i < dev->port.nb_virtqs; i++) {
		const struct port_virtq *vq = &dev->port.virtq[i];

		(void)device_stats(dev->name, i, &stats);
		fprintf(out, "  virtq %u: %s, size %u, kick fd %d, call fd %d, vhost base (%u, %u)\n",
				i, vq->enabled ? "enabled" : "disabled", vq->size, vq->kickfd,
				vq->callfd, vq->avail, vq->used);
		show_stats(&stats, out);
	}
}

static void
show_view_stats(const struct show_device *dev, FILE *out)
{
	struct device_stats stats;
	uint16_t i;

	fprintf(out, "device %s: %s\n", dev->name, show_state(dev));
	for (i = 0; i < dev->max_virtqs && i < PORT_VIRTQS_MAX; i++) {
		if (device_stats(dev->name, i, &stats) != 0)
			continue;
		fprintf(out, "  virtq %u:\n", i);
		show_stats(&stats, out);
	}
}

static void
show_view_memory(const struct show_device *dev, FILE *out)
{
	unsigned int i;

	fprintf(out, "device %s: %s, %u memory regions, table set %" PRIu64 " times\n", dev->name,
			show_state(dev), dev->port.nb_regions, dev->port.nb_mem_table);
	for (i = 0; i < dev->port.nb_regions; i++) {
		const struct port_region *r = &dev->port.region[i];

		fprintf(out,
				"  region %u: guest 0x%012" PRIx64 " size 0x%" PRIx64
				" front-end 0x%" PRIx64 " here 0x%" PRIx64 " mapped 0x%" PRIx64
				"\n",
				i, r->gpa, r->size, r->frontend, r->host, r->mmap_size);
	}
}

static void
show_json_virtq(const struct show_device *dev, uint16_t index, struct json *json)
{
	const struct port_virtq *vq = &dev->port.virtq[index];
	struct device_stats stats;
	unsigned int i;

	(void)device_stats(dev->name, index, &stats);
	json_open(json, NULL, '{');
	json_u64(json, "index", index);
	json_u64(json, "size", vq->size);
	json_bool(json, "enabled", vq->enabled);
	json_int(json, "kickfd", vq->kickfd);
	json_int(json, "callfd", vq->callfd);
	json_u64(json, "vhost_avail", vq->avail);
	json_u64(json, "vhost_used", vq->used);
	json_open(json, "stats", '{');
	for (i = 0; i < stats.nb; i++)
		json_u64(json, stats.stat[i].name, stats.stat[i].value);
	json_close(json, '}');
	json_close(json, '}');
}

static void
show_json_memory(const struct port_info *port, struct json *json)
{
	unsigned int i;

	json_open(json, "memory", '[');
	for (i = 0; i < port->nb_regions; i++) {
		json_open(json, NULL, '{');
		json_u64(json, "gpa", port->region[i].gpa);
		json_u64(json, "size", port->region[i].size);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void
show_view_json(const struct show_device *dev, FILE *out)
{
	struct json json = { .out = out };
	uint16_t i;

	json_open(&json, NULL, '{');
	json_text(&json, "device", dev->name);
	json_u64(&json, "max_virtqs", dev->max_virtqs);
	json_u64(&json, "features", dev->features);
	json_text(&json, "socket", show_is_attached(dev) ? dev->port.socket : NULL);
	json_text(&json, "state", show_state(dev));
	json_u64(&json, "negotiated", dev->port.features);
	json_bool(&json, "watched", dev->port.is_watched);
	json_u64(&json, "front_ends", dev->port.nb_connected);
	json_u64(&json, "messages", dev->port.nb_messages);
	json_u64(&json, "mem_tables", dev->port.nb_mem_table);
	show_json_memory(&dev->port, &json);
	json_open(&json, "virtqs", '[');
	for (i = 0; i < dev->port.nb_virtqs; i++)
		show_json_virtq(dev, i, &json);
	json_close(&json, ']');
	json_close(&json, '}');
}

static const struct show_view show_views[] = {
	{ "device", show_view_device },
	{ "virtq", show_view_virtq },
	{ "stats", show_view_stats },
	{ "memory", show_view_memory },
	{ "json", show_view_json },
};

static int
show_one(const char *name, void *arg)
{
	struct show_device dev = { .name = name };
	struct show_walk *walk = arg;

	(void)device_max_virtqs(name, &dev.max_virtqs);
	(void)device_features(name, &dev.features);
	if (port_get(name, &dev.port) != 0)
		memset(&dev.port, 0, sizeof(dev.port));
	if (walk->view->print == show_view_json && walk->nb > 0)
		fputc(',', walk->out);
	walk->nb++;
	walk->view->print(&dev, walk->out);
	return 0;
}

static void
show_all(struct show_walk *walk)
{
	bool json = walk->view->print == show_view_json;

	fputs(json ? "{\"devices\":[" : "", walk->out);
	(void)device_foreach(show_one, walk);
	fputs(json ? "]}\n" : "", walk->out);
	if (walk->nb == 0 && !json)
		fputs("no vDPA device\n", walk->out);
}

int
show_run(const char *what, const char *device, FILE *out, const struct base_log *log)
{
	struct show_walk walk = { .out = out };
	unsigned int i;

	for (i = 0; i < BASE_ARRAY_SIZE(show_views); i++) {
		if (strcmp(show_views[i].name, what) == 0)
			walk.view = &show_views[i];
	}
	if (walk.view == NULL)
		return -EINVAL;
	if (device[0] == '\0') {
		show_all(&walk);
		return 0;
	}
	if (rte_vdpa_find_device_by_name(device) == NULL) {
		base_err(log, "no vDPA device is called '%s'", device);
		return -ENODEV;
	}
	(void)show_one(device, &walk);
	fputs(walk.view->print == show_view_json ? "\n" : "", out);
	return 0;
}
