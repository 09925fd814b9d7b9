/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: samples carry counts since the beginning, not per interval, so merging two is
 * to forget the earlier one's counts, and nothing is ever summed up wrongly. What merging would lose,
 * a short silence or burst, survives as the rate of the slowest and of the fastest interval.
 *
 * Between two samples packets are taken to come evenly: a window's mean rate is the difference of two
 * interpolated counts, so windows that lie side by side add up to what came.
 *
 * Samples are ascending, so a window's first one is found by bisection: a page asks for a thousand
 * windows of thousands of samples.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base_clock.h>

#include "timeline_data.h"

int
timeline_data_init(struct timeline_data *data, unsigned int max_samples, uint64_t interval_ns)
{
	if (max_samples < 2 || max_samples % 2 != 0 || interval_ns == 0)
		return -EINVAL;
	memset(data, 0, sizeof(*data));
	data->samples = calloc(max_samples, sizeof(*data->samples));
	if (data->samples == NULL)
		return -ENOMEM;
	data->max_samples = max_samples;
	data->interval_ns = interval_ns;
	return 0;
}

void
timeline_data_fini(struct timeline_data *data)
{
	free(data->samples);
	memset(data, 0, sizeof(*data));
}

int
timeline_data_copy(struct timeline_data *copy, const struct timeline_data *data)
{
	*copy = *data;
	copy->max_samples = data->nb_samples;
	copy->samples = calloc((size_t)data->nb_samples + 1, sizeof(*data->samples));
	if (copy->samples == NULL) {
		timeline_data_fini(copy);
		return -ENOMEM;
	}
	if (data->nb_samples != 0)
		memcpy(copy->samples, data->samples, data->nb_samples * sizeof(*data->samples));
	return 0;
}

/* --- samples -------------------------------------------------------------------------------- */

/* The earlier one's slowest and fastest interval are the later one's too. */
static void
timeline_join(struct timeline_sample *later, const struct timeline_sample *earlier)
{
	for (unsigned int i = 0; i < TIMELINE_DIRECTIONS_MAX; i++) {
		const struct timeline_point *from = &earlier->points[i];
		struct timeline_point *to = &later->points[i];

		if (from->low < to->low)
			to->low = from->low;
		if (from->high > to->high)
			to->high = from->high;
	}
}

void
timeline_data_merge(struct timeline_data *data)
{
	unsigned int nb = 0;

	for (unsigned int i = 0; i < data->nb_samples; i += 2) {
		unsigned int last = i + 1 < data->nb_samples ? i + 1 : i;

		if (last != i)
			timeline_join(&data->samples[last], &data->samples[i]);
		data->samples[nb++] = data->samples[last];
	}
	data->nb_samples = nb;
	data->interval_ns *= 2;
}

void
timeline_data_add(struct timeline_data *data, uint64_t end_ns,
		const struct timeline_count counts[TIMELINE_DIRECTIONS_MAX])
{
	static const struct timeline_sample origin;
	const struct timeline_sample *before;
	struct timeline_sample *now;

	if (data->nb_samples == data->max_samples)
		timeline_data_merge(data);
	before = data->nb_samples != 0 ? &data->samples[data->nb_samples - 1] : &origin;
	if (end_ns <= before->end_ns)
		return;
	now = &data->samples[data->nb_samples++];
	memset(now, 0, sizeof(*now));
	now->end_ns = end_ns;
	for (unsigned int i = 0; i < data->nb_directions; i++) {
		uint64_t nb = counts[i].arrived - before->points[i].count.arrived;
		double rate = (double)nb * (double)BASE_NS_PER_S /
				(double)(end_ns - before->end_ns);

		now->points[i] = (struct timeline_point){ counts[i], rate, rate };
	}
}

uint64_t
timeline_data_end(const struct timeline_data *data)
{
	return data->nb_samples != 0 ? data->samples[data->nb_samples - 1].end_ns : 0;
}

/* --- questions ------------------------------------------------------------------------------ */

/* The first sample that ends after @ns; nb_samples if none does. */
static unsigned int
timeline_find(const struct timeline_data *data, uint64_t ns)
{
	unsigned int low = 0, high = data->nb_samples;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (data->samples[middle].end_ns > ns)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static uint64_t
timeline_begin_of(const struct timeline_data *data, unsigned int sample)
{
	return sample == 0 ? 0 : data->samples[sample - 1].end_ns;
}

static struct timeline_count
timeline_before(const struct timeline_data *data, unsigned int sample, unsigned int direction)
{
	if (sample == 0)
		return (struct timeline_count){ 0, 0 };
	return data->samples[sample - 1].points[direction].count;
}

/* Counts at @ns, interpolated; @ns is not after the last sample. */
static void
timeline_at(const struct timeline_data *data, unsigned int direction, uint64_t ns, double *sent,
		double *arrived)
{
	unsigned int i = timeline_find(data, ns);
	struct timeline_count from = timeline_before(data, i, direction), to;
	uint64_t begin = timeline_begin_of(data, i);
	double part;

	*sent = (double)from.sent;
	*arrived = (double)from.arrived;
	if (i == data->nb_samples)
		return;
	to = data->samples[i].points[direction].count;
	part = (double)(ns - begin) / (double)(data->samples[i].end_ns - begin);
	*sent += part * (double)(to.sent - from.sent);
	*arrived += part * (double)(to.arrived - from.arrived);
}

struct timeline_rate
timeline_data_rate(const struct timeline_data *data, unsigned int direction, uint64_t begin_ns,
		uint64_t end_ns)
{
	struct timeline_rate rate = { .known = false };
	uint64_t last = timeline_data_end(data);
	double sent[2], arrived[2], seconds;

	if (end_ns > last)
		end_ns = last;
	if (begin_ns >= end_ns)
		return rate;
	timeline_at(data, direction, begin_ns, &sent[0], &arrived[0]);
	timeline_at(data, direction, end_ns, &sent[1], &arrived[1]);
	seconds = (double)(end_ns - begin_ns) / (double)BASE_NS_PER_S;
	rate.known = true;
	rate.sent = (sent[1] - sent[0]) / seconds;
	rate.arrived = (arrived[1] - arrived[0]) / seconds;
	for (unsigned int i = timeline_find(data, begin_ns), first = i;
			i < data->nb_samples && timeline_begin_of(data, i) < end_ns; i++) {
		const struct timeline_point *point = &data->samples[i].points[direction];

		if (i == first || point->low < rate.low)
			rate.low = point->low;
		if (i == first || point->high > rate.high)
			rate.high = point->high;
	}
	return rate;
}

/* Keeps the longest @max, the longest first. @return how many there are now. */
static unsigned int
timeline_keep_gap(struct timeline_gap *gaps, unsigned int nb, unsigned int max,
		const struct timeline_gap *gap)
{
	unsigned int at = nb;

	while (at > 0 && gaps[at - 1].end_ns - gaps[at - 1].begin_ns < gap->end_ns - gap->begin_ns)
		at--;
	if (at == max)
		return nb;
	if (nb < max)
		nb++;
	memmove(&gaps[at + 1], &gaps[at], (nb - at - 1) * sizeof(*gaps));
	gaps[at] = *gap;
	return nb;
}

unsigned int
timeline_data_gaps(const struct timeline_data *data, const struct timeline_window *window,
		struct timeline_gap *gaps, unsigned int max)
{
	unsigned int nb = 0, direction = window->direction;
	struct timeline_gap gap = { direction, window->begin_ns, 0 };

	for (unsigned int i = timeline_find(data, window->begin_ns); i < data->nb_samples; i++) {
		const struct timeline_sample *sample = &data->samples[i];

		if (timeline_begin_of(data, i) >= window->end_ns)
			break;
		if (sample->points[direction].count.arrived ==
				timeline_before(data, i, direction).arrived)
			continue;
		gap.end_ns = timeline_begin_of(data, i);
		if (gap.end_ns > gap.begin_ns && gap.end_ns - gap.begin_ns >= window->min_ns)
			nb = timeline_keep_gap(gaps, nb, max, &gap);
		gap.begin_ns = sample->end_ns;
	}
	return nb;
}
