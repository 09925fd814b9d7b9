/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: whether vhost sees a change is decided here as vhost does it (number, guest
 * address, size and user address of the regions, in order), so that what mvdpa_remap.c writes is
 * held against that, and against the memory that the front-end meant.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mvdpa_remap.h"

#define PAGE 4096ULL
#define SIZE (16 * PAGE)
#define HVA 0x7f1200000000ULL

static struct rte_vhost_memory *memory;
static struct mvdpa_remap remap;
static int file[3];

static int
setup(void **state)
{
	uint32_t i;

	memory = calloc(1, sizeof(*memory) + 3 * sizeof(memory->regions[0]));
	assert_non_null(memory);
	for (i = 0; i < 3; i++) {
		file[i] = memfd_create("ram", MFD_CLOEXEC);
		assert_true(file[i] >= 0);
	}
	remap = (struct mvdpa_remap){ .memory = memory, .page_size = PAGE };
	return 0;
}

static int
teardown(void **state)
{
	uint32_t i;

	for (i = 0; i < 3; i++)
		close(file[i]);
	free(memory);
	return 0;
}

/* The front-end's table over the first @p nb files; vhost has the same. */
static struct guard_table
table_new(uint32_t nb)
{
	struct guard_table table = { .nb = nb };
	uint32_t i;

	memory->nregions = nb;
	for (i = 0; i < nb; i++) {
		table.region[i] = (struct guard_region){ .gpa = i * 2 * SIZE,
			.size = SIZE,
			.user = (i + 4) * 2 * SIZE,
			.offset = PAGE };
		table.fd[i] = file[i];
		memory->regions[i] = (struct rte_vhost_mem_region){
			.guest_phys_addr = table.region[i].gpa,
			.guest_user_addr = table.region[i].user,
			.size = SIZE,
			.fd = file[i],
			.mmap_addr = (void *)(uintptr_t)(HVA + i * 2 * SIZE - PAGE),
			.host_user_addr = HVA + i * 2 * SIZE,
		};
	}
	return table;
}

static bool
vhost_sees_change(const struct guard_table *table)
{
	uint32_t i;

	if (table->nb != memory->nregions)
		return true;
	for (i = 0; i < table->nb; i++) {
		if (table->region[i].gpa != memory->regions[i].guest_phys_addr ||
				table->region[i].size != memory->regions[i].size ||
				table->region[i].user != memory->regions[i].guest_user_addr)
			return true;
	}
	return false;
}

static void
test_what_is_hidden(void **state)
{
	struct guard_table table = table_new(2);

	assert_false(mvdpa_remap_is_hidden(&remap, &table)); /* really the same */
	table.fd[1] = file[2];
	assert_true(mvdpa_remap_is_hidden(&remap, &table));
	table.region[1].user += PAGE; /* vhost sees that */
	assert_false(mvdpa_remap_is_hidden(&remap, &table));
	table = table_new(2);
	table.region[0].offset += PAGE; /* another place in the same file */
	assert_true(mvdpa_remap_is_hidden(&remap, &table));
	table.nb = 1;
	assert_false(mvdpa_remap_is_hidden(&remap, &table));
	table = table_new(1);
	table.fd[0] = dup(file[0]); /* another descriptor of the same file */
	assert_false(mvdpa_remap_is_hidden(&remap, &table));
	close(table.fd[0]);
}

static void
test_two_regions(void **state)
{
	struct guard_table table = table_new(2);

	table.fd[0] = file[2];
	assert_int_equal(mvdpa_remap_show(&remap, &table), 0);
	assert_true(vhost_sees_change(&table));
	assert_int_equal(table.nb, 2);
	assert_int_equal(table.fd[1], file[2]); /* each with its own file */
	assert_true(table.region[1].gpa == 0 && table.region[0].gpa == 2 * SIZE);
}

/* The two pieces are the region, at the same places of the same file. */
static void
check_cut(const struct guard_table *table, uint64_t at)
{
	const struct guard_region *r = table->region;
	struct stat a, b;

	assert_true(vhost_sees_change(table));
	assert_int_equal(table->nb, 2);
	assert_true(r[0].gpa == 0 && r[0].size == at && r[0].offset == PAGE);
	assert_true(r[1].gpa == at && r[1].size == SIZE - at && r[1].offset == PAGE + at);
	assert_true(r[1].user == r[0].user + at);
	assert_int_not_equal(table->fd[0], table->fd[1]); /* vhost closes both */
	assert_int_equal(fstat(table->fd[0], &a), 0);
	assert_int_equal(fstat(table->fd[1], &b), 0);
	assert_true(a.st_ino == b.st_ino);
}

static void
test_one_region(void **state)
{
	struct mvdpa_remap_part parts[] = { { HVA + SIZE - 2 * PAGE - 16, PAGE + 32 },
		{ HVA + SIZE - 3 * PAGE, PAGE }, { 0, 64 } };
	struct guard_table table = table_new(1);

	assert_int_equal(mvdpa_remap_show(&remap, &table), 0);
	check_cut(&table, SIZE - PAGE);
	close(table.fd[1]);
	/* Not where a ring goes across; one may end there, or begin. */
	remap.parts = parts;
	remap.nb_parts = 3;
	table = table_new(1);
	assert_int_equal(mvdpa_remap_show(&remap, &table), 0);
	check_cut(&table, SIZE - 3 * PAGE);
	close(table.fd[1]);
	parts[0] = (struct mvdpa_remap_part){ HVA, SIZE };
	table = table_new(1);
	assert_int_equal(mvdpa_remap_show(&remap, &table), -ENOSPC);
	assert_int_equal(table.nb, 1);
}

static void
test_one_page(void **state)
{
	struct guard_table table = table_new(1);

	table.region[0].size = PAGE;
	assert_int_equal(mvdpa_remap_show(&remap, &table), -ENOSPC);
	table.region[0].size = PAGE + 1;
	assert_int_equal(mvdpa_remap_show(&remap, &table), 0);
	assert_true(table.region[0].size == PAGE && table.region[1].size == 1);
	close(table.fd[1]);
}

static void
test_no_descriptor(void **state)
{
	struct guard_table table = table_new(1);

	table.fd[0] = -1;
	assert_int_equal(mvdpa_remap_show(&remap, &table), -EBADF);
	assert_int_equal(table.nb, 1);
	assert_true(table.region[0].size == SIZE);
}

static void
table_reverse(struct guard_table *table)
{
	const struct guard_table old = *table;
	uint32_t i;

	for (i = 0; i < old.nb; i++) {
		table->region[i] = old.region[old.nb - 1 - i];
		table->fd[i] = old.fd[old.nb - 1 - i];
	}
}

static void
test_other_order(void **state)
{
	struct guard_table table = table_new(3), swapped = table;
	const uint32_t order[] = { 2, 0, 1 };
	uint32_t i;

	assert_false(mvdpa_remap_sort(&remap, &table)); /* it is in order */
	for (i = 0; i < 3; i++) {
		swapped.region[i] = table.region[order[i]];
		swapped.fd[i] = table.fd[order[i]];
	}
	assert_true(vhost_sees_change(&swapped));
	assert_true(mvdpa_remap_sort(&remap, &swapped));
	assert_false(vhost_sees_change(&swapped));
	for (i = 0; i < 3; i++)
		assert_int_equal(swapped.fd[i], file[i]);
	/* Not only the order: vhost has to look. */
	table_reverse(&swapped);
	swapped.region[0].user += PAGE;
	table = swapped;
	assert_false(mvdpa_remap_sort(&remap, &swapped));
	assert_memory_equal(&table, &swapped, sizeof(table));
	swapped.region[0].user -= PAGE;
	swapped.fd[0] = file[1];
	assert_false(mvdpa_remap_sort(&remap, &swapped));
	swapped.nb = 2;
	assert_false(mvdpa_remap_sort(&remap, &swapped));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_hidden, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_regions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_region, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_descriptor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_order, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
