/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base_math.h"
#include "guest_mem.h"

#define MIB 0x100000ULL

static int
setup(void **state)
{
	return guest_mem_create(NULL, (struct guest_mem **)state);
}

static int
teardown(void **state)
{
	guest_mem_destroy(*state);
	return 0;
}

static void
test_ram_below_the_hole(void **state)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];

	assert_int_equal(guest_mem_add_ram(*state, 64 * MIB), 0);
	assert_int_equal(guest_mem_table(*state, table), 2);
	assert_int_equal(table[0].gpa, 0);
	assert_int_equal(table[0].size, GUEST_MEM_VGA_START);
	assert_int_equal(table[1].gpa, GUEST_MEM_VGA_END);
	assert_int_equal(table[1].gpa + table[1].size, 64 * MIB);
	assert_int_equal(table[1].fd_offset, GUEST_MEM_VGA_END);
	assert_null(guest_mem_hva(*state, GUEST_MEM_VGA_START, 1));
	assert_int_equal(guest_mem_hotplug_gpa(*state), GUEST_MEM_HIGH);
}

static void
test_ram_around_the_hole(void **state)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];

	assert_int_equal(guest_mem_add_ram(*state, GUEST_MEM_PCI_HOLE + 16 * MIB), 0);
	assert_int_equal(guest_mem_table(*state, table), 3);
	assert_int_equal(table[1].gpa + table[1].size, GUEST_MEM_PCI_HOLE);
	assert_int_equal(table[2].gpa, GUEST_MEM_HIGH);
	assert_int_equal(table[2].size, 16 * MIB);
	assert_int_equal(table[2].fd_offset, GUEST_MEM_PCI_HOLE);
	assert_int_equal(guest_mem_hotplug_gpa(*state), GUEST_MEM_HIGH + 16 * MIB);
	assert_null(guest_mem_hva(*state, GUEST_MEM_PCI_HOLE, 1));
}

/* The RAM windows are of one file: what is written is found at the window's offset of the file. */
static void
test_windows_share_one_file(void **state)
{
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	struct stat a, b;
	char *file;

	assert_int_equal(guest_mem_add_ram(*state, 2 * MIB), 0);
	assert_int_equal(guest_mem_table(*state, table), 2);
	assert_int_equal(fstat(table[0].fd, &a), 0);
	assert_int_equal(fstat(table[1].fd, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	strcpy(guest_mem_hva(*state, MIB, 6), "hello");
	file = mmap(NULL, 2 * MIB, PROT_READ, MAP_SHARED, table[0].fd, 0);
	assert_ptr_not_equal(file, MAP_FAILED);
	assert_string_equal(file + MIB, "hello");
	munmap(file, 2 * MIB);
}

static void
test_bad_regions_are_refused(void **state)
{
	assert_int_equal(guest_mem_add_ram(*state, 4096), -EINVAL);
	assert_int_equal(guest_mem_add_ram(*state, 16 * MIB), 0);
	assert_int_equal(guest_mem_add(*state, MIB, MIB), -EEXIST);
	assert_int_equal(guest_mem_add(*state, GUEST_MEM_HIGH + 1, MIB), -EINVAL);
	assert_int_equal(guest_mem_add(*state, GUEST_MEM_HIGH, 0), -EINVAL);
	assert_int_equal(guest_mem_add(*state, UINT64_MAX - MIB + 1, 2 * MIB), -EINVAL);
	assert_int_equal(guest_mem_add(*state, GUEST_MEM_HIGH, UINT64_MAX - 4095), -EINVAL);
	for (unsigned int i = 2; i < GUEST_MEM_MAX_REGIONS; i++)
		assert_int_equal(guest_mem_add(*state, guest_mem_hotplug_gpa(*state), MIB), 0);
	assert_int_equal(guest_mem_add(*state, guest_mem_hotplug_gpa(*state), MIB), -ENOSPC);
}

static void
test_remove(void **state)
{
	struct guest_mem_want want = { .size = 64, .align = 64, .region = GUEST_MEM_HIGH };
	struct guest_mem_region table[GUEST_MEM_MAX_REGIONS];
	uint64_t gpa, next = GUEST_MEM_HIGH + 2 * MIB, other;

	assert_int_equal(guest_mem_add(*state, GUEST_MEM_HIGH, 2 * MIB), 0);
	assert_int_equal(guest_mem_add(*state, next, 2 * MIB), 0);
	assert_int_equal(guest_mem_alloc(*state, &want, &gpa), 0);
	want.region = next;
	assert_int_equal(guest_mem_alloc(*state, &want, &other), 0);
	assert_int_equal(guest_mem_remove(*state, GUEST_MEM_HIGH), -EBUSY);
	guest_mem_free(*state, gpa);
	assert_int_equal(guest_mem_remove(*state, GUEST_MEM_HIGH), 0);
	assert_int_equal(guest_mem_remove(*state, GUEST_MEM_HIGH), -ENOENT);
	assert_int_equal(guest_mem_table(*state, table), 1);
	assert_int_equal(table[0].gpa, next);
	/* the allocation of the region that stays is still known */
	assert_int_equal(guest_mem_remove(*state, next), -EBUSY);
	guest_mem_free(*state, other);
	assert_int_equal(guest_mem_remove(*state, next), 0);
}

static void
test_allocations_do_not_overlap(void **state)
{
	struct guest_mem_want want = { .align = 64, .region = GUEST_MEM_ANY };
	uint64_t gpa[64], size[64];

	assert_int_equal(guest_mem_add(*state, 2 * MIB, MIB), 0);
	for (unsigned int round = 0; round < 4; round++) {
		for (unsigned int i = 0; i < 64; i++) {
			if (round != 0 && i % 3 != round % 3)
				continue;
			if (round != 0)
				guest_mem_free(*state, gpa[i]);
			size[i] = want.size = 1 + (i * 977 + round * 131) % 9000;
			want.align = 1ULL << (i % 10);
			assert_int_equal(guest_mem_alloc(*state, &want, &gpa[i]), 0);
			assert_int_equal(gpa[i] % want.align, 0);
			assert_true(base_range_inside(gpa[i], size[i], 2 * MIB, MIB));
		}
		for (unsigned int i = 0; i < 64; i++)
			for (unsigned int k = 0; k < i; k++)
				assert_false(base_range_overlap(gpa[i], size[i], gpa[k], size[k]));
	}
}

static void
test_allocator_limits(void **state)
{
	struct guest_mem_want want = { .size = MIB, .align = 4096, .region = GUEST_MEM_HIGH };
	uint64_t gpa, more;

	assert_int_equal(guest_mem_alloc(*state, &want, &gpa), -ENOENT);
	assert_int_equal(guest_mem_add(*state, GUEST_MEM_HIGH, MIB), 0);
	assert_int_equal(guest_mem_alloc(*state, &want, &gpa), 0);
	want.size = 1;
	assert_int_equal(guest_mem_alloc(*state, &want, &more), -ENOMEM);
	want.size = 0;
	assert_int_equal(guest_mem_alloc(*state, &want, &more), -EINVAL);
	want = (struct guest_mem_want){ .size = 8, .align = 3, .region = GUEST_MEM_HIGH };
	assert_int_equal(guest_mem_alloc(*state, &want, &more), -EINVAL);
	memset(guest_mem_hva(*state, gpa, MIB), 0xff, MIB);
	guest_mem_free(*state, gpa);
	want.align = 8;
	assert_int_equal(guest_mem_alloc(*state, &want, &gpa), 0);
	assert_int_equal(*(uint8_t *)guest_mem_hva(*state, gpa, 1), 0);
}

static void
test_addresses(void **state)
{
	char *hva;

	assert_int_equal(guest_mem_add(*state, GUEST_MEM_HIGH, 2 * MIB), 0);
	hva = guest_mem_hva(*state, GUEST_MEM_HIGH + 5, 10);
	assert_non_null(hva);
	assert_ptr_equal(guest_mem_hva(*state, GUEST_MEM_HIGH + 8, 1), hva + 3);
	assert_null(guest_mem_hva(*state, GUEST_MEM_HIGH + 2 * MIB, 0));
	assert_null(guest_mem_hva(*state, GUEST_MEM_HIGH + 2 * MIB - 4, 5));
	assert_null(guest_mem_hva(*state, GUEST_MEM_HIGH, UINT64_MAX));
	assert_null(guest_mem_hva(*state, 0, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ram_below_the_hole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ram_around_the_hole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_windows_share_one_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_regions_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_allocations_do_not_overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_allocator_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
