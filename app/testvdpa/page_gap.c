/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the ledger knows how long the longest silence of a step was, but not when; the
 * samples know when, to some milliseconds, and only of all streams together. Where both mean the same (what
 * can be seen is at most two intervals shorter) the ledger's length goes with the samples' place.
 * Where the ledger's is much longer it is that of a single stream whose neighbours went on: what is
 * shaded is then what can be seen.
 *
 * A slow trickle is no silence: what is shaded is longer than five times the mean distance between
 * packets.
 */
#include <base_clock.h>

#include "page_gap.h"

#define DISTANCES 5
#define SHORTEST_NS BASE_NS_PER_MS /* laid at a flow: less cannot be seen in any drawing */

uint64_t
page_gap_length(const struct page_gap *gap)
{
	return gap->exact_ns != 0 ? gap->exact_ns : gap->end_ns - gap->begin_ns;
}

static void
page_gap_add(struct page_gaps *gaps, const struct page_gap *gap)
{
	if (gaps->nb < PAGE_GAPS_MAX)
		gaps->gaps[gaps->nb++] = *gap;
}

/* The flow of step @row with the longest silence, or NULL. */
static const struct page_row *
page_gap_flow(const struct page_attr *page, unsigned int row)
{
	const struct page_row *longest = NULL;

	for (unsigned int i = row + 1; i < page->nb_rows && page->rows[i].kind == PAGE_FLOW; i++)
		if (longest == NULL || page->rows[i].gap_max_ms > longest->gap_max_ms)
			longest = &page->rows[i];
	return longest;
}

/* No silence can be seen, but the ledger knows one. */
static void
page_gap_lay(const struct page_attr *page, unsigned int row, unsigned int direction,
		struct page_gaps *gaps)
{
	uint64_t length = page->rows[row].gap_ns[direction];
	const struct page_row *flow = page_gap_flow(page, row);

	if (flow == NULL || length < SHORTEST_NS)
		return;
	page_gap_add(gaps,
			&(struct page_gap){ row, direction, flow->begin_ns, flow->begin_ns + length,
					length });
}

static void
page_gap_step(const struct page_attr *page, unsigned int row, unsigned int direction,
		struct page_gaps *gaps)
{
	const struct page_row *step = &page->rows[row];
	uint64_t interval = page->timeline->interval_ns, exact = step->gap_ns[direction];
	uint64_t end = step->settled_ns != 0 ? step->settled_ns : step->end_ns;
	struct timeline_window window = { direction, step->begin_ns, end, 2 * interval };
	struct timeline_gap seen[PAGE_GAPS_OF_STEP];
	struct timeline_rate rate =
			timeline_data_rate(page->timeline, direction, step->begin_ns, end);
	unsigned int nb;

	if (!rate.known || rate.arrived <= 0)
		return;
	if (window.min_ns * rate.arrived < DISTANCES * (double)BASE_NS_PER_S)
		window.min_ns = (uint64_t)(DISTANCES * (double)BASE_NS_PER_S / rate.arrived);
	nb = timeline_data_gaps(page->timeline, &window, seen, PAGE_GAPS_OF_STEP);
	if (nb == 0)
		page_gap_lay(page, row, direction, gaps);
	for (unsigned int i = 0; i < nb; i++) {
		struct page_gap gap = { row, direction, seen[i].begin_ns, seen[i].end_ns, 0 };

		if (i == 0 && exact <= gap.end_ns - gap.begin_ns + 2 * interval)
			gap.exact_ns = exact;
		page_gap_add(gaps, &gap);
	}
}

void
page_gaps_find(const struct page_attr *page, struct page_gaps *gaps)
{
	gaps->nb = 0;
	if (page->timeline == NULL)
		return;
	for (unsigned int row = 0; row < page->nb_rows; row++)
		for (unsigned int i = 0; i < page->timeline->nb_directions; i++)
			if (page->rows[row].kind == PAGE_STEP)
				page_gap_step(page, row, i, gaps);
}
