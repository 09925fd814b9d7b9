/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: of a ring there are up to four pairs of indices, and telling them apart is
 * what this view is for: what stands in the ring's memory now (live), what vhost keeps and hands
 * the front-end at GET_VRING_BASE (base), and what the driver says that it saved when the queue
 * stopped and resumed at when it started, where it has such statistics.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "command_rows.h"
#include "device.h"
#include "port.h"
#include "port_live.h"
#include "stats.h"

/* Addresses of a ring's parts, in the guest's memory where they are found there. */
static void
command_queue_address(const struct port_info *info, const char *name, uint64_t host, FILE *out)
{
	uint64_t gpa;

	if (port_guest_address(info, host, &gpa) == 0)
		fprintf(out, " %s 0x%" PRIx64, name, gpa);
	else
		fprintf(out, " %s unknown", name);
}

static void
command_queue_live(const struct port_info *info, uint16_t index, FILE *out)
{
	struct port_live live;
	int ret = port_live_read(info, index, &live);

	if (ret == 0)
		fprintf(out, "    live A %u, U %u\n", live.avail, live.used);
	else if (ret == -ENOTSUP)
		fprintf(out, "    live: a packed ring has no indices in memory\n");
	else
		fprintf(out, "    live: not to be read (%s)\n", strerror(-ret));
}

/* The driver's own pair, where it has statistics of these names. */
static void
command_queue_pair(const struct device_stats *stats, const char *what, FILE *out)
{
	const struct device_stat *avail = NULL;
	const struct device_stat *used = NULL;
	char name[2][64];
	unsigned int i;

	snprintf(name[0], sizeof(name[0]), "%s_avail_index", what);
	snprintf(name[1], sizeof(name[1]), "%s_used_index", what);
	for (i = 0; i < stats->nb; i++) {
		if (strcmp(stats->stat[i].name, name[0]) == 0)
			avail = &stats->stat[i];
		if (strcmp(stats->stat[i].name, name[1]) == 0)
			used = &stats->stat[i];
	}
	if (avail != NULL && used != NULL)
		fprintf(out, "    %s A %" PRIu64 ", U %" PRIu64 "\n", what, avail->value,
				used->value);
}

static void
command_queue_one(struct stats *rates, const struct port_info *info, uint16_t index, FILE *out)
{
	const struct port_virtq *vq = &info->virtq[index];
	struct device_stats stats;

	fprintf(out, "  queue %u (%s): %s, size %u, calls by %s\n", index,
			index % 2 == 0 ? "receive" : "transmit",
			vq->size == 0               ? "not set up" :
					vq->enabled ? "enabled" :
						      "disabled",
			vq->size, vq->callfd >= 0 ? "eventfd" : "nobody (polled)");
	if (vq->size == 0)
		return;
	fprintf(out, "    guest addresses:");
	command_queue_address(info, "descriptors", vq->desc, out);
	command_queue_address(info, "driver area", vq->driver, out);
	command_queue_address(info, "device area", vq->device, out);
	fprintf(out, "\n");
	command_queue_live(info, index, out);
	fprintf(out, "    base A %u, U %u\n", vq->avail, vq->used);
	(void)device_stats(info->device, index, &stats);
	command_queue_pair(&stats, "saved", out);
	command_queue_pair(&stats, "resumed", out);
	fprintf(out, "    ");
	if (stats_queue(rates, info->device, index, out) != 0)
		fprintf(out, "rates: no statistics\n");
}

static int
command_queues(struct command_session *session, const struct command_args *args)
{
	struct port_info info;
	uint16_t first = 0;
	uint16_t end;

	if (port_get(args->word[2], &info) != 0) {
		base_err(session->log, "no port has a device or a socket called '%s'",
				args->word[2]);
		return -ENOENT;
	}
	end = (uint16_t)info.nb_virtqs;
	if (args->word[3][0] != '\0') {
		int ret = value_queue(args->word[3], info.nb_virtqs, session->log, &first);

		if (ret != 0)
			return ret;
		end = (uint16_t)(first + 1);
	}
	fprintf(session->out, "port %s: %s, %u queues\n", info.device, port_state_name(info.state),
			info.nb_virtqs);
	for (; first < end; first++)
		command_queue_one(session->stats, &info, first, session->out);
	return 0;
}

const struct command_row command_queue_rows[] = {
	{ "show queues DEV|SOCKET [QUEUE]",
			"state, guest addresses, rates, and indices: live, base, saved, resumed",
			command_queues },
	{ NULL, NULL, NULL },
};
