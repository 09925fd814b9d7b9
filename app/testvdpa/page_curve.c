/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a column is as long as a sample or longer, and its rate is one level, so the
 * line is a staircase: what is drawn is what is known. A column's slowest and fastest interval are
 * drawn behind it, so that a silence which is shorter than a column still reaches the ground.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base_clock.h>

#include "page_curve.h"

static unsigned int
page_curve_samples(const struct timeline_data *data, uint64_t begin_ns, uint64_t end_ns)
{
	unsigned int nb = 1;

	for (unsigned int i = 0; i < data->nb_samples; i++)
		if (data->samples[i].end_ns > begin_ns && data->samples[i].end_ns < end_ns)
			nb++;
	return nb;
}

/* Where the sample ends in which @from lies; @i is a sample that does not begin later. */
static uint64_t
page_curve_next(const struct timeline_data *data, uint64_t from, uint64_t end_ns, unsigned int *i)
{
	while (*i < data->nb_samples && data->samples[*i].end_ns <= from)
		++*i;
	return *i < data->nb_samples && data->samples[*i].end_ns < end_ns ?
			data->samples[*i].end_ns :
			end_ns;
}

int
page_curve_init(struct page_curve *curve, const struct timeline_data *data, unsigned int direction,
		uint64_t begin_ns, uint64_t end_ns, unsigned int max)
{
	uint64_t last = data->nb_samples != 0 ? data->samples[data->nb_samples - 1].end_ns : 0;
	unsigned int nb, sample = 0;
	bool by_sample;

	memset(curve, 0, sizeof(*curve));
	if (end_ns > last)
		end_ns = last;
	if (begin_ns >= end_ns)
		return 0;
	nb = page_curve_samples(data, begin_ns, end_ns);
	by_sample = nb <= max;
	if (!by_sample)
		nb = max;
	curve->columns = calloc(nb, sizeof(*curve->columns));
	if (curve->columns == NULL)
		return -ENOMEM;
	for (uint64_t from = begin_ns; curve->nb < nb && from < end_ns; curve->nb++) {
		struct page_column *column = &curve->columns[curve->nb];

		column->begin_ns = from;
		column->end_ns = by_sample ? page_curve_next(data, from, end_ns, &sample) :
					     begin_ns + (end_ns - begin_ns) / nb * (curve->nb + 1);
		column->rate = timeline_data_rate(data, direction, from, column->end_ns);
		if (column->rate.high > curve->high)
			curve->high = column->rate.high;
		from = column->end_ns;
	}
	return 0;
}

void
page_curve_fini(struct page_curve *curve)
{
	free(curve->columns);
	memset(curve, 0, sizeof(*curve));
}

static int
page_curve_order(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return one < other ? -1 : one > other ? 1 : 0;
}

double
page_curve_level(const struct page_curve *curve)
{
	double *rates = calloc((size_t)curve->nb + 1, sizeof(*rates)), level = curve->high;
	unsigned int nb = 0;

	if (rates == NULL)
		return level;
	for (unsigned int i = 0; i < curve->nb; i++)
		if (curve->columns[i].rate.arrived > 0)
			rates[nb++] = curve->columns[i].rate.arrived;
	qsort(rates, nb, sizeof(*rates), page_curve_order);
	if (nb != 0 && 2 * rates[nb / 2] < level)
		level = 2 * rates[nb / 2];
	free(rates);
	return level;
}

/* --- SVG ------------------------------------------------------------------------------------ */

static double
page_curve_x(const struct page_field *field, uint64_t ns)
{
	return page_scale_at(&field->x, (double)ns / (double)BASE_NS_PER_S);
}

static double
page_rate_arrived(const struct timeline_rate *rate)
{
	return rate->arrived;
}

static double
page_rate_sent(const struct timeline_rate *rate)
{
	return rate->sent;
}

static double
page_rate_low(const struct timeline_rate *rate)
{
	return rate->low;
}

static double
page_rate_high(const struct timeline_rate *rate)
{
	return rate->high;
}

/* The staircase from left to right, behind an "M x y" or "L x y" of its beginning. */
static void
page_stairs(const struct page_curve *curve, const struct page_field *field,
		double (*level)(const struct timeline_rate *), FILE *out)
{
	double before = -1;

	for (unsigned int i = 0; i < curve->nb; i++) {
		const struct page_column *column = &curve->columns[i];
		double y = page_scale_at(&field->y, level(&column->rate));

		if (i == 0)
			fprintf(out, "%.1f %.1f", page_curve_x(field, column->begin_ns), y);
		else if (y != before)
			fprintf(out, "V%.1f", y);
		fprintf(out, "H%.1f", page_curve_x(field, column->end_ns));
		before = y;
	}
}

/* The same from right to left. */
static void
page_stairs_back(const struct page_curve *curve, const struct page_field *field,
		double (*level)(const struct timeline_rate *), FILE *out)
{
	for (unsigned int i = curve->nb; i-- > 0;) {
		const struct page_column *column = &curve->columns[i];

		fprintf(out, "V%.1fH%.1f", page_scale_at(&field->y, level(&column->rate)),
				page_curve_x(field, column->begin_ns));
	}
}

static bool
page_curve_merged(const struct page_curve *curve)
{
	for (unsigned int i = 0; i < curve->nb; i++)
		if (curve->columns[i].rate.low < curve->columns[i].rate.high)
			return true;
	return false;
}

void
page_curve_write(const struct page_curve *curve, const struct page_field *field, FILE *out)
{
	if (curve->nb == 0)
		return;
	fputs("<path class=\"area\" d=\"M", out);
	page_stairs(curve, field, page_rate_arrived, out);
	fprintf(out, "V%.1fH%.1fZ\"/>\n", field->y.begin,
			page_curve_x(field, curve->columns[0].begin_ns));
	if (page_curve_merged(curve)) {
		fputs("<path class=\"range\" d=\"M", out);
		page_stairs(curve, field, page_rate_high, out);
		page_stairs_back(curve, field, page_rate_low, out);
		fputs("Z\"/>\n", out);
	}
	fputs("<path class=\"sent\" d=\"M", out);
	page_stairs(curve, field, page_rate_sent, out);
	fputs("\"/>\n<path class=\"line\" d=\"M", out);
	page_stairs(curve, field, page_rate_arrived, out);
	fputs("\"/>\n", out);
}
