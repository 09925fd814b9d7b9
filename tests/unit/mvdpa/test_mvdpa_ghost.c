/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: devices come and go around vhost's struct, which must point to something
 * that is there at any time. What is freed and what is not is the sanitizers' to find.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mvdpa_ghost.h"

static struct rte_device card = { .name = "0000:03:00.2" };

static void
test_turned_and_back(void **state)
{
	struct rte_vdpa_device vdpa = { .device = &card };
	struct mvdpa_ghost *ghost = mvdpa_ghost_new(&card);

	assert_null(mvdpa_ghost_find(&vdpa));
	assert_null(mvdpa_ghost_wake(&card));
	mvdpa_ghost_appear(ghost, &vdpa, -1);
	mvdpa_ghost_keep(ghost, malloc(1)); /* freed at once: nobody is connected */
	assert_ptr_equal(mvdpa_ghost_find(&vdpa), ghost);
	assert_ptr_not_equal(vdpa.device, &card);
	assert_string_equal(vdpa.device->name, "removed 0000:03:00.2");
	assert_ptr_equal(mvdpa_ghost_wake(&card), &vdpa);
	assert_ptr_equal(vdpa.device, &card);
	assert_null(mvdpa_ghost_find(&vdpa));
}

static void
test_not_of_another_name(void **state)
{
	struct rte_device other = { .name = "0000:03:00.3" };
	struct rte_vdpa_device vdpa = { .device = &card };

	mvdpa_ghost_appear(mvdpa_ghost_new(&card), &vdpa, -1);
	assert_null(mvdpa_ghost_wake(&other));
	assert_ptr_equal(mvdpa_ghost_wake(&card), &vdpa);
}

/* A connection that lasts keeps its ghost; the device comes back beside it. */
static void
test_connection_lasts(void **state)
{
	struct rte_vdpa_device first = { .device = &card }, second = { .device = &card };
	struct mvdpa_ghost *ghost = mvdpa_ghost_new(&card);

	mvdpa_ghost_appear(ghost, &first, 7);
	mvdpa_ghost_keep(ghost, malloc(1));
	assert_null(mvdpa_ghost_wake(&card));
	mvdpa_ghost_appear(mvdpa_ghost_new(&card), &second, -1);
	assert_ptr_equal(mvdpa_ghost_wake(&card), &second);
	mvdpa_ghost_leave(8); /* another connection */
	assert_null(mvdpa_ghost_wake(&card));
	mvdpa_ghost_leave(7);
	assert_ptr_equal(mvdpa_ghost_wake(&card), &first);
}

/* The device of a second name goes: its connection may have come by either. */
static void
test_two_names(void **state)
{
	struct rte_vdpa_device first = { .device = &card }, second = { .device = &card };

	mvdpa_ghost_appear(mvdpa_ghost_new(&card), &first, -1);
	mvdpa_ghost_appear(mvdpa_ghost_new(&card), &second, 7);
	assert_null(mvdpa_ghost_wake(&card));
	mvdpa_ghost_leave(7);
	assert_non_null(mvdpa_ghost_wake(&card));
	assert_non_null(mvdpa_ghost_wake(&card));
	assert_null(mvdpa_ghost_wake(&card));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turned_and_back),
		cmocka_unit_test(test_not_of_another_name),
		cmocka_unit_test(test_connection_lasts),
		cmocka_unit_test(test_two_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
