/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults and accounts of a row, whichever source they come from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_row.h"

static void
test_what_was_not_kept_is_counted(void **state)
{
	struct page_row_faults faults;
	struct page_row row = { .nb_faults = 0 };

	page_row_fault(&row, &faults, "lost");
	page_row_rest(&row, &faults, 1);
	assert_int_equal(row.nb_faults, 1);
	assert_string_equal(row.faults[0], "lost");
	page_row_rest(&row, &faults, 8);
	assert_int_equal(row.nb_faults, 2);
	assert_string_equal(row.faults[1], "and 7 more");
}

static void
test_there_is_room_for_all_that_is_kept(void **state)
{
	struct page_row_faults faults;
	struct page_row row = { .nb_faults = 0 };

	for (unsigned int i = 0; i < PAGE_ROW_FAULTS_MAX; i++)
		page_row_fault(&row, &faults, "torn");
	page_row_rest(&row, &faults, PAGE_ROW_FAULTS_MAX + 1);
	assert_int_equal(row.nb_faults, PAGE_ROW_FAULTS_MAX + 1);
	assert_string_equal(row.faults[PAGE_ROW_FAULTS_MAX], "and 1 more");
}

static void
test_accounts_add_up(void **state)
{
	const struct guest_ledger_count count = {
		.sent = 1,
		.received = 2,
		.lost = 3,
		.duplicated = 4,
		.reordered = 5,
		.torn = 6,
		.invented = 7,
		.excused = 8,
	};
	struct page_row row = { .account_known = false };

	page_row_account(&row, &count);
	page_row_account(&row, &count);
	assert_true(row.account_known);
	assert_int_equal(row.account.sent, 2);
	assert_int_equal(row.account.received, 4);
	assert_int_equal(row.account.lost, 6);
	assert_int_equal(row.account.duplicated, 8);
	assert_int_equal(row.account.reordered, 10);
	assert_int_equal(row.account.torn, 12);
	assert_int_equal(row.account.invented, 14);
	assert_int_equal(row.account.excused, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_not_kept_is_counted),
		cmocka_unit_test(test_there_is_room_for_all_that_is_kept),
		cmocka_unit_test(test_accounts_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
