/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * From values to places in a drawing: scales, ticks at round values, which labels have room.
 */
#ifndef PAGE_AXIS_H
#define PAGE_AXIS_H

#include <stdbool.h>

#include "page_text.h"

#define PAGE_TICKS_MAX 16

/** A straight map of values to coordinates. */
struct page_scale {
	double from, to; /**< values, from < to */
	double begin, end; /**< their places; begin > end where up is more */
};

/** The place of @p value; what is outside is put on the edge. */
double page_scale_at(const struct page_scale *scale, double value);

/** Round values from 0 or above on. */
struct page_ticks {
	double step;
	unsigned int nb;
	double at[PAGE_TICKS_MAX];
};

/** At most @p max (2 to PAGE_TICKS_MAX) ticks in [from, to], @p from >= 0, at 1, 2 or 5 times 10^n. */
struct page_ticks page_ticks(double from, double to, unsigned int max);

/** The same for times in seconds: from a minute on at parts and multiples of minutes and hours. */
struct page_ticks page_ticks_time(double from, double to, unsigned int max);

/** The same from 0 on, and the last tick is not below @p value (> 0); @p max is 3 at least. */
struct page_ticks page_ticks_over(double value, unsigned int max);

/** A tick of a time axis: "2.5", "40", "3:20", "2:00:00". */
void page_tick_time(char figure[PAGE_FIGURE_LEN], double seconds, double step);

/** What the figures of page_tick_time() with this step are: "s", "min:s" or "h:min:s". */
const char *page_tick_unit(double step);

#define PAGE_ROOM_MAX 128

/** Places along a line that are taken already. */
struct page_room {
	unsigned int nb;
	double begin[PAGE_ROOM_MAX], end[PAGE_ROOM_MAX];
};

/** Takes the place from @p begin to @p end; false where it is not free, or there are too many. */
bool page_room_take(struct page_room *room, double begin, double end);

#endif /* PAGE_AXIS_H */
