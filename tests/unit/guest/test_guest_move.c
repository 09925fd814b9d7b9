/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest_move.h"

#define RAM 0x200000ull
#define PAGE ((uint64_t)GUEST_DIRTY_PAGE)

static struct guest_mem *mem;
static struct guest_dirty *device;
static struct guest_move *move;

static uint8_t *
at(uint64_t gpa)
{
	uint8_t *hva = guest_mem_hva(mem, gpa, 1);

	assert_non_null(hva);
	return hva;
}

static int
setup(void **state)
{
	assert_int_equal(guest_mem_create(NULL, &mem), 0);
	assert_int_equal(guest_mem_add_ram(mem, RAM), 0);
	*at(0) = 1;
	assert_int_equal(guest_dirty_create(RAM, 0, &device), 0);
	assert_int_equal(guest_move_begin(mem, NULL, &move), 0);
	return 0;
}

static int
teardown(void **state)
{
	guest_move_end(move);
	guest_dirty_destroy(device);
	guest_mem_destroy(mem);
	return 0;
}

/* A page that nobody marked is found; one that either side marked is copied. */
static void
test_rounds(void **state)
{
	assert_int_equal(guest_move_compare(move), 0); /* the first copy is of everything */
	*at(0x1000) = 2;
	*at(0x100000) = 3;
	*at(0x102000) = 4;
	assert_int_equal(guest_move_compare(move), 3);
	guest_mem_wrote(mem, 0x1000, 1);
	guest_dirty_mark(device, 0x100000, 1);
	assert_int_equal(guest_move_round(move, device), 2);
	assert_int_equal(guest_move_compare(move), 1);
	guest_dirty_mark(device, 0x102000, 1);
	assert_int_equal(guest_move_round(move, device), 1);
	assert_int_equal(guest_move_round(move, NULL), 0);
	assert_int_equal(guest_move_compare(move), 0);
}

static void
test_regions_come_and_go(void **state)
{
	uint64_t gpa = guest_mem_hotplug_gpa(mem);

	assert_int_equal(guest_mem_add(mem, gpa, 0x200000), 0);
	*at(gpa + PAGE) = 5;
	assert_int_equal(guest_move_follow(move), 0);
	assert_int_equal(guest_move_compare(move), 0);
	*at(gpa + 2 * PAGE) = 6;
	assert_int_equal(guest_move_compare(move), 1);
	assert_int_equal(guest_mem_remove(mem, gpa), 0);
	assert_int_equal(guest_move_follow(move), 0);
	assert_int_equal(guest_move_compare(move), 0);
}

/* The copy becomes the memory, under the same addresses; what was not copied is lost. */
static void
test_finish(void **state)
{
	struct guest_mem_region before[GUEST_MEM_MAX_REGIONS], after[GUEST_MEM_MAX_REGIONS];
	unsigned int nb = guest_mem_table(mem, before);
	uint8_t *hva = at(0x1000);

	*at(0x1000) = 7;
	guest_mem_wrote(mem, 0x1000, 1);
	guest_move_round(move, device);
	*at(0x2000) = 8;
	assert_int_equal(guest_move_finish(move), 0);
	assert_int_equal(guest_mem_table(mem, after), nb);
	assert_ptr_equal(after[0].hva, before[0].hva);
	assert_int_equal(after[1].fd_offset, 0);
	assert_ptr_equal(at(0x1000), hva);
	assert_int_equal(*at(0), 1);
	assert_int_equal(*at(0x1000), 7);
	assert_int_equal(*at(0x2000), 0);
	assert_int_equal(guest_mem_replace(mem, 0x3000, 0), -2); /* ENOENT */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rounds),
		TEST(test_regions_come_and_go),
		TEST(test_finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
