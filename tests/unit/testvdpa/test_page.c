/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole page: closed elements, escaped names, figures as they were, nothing from elsewhere. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "page.h"

#define MS 1000000ULL
#define NASTY "</title><script>\"'&\x01\xff"
#define TAME "&#60;/title&#62;&#60;script&#62;&#34;&#39;&#38;\xef\xbf\xbd\xef\xbf\xbd"
#define DEPTH 32

static char *text;

static const char *
written(const struct page_attr *page)
{
	size_t size;
	FILE *out;

	free(text);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(page_write(page, out), 0);
	fclose(out);
	return text;
}

static unsigned int
times(const char *what)
{
	unsigned int nb = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		nb++;
	return nb;
}

/* Every element that is opened is closed, the last one first. */
static void
assert_closed(void)
{
	struct {
		const char *name;
		size_t len;
	} open[DEPTH];
	unsigned int depth = 0;

	for (const char *at = strstr(text, "<html"); at != NULL; at = strchr(at + 1, '<')) {
		const char *name = at[1] == '/' ? at + 2 : at + 1, *end = strchr(at, '>');
		size_t len = strcspn(name, " />\n");

		assert_non_null(end);
		if (at[1] == '/') {
			assert_true(depth-- > 0);
			assert_int_equal(len, open[depth].len);
			assert_memory_equal(name, open[depth].name, len);
		} else if (end[-1] != '/') {
			assert_true(depth < DEPTH);
			open[depth].name = name;
			open[depth++].len = len;
		}
	}
	assert_int_equal(depth, 0);
}

static void
fill(struct timeline_data *data, unsigned int nb)
{
	struct timeline_count counts[TIMELINE_DIRECTIONS_MAX] = { { 0, 0 } };

	assert_int_equal(timeline_data_init(data, 8192, 10 * MS), 0);
	data->nb_directions = 2;
	memcpy(data->directions[0], "A to B", 7);
	memcpy(data->directions[1], NASTY, sizeof(NASTY));
	for (unsigned int i = 0; i < nb; i++) {
		counts[0].arrived += i >= 40 && i < 45 ? 0 : 50;
		counts[1].arrived += i % 3;
		counts[0].sent += 50;
		timeline_data_add(data, (i + 1) * 10 * MS, counts);
	}
}

static const struct page_queue queues[] = { { "A", 0, { true, 50, 20 }, { true, 20, 20 } },
	{ "A", 1, { false, 0, 0 }, { true, 7, 7 } } };
static const char *const faults[] = { "3 packets lost", NASTY };
static const struct page_row rows[] = {
	{ .kind = PAGE_STEP,
			.name = "hot-add to A",
			.verdict = PAGE_FAIL,
			.end_ns = 900 * MS,
			.gap_known = true,
			.gap_max_ms = 63.25,
			.gap_median_ms = 51,
			.gap_ns = { 63250000 },
			.commands_known = true,
			.commands = 59,
			.account_known = true,
			.account = { .sent = 4711, .received = 4708, .lost = 3 },
			.nb_faults = 2,
			.faults = faults,
			.nb_queues = 2,
			.queues = queues },
	{ .kind = PAGE_FLOW,
			.name = NASTY,
			.verdict = PAGE_PASS,
			.begin_ns = 390 * MS,
			.end_ns = 430 * MS,
			.gap_known = true,
			.gap_max_ms = 63.25,
			.gap_median_ms = 51 },
	{ .kind = PAGE_STEP,
			.name = "migrate",
			.verdict = PAGE_SKIPPED,
			.remark = "no third device",
			.begin_ns = 900 * MS,
			.end_ns = 900 * MS },
};
static const struct page_fact facts[] = { { "seed", "77" }, { "socket", NASTY } };

static struct page_attr
whole(const struct timeline_data *data)
{
	return (struct page_attr){ .title = NASTY,
		.verdict = PAGE_FAIL,
		.reason = "because",
		.duration_ns = 1000 * MS,
		.nb_facts = 2,
		.facts = facts,
		.nb_rows = 3,
		.rows = rows,
		.timeline = data };
}

static void
write_whole(void)
{
	struct timeline_data data;
	struct page_attr page;

	fill(&data, 100);
	page = whole(&data);
	written(&page);
	timeline_data_fini(&data);
}

static void
test_a_whole_page(void **state)
{
	(void)state;
	write_whole();
	assert_closed();
	assert_null(strstr(text, "<script"));
	assert_non_null(strstr(text, TAME));
	assert_int_equal(times("<h1>" TAME "</h1>"), 1);
	assert_int_equal(times("class=\"verdict big bad\">FAIL<"), 1);
	assert_int_equal(times("<td class=\"lost n bad\">3</td>"), 1);
	assert_int_equal(times("<td class=\"sent n\">4711</td>"), 1);
	assert_int_equal(times("<td class=\"commands n\">59</td>"), 1);
	assert_int_equal(times("<span>63.2</span>") + times("<span>63.3</span>"), 2);
	assert_int_equal(times("3 packets lost</td>"), 1);
	assert_int_equal(times("<small>no third device</small>"), 1);
	assert_int_equal(times("50,&#160;20"), 1);
	assert_int_equal(times("<dd>77</dd>"), 1);
	assert_int_equal(times(">63 ms</text>"), 1); /* of the silence */
	assert_int_equal(times("class=\"zoom\""), 1);
}

static void
test_nothing_comes_from_elsewhere(void **state)
{
	(void)state;
	write_whole();
	assert_int_equal(times("http"), times("xmlns=\"http://www.w3.org/"));
	assert_null(strstr(text, "url("));
	assert_null(strstr(text, "src="));
	assert_null(strstr(text, "href"));
	assert_null(strstr(text, "@import"));
}

static void
test_what_is_not_known_is_a_dash(void **state)
{
	const struct page_row unknown[] = { { .kind = PAGE_STEP, .name = "x" } };
	const struct page_attr page = { .title = "t", .nb_rows = 1, .rows = unknown };

	(void)state;
	written(&page);
	assert_closed();
	assert_int_equal(times("<td class=\"commands n\">&#8211;</td>"), 1);
	assert_int_equal(times("<td class=\"gap_max_ms n\">&#8211;</td>"), 1);
	assert_null(strstr(text, "<svg"));
	assert_null(strstr(text, "id=\"queues\""));
	assert_null(strstr(text, "id=\"verdict\""));
}

static void
test_an_empty_page(void **state)
{
	const struct page_attr page = { .title = "t" };
	struct timeline_data data;
	struct page_attr empty = { .title = "t", .timeline = &data };

	(void)state;
	written(&page);
	assert_closed();
	fill(&data, 0);
	written(&empty);
	assert_closed();
	timeline_data_fini(&data);
}

static void
test_hours_are_no_longer_than_seconds(void **state)
{
	static struct page_row many[400];
	struct timeline_data data;
	struct page_attr page = { .title = "soak", .nb_rows = 400, .rows = many };

	(void)state;
	fill(&data, 8192);
	page.timeline = &data;
	for (unsigned int i = 0; i < 400; i++)
		many[i] = (struct page_row){ .kind = i % 4 == 0 ? PAGE_STEP : PAGE_FLOW,
			.name = "a step with a name that is not short",
			.begin_ns = i * 200 * MS,
			.end_ns = (i + 3) * 200 * MS,
			.gap_known = true,
			.gap_max_ms = i };
	written(&page);
	assert_closed();
	assert_true(times("<text class=\"step\"") < 70); /* that have room */
	assert_int_equal(times("class=\"zoom\""), 12);
	assert_true(strlen(text) < 800000);
	timeline_data_fini(&data);
}

static void
test_a_full_disk_is_told(void **state)
{
	const struct page_attr page = { .title = "t" };
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	assert_int_equal(page_write(&page, out), -EIO);
	fclose(out);
}

static int
teardown(void **state)
{
	(void)state;
	free(text);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_page),
		cmocka_unit_test(test_nothing_comes_from_elsewhere),
		cmocka_unit_test(test_what_is_not_known_is_a_dash),
		cmocka_unit_test(test_an_empty_page),
		cmocka_unit_test(test_hours_are_no_longer_than_seconds),
		cmocka_unit_test(test_a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
