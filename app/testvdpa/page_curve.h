/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A rate over time as a line in a drawing: as many columns as fit, whatever the number of samples.
 */
#ifndef PAGE_CURVE_H
#define PAGE_CURVE_H

#include <stdio.h>

#include "page_axis.h"
#include "timeline_data.h"

#define PAGE_COLUMNS 531u /**< of a chart: 2 pixels each */

struct page_column {
	uint64_t begin_ns, end_ns;
	struct timeline_rate rate;
};

struct page_curve {
	unsigned int nb;
	struct page_column *columns; /**< side by side, ascending */
	double high; /**< the highest rate of all */
};

/**
 * Cuts [begin_ns, end_ns) into columns: one a sample where they fit into @p max, else @p max equal
 * ones. Beyond the last sample there are none. @return 0, -ENOMEM; page_curve_fini() frees it.
 */
int page_curve_init(struct page_curve *curve, const struct timeline_data *data,
		unsigned int direction, uint64_t begin_ns, uint64_t end_ns, unsigned int max);
void page_curve_fini(struct page_curve *curve);

/**
 * The rate that the drawing must have room for: the highest, but no more than twice the median of the
 * columns with traffic. What comes after a silence comes at once, and would press all else to the
 * ground.
 */
double page_curve_level(const struct page_curve *curve);

/** Where it is drawn: seconds to the right, packets per second up. */
struct page_field {
	struct page_scale x, y;
};

/**
 * Writes SVG paths of class "area" (arrived), "range" (the slowest to the fastest interval, where that
 * is not one), "sent" and "line" (arrived).
 */
void page_curve_write(const struct page_curve *curve, const struct page_field *field, FILE *out);

#endif /* PAGE_CURVE_H */
