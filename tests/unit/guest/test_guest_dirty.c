/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "guest_dirty.h"

#define PAGE ((uint64_t)GUEST_DIRTY_PAGE)

static uint64_t seen[8];
static unsigned int nb_seen;

static void
note(void *arg, uint64_t gpa)
{
	assert_true(nb_seen < 8);
	seen[nb_seen++] = gpa;
}

static void
test_size_and_file(void **state)
{
	struct guest_dirty *d;
	struct stat st;

	assert_int_equal(guest_dirty_create(65 * PAGE, 8192, &d), 0);
	assert_int_equal(guest_dirty_size(d), 16); /* whole words, as QEMU */
	assert_int_equal(guest_dirty_offset(d), 8192);
	assert_int_equal(fstat(guest_dirty_fd(d), &st), 0);
	assert_int_equal(st.st_size, 8192 + 16);
	assert_true(guest_dirty_covers(d, 128 * PAGE));
	assert_false(guest_dirty_covers(d, 128 * PAGE + 1));
	guest_dirty_destroy(d);
	guest_dirty_destroy(NULL);
}

static void
test_mark_and_take(void **state)
{
	struct guest_dirty *d;

	assert_int_equal(guest_dirty_create(64 * PAGE, 0, &d), 0);
	guest_dirty_mark(d, 3 * PAGE - 1, 2); /* across a page */
	guest_dirty_mark(d, 63 * PAGE, 10 * PAGE); /* beyond the end */
	guest_dirty_mark(d, 7 * PAGE, 0);
	assert_int_equal(guest_dirty_count(d), 3);
	assert_true(guest_dirty_is_set(d, 2 * PAGE + 5));
	assert_false(guest_dirty_is_set(d, 4 * PAGE));
	assert_false(guest_dirty_is_set(d, 70 * PAGE));
	nb_seen = 0;
	assert_int_equal(guest_dirty_take(d, note, NULL), 3);
	assert_int_equal(seen[0], 2 * PAGE);
	assert_int_equal(seen[1], 3 * PAGE);
	assert_int_equal(seen[2], 63 * PAGE);
	assert_int_equal(guest_dirty_take(d, note, NULL), 0);
	guest_dirty_destroy(d);
}

/* What somebody else writes into the file is what we read: bit 0 of byte 0 is page 0. */
static void
test_shared(void **state)
{
	struct guest_dirty *d;

	assert_int_equal(guest_dirty_create(64 * PAGE, 4096, &d), 0);
	assert_int_equal(pwrite(guest_dirty_fd(d), "\x01\x80", 2, 4096), 2);
	nb_seen = 0;
	assert_int_equal(guest_dirty_take(d, note, NULL), 2);
	assert_int_equal(seen[0], 0);
	assert_int_equal(seen[1], 15 * PAGE);
	guest_dirty_destroy(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size_and_file),
		cmocka_unit_test(test_mark_and_take),
		cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
