/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Which silences a page shades, and where: length as the ledger says it where it does, place as the
 * samples show it.
 */
#ifndef PAGE_GAP_H
#define PAGE_GAP_H

#include "page.h"

#define PAGE_GAPS_MAX 512
#define PAGE_GAPS_OF_STEP 64 /**< by direction: the longest */

struct page_gap {
	unsigned int row; /**< the step's */
	unsigned int direction;
	uint64_t begin_ns, end_ns;
	uint64_t exact_ns; /**< length by the ledger; 0: only as exact as the samples */
};

/** In the order of the rows. */
struct page_gaps {
	unsigned int nb;
	struct page_gap gaps[PAGE_GAPS_MAX];
};

/**
 * Finds them for all steps. One that is too short to be seen in the samples is laid at the flow of
 * its step that had the longest silence; where there was no flow, it is left out.
 */
void page_gaps_find(const struct page_attr *page, struct page_gaps *gaps);

/** Its length: what the ledger says, or what can be seen. */
uint64_t page_gap_length(const struct page_gap *gap);

#endif /* PAGE_GAP_H */
