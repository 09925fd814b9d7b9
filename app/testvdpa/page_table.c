/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: cells have the names of the report's members as classes, so that a program can
 * compare a page with the JSON of the same run. What is not known is a dash, never 0.
 *
 * A silence also is a bar whose length is its part of the longest of all, so that the table can be
 * read without reading figures. The table of indices has a column for each step that changed some.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <base_clock.h>
#include <base_math.h>

#include "page_part.h"
#include "page_text.h"

/** A column that counts packets. */
struct page_counter {
	const char *name;
	size_t offset;
	bool bad; /* more than 0 is shown as a fault */
};

#define COUNTER(member, bad)                                        \
	{                                                           \
#member, offsetof(struct page_account, member), bad \
	}

static const struct page_counter counters[] = {
	COUNTER(sent, false),
	COUNTER(received, false),
	COUNTER(lost, true),
	COUNTER(duplicated, true),
	COUNTER(reordered, true),
	COUNTER(torn, true),
	COUNTER(invented, true),
	COUNTER(excused, false),
};

static uint64_t
page_counted(const struct page_account *account, const struct page_counter *counter)
{
	return *(const uint64_t *)((const char *)account + counter->offset);
}

/* --- steps and flows ------------------------------------------------------------------------ */

static void
page_rows_head(FILE *out)
{
	fputs("<thead><tr><th scope=\"col\">step, flow</th><th scope=\"col\">result</th>"
	      "<th scope=\"col\" class=\"n\">at</th><th scope=\"col\" class=\"n\">took</th>"
	      "<th scope=\"col\" class=\"n\" title=\"of the streams: the longest time without an arrival\">"
	      "longest silence, ms</th>"
	      "<th scope=\"col\" class=\"n\" title=\"of the streams' longest silences\">median, ms</th>"
	      "<th scope=\"col\" class=\"n\" title=\"that the driver sent to the firmware\">commands</th>",
			out);
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(counters); i++)
		fprintf(out, "<th scope=\"col\" class=\"n\">%s</th>", counters[i].name);
	fputs("</tr></thead>\n", out);
}

static void
page_gap_cells(const struct page_row *row, double longest_ms, FILE *out)
{
	if (!row->gap_known) {
		fputs("<td class=\"gap_max_ms n\">&#8211;</td><td class=\"gap_median_ms n\">&#8211;"
		      "</td>",
				out);
		return;
	}
	fprintf(out,
			"<td class=\"gap_max_ms n\"><i style=\"width:%.0f%%\"></i>"
			"<span>%.1f</span></td><td class=\"gap_median_ms n\">%.1f</td>",
			longest_ms > 0 ? 100 * row->gap_max_ms / longest_ms : 0, row->gap_max_ms,
			row->gap_median_ms);
}

static void
page_counter_cells(const struct page_row *row, FILE *out)
{
	if (row->commands_known)
		fprintf(out, "<td class=\"commands n\">%" PRIu64 "</td>", row->commands);
	else
		fputs("<td class=\"commands n\">&#8211;</td>", out);
	for (unsigned int i = 0; i < BASE_ARRAY_SIZE(counters); i++) {
		uint64_t nb = page_counted(&row->account, &counters[i]);

		if (row->account_known)
			fprintf(out, "<td class=\"%s n%s\">%" PRIu64 "</td>", counters[i].name,
					counters[i].bad && nb != 0 ? " bad" : "", nb);
		else
			fprintf(out, "<td class=\"%s n\"></td>", counters[i].name);
	}
}

static void
page_row_faults(const struct page_row *row, FILE *out)
{
	for (unsigned int i = 0; i < row->nb_faults; i++) {
		fprintf(out, "<tr class=\"fault\"><td colspan=\"%u\">",
				7 + (unsigned int)BASE_ARRAY_SIZE(counters));
		page_text(out, row->faults[i]);
		fputs("</td></tr>\n", out);
	}
}

static void
page_row(const struct page_row *row, double longest_ms, FILE *out)
{
	char figure[PAGE_FIGURE_LEN];

	fprintf(out, "<tr class=\"%s\"><th scope=\"row\" class=\"name\"><span>",
			row->kind == PAGE_STEP ? "step" : "flow");
	page_text(out, row->name);
	fputs("</span>", out);
	if (row->remark != NULL) {
		fputs("<small>", out);
		page_text(out, row->remark);
		fputs("</small>", out);
	}
	fprintf(out, "</th><td class=\"verdict %s\">%s</td>",
			row->verdict == PAGE_FAIL ? "bad" : "", page_verdict_name(row->verdict));
	page_time(figure, row->begin_ns);
	fprintf(out, "<td class=\"at n\">%s</td>", figure);
	page_duration(figure, row->end_ns - row->begin_ns);
	fprintf(out, "<td class=\"took n\">%s</td>", figure);
	page_gap_cells(row, longest_ms, out);
	page_counter_cells(row, out);
	fputs("</tr>\n", out);
	page_row_faults(row, out);
}

void
page_rows_table(const struct page_attr *page, FILE *out)
{
	double longest_ms = 0;

	if (page->nb_rows == 0)
		return;
	for (unsigned int i = 0; i < page->nb_rows; i++)
		if (page->rows[i].gap_known && page->rows[i].gap_max_ms > longest_ms)
			longest_ms = page->rows[i].gap_max_ms;
	fputs("<h2>Steps and flows</h2>\n<div class=\"wide\"><table id=\"steps\">\n", out);
	page_rows_head(out);
	fputs("<tbody>\n", out);
	for (unsigned int i = 0; i < page->nb_rows; i++)
		page_row(&page->rows[i], longest_ms, out);
	fputs("</tbody></table></div>\n", out);
}

/* --- indices -------------------------------------------------------------------------------- */

static bool
page_same_queue(const struct page_queue *a, const struct page_queue *b)
{
	return a->queue == b->queue && strcmp(a->guest, b->guest) == 0;
}

/* What row @step says of a queue, or NULL. Mostly it is at the same place @k in each. */
static const struct page_queue *
page_queue_in(const struct page_attr *page, unsigned int step, const struct page_queue *queue,
		unsigned int k)
{
	const struct page_row *row = &page->rows[step];

	if (k < row->nb_queues && page_same_queue(&row->queues[k], queue))
		return &row->queues[k];
	for (unsigned int i = 0; i < row->nb_queues; i++)
		if (page_same_queue(&row->queues[i], queue))
			return &row->queues[i];
	return NULL;
}

static bool
page_queue_changed(const struct page_attr *page, unsigned int step, unsigned int k)
{
	const struct page_queue *now = &page->rows[step].queues[k], *before = NULL;

	if (!now->saved.known && !now->resumed.known)
		return false;
	for (unsigned int i = step; i-- > 0 && before == NULL;)
		before = page_queue_in(page, i, now, k);
	return before == NULL || !ring_index_same(&now->saved, &before->saved) ||
			!ring_index_same(&now->resumed, &before->resumed);
}

/* The queue in row @step, where that changed it; else NULL. */
static const struct page_queue *
page_queue_change(const struct page_attr *page, unsigned int step, const struct page_queue *which,
		unsigned int k)
{
	const struct page_queue *queue = page_queue_in(page, step, which, k);

	if (queue == NULL)
		return NULL;
	k = (unsigned int)(queue - page->rows[step].queues);
	return page_queue_changed(page, step, k) ? queue : NULL;
}

static bool
page_queues_changed(const struct page_attr *page, unsigned int step)
{
	for (unsigned int k = 0; k < page->rows[step].nb_queues; k++)
		if (page_queue_changed(page, step, k))
			return true;
	return false;
}

static void
page_indices_text(const struct ring_index *indices, FILE *out)
{
	if (indices->known)
		fprintf(out, "%u,&#160;%u", indices->avail, indices->used);
	else
		fputs("&#8211;", out);
}

static void
page_queue_cell(const struct page_queue *queue, FILE *out)
{
	if (queue == NULL) {
		fputs("<td></td>", out);
		return;
	}
	fprintf(out, "<td class=\"n%s\"><span class=\"saved\">",
			queue->saved.known && queue->saved.avail != queue->saved.used ? " open" :
											"");
	page_indices_text(&queue->saved, out);
	fputs("</span> <span class=\"resumed\">&#8594;&#160;", out);
	page_indices_text(&queue->resumed, out);
	fputs("</span></td>", out);
}

/* Is queue @k of row @step the first of its name, and does any step change it? */
static bool
page_queue_is_row(const struct page_attr *page, unsigned int step, unsigned int k)
{
	const struct page_queue *queue = &page->rows[step].queues[k];

	for (unsigned int i = 0; i < step; i++)
		if (page_queue_in(page, i, queue, k) != NULL)
			return false;
	for (unsigned int i = step; i < page->nb_rows; i++)
		if (page_queue_change(page, i, queue, k) != NULL)
			return true;
	return false;
}

static void
page_queue_row(const struct page_attr *page, const struct page_queue *queue, unsigned int k,
		FILE *out)
{
	fputs("<tr><th scope=\"row\">", out);
	page_text(out, queue->guest);
	fprintf(out, " %s %u</th>", queue->queue % 2 == 0 ? "rx" : "tx", queue->queue / 2);
	for (unsigned int i = 0; i < page->nb_rows; i++)
		if (page_queues_changed(page, i))
			page_queue_cell(page_queue_change(page, i, queue, k), out);
	fputs("</tr>\n", out);
}

static bool
page_any_queue_changed(const struct page_attr *page)
{
	for (unsigned int i = 0; i < page->nb_rows; i++)
		if (page_queues_changed(page, i))
			return true;
	return false;
}

static void
page_queues_head(const struct page_attr *page, FILE *out)
{
	fputs("<thead><tr><th scope=\"col\">queue</th>", out);
	for (unsigned int i = 0; i < page->nb_rows; i++) {
		if (!page_queues_changed(page, i))
			continue;
		fputs("<th scope=\"col\">", out);
		page_text(out, page->rows[i].name);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n", out);
}

void
page_queues_table(const struct page_attr *page, FILE *out)
{
	if (!page_any_queue_changed(page))
		return;
	fputs("<h2>Indices of queues</h2>\n<p class=\"note\">Available, used: where the queue was "
	      "stopped &#8594; where it went on, in the steps that changed something. Marked: "
	      "descriptors were under way when it stopped.</p>\n"
	      "<div class=\"wide\"><table id=\"queues\">\n",
			out);
	page_queues_head(page, out);
	fputs("<tbody>\n", out);
	for (unsigned int i = 0; i < page->nb_rows; i++)
		for (unsigned int k = 0; k < page->rows[i].nb_queues; k++)
			if (page_queue_is_row(page, i, k))
				page_queue_row(page, &page->rows[i].queues[k], k, out);
	fputs("</tbody></table></div>\n", out);
}
