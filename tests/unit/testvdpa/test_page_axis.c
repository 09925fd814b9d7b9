/* SPDX-License-Identifier: BSD-3-Clause */
/* Scales, ticks and room for labels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_axis.h"

static void
test_scale_maps_and_holds(void **state)
{
	const struct page_scale x = { 0, 10, 50, 150 }, y = { 0, 100, 200, 100 };

	(void)state;
	assert_float_equal(page_scale_at(&x, 5), 100, 1e-9);
	assert_float_equal(page_scale_at(&x, -3), 50, 1e-9);
	assert_float_equal(page_scale_at(&x, 11), 150, 1e-9);
	assert_float_equal(page_scale_at(&y, 25), 175, 1e-9); /* up is more */
	assert_float_equal(page_scale_at(&y, 1000), 100, 1e-9);
}

static void
test_ticks_are_round(void **state)
{
	struct page_ticks t;

	(void)state;
	t = page_ticks(0, 23, 12);
	assert_int_equal(t.nb, 12);
	assert_float_equal(t.step, 2, 1e-9);
	assert_float_equal(t.at[11], 22, 1e-9);
	t = page_ticks(3, 4.1, 6);
	assert_float_equal(t.step, 0.2, 1e-9);
	assert_float_equal(t.at[0], 3, 1e-9);
	assert_float_equal(t.at[t.nb - 1], 4, 1e-9);
}

/* Whatever the range is: at least one, at most as many as wanted, all inside, equally far apart. */
static void
test_ticks_of_all_ranges(void **state)
{
	(void)state;
	for (double to = 0.01; to < 1e12; to *= 1.7) {
		for (unsigned int max = 2; max <= PAGE_TICKS_MAX; max++) {
			struct page_ticks a = page_ticks(0, to, max),
					  b = page_ticks_time(0, to, max);

			assert_in_range(a.nb, 1, max);
			assert_in_range(b.nb, 1, max);
			assert_true(a.at[a.nb - 1] <= to * (1 + 1e-9));
			assert_true(b.at[b.nb - 1] <= to * (1 + 1e-9));
			assert_true(a.nb < 2 || a.at[1] - a.at[0] > a.step * 0.999);
			if (max == 2)
				continue;
			a = page_ticks_over(to, max);
			assert_in_range(a.nb, 2, max);
			assert_true(a.at[a.nb - 1] >= to * (1 - 1e-9));
		}
	}
}

static void
test_ticks_of_long_times(void **state)
{
	struct page_ticks t = page_ticks_time(0, 600, 12);
	char figure[PAGE_FIGURE_LEN];

	(void)state;
	assert_float_equal(t.step, 60, 1e-9);
	page_tick_time(figure, t.at[2], t.step);
	assert_string_equal(figure, "2:00");
	assert_string_equal(page_tick_unit(t.step), "min:s");
	t = page_ticks_time(0, 10 * 3600, 12);
	assert_float_equal(t.step, 3600, 1e-9);
	page_tick_time(figure, t.at[3], t.step);
	assert_string_equal(figure, "3:00:00");
	assert_string_equal(page_tick_unit(t.step), "h:min:s");
}

static void
test_ticks_of_short_times(void **state)
{
	char figure[PAGE_FIGURE_LEN];

	(void)state;
	page_tick_time(figure, 2.5, 0.5);
	assert_string_equal(figure, "2.5");
	page_tick_time(figure, 0.05, 0.05);
	assert_string_equal(figure, "0.05");
	page_tick_time(figure, 0.002, 0.002);
	assert_string_equal(figure, "0.002");
	page_tick_time(figure, 40, 10);
	assert_string_equal(figure, "40");
	assert_string_equal(page_tick_unit(10), "s");
}

static void
test_room_is_given_once(void **state)
{
	struct page_room room = { .nb = 0 };

	(void)state;
	assert_true(page_room_take(&room, 10, 20));
	assert_false(page_room_take(&room, 15, 16));
	assert_false(page_room_take(&room, 5, 11));
	assert_false(page_room_take(&room, 0, 100));
	assert_true(page_room_take(&room, 20, 30)); /* side by side */
	assert_true(page_room_take(&room, 0, 10));
	for (unsigned int i = 3; i < PAGE_ROOM_MAX; i++)
		assert_true(page_room_take(&room, 100 * i, 100 * i + 1));
	assert_false(page_room_take(&room, 50, 60));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale_maps_and_holds),
		cmocka_unit_test(test_ticks_are_round),
		cmocka_unit_test(test_ticks_of_all_ranges),
		cmocka_unit_test(test_ticks_of_long_times),
		cmocka_unit_test(test_ticks_of_short_times),
		cmocka_unit_test(test_room_is_given_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
