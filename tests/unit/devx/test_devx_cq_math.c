/* SPDX-License-Identifier: BSD-3-Clause */
/* Counting completions at the borders: empty, full, counters that wrap (D23). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "devx_cq_math.h"

/* wqe_counter and the last number that was seen -> how many. */
static void
test_count(void **state)
{
	static const struct {
		uint16_t counter, next, want;
	} rows[] = {
		{ 0xffff, 0, 0 }, /* fresh: nothing yet */
		{ 0, 0, 1 },
		{ 4, 5, 0 },
		{ 63, 0, 64 }, /* a queue of 64, full: its depth, not 0 */
		{ 127, 64, 64 },
		{ 32767, 0, 32768 }, /* the largest queue, full */
		{ 0xffff, 0xffff, 1 }, /* the counter's end */
		{ 0, 0xffff, 2 },
		{ 9, 0xfff6, 20 },
		{ 0x7fff, 0x8000, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(devx_cqe_count((uint32_t)rows[i].counter << 16 | 0x20,
						 rows[i].next),
				rows[i].want);
}

static void
test_error(void **state)
{
	uint32_t opcode;

	for (opcode = 0; opcode < 16; opcode++)
		assert_int_equal(devx_cqe_is_error(0x1234ff00 | opcode << 4 | 1),
				opcode == 0xd || opcode == 0xe);
}

/* The index has 24 bits and nothing of it reaches the serial number's two. */
static void
test_words(void **state)
{
	assert_int_equal(devx_cq_ci_word(0), 0);
	assert_int_equal(devx_cq_ci_word(0xffffff), 0xffffff);
	assert_int_equal(devx_cq_ci_word(0x1000000), 0);
	assert_int_equal(devx_cq_ci_word(0xffffffff), 0xffffff);
	assert_int_equal(devx_cq_arm_word(0, 0xffffffff), 0xffffff);
	assert_int_equal(devx_cq_arm_word(1, 5), 0x10000005);
	assert_int_equal(devx_cq_arm_word(3, 0x1000001), 0x30000001);
	assert_int_equal(devx_cq_arm_word(4, 7), 7); /* the serial number wraps... */
	assert_int_equal(devx_cq_arm_word(UINT32_MAX, 7), 0x30000007);
	assert_int_not_equal(devx_cq_arm_word(UINT32_MAX, 7), devx_cq_arm_word(0, 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
