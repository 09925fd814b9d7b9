/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: one panel a direction, all with the same time axis and the same scale of rates,
 * so that they can be compared by eye. Steps are bands behind all panels, with slanted labels above
 * them; where two would overlap, the one of a failed step or else the earlier one stays, and the
 * others are told by their title. Flows are ticks at the panels' foot. Silences are shaded, with
 * their length above the panel; the longest get their label first.
 */
#include <stdlib.h>

#include <base_clock.h>

#include "page_curve.h"
#include "page_part.h"

#define WIDTH 1200
#define LEFT 58.0
#define RIGHT 1120.0
#define TOP 112.0 /* of the bands; labels are above */
#define STRIP 24.0 /* above a panel: its name, lengths of silences */
#define PANEL 130.0
#define FOOT 8.0 /* below a panel: flows */
#define AXIS 40.0
#define LABEL_ROOM 17.0 /* a slanted label needs along the axis */
#define LABEL_MAX 24 /* characters */
#define CHARACTER 6.0 /* width of one, at the labels' size */
#define NARROWEST 2.0 /* of what is shaded */

struct chart {
	const struct page_attr *page;
	const struct page_gaps *gaps;
	FILE *out;
	struct page_scale x; /* seconds */
	struct page_ticks rates;
	double bottom; /* of the bands */
	struct page_curve curves[TIMELINE_DIRECTIONS_MAX];
};

static double
chart_x(const struct chart *chart, uint64_t ns)
{
	return page_scale_at(&chart->x, (double)ns / (double)BASE_NS_PER_S);
}

static double
chart_panel_top(unsigned int direction)
{
	return TOP + STRIP + direction * (STRIP + PANEL + FOOT);
}

/* --- steps ---------------------------------------------------------------------------------- */

static void
chart_title(const struct chart *chart, const struct page_row *row)
{
	char begin[PAGE_FIGURE_LEN], length[PAGE_FIGURE_LEN];

	page_time(begin, row->begin_ns);
	page_duration(length, row->end_ns - row->begin_ns);
	fputs("<title>", chart->out);
	page_text(chart->out, row->name);
	fprintf(chart->out, ": at %s, took %s", begin, length);
	if (row->gap_known) {
		page_duration(length, (uint64_t)(row->gap_max_ms * (double)BASE_NS_PER_MS));
		fprintf(chart->out, ", longest silence of a stream %s", length);
	}
	if (row->verdict == PAGE_FAIL)
		fputs(", FAIL", chart->out);
	fputs("</title>", chart->out);
}

static void
chart_band(const struct chart *chart, const struct page_row *row, bool odd)
{
	double begin = chart_x(chart, row->begin_ns), end = chart_x(chart, row->end_ns);

	fprintf(chart->out,
			"<rect class=\"band%s%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\">",
			odd ? " odd" : "", row->verdict == PAGE_FAIL ? " bad" : "", begin, TOP,
			end - begin < 1 ? 1 : end - begin, chart->bottom - TOP);
	chart_title(chart, row);
	fputs("</rect>\n", chart->out);
}

static double
chart_middle(const struct chart *chart, const struct page_row *row)
{
	return chart_x(chart, row->begin_ns + (row->end_ns - row->begin_ns) / 2);
}

/* A label's first characters, whole ones. */
static void
chart_label_text(const struct chart *chart, const char *name)
{
	char text[LABEL_MAX * 4 + 1];
	unsigned int nb = page_text_head(name, LABEL_MAX, text, sizeof(text));

	page_text(chart->out, text);
	if (nb < page_text_length(name))
		fputs("&#8230;", chart->out);
}

static void
chart_label(const struct chart *chart, const struct page_row *row)
{
	double x = chart_middle(chart, row);

	fprintf(chart->out,
			"<line class=\"edge\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"step%s\" transform=\"translate(%.1f %.1f) rotate(-40)\">",
			x, x, TOP - 6, TOP, row->verdict == PAGE_FAIL ? " bad" : "", x + 4,
			TOP - 8);
	chart_label_text(chart, row->name);
	fputs("</text>\n", chart->out);
}

static bool
chart_is_band(const struct page_row *row)
{
	return row->kind == PAGE_STEP && row->verdict != PAGE_SKIPPED;
}

static void
chart_steps(const struct chart *chart)
{
	const struct page_attr *page = chart->page;
	struct page_room room = { .nb = 0 };
	bool odd = false;

	for (unsigned int i = 0; i < page->nb_rows; i++) {
		if (!chart_is_band(&page->rows[i]))
			continue;
		chart_band(chart, &page->rows[i], odd);
		odd = !odd;
	}
	for (unsigned int pass = 0; pass < 2; pass++) /* failed ones choose first */
		for (unsigned int i = 0; i < page->nb_rows; i++) {
			const struct page_row *row = &page->rows[i];
			double x = chart_middle(chart, row);

			if (chart_is_band(row) && (row->verdict == PAGE_FAIL) == (pass == 0) &&
					page_room_take(&room, x, x + LABEL_ROOM))
				chart_label(chart, row);
		}
}

static void
chart_flows(const struct chart *chart, unsigned int direction)
{
	double y = chart_panel_top(direction) + PANEL + 1;

	for (unsigned int i = 0; i < chart->page->nb_rows; i++) {
		const struct page_row *row = &chart->page->rows[i];
		double begin = chart_x(chart, row->begin_ns), end = chart_x(chart, row->end_ns);

		if (row->kind != PAGE_FLOW)
			continue;
		fprintf(chart->out,
				"<rect class=\"flow%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
				"height=\"%.1f\">",
				row->verdict == PAGE_FAIL ? " bad" : "", begin, y,
				end - begin < NARROWEST ? NARROWEST : end - begin, FOOT - 3);
		chart_title(chart, row);
		fputs("</rect>\n", chart->out);
	}
}

/* --- silences ------------------------------------------------------------------------------- */

static int
chart_longer(const void *a, const void *b)
{
	uint64_t one = page_gap_length(*(const struct page_gap *const *)a);
	uint64_t other = page_gap_length(*(const struct page_gap *const *)b);

	return one < other ? 1 : one > other ? -1 : 0;
}

static void
chart_gap(const struct chart *chart, const struct page_gap *gap, struct page_room *room)
{
	double begin = chart_x(chart, gap->begin_ns), end = chart_x(chart, gap->end_ns);
	double top = chart_panel_top(gap->direction), middle = (begin + end) / 2, half;
	char length[PAGE_FIGURE_LEN], at[PAGE_FIGURE_LEN];

	page_duration(length, page_gap_length(gap));
	page_time(at, gap->begin_ns);
	fprintf(chart->out,
			"<rect class=\"gap\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
			"<title>",
			begin, top, end - begin < NARROWEST ? NARROWEST : end - begin, PANEL);
	page_text(chart->out, chart->page->timeline->directions[gap->direction]);
	fprintf(chart->out, ": nothing arrived for %s%s, at %s (",
			gap->exact_ns == 0 ? "some " : "", length, at);
	page_text(chart->out, chart->page->rows[gap->row].name);
	fputs(")</title></rect>\n", chart->out);
	half = CHARACTER * page_text_length(length) / 2;
	if (page_room_take(room, middle - half - 3, middle + half + 3))
		fprintf(chart->out, "<text class=\"length\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
				middle, top - 5, length);
}

static void
chart_gaps(const struct chart *chart, unsigned int direction)
{
	const struct page_gap *order[PAGE_GAPS_MAX];
	const char *name = chart->page->timeline->directions[direction];
	struct page_room room = { .nb = 0 };
	unsigned int nb = 0;

	for (unsigned int i = 0; i < chart->gaps->nb; i++)
		if (chart->gaps->gaps[i].direction == direction)
			order[nb++] = &chart->gaps->gaps[i];
	qsort(order, nb, sizeof(order[0]), chart_longer);
	page_room_take(&room, 0, LEFT + 10 + (CHARACTER + 1) * page_text_length(name));
	for (unsigned int i = 0; i < nb; i++)
		chart_gap(chart, order[i], &room);
}

/* --- panels and axes ------------------------------------------------------------------------ */

static void
chart_panel(const struct chart *chart, unsigned int direction)
{
	double top = chart_panel_top(direction);
	const struct page_ticks *ticks = &chart->rates;
	struct page_field field = { chart->x, { 0, ticks->at[ticks->nb - 1], top + PANEL, top } };
	char figure[PAGE_FIGURE_LEN];

	for (unsigned int i = 0; i < ticks->nb; i++) {
		double y = page_scale_at(&field.y, ticks->at[i]);

		page_amount(figure, ticks->at[i]);
		fprintf(chart->out,
				"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
				"y2=\"%.1f\"/><text class=\"tick y\" x=\"%.1f\" y=\"%.1f\">%s"
				"</text>\n",
				LEFT, RIGHT, y, y, LEFT - 6, y + 4, figure);
	}
	fprintf(chart->out, "<text class=\"name\" x=\"%.1f\" y=\"%.1f\">", LEFT, top - 5);
	page_text(chart->out, chart->page->timeline->directions[direction]);
	fprintf(chart->out, "</text>\n<g class=\"d%u\">\n", direction);
	chart_gaps(chart, direction);
	page_curve_write(&chart->curves[direction], &field, chart->out);
	fputs("</g>\n", chart->out);
	chart_flows(chart, direction);
}

static void
chart_time_axis(const struct chart *chart)
{
	struct page_ticks ticks = page_ticks_time(chart->x.from, chart->x.to, 12);
	char figure[PAGE_FIGURE_LEN];

	for (unsigned int i = 0; i < ticks.nb; i++) {
		double x = page_scale_at(&chart->x, ticks.at[i]);

		page_tick_time(figure, ticks.at[i], ticks.step);
		fprintf(chart->out,
				"<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
				"y2=\"%.1f\"/><text class=\"tick x\" x=\"%.1f\" y=\"%.1f\">%s"
				"</text>\n",
				x, x, chart->bottom, chart->bottom + 4, x, chart->bottom + 17,
				figure);
	}
	fprintf(chart->out,
			"<text class=\"unit\" x=\"%.1f\" y=\"%.1f\">time since the beginning (%s)"
			"</text>\n",
			(LEFT + RIGHT) / 2, chart->bottom + 34, page_tick_unit(ticks.step));
	fprintf(chart->out,
			"<text class=\"unit\" transform=\"translate(13 %.1f) rotate(-90)\">"
			"packets per second</text>\n",
			(TOP + chart->bottom) / 2);
}

int
page_chart(const struct page_view *view, FILE *out)
{
	const struct timeline_data *data = view->page->timeline;
	struct chart chart = { .page = view->page,
		.gaps = &view->gaps,
		.out = out,
		.x = { (double)view->begin_ns / (double)BASE_NS_PER_S,
				(double)view->end_ns / (double)BASE_NS_PER_S, LEFT, RIGHT },
		.rates = page_ticks_over(view->level, 5),
		.bottom = chart_panel_top(data->nb_directions) - STRIP };
	int ret = 0;

	for (unsigned int i = 0; i < data->nb_directions && ret == 0; i++)
		ret = page_curve_init(&chart.curves[i], data, i, view->begin_ns, view->end_ns,
				PAGE_COLUMNS);
	if (ret != 0)
		goto fini_curves;
	fprintf(out,
			"<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
			"aria-label=\"Packets per second over time, by direction\" "
			"viewBox=\"0 0 %d %.0f\">\n",
			WIDTH, chart.bottom + AXIS);
	chart_steps(&chart);
	for (unsigned int i = 0; i < data->nb_directions; i++)
		chart_panel(&chart, i);
	chart_time_axis(&chart);
	fputs("</svg>\n", out);
fini_curves:
	for (unsigned int i = 0; i < data->nb_directions; i++)
		page_curve_fini(&chart.curves[i]);
	return ret;
}
