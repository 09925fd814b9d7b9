/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: from what matters most to what explains it: verdict, figures, what was run, rates over
 * time, close-ups, tables. The markup is XHTML that browsers read as HTML too: lower case,
 * every element closed, only numeric character references.
 *
 * What was lost is a sum over steps; flows lie in steps and count no packets of their own.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <base_clock.h>
#include <base_math.h>

#include "page_curve.h"
#include "page_part.h"
#include "page_text.h"

const char *
page_verdict_name(enum page_verdict verdict)
{
	static const char *const names[] = {
		[PAGE_NONE] = "",
		[PAGE_PASS] = "PASS",
		[PAGE_FAIL] = "FAIL",
		[PAGE_SKIPPED] = "skipped",
	};

	return (unsigned int)verdict < BASE_ARRAY_SIZE(names) ? names[verdict] : "";
}

/* The last sample or row; never 0. */
static uint64_t
page_end(const struct page_attr *page)
{
	uint64_t end_ns = page->timeline != NULL ? timeline_data_end(page->timeline) : 0;

	for (unsigned int i = 0; i < page->nb_rows; i++)
		if (page->rows[i].end_ns > end_ns)
			end_ns = page->rows[i].end_ns;
	return end_ns != 0 ? end_ns : BASE_NS_PER_S;
}

/* --- figures -------------------------------------------------------------------------------- */

/** What the cards at the top show. */
struct page_sums {
	unsigned int steps, passed, judged;
	struct page_account account;
	const struct page_row *longest; /* step or flow with the longest silence */
};

static void
page_sum_row(struct page_sums *sums, const struct page_row *row)
{
	const struct page_account *a = &row->account;

	if (row->gap_known &&
			(sums->longest == NULL || row->gap_max_ms > sums->longest->gap_max_ms))
		sums->longest = row;
	if (row->kind != PAGE_STEP)
		return;
	sums->steps++;
	sums->judged += row->verdict == PAGE_PASS || row->verdict == PAGE_FAIL;
	sums->passed += row->verdict == PAGE_PASS;
	if (!row->account_known)
		return;
	sums->account.sent += a->sent;
	sums->account.received += a->received;
	sums->account.lost += a->lost;
	sums->account.excused += a->excused;
	sums->account.duplicated += a->duplicated + a->reordered + a->torn + a->invented;
}

static void
page_card(FILE *out, const char *name, bool bad, const char *value, const char *more)
{
	fprintf(out, "<div><dt>%s</dt><dd%s>", name, bad ? " class=\"bad\"" : "");
	page_text(out, value);
	if (more != NULL) {
		fputs("<small>", out);
		page_text(out, more);
		fputs("</small>", out);
	}
	fputs("</dd></div>\n", out);
}

static void
page_count_card(FILE *out, const char *name, bool fault, uint64_t nb)
{
	char value[PAGE_FIGURE_LEN];

	snprintf(value, sizeof(value), "%" PRIu64, nb);
	page_card(out, name, fault && nb != 0, value, NULL);
}

static void
page_cards(const struct page_attr *page, FILE *out)
{
	struct page_sums sums = { .longest = NULL };
	char value[2 * PAGE_FIGURE_LEN];

	for (unsigned int i = 0; i < page->nb_rows; i++)
		page_sum_row(&sums, &page->rows[i]);
	fputs("<dl class=\"cards\">\n", out);
	page_duration(value, page->duration_ns);
	page_card(out, "duration", false, value, NULL);
	if (sums.judged != 0) {
		snprintf(value, sizeof(value), "%u of %u", sums.passed, sums.judged);
		page_card(out, "steps passed", sums.passed != sums.judged, value, NULL);
	}
	if (sums.account.sent != 0) {
		page_count_card(out, "packets sent", false, sums.account.sent);
		page_count_card(out, "received", false, sums.account.received);
		page_count_card(out, "lost", true, sums.account.lost);
		page_count_card(out, "duplicated, reordered, torn", true, sums.account.duplicated);
		page_count_card(out, "excused", false, sums.account.excused);
	}
	if (sums.longest != NULL) {
		page_duration(value, (uint64_t)(sums.longest->gap_max_ms * (double)BASE_NS_PER_MS));
		page_card(out, "longest silence", false, value, sums.longest->name);
	}
	fputs("</dl>\n", out);
}

/* --- parts ---------------------------------------------------------------------------------- */

static void
page_head(const struct page_attr *page, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
	      "<meta charset=\"utf-8\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>",
			out);
	page_text(out, page->title);
	if (page->verdict != PAGE_NONE)
		fprintf(out, ": %s", page_verdict_name(page->verdict));
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", page_style);
	page_text(out, page->title);
	fputs("</h1>\n<p>", out);
	if (page->verdict != PAGE_NONE)
		fprintf(out, "<span id=\"verdict\" class=\"verdict big%s\">%s</span>",
				page->verdict == PAGE_FAIL ? " bad" : "",
				page_verdict_name(page->verdict));
	if (page->reason != NULL) {
		fputs("<span class=\"reason\">", out);
		page_text(out, page->reason);
		fputs("</span>", out);
	}
	fputs("</p>\n", out);
}

static void
page_facts(const struct page_attr *page, FILE *out)
{
	if (page->nb_facts == 0)
		return;
	fputs("<dl class=\"facts\" id=\"facts\">\n", out);
	for (unsigned int i = 0; i < page->nb_facts; i++) {
		fputs("<dt>", out);
		page_text(out, page->facts[i].name);
		fputs("</dt><dd>", out);
		page_text(out, page->facts[i].value);
		fputs("</dd>\n", out);
	}
	fputs("</dl>\n", out);
}

/* What the signs of the chart mean. */
static void
page_key(const struct page_view *view, FILE *out)
{
	char figure[PAGE_FIGURE_LEN];

	page_duration(figure, view->page->timeline->interval_ns);
	fputs("<ul class=\"key\"><li><svg class=\"d0\" viewBox=\"0 0 22 10\"><path class=\"area\" "
	      "d=\"M0 3H22V10H0Z\"/><path class=\"line\" d=\"M0 3H22\"/></svg>arrived</li>"
	      "<li><svg class=\"d0\" viewBox=\"0 0 22 10\"><path class=\"sent\" d=\"M0 5H22\"/></svg>"
	      "sent</li><li><svg viewBox=\"0 0 22 10\"><rect class=\"gap\" width=\"22\" "
	      "height=\"10\"/></svg>nothing arrived</li><li><svg viewBox=\"0 0 22 10\"><rect "
	      "class=\"flow\" y=\"3\" width=\"22\" height=\"5\"/></svg>flow</li>"
	      "<li><svg viewBox=\"0 0 22 10\"><rect class=\"band odd\" width=\"22\" "
	      "height=\"10\"/></svg>step</li>",
			out);
	fprintf(out, "<li>one sample every %s%s</li></ul>\n", figure,
			view->cut ? "; peaks are cut off" : "");
}

/* The end of the first sample in which something was sent; 0: nothing was. */
static uint64_t
page_first_packet(const struct timeline_data *data)
{
	for (unsigned int i = 0; i < data->nb_samples; i++)
		for (unsigned int k = 0; k < data->nb_directions; k++)
			if (data->samples[i].points[k].count.sent != 0)
				return data->samples[i].end_ns;
	return 0;
}

/* The axis begins a little before there is something to see. */
static void
page_span(struct page_view *view)
{
	uint64_t first = page_first_packet(view->page->timeline), before;

	view->end_ns = page_end(view->page);
	before = (view->end_ns - first) / 32;
	view->begin_ns = first > before ? first - before : 0;
	if (view->begin_ns >= view->end_ns)
		view->begin_ns = 0;
}

/* What the drawings need room for. */
static int
page_measure(struct page_view *view)
{
	const struct timeline_data *data = view->page->timeline;
	double high = 0;

	page_span(view);
	view->level = 1;
	for (unsigned int i = 0; i < data->nb_directions; i++) {
		struct page_curve curve;
		int ret = page_curve_init(&curve, data, i, view->begin_ns, view->end_ns,
				PAGE_COLUMNS);

		if (ret != 0)
			return ret;
		if (page_curve_level(&curve) > view->level)
			view->level = page_curve_level(&curve);
		if (curve.high > high)
			high = curve.high;
		page_curve_fini(&curve);
	}
	view->cut = high > view->level;
	return 0;
}

static int
page_drawings(const struct page_attr *page, FILE *out)
{
	struct page_view *view;
	int ret;

	if (page->timeline == NULL || page->timeline->nb_samples == 0)
		return 0;
	view = malloc(sizeof(*view));
	if (view == NULL)
		return -ENOMEM;
	view->page = page;
	page_gaps_find(page, &view->gaps);
	ret = page_measure(view);
	if (ret != 0)
		goto free_view;
	fputs("<h2>Packets per second</h2>\n", out);
	ret = page_chart(view, out);
	if (ret != 0)
		goto free_view;
	page_key(view, out);
	ret = page_zooms(view, out);
free_view:
	free(view);
	return ret;
}

int
page_write(const struct page_attr *page, FILE *out)
{
	int ret;

	page_head(page, out);
	page_cards(page, out);
	page_facts(page, out);
	ret = page_drawings(page, out);
	if (ret != 0)
		return ret;
	page_rows_table(page, out);
	page_queues_table(page, out);
	fputs("</body>\n</html>\n", out);
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
