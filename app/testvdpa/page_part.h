/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The parts of a page, each in a file of its own; page.c puts them together. All write well-formed
 * markup and leave errors of @p out to page_write().
 */
#ifndef PAGE_PART_H
#define PAGE_PART_H

#include "page.h"
#include "page_gap.h"

/** Colours and sizes: the content of the style element. */
extern const char page_style[];

/** What all drawings have in common. */
struct page_view {
	const struct page_attr *page;
	struct page_gaps gaps;
	uint64_t begin_ns,
			end_ns; /**< of the axis of time: from shortly before the first packet on */
	double level; /**< packets per second that there is room for */
	bool cut; /**< there were more */
};

/** Rates of all directions over the whole run, as an SVG. @return 0, -ENOMEM. */
int page_chart(const struct page_view *view, FILE *out);

/** Close-ups of the flows with the longest silences, one SVG each. @return 0, -ENOMEM. */
int page_zooms(const struct page_view *view, FILE *out);

/** Steps and flows, what they cost and what was lost. */
void page_rows_table(const struct page_attr *page, FILE *out);

/** Queues by steps: where they were stopped and where they went on. */
void page_queues_table(const struct page_attr *page, FILE *out);

#endif /* PAGE_PART_H */
