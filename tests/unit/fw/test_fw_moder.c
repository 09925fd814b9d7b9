/* SPDX-License-Identifier: BSD-3-Clause */
/* When a number of completions becomes an event: stories of completions, time and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base_math.h"
#include "fw_moder.h"

struct step {
	uint64_t at_us;
	uint32_t nb; /* completions at that time; 0: only a look */
	bool told;
};

static void
play(struct fw_moder *m, const struct step *steps, size_t nb)
{
	size_t i;

	for (i = 0; i < nb; i++) {
		uint64_t now = steps[i].at_us * 1000;
		bool told;

		if (steps[i].nb > 0)
			fw_moder_add(m, steps[i].nb, now);
		told = m->nb_pending > 0 && !fw_moder_holds(m, now);
		if (told != steps[i].told)
			fail_msg("step %zu, at %llu us", i, (unsigned long long)steps[i].at_us);
		if (told)
			fw_moder_told(m, now);
	}
}

static void
test_from_first(void **state)
{
	const struct step steps[] = {
		{ 1000, 1, false }, /* the period begins */
		{ 1009, 1, false }, { 1010, 0, true }, /* over, counted from the first */
		{ 1011, 3, false }, { 1012, 1, true }, /* four: the count */
		{ 5000, 1, false }, /* a pause changes nothing */
		{ 5009, 0, false }, { 5010, 0, true },
		{ 5011, 9, true }, /* more than the count at once */
	};
	struct fw_moder m = { 0 };

	(void)state;
	fw_moder_set(&m, FW_MODER_FROM_FIRST, 10, 4);
	assert_true(fw_moder_is_on(&m));
	play(&m, steps, BASE_ARRAY_SIZE(steps));
}

static void
test_from_last(void **state)
{
	const struct step steps[] = {
		{ 1000, 1, false }, { 1009, 1, false }, /* begins again */
		{ 1018, 1, false }, /* and again */
		{ 1027, 0, false }, { 1028, 0, true }, /* ten microseconds without any */
		{ 1029, 1, false }, { 1030, 1, false }, { 1031, 1, false },
		{ 1032, 1, true }, /* the count ends it all the same */
	};
	struct fw_moder m = { 0 };

	(void)state;
	fw_moder_set(&m, FW_MODER_FROM_LAST, 10, 4);
	play(&m, steps, BASE_ARRAY_SIZE(steps));
}

static void
test_from_event(void **state)
{
	const struct step steps[] = {
		{ 1000, 1, true }, /* the last event is long ago */
		{ 1001, 1, false },
		{ 1009, 0, false },
		{ 1010, 0, true }, /* ten microseconds after the event at 1000 */
		{ 1011, 4, true }, /* count */
		{ 1020, 1, false },
		{ 1021, 0, true },
		{ 9999, 1, true },
	};
	struct fw_moder m = { 0 };

	(void)state;
	fw_moder_set(&m, FW_MODER_FROM_EVENT, 10, 4);
	play(&m, steps, BASE_ARRAY_SIZE(steps));
}

/* A count without a period would leave the last completions untold for ever. */
static void
test_off(void **state)
{
	const struct step steps[] = { { 1, 1, true }, { 1, 1, true }, { 2, 5, true } };
	struct fw_moder m = { 0 };

	(void)state;
	fw_moder_set(&m, FW_MODER_FROM_FIRST, 0, 4);
	assert_false(fw_moder_is_on(&m));
	play(&m, steps, BASE_ARRAY_SIZE(steps));
	fw_moder_set(&m, FW_MODER_FROM_LAST, 10, 0);
	assert_false(fw_moder_is_on(&m));
	play(&m, steps, BASE_ARRAY_SIZE(steps));
}

static void
test_pending_does_not_wrap(void **state)
{
	struct fw_moder m = { 0 };

	(void)state;
	fw_moder_set(&m, FW_MODER_FROM_LAST, 10, 65535);
	fw_moder_add(&m, UINT32_MAX, 0);
	fw_moder_add(&m, 2, 0);
	assert_false(fw_moder_holds(&m, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_first),
		cmocka_unit_test(test_from_last),
		cmocka_unit_test(test_from_event),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_pending_does_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
