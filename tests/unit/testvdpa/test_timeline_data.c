/* SPDX-License-Identifier: BSD-3-Clause */
/* Merging, rates and silences, with samples that are made by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "timeline_data.h"

#define MS 1000000ULL

/* A timeline of one direction with a sample every 10 ms, in which @arrived[i] packets came. */
static void
fill(struct timeline_data *data, unsigned int max, const unsigned int *arrived, unsigned int nb)
{
	struct timeline_count counts[TIMELINE_DIRECTIONS_MAX] = { { 0, 0 } };

	assert_int_equal(timeline_data_init(data, max, 10 * MS), 0);
	data->nb_directions = 1;
	for (unsigned int i = 0; i < nb; i++) {
		counts[0].arrived += arrived[i];
		counts[0].sent += 2 * arrived[i];
		timeline_data_add(data, (i + 1) * 10 * MS, counts);
	}
}

static void
test_bad_sizes_are_refused(void **state)
{
	struct timeline_data data;

	(void)state;
	assert_int_equal(timeline_data_init(&data, 0, 1), -EINVAL);
	assert_int_equal(timeline_data_init(&data, 3, 1), -EINVAL);
	assert_int_equal(timeline_data_init(&data, 4, 0), -EINVAL);
}

static void
test_a_sample_that_is_not_later_is_ignored(void **state)
{
	const struct timeline_count counts[TIMELINE_DIRECTIONS_MAX] = { { 9, 9 } };
	struct timeline_data data;

	(void)state;
	fill(&data, 8, (const unsigned int[]){ 1, 2 }, 2);
	timeline_data_add(&data, 20 * MS, counts);
	timeline_data_add(&data, 0, counts);
	assert_int_equal(data.nb_samples, 2);
	assert_int_equal(data.samples[1].points[0].count.arrived, 3);
	timeline_data_fini(&data);
}

static void
test_merging_keeps_counts_and_extremes(void **state)
{
	struct timeline_data data;

	(void)state;
	fill(&data, 8, (const unsigned int[]){ 10, 0, 30, 20, 40 }, 5);
	timeline_data_merge(&data);
	assert_int_equal(data.nb_samples, 3);
	assert_int_equal(data.interval_ns, 20 * MS);
	assert_int_equal(data.samples[0].end_ns, 20 * MS);
	assert_int_equal(data.samples[0].points[0].count.arrived, 10);
	assert_true(data.samples[0].points[0].low < 1e-9);
	assert_float_equal(data.samples[0].points[0].high, 1000, 1e-3);
	assert_int_equal(data.samples[1].points[0].count.arrived, 60);
	assert_float_equal(data.samples[1].points[0].low, 2000, 1e-3);
	assert_float_equal(data.samples[1].points[0].high, 3000, 1e-3);
	assert_int_equal(data.samples[2].end_ns, 50 * MS);
	assert_float_equal(data.samples[2].points[0].low, 4000, 1e-3);
	timeline_data_fini(&data);
}

static void
test_any_length_fits(void **state)
{
	struct timeline_count counts[TIMELINE_DIRECTIONS_MAX] = { { 0, 0 } };
	struct timeline_data data;
	struct timeline_rate rate;
	uint64_t end;

	(void)state;
	assert_int_equal(timeline_data_init(&data, 16, 10 * MS), 0);
	data.nb_directions = 1;
	for (uint64_t ms = 10; ms <= 100000; ms += data.interval_ns / MS) {
		counts[0].arrived = ms < 50000 ? ms / 2 : ms / 2 + 1000; /* one burst */
		counts[0].sent = ms / 2;
		timeline_data_add(&data, ms * MS, counts);
		assert_in_range(data.nb_samples, 1, 16);
	}
	/* it doubled until 16 of them are enough for 100 s, and not once more */
	assert_int_equal(data.interval_ns, 10240 * MS);
	end = timeline_data_end(&data);
	assert_in_range(end, 80000 * MS, 100000 * MS);
	rate = timeline_data_rate(&data, 0, 0, end);
	assert_float_equal(rate.sent, 500, 1e-6);
	assert_float_equal(rate.arrived, 500 + 1000 / ((double)end / 1e9), 1e-6);
	assert_float_equal(rate.low, 500, 1e-6);
	assert_true(rate.high > 590);
	timeline_data_fini(&data);
}

static void
test_rates_of_windows(void **state)
{
	struct timeline_data data;
	struct timeline_rate rate;

	(void)state;
	fill(&data, 8, (const unsigned int[]){ 10, 30, 0, 20 }, 4);
	rate = timeline_data_rate(&data, 0, 5 * MS, 15 * MS);
	assert_true(rate.known);
	assert_float_equal(rate.arrived, 2000, 1e-3);
	assert_float_equal(rate.sent, 4000, 1e-3);
	assert_float_equal(rate.low, 1000, 1e-3);
	assert_float_equal(rate.high, 3000, 1e-3);
	rate = timeline_data_rate(&data, 0, 21 * MS, 29 * MS);
	assert_true(rate.known && rate.arrived < 1e-9 && rate.high < 1e-9);
	/* what lies beyond the last sample is not known, and does not dilute what lies before */
	rate = timeline_data_rate(&data, 0, 35 * MS, 90 * MS);
	assert_float_equal(rate.arrived, 2000, 1e-3);
	assert_false(timeline_data_rate(&data, 0, 40 * MS, 50 * MS).known);
	assert_false(timeline_data_rate(&data, 0, 10 * MS, 10 * MS).known);
	timeline_data_fini(&data);
}

static void
test_rate_of_nothing_is_not_known(void **state)
{
	struct timeline_data data;

	(void)state;
	fill(&data, 2, NULL, 0);
	assert_false(timeline_data_rate(&data, 0, 0, 10 * MS).known);
	assert_int_equal(timeline_data_end(&data), 0);
	timeline_data_fini(&data);
}

static void
test_gaps_the_longest_first(void **state)
{
	/*                             10 20 30 40 50 60 70 80 90 100 110 120 */
	const unsigned int arrived[] = { 5, 0, 5, 0, 0, 0, 5, 5, 0, 0, 5, 0 };
	struct timeline_window all = { 0, 0, 120 * MS, 0 };
	struct timeline_gap gaps[4];
	struct timeline_data data;

	(void)state;
	fill(&data, 16, arrived, 12);
	assert_int_equal(timeline_data_gaps(&data, &all, gaps, 4), 3);
	assert_int_equal(gaps[0].begin_ns, 30 * MS);
	assert_int_equal(gaps[0].end_ns, 60 * MS);
	assert_int_equal(gaps[1].begin_ns, 80 * MS);
	assert_int_equal(gaps[1].end_ns, 100 * MS);
	assert_int_equal(gaps[2].begin_ns, 10 * MS);
	assert_int_equal(timeline_data_gaps(&data, &all, gaps, 2), 2);
	assert_int_equal(gaps[1].begin_ns, 80 * MS);
	assert_int_equal(timeline_data_gaps(&data, &all, gaps, 0), 0);
	all.min_ns = 25 * MS;
	assert_int_equal(timeline_data_gaps(&data, &all, gaps, 4), 1);
	timeline_data_fini(&data);
}

static void
test_gaps_belong_to_a_window(void **state)
{
	/*                             10 20 30 40 50 60 70 80 */
	const unsigned int arrived[] = { 5, 0, 0, 0, 0, 5, 0, 0 };
	struct timeline_window window = { 0, 35 * MS, 80 * MS, 0 };
	struct timeline_gap gaps[4];
	struct timeline_data data;

	(void)state;
	fill(&data, 8, arrived, 8);
	/* begins with the window; the silence at the end had no arrival after it */
	assert_int_equal(timeline_data_gaps(&data, &window, gaps, 4), 1);
	assert_int_equal(gaps[0].begin_ns, 35 * MS);
	assert_int_equal(gaps[0].end_ns, 50 * MS);
	window.end_ns = 45 * MS; /* the arrival is outside */
	assert_int_equal(timeline_data_gaps(&data, &window, gaps, 4), 0);
	timeline_data_fini(&data);
}

static void
test_a_copy_stands_alone(void **state)
{
	struct timeline_data data, copy;

	(void)state;
	fill(&data, 8, (const unsigned int[]){ 1, 2 }, 2);
	assert_int_equal(timeline_data_copy(&copy, &data), 0);
	timeline_data_fini(&data);
	assert_int_equal(copy.nb_samples, 2);
	assert_int_equal(copy.samples[1].points[0].count.arrived, 3);
	assert_int_equal(timeline_data_end(&copy), 20 * MS);
	timeline_data_fini(&copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_sizes_are_refused),
		cmocka_unit_test(test_a_sample_that_is_not_later_is_ignored),
		cmocka_unit_test(test_merging_keeps_counts_and_extremes),
		cmocka_unit_test(test_any_length_fits),
		cmocka_unit_test(test_rates_of_windows),
		cmocka_unit_test(test_rate_of_nothing_is_not_known),
		cmocka_unit_test(test_gaps_the_longest_first),
		cmocka_unit_test(test_gaps_belong_to_a_window),
		cmocka_unit_test(test_a_copy_stands_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
