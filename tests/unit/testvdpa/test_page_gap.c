/* SPDX-License-Identifier: BSD-3-Clause */
/* Length by the ledger, place by the samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_gap.h"

#define MS 1000000ULL

static struct page_gaps gaps;

/* A second of 10 ms samples with @packets each, without those from @from to before @to. */
static void
fill(struct timeline_data *data, unsigned int packets, unsigned int from, unsigned int to)
{
	struct timeline_count counts[TIMELINE_DIRECTIONS_MAX] = { { 0, 0 } };

	assert_int_equal(timeline_data_init(data, 128, 10 * MS), 0);
	data->nb_directions = 1;
	for (unsigned int i = 0; i < 100; i++) {
		counts[0].arrived += i >= from && i < to ? 0 : packets;
		timeline_data_add(data, (i + 1) * 10 * MS, counts);
	}
}

/* A step of the whole second with a flow at 600 ms; @exact is what the ledger says. */
static unsigned int
find(const struct timeline_data *data, uint64_t exact, unsigned int nb_rows)
{
	const struct page_row rows[] = {
		{ .kind = PAGE_STEP, .name = "step", .end_ns = 1000 * MS, .gap_ns = { exact } },
		{ .kind = PAGE_FLOW, .name = "flow", .begin_ns = 100 * MS, .gap_max_ms = 1 },
		{ .kind = PAGE_FLOW, .name = "flow", .begin_ns = 600 * MS, .gap_max_ms = 12 },
	};
	const struct page_attr page = { .nb_rows = nb_rows, .rows = rows, .timeline = data };

	page_gaps_find(&page, &gaps);
	return gaps.nb;
}

static void
test_the_ledgers_length_at_the_samples_place(void **state)
{
	struct timeline_data data;

	(void)state;
	fill(&data, 50, 40, 45);
	assert_int_equal(find(&data, 63 * MS, 3), 1);
	assert_int_equal(gaps.gaps[0].begin_ns, 400 * MS);
	assert_int_equal(gaps.gaps[0].end_ns, 450 * MS);
	assert_int_equal(page_gap_length(&gaps.gaps[0]), 63 * MS);
	timeline_data_fini(&data);
}

static void
test_a_single_streams_silence_is_not_all_streams(void **state)
{
	struct timeline_data data;

	(void)state;
	fill(&data, 50, 40, 45);
	assert_int_equal(find(&data, 300 * MS, 3), 1);
	assert_int_equal(page_gap_length(&gaps.gaps[0]), 50 * MS);
	timeline_data_fini(&data);
}

static void
test_a_short_one_is_laid_at_the_flow(void **state)
{
	struct timeline_data data;

	(void)state;
	fill(&data, 50, 0, 0);
	assert_int_equal(find(&data, 12 * MS, 3), 1);
	assert_int_equal(gaps.gaps[0].begin_ns, 600 * MS); /* the flow that hurt more */
	assert_int_equal(gaps.gaps[0].end_ns, 612 * MS);
	assert_int_equal(find(&data, 12 * MS, 1), 0); /* no flow, no place */
	assert_int_equal(find(&data, MS / 2, 3), 0);
	assert_int_equal(find(&data, 0, 3), 0);
	timeline_data_fini(&data);
}

static void
test_a_trickle_is_no_silence(void **state)
{
	struct timeline_data data;

	(void)state;
	fill(&data, 1, 40, 44); /* 100 packets a second: 5 distances are 50 ms */
	assert_int_equal(find(&data, 0, 1), 0);
	timeline_data_fini(&data);
	fill(&data, 1, 40, 47);
	assert_int_equal(find(&data, 0, 1), 1);
	timeline_data_fini(&data);
}

static void
test_without_traffic_there_is_none(void **state)
{
	struct timeline_data data;

	(void)state;
	fill(&data, 0, 0, 0);
	assert_int_equal(find(&data, 12 * MS, 3), 0);
	timeline_data_fini(&data);
	assert_int_equal(find(NULL, 12 * MS, 3), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_ledgers_length_at_the_samples_place),
		cmocka_unit_test(test_a_single_streams_silence_is_not_all_streams),
		cmocka_unit_test(test_a_short_one_is_laid_at_the_flow),
		cmocka_unit_test(test_a_trickle_is_no_silence),
		cmocka_unit_test(test_without_traffic_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
