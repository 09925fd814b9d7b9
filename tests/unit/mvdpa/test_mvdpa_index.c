/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the cases that the index rule was made for, each with both policies, and a
 * sweep over the wrap at 65535.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mvdpa_index.h"

/* The ring in guest memory is the one that vhost speaks of. */
static void
check_start(struct mvdpa_index_start start, uint16_t avail, uint16_t used)
{
	struct mvdpa_index got;

	start.used_idx = start.base.used;
	got = mvdpa_index_at_start(&start);

	assert_int_equal(got.avail, avail);
	assert_int_equal(got.used, used);
}

static void
test_equal(void **state)
{
	struct mvdpa_index_stop stop;

	mvdpa_index_at_stop((struct mvdpa_index){ 100, 100 }, 100, &stop);
	assert_false(stop.in_flight || stop.memory_differs);
	assert_int_equal(stop.publish.avail, 100);
	assert_int_equal(stop.publish.used, 100);
}

/* Fifty posted, twenty done. */
static void
test_fifty_twenty(void **state)
{
	struct mvdpa_index_start start = { .same_life = true, .size = 256 };
	struct mvdpa_index_stop stop;

	mvdpa_index_at_stop((struct mvdpa_index){ 50, 20 }, 20, &stop);
	assert_true(stop.in_flight);
	assert_false(stop.memory_differs);
	assert_int_equal(stop.saved.avail, 50);
	assert_int_equal(stop.saved.used, 20);
	assert_int_equal(stop.publish.avail, 20); /* GET_VRING_BASE answers this */
	assert_int_equal(stop.publish.used, 20);
	start.base = stop.publish;
	start.saved = stop.saved;
	start.policy = MVDPA_INDEX_USED;
	check_start(start, 20, 20);
	start.policy = MVDPA_INDEX_SAVED;
	check_start(start, 50, 20);
}

static void
test_wrap(void **state)
{
	struct mvdpa_index_start start = { .policy = MVDPA_INDEX_SAVED,
		.same_life = true,
		.size = 256 };
	struct mvdpa_index_stop stop;
	uint32_t used;

	for (used = 65500; used < 65536 + 40; used++) {
		struct mvdpa_index hw = { (uint16_t)(used + 30), (uint16_t)used };

		mvdpa_index_at_stop(hw, hw.used, &stop);
		assert_true(stop.in_flight);
		start.base = stop.publish;
		start.saved = stop.saved;
		check_start(start, (uint16_t)(used + 30), (uint16_t)used);
	}
}

/* The position in bits 0 to 14, the wrap counter in bit 15. */
static void
test_packed(void **state)
{
	static const struct {
		uint16_t avail, used, size, in_flight;
	} cases[] = {
		{ 0x8000, 0x8000, 256, 0 }, { 0x8032, 0x8014, 256, 30 },
		{ 0x0005, 0x80f0, 256, 21 }, /* A has gone round */
		{ 0x8005, 0x00f0, 256, 21 }, { 0x0000, 0x8000, 256, 256 },
		{ 0x8001, 0x8002, 256, 65535 }, /* A behind U */
		{ 0x0003, 0x8002, 256, 65535 }, /* further than the ring */
		{ 0x0005, 0x8003, 7, 65535 },
		{ 0x0002, 0x8003, 7, 6 }, /* sizes need not be powers of two */
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mvdpa_index index = { cases[i].avail, cases[i].used };
		struct mvdpa_index_start start = { .policy = MVDPA_INDEX_SAVED,
			.same_life = true,
			.size = cases[i].size,
			.type = PRM_VIRTQ_PACKED };
		struct mvdpa_index_stop stop;
		bool good = cases[i].in_flight != 65535;

		assert_int_equal(mvdpa_index_in_flight(index, PRM_VIRTQ_PACKED, cases[i].size),
				cases[i].in_flight);
		mvdpa_index_at_stop(index, index.used, &stop);
		assert_int_equal(stop.in_flight, cases[i].in_flight != 0);
		start.base = stop.publish;
		start.saved = stop.saved;
		check_start(start, good ? index.avail : index.used, index.used);
	}
	assert_int_equal(mvdpa_index_in_flight((struct mvdpa_index){ 5, 65530 }, PRM_VIRTQ_SPLIT,
					 256),
			11);
	assert_int_equal(mvdpa_index_in_flight((struct mvdpa_index){ 5, 6 }, PRM_VIRTQ_SPLIT, 256),
			65535);
}

static void
test_memory_wins(void **state)
{
	struct mvdpa_index_stop stop;

	mvdpa_index_at_stop((struct mvdpa_index){ 50, 20 }, 25, &stop);
	assert_true(stop.memory_differs);
	assert_int_equal(stop.saved.used, 25);
	assert_int_equal(stop.publish.avail, 25);
	mvdpa_index_from_memory(65535, &stop);
	assert_false(stop.in_flight || stop.memory_differs);
	assert_int_equal(stop.publish.used, 65535);
	assert_int_equal(stop.saved.avail, 65535);
}

/* A guest reset starts where the front-end says, whatever was saved. */
static void
test_no_leak_into_a_new_life(void **state)
{
	struct mvdpa_index_start start = { .policy = MVDPA_INDEX_SAVED,
		.saved = { 50, 20 },
		.size = 256 };

	start.same_life = true;
	start.base = (struct mvdpa_index){ 0, 0 }; /* the front-end set another base */
	check_start(start, 0, 0);
	start.same_life = false;
	start.base = (struct mvdpa_index){ 20, 20 }; /* the same number by accident */
	check_start(start, 20, 20);
	start.saved = (struct mvdpa_index){ 30, 0 }; /* ... also 0 */
	start.base = (struct mvdpa_index){ 0, 0 };
	check_start(start, 0, 0);
}

/* The front-end gave the running queue another ring; vhost was told where the old one stopped. */
static void
test_ring_exchanged(void **state)
{
	struct mvdpa_index_start start = { .same_life = true,
		.size = 256,
		.saved = { 50, 20 },
		.base = { 20, 20 },
		.used_idx = 7 };
	struct mvdpa_index got;

	start.policy = MVDPA_INDEX_USED;
	got = mvdpa_index_at_start(&start);
	assert_true(got.avail == 7 && got.used == 7);
	start.policy = MVDPA_INDEX_SAVED;
	got = mvdpa_index_at_start(&start);
	assert_true(got.avail == 7 && got.used == 7);
}

static void
test_impossible_saved(void **state)
{
	struct mvdpa_index_start start = { .policy = MVDPA_INDEX_SAVED,
		.same_life = true,
		.saved = { 20, 50 },
		.base = { 50, 50 },
		.size = 256 };

	check_start(start, 50, 50); /* available behind used */
	start.saved.avail = 50 + 257;
	check_start(start, 50, 50); /* more than the ring holds */
	start.saved.avail = 50 + 256;
	check_start(start, 50 + 256, 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_fifty_twenty),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_memory_wins),
		cmocka_unit_test(test_no_leak_into_a_new_life),
		cmocka_unit_test(test_ring_exchanged),
		cmocka_unit_test(test_impossible_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
