/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * What a row of a page takes over in the same way from a scenario's report and from typed flows:
 * faults, of which the source keeps only the first texts, and an account of the ledger.
 */
#ifndef PAGE_ROW_H
#define PAGE_ROW_H

#include <guest_ledger.h>

#include "page.h"

#define PAGE_ROW_FAULTS_MAX 16u /**< texts that a source keeps, at most */

/** The faults of a row; lives as long as the row. */
struct page_row_faults {
	const char *texts[PAGE_ROW_FAULTS_MAX + 1];
	char more[48];
};

/** Adds a fault; @p text is not copied. */
void page_row_fault(struct page_row *row, struct page_row_faults *faults, const char *text);

/** After all texts that were kept: there are @p nb faults in all. */
void page_row_rest(struct page_row *row, struct page_row_faults *faults, unsigned int nb);

/** Adds an account to the row's. */
void page_row_account(struct page_row *row, const struct guest_ledger_count *count);

#endif /* PAGE_ROW_H */
