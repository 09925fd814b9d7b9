/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a tick is a multiple of a step, so the steps decide. Powers of ten are made by
 * multiplying, which is exact for what a drawing needs, and begins at a thousandth.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include <base_math.h>

#include "page_axis.h"

#define STEP_FIRST 0.001
#define EPSILON 1e-9

double
page_scale_at(const struct page_scale *scale, double value)
{
	if (value < scale->from)
		value = scale->from;
	if (value > scale->to)
		value = scale->to;
	return scale->begin +
			(value - scale->from) / (scale->to - scale->from) *
			(scale->end - scale->begin);
}

/* How many multiples of @step lie in [from, to]; @first is the first of them, in steps. */
static double
page_multiples(double from, double to, double step, double *first)
{
	double low = from / step, high = to / step;

	*first = (double)(uint64_t)low;
	if (*first < low - EPSILON)
		*first += 1;
	high = (double)(uint64_t)(high + EPSILON);
	return high < *first ? 0 : high - *first + 1;
}

static struct page_ticks
page_ticks_of(double from, double to, double step)
{
	struct page_ticks ticks = { .step = step };
	double first, nb = page_multiples(from, to, step, &first);

	assert(nb <= PAGE_TICKS_MAX);
	for (; ticks.nb < (unsigned int)nb; ticks.nb++)
		ticks.at[ticks.nb] = (first + ticks.nb) * step;
	return ticks;
}

/* The step after @step in 1, 2, 5, 10, 20 ...; @digit is the first digit, kept from call to call. */
static double
page_next_step(double step, unsigned int *digit)
{
	double factor = *digit == 2 ? 2.5 : 2;

	*digit = *digit == 1 ? 2 : *digit == 2 ? 5 : 1;
	return step * factor;
}

struct page_ticks
page_ticks(double from, double to, unsigned int max)
{
	unsigned int digit = 1;
	double step = STEP_FIRST, first;

	assert(max >= 2 && max <= PAGE_TICKS_MAX && from >= 0 && from < to);
	while (page_multiples(from, to, step, &first) > max)
		step = page_next_step(step, &digit);
	return page_ticks_of(from, to, step);
}

struct page_ticks
page_ticks_time(double from, double to, unsigned int max)
{
	static const double steps[] = { 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400,
		43200, 86400 };
	struct page_ticks ticks = page_ticks(from, to, max);
	unsigned int i = 0;
	double first;

	if (ticks.step <= 10)
		return ticks;
	while (i < BASE_ARRAY_SIZE(steps) - 1 && page_multiples(from, to, steps[i], &first) > max)
		i++;
	if (page_multiples(from, to, steps[i], &first) <= max)
		ticks = page_ticks_of(from, to, steps[i]);
	return ticks;
}

struct page_ticks
page_ticks_over(double value, unsigned int max)
{
	struct page_ticks ticks = page_ticks(0, value, max - 1);

	if (ticks.at[ticks.nb - 1] < value - EPSILON) {
		ticks.at[ticks.nb] = ticks.nb * ticks.step;
		ticks.nb++;
	}
	return ticks;
}

void
page_tick_time(char figure[PAGE_FIGURE_LEN], double seconds, double step)
{
	uint64_t s = (uint64_t)(seconds + 0.5);

	if (step < 0.01 - EPSILON)
		snprintf(figure, PAGE_FIGURE_LEN, "%.3f", seconds);
	else if (step < 0.1 - EPSILON)
		snprintf(figure, PAGE_FIGURE_LEN, "%.2f", seconds);
	else if (step < 1 - EPSILON)
		snprintf(figure, PAGE_FIGURE_LEN, "%.1f", seconds);
	else if (step <= 10 + EPSILON)
		snprintf(figure, PAGE_FIGURE_LEN, "%" PRIu64, s);
	else if (step < 900)
		snprintf(figure, PAGE_FIGURE_LEN, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
	else
		snprintf(figure, PAGE_FIGURE_LEN, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600,
				s / 60 % 60, s % 60);
}

const char *
page_tick_unit(double step)
{
	if (step <= 10 + EPSILON)
		return "s";
	return step < 900 ? "min:s" : "h:min:s";
}

bool
page_room_take(struct page_room *room, double begin, double end)
{
	if (room->nb == PAGE_ROOM_MAX)
		return false;
	for (unsigned int i = 0; i < room->nb; i++)
		if (begin < room->end[i] && room->begin[i] < end)
			return false;
	room->begin[room->nb] = begin;
	room->end[room->nb++] = end;
	return true;
}
