/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a row points to its faults, which lie with whoever makes the page, in a list
 * that has room for one line more than any source keeps texts: that line says how many are not told.
 */
#include <assert.h>
#include <stdio.h>

#include "page_row.h"

void
page_row_fault(struct page_row *row, struct page_row_faults *faults, const char *text)
{
	assert(row->nb_faults <= PAGE_ROW_FAULTS_MAX);
	faults->texts[row->nb_faults++] = text;
	row->faults = faults->texts;
}

void
page_row_rest(struct page_row *row, struct page_row_faults *faults, unsigned int nb)
{
	if (nb <= row->nb_faults)
		return;
	snprintf(faults->more, sizeof(faults->more), "and %u more", nb - row->nb_faults);
	page_row_fault(row, faults, faults->more);
}

void
page_row_account(struct page_row *row, const struct guest_ledger_count *count)
{
	struct page_account *a = &row->account;

	row->account_known = true;
	a->sent += count->sent;
	a->received += count->received;
	a->lost += count->lost;
	a->duplicated += count->duplicated;
	a->reordered += count->reordered;
	a->torn += count->torn;
	a->invented += count->invented;
	a->excused += count->excused;
}
