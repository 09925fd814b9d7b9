/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: a silence of 30 ms is a hair in a minute's chart. So the flows that hurt most
 * get a drawing each, all with the same width in time, so that they can be compared: wide enough for
 * the longest of them. Time 0 is the flow's beginning; both directions share the drawing.
 *
 * Flows (steps, where there are no flows) are chosen by their longest silence and shown in the order
 * in which they happened.
 */
#include <errno.h>
#include <stdlib.h>

#include <base_clock.h>

#include "page_curve.h"
#include "page_part.h"

#define ZOOMS 12
#define WIDTH 380
#define HEIGHT 168
#define LEFT 46.0
#define RIGHT 354.0
#define TOP 26.0
#define BOTTOM 118.0
#define COLUMNS 160u
#define BEFORE 0.25 /* of the drawing lies before the flow */
#define SHORTEST_NS (240 * BASE_NS_PER_MS)
#define LONGEST_NS (4 * BASE_NS_PER_S)

/** One drawing. */
struct zoom {
	const struct page_view *view;
	const struct page_row *flow;
	FILE *out;
	uint64_t begin_ns, end_ns; /* that are shown */
	struct page_curve curves[TIMELINE_DIRECTIONS_MAX];
	struct page_field field;
};

/* --- which flows ---------------------------------------------------------------------------- */

static int
zoom_longer(const void *a, const void *b)
{
	double one = (*(const struct page_row *const *)a)->gap_max_ms;
	double other = (*(const struct page_row *const *)b)->gap_max_ms;

	return one < other ? 1 : one > other ? -1 : 0;
}

static int
zoom_earlier(const void *a, const void *b)
{
	uint64_t one = (*(const struct page_row *const *)a)->begin_ns;
	uint64_t other = (*(const struct page_row *const *)b)->begin_ns;

	return one < other ? -1 : one > other ? 1 : 0;
}

/* Flows, or steps where there are no flows. */
static enum page_kind
zoom_kind(const struct page_attr *page)
{
	for (unsigned int i = 0; i < page->nb_rows; i++)
		if (page->rows[i].kind == PAGE_FLOW)
			return PAGE_FLOW;
	return PAGE_STEP;
}

/* Fills @chosen with at most ZOOMS flows in order of time. @return how many, -ENOMEM */
static int
zoom_choose(const struct page_attr *page, const struct page_row *chosen[ZOOMS])
{
	const struct page_row **flows = calloc((size_t)page->nb_rows + 1, sizeof(*flows));
	enum page_kind kind = zoom_kind(page);
	unsigned int nb = 0;

	if (flows == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < page->nb_rows; i++)
		if (page->rows[i].kind == kind && page->rows[i].gap_known)
			flows[nb++] = &page->rows[i];
	qsort(flows, nb, sizeof(flows[0]), zoom_longer);
	if (nb > ZOOMS)
		nb = ZOOMS;
	for (unsigned int i = 0; i < nb; i++)
		chosen[i] = flows[i];
	qsort(chosen, nb, sizeof(chosen[0]), zoom_earlier);
	free(flows);
	return (int)nb;
}

/* The width in time that shows the longest of them, with its silence. */
static uint64_t
zoom_width(const struct page_row *const chosen[], unsigned int nb)
{
	uint64_t width = SHORTEST_NS;

	for (unsigned int i = 0; i < nb; i++) {
		uint64_t took = chosen[i]->end_ns - chosen[i]->begin_ns;
		uint64_t gap = (uint64_t)(chosen[i]->gap_max_ms * (double)BASE_NS_PER_MS);
		uint64_t need = 3 * (took > gap ? took : gap);

		if (need > width)
			width = need;
	}
	return width < LONGEST_NS ? width : LONGEST_NS;
}

/* --- drawing -------------------------------------------------------------------------------- */

static double
zoom_x(const struct zoom *zoom, uint64_t ns)
{
	return page_scale_at(&zoom->field.x, (double)ns / (double)BASE_NS_PER_S);
}

static void
zoom_rect(const struct zoom *zoom, const char *class, uint64_t begin_ns, uint64_t end_ns)
{
	double begin = zoom_x(zoom, begin_ns), end = zoom_x(zoom, end_ns);

	fprintf(zoom->out,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
			class, begin, TOP, end - begin < 1 ? 1 : end - begin, BOTTOM - TOP);
}

static void
zoom_directions(const struct zoom *zoom)
{
	for (unsigned int i = 0; i < zoom->view->page->timeline->nb_directions; i++) {
		fprintf(zoom->out, "<g class=\"d%u\">\n", i);
		for (unsigned int k = 0; k < zoom->view->gaps.nb; k++) {
			const struct page_gap *gap = &zoom->view->gaps.gaps[k];

			if (gap->direction == i && gap->begin_ns < zoom->end_ns &&
					gap->end_ns > zoom->begin_ns)
				zoom_rect(zoom, "gap", gap->begin_ns, gap->end_ns);
		}
		page_curve_write(&zoom->curves[i], &zoom->field, zoom->out);
		fputs("</g>\n", zoom->out);
	}
}

static void
zoom_rate_axis(const struct zoom *zoom)
{
	double top = zoom->field.y.to;
	char figure[PAGE_FIGURE_LEN];

	page_amount(figure, top);
	fprintf(zoom->out,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"tick y\" x=\"%.1f\" y=\"%.1f\">%s/s</text>"
			"<text class=\"tick y\" x=\"%.1f\" y=\"%.1f\">0</text>\n",
			LEFT, RIGHT, TOP, TOP, LEFT, RIGHT, BOTTOM, BOTTOM, LEFT - 5, TOP + 4,
			figure, LEFT - 5, BOTTOM + 4);
}

/* Ticks in milliseconds from the flow's beginning on. */
static void
zoom_time_axis(const struct zoom *zoom)
{
	double flow_ms = (double)zoom->flow->begin_ns / (double)BASE_NS_PER_MS;
	double end_ms = (double)zoom->end_ns / (double)BASE_NS_PER_MS;
	struct page_ticks ticks = page_ticks(0, end_ms - flow_ms, 5);

	for (unsigned int i = 0; i < ticks.nb; i++) {
		double x = page_scale_at(&zoom->field.x, (flow_ms + ticks.at[i]) / 1000);

		fprintf(zoom->out,
				"<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
				"y2=\"%.1f\"/><text class=\"tick x\" x=\"%.1f\" y=\"%.1f\">%.0f%s"
				"</text>\n",
				x, x, BOTTOM, BOTTOM + 4, x, BOTTOM + 16, ticks.at[i],
				i == 0 ? "" : " ms");
	}
}

static void
zoom_text(const struct zoom *zoom)
{
	const struct page_row *flow = zoom->flow;
	char took[PAGE_FIGURE_LEN], gap[PAGE_FIGURE_LEN], at[PAGE_FIGURE_LEN];

	page_duration(took, flow->end_ns - flow->begin_ns);
	page_duration(gap, (uint64_t)(flow->gap_max_ms * (double)BASE_NS_PER_MS));
	page_time(at, flow->begin_ns);
	fprintf(zoom->out, "<text class=\"name\" x=\"%.1f\" y=\"15\">", LEFT);
	page_text(zoom->out, flow->name);
	fprintf(zoom->out, "</text><text class=\"tick y\" x=\"%.1f\" y=\"15\">at %s</text>\n",
			RIGHT, at);
	fprintf(zoom->out,
			"<text class=\"cost\" x=\"%.1f\" y=\"%.1f\">silence %s</text>"
			"<text class=\"took\" x=\"%.1f\" y=\"%.1f\">took %s</text>\n",
			LEFT, BOTTOM + 38, gap, RIGHT, BOTTOM + 38, took);
}

static void
zoom_svg(const struct zoom *zoom)
{
	fprintf(zoom->out,
			"<svg class=\"zoom\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
			"aria-label=\"Close-up of a flow\" viewBox=\"0 0 %d %d\">\n",
			WIDTH, HEIGHT);
	zoom_rect(zoom, zoom->flow->verdict == PAGE_FAIL ? "during bad" : "during",
			zoom->flow->begin_ns, zoom->flow->end_ns);
	zoom_rate_axis(zoom);
	zoom_directions(zoom);
	zoom_time_axis(zoom);
	zoom_text(zoom);
	fputs("</svg>\n", zoom->out);
}

static int
zoom_write(struct zoom *zoom)
{
	const struct timeline_data *data = zoom->view->page->timeline;
	struct page_ticks rates = page_ticks_over(zoom->view->level, 5);
	int ret = 0;

	zoom->field = (struct page_field){
		{ (double)zoom->begin_ns / (double)BASE_NS_PER_S,
				(double)zoom->end_ns / (double)BASE_NS_PER_S, LEFT, RIGHT },
		{ 0, rates.at[rates.nb - 1], BOTTOM, TOP },
	};
	for (unsigned int i = 0; i < data->nb_directions && ret == 0; i++)
		ret = page_curve_init(&zoom->curves[i], data, i, zoom->begin_ns, zoom->end_ns,
				COLUMNS);
	if (ret == 0)
		zoom_svg(zoom);
	for (unsigned int i = 0; i < data->nb_directions; i++)
		page_curve_fini(&zoom->curves[i]);
	return ret;
}

static void
zoom_head(const struct timeline_data *data, FILE *out)
{
	fputs("<h2>Close-ups</h2>\n<p class=\"note\">What had the longest silences, all at the "
	      "same scale of time; 0 is where it began, the grey field is how long it took.</p>\n"
	      "<ul class=\"key\">",
			out);
	for (unsigned int i = 0; i < data->nb_directions; i++) {
		fprintf(out,
				"<li><svg class=\"d%u\" viewBox=\"0 0 22 10\"><path class=\"line\" "
				"d=\"M0 5H22\"/></svg>",
				i);
		page_text(out, data->directions[i]);
		fputs("</li>", out);
	}
	fputs("</ul>\n<div class=\"zooms\">\n", out);
}

int
page_zooms(const struct page_view *view, FILE *out)
{
	const struct page_row *chosen[ZOOMS];
	int nb = zoom_choose(view->page, chosen), ret = 0;
	uint64_t width;

	if (nb <= 0)
		return nb;
	width = zoom_width(chosen, (unsigned int)nb);
	zoom_head(view->page->timeline, out);
	for (int i = 0; i < nb && ret == 0; i++) {
		uint64_t before = (uint64_t)((double)width * BEFORE);
		struct zoom zoom = { .view = view, .flow = chosen[i], .out = out };

		zoom.begin_ns = chosen[i]->begin_ns > before ? chosen[i]->begin_ns - before : 0;
		zoom.end_ns = zoom.begin_ns + width;
		ret = zoom_write(&zoom);
	}
	fputs("</div>\n", out);
	return ret;
}
