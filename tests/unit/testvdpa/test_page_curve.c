/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns of a drawing: as many as fit, and nothing that happened is lost between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "page_curve.h"

#define MS 1000000ULL

static char text[1 << 18];

/* @nb samples of 10 ms with 50 packets each, but none in samples 40 to 42 and 500 in 43. */
static void
fill(struct timeline_data *data, unsigned int nb)
{
	struct timeline_count counts[TIMELINE_DIRECTIONS_MAX] = { { 0, 0 } };

	assert_int_equal(timeline_data_init(data, 16384, 10 * MS), 0);
	data->nb_directions = 1;
	for (unsigned int i = 0; i < nb; i++) {
		counts[0].arrived += i >= 40 && i < 43 ? 0 : i == 43 ? 500 : 50;
		counts[0].sent += 50;
		timeline_data_add(data, (i + 1) * 10 * MS, counts);
	}
}

static const char *
written(const struct page_curve *curve, double seconds)
{
	const struct page_field field = { { 0, seconds, 50, 1000 }, { 0, 10000, 200, 100 } };
	FILE *out = fmemopen(text, sizeof(text), "w");

	text[0] = '\0'; /* nothing is written behind no column */
	assert_non_null(out);
	page_curve_write(curve, &field, out);
	assert_true(ftell(out) < (long)sizeof(text) - 1);
	fclose(out);
	return text;
}

static void
test_few_samples_are_columns_each(void **state)
{
	struct timeline_data data;
	struct page_curve curve;

	(void)state;
	fill(&data, 100);
	assert_int_equal(page_curve_init(&curve, &data, 0, 0, 1000 * MS, 200), 0);
	assert_int_equal(curve.nb, 100);
	assert_float_equal(curve.columns[39].rate.arrived, 5000, 1e-3);
	assert_true(curve.columns[41].rate.arrived < 1e-9);
	assert_float_equal(curve.high, 50000, 1e-3);
	assert_float_equal(page_curve_level(&curve), 10000, 1e-3);
	assert_null(strstr(written(&curve, 1), "range"));
	page_curve_fini(&curve);
	timeline_data_fini(&data);
}

static void
test_many_samples_are_put_together(void **state)
{
	struct timeline_data data;
	struct page_curve curve;
	double sum = 0;

	(void)state;
	fill(&data, 10000);
	assert_int_equal(page_curve_init(&curve, &data, 0, 0, 100000 * MS, 500), 0);
	assert_int_equal(curve.nb, 500);
	for (unsigned int i = 0; i < curve.nb; i++)
		sum += curve.columns[i].rate.arrived;
	assert_float_equal(sum / curve.nb, (10000 * 50 - 4 * 50 + 500) / 100.0, 1e-3);
	/* the silence and the burst after it are shorter than a column, and still there */
	assert_true(curve.columns[2].rate.low < 1e-9);
	assert_float_equal(curve.columns[2].rate.high, 50000, 1e-3);
	assert_non_null(strstr(written(&curve, 100), "class=\"range\""));
	assert_true(strlen(text) < 5 * 500 * 20);
	page_curve_fini(&curve);
	timeline_data_fini(&data);
}

static void
test_a_part_of_it(void **state)
{
	struct timeline_data data;
	struct page_curve curve;

	(void)state;
	fill(&data, 100);
	assert_int_equal(page_curve_init(&curve, &data, 0, 405 * MS, 455 * MS, 200), 0);
	assert_int_equal(curve.nb, 6);
	assert_int_equal(curve.columns[0].begin_ns, 405 * MS);
	assert_int_equal(curve.columns[0].end_ns, 410 * MS);
	assert_int_equal(curve.columns[5].end_ns, 455 * MS);
	page_curve_fini(&curve);
	/* what lies beyond the last sample is not drawn */
	assert_int_equal(page_curve_init(&curve, &data, 0, 980 * MS, 1500 * MS, 200), 0);
	assert_int_equal(curve.nb, 2);
	page_curve_fini(&curve);
	assert_int_equal(page_curve_init(&curve, &data, 0, 1100 * MS, 1500 * MS, 200), 0);
	assert_int_equal(curve.nb, 0);
	assert_string_equal(written(&curve, 1), "");
	page_curve_fini(&curve);
	timeline_data_fini(&data);
}

/* Every coordinate of a path is in its field, peaks too. */
static void
test_nothing_leaves_the_field(void **state)
{
	struct timeline_data data;
	struct page_curve curve;

	(void)state;
	fill(&data, 100);
	assert_int_equal(page_curve_init(&curve, &data, 0, 0, 1000 * MS, 50), 0);
	written(&curve, 0.9);
	for (const char *c = text; *c != '\0'; c++) {
		double value;

		if (strchr("HVM", *c) == NULL || sscanf(c + 1, "%lf", &value) != 1)
			continue;
		if (*c == 'V')
			assert_true(value >= 100 && value <= 200);
		else
			assert_true(value >= 50 && value <= 1000);
	}
	page_curve_fini(&curve);
	timeline_data_fini(&data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_samples_are_columns_each),
		cmocka_unit_test(test_many_samples_are_put_together),
		cmocka_unit_test(test_a_part_of_it),
		cmocka_unit_test(test_nothing_leaves_the_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
