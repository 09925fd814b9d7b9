/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: of each queue that was looked at, the last reading is kept with its time; a
 * rate is the difference of two readings. Names of statistics are the driver's own: rte_vdpa.h does
 * not say which of them count, so those that by their name are something else are left out. A
 * counter that went back was set to 0 in between, and has no rate this time.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <base_clock.h>
#include <base_math.h>

#include "port.h"
#include "stats.h"

/** A reading of one queue. */
struct stats_sample {
	LIST_ENTRY(stats_sample) next;
	char device[DEVICE_NAME_MAX];
	uint16_t index;
	uint64_t ns;
	struct device_stats stats;
};

struct stats {
	LIST_HEAD(, stats_sample) samples;
};

struct stats *
stats_create(void)
{
	return calloc(1, sizeof(struct stats));
}

void
stats_destroy(struct stats *stats)
{
	struct stats_sample *sample;

	if (stats == NULL)
		return;
	while ((sample = LIST_FIRST(&stats->samples)) != NULL) {
		LIST_REMOVE(sample, next);
		free(sample);
	}
	free(stats);
}

bool
stats_is_counter(const char *name)
{
	static const char *const others[] = { "index", "state", "down" };
	size_t len = strlen(name);
	unsigned int i;

	for (i = 0; i < BASE_ARRAY_SIZE(others); i++) {
		size_t n = strlen(others[i]);

		if (len >= n && strcmp(name + len - n, others[i]) == 0)
			return false;
	}
	return true;
}

uint64_t
stats_rate(uint64_t before, uint64_t now, uint64_t ns)
{
	if (now < before || ns == 0)
		return 0;
	return (uint64_t)((double)(now - before) * 1000 * BASE_NS_PER_S / (double)ns);
}

static struct stats_sample *
stats_find(struct stats *stats, const char *device, uint16_t index)
{
	struct stats_sample *sample;

	LIST_FOREACH(sample, &stats->samples, next) {
		if (sample->index == index && strcmp(sample->device, device) == 0)
			return sample;
	}
	return NULL;
}

/* The counter of that name in the last reading; false where it was not there. */
static bool
stats_before(const struct stats_sample *sample, const char *name, uint64_t *value)
{
	unsigned int i;

	for (i = 0; i < sample->stats.nb; i++) {
		if (strcmp(sample->stats.stat[i].name, name) != 0)
			continue;
		*value = sample->stats.stat[i].value;
		return true;
	}
	return false;
}

static void
stats_print_one(const struct device_stat *stat, uint64_t milli, FILE *out)
{
	fprintf(out, ", %s %" PRIu64 ".%" PRIu64 "/s", stat->name, milli / 1000,
			milli % 1000 / 100);
}

static void
stats_print(const struct stats_sample *sample, const struct device_stats *now, uint64_t ns,
		FILE *out)
{
	uint64_t before;
	unsigned int i;

	fprintf(out, "rates over %.2f s", (double)ns / BASE_NS_PER_S);
	for (i = 0; i < now->nb; i++) {
		const struct device_stat *stat = &now->stat[i];
		uint64_t rate;

		if (!stats_is_counter(stat->name) || !stats_before(sample, stat->name, &before))
			continue;
		rate = stats_rate(before, stat->value, ns);
		if (rate != 0)
			stats_print_one(stat, rate, out);
	}
	fputc('\n', out);
}

static struct stats_sample *
stats_add(struct stats *stats, const char *device, uint16_t index)
{
	struct stats_sample *sample = calloc(1, sizeof(*sample));

	if (sample == NULL)
		return NULL;
	snprintf(sample->device, sizeof(sample->device), "%s", device);
	sample->index = index;
	LIST_INSERT_HEAD(&stats->samples, sample, next);
	return sample;
}

int
stats_queue(struct stats *stats, const char *device, uint16_t index, FILE *out)
{
	struct stats_sample *sample = stats_find(stats, device, index);
	struct device_stats now;
	uint64_t ns;
	int ret;

	ret = device_stats(device, index, &now);
	if (ret != 0)
		return ret;
	ns = base_clock_ns();
	if (sample != NULL) {
		stats_print(sample, &now, ns - sample->ns, out);
	} else {
		sample = stats_add(stats, device, index);
		if (sample == NULL)
			return -ENOMEM;
		fprintf(out, "rates: this is the first reading\n");
	}
	sample->ns = ns;
	sample->stats = now;
	return 0;
}

int
stats_rates(struct stats *stats, const char *device, FILE *out)
{
	struct port_info info;
	unsigned int nb = 0;
	int ret = port_get(device, &info);
	uint16_t i;

	if (ret != 0)
		return ret;
	fprintf(out, "rates of %s\n", info.device);
	for (i = 0; i < info.nb_virtqs; i++) {
		if (info.virtq[i].size == 0)
			continue;
		nb++;
		fprintf(out, "  queue %u, ", i);
		ret = stats_queue(stats, info.device, i, out);
		if (ret != 0)
			fprintf(out, "no statistics (%s)\n", strerror(-ret));
	}
	if (nb == 0)
		fprintf(out, "  no queue is set up\n");
	return 0;
}
