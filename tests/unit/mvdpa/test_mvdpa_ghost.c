/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: devices come and go around vhost's struct, which must point to something
 * that is there at any time. What is freed and what is not is the sanitizers' to find.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mvdpa_ghost.h"

static struct rte_device card = { .name = "0000:03:00.2" };
static struct rte_vdpa_device vdpas[2]; /* vhost's */
static unsigned int nb_vdpas;
static bool full;

struct rte_vdpa_device *
rte_vdpa_register_device(struct rte_device *device, struct rte_vdpa_dev_ops *ops)
{
	if (full)
		return NULL;
	assert_true(nb_vdpas < 2);
	vdpas[nb_vdpas] = (struct rte_vdpa_device){ .device = device, .ops = ops };
	return &vdpas[nb_vdpas++];
}

static struct mvdpa_ghost *
ghost_new(void)
{
	struct mvdpa_ghost *ghost = mvdpa_ghost_new(&card, NULL);

	assert_non_null(ghost);
	assert_ptr_equal(ghost->vdpa, &vdpas[nb_vdpas - 1]);
	return ghost;
}

/* Ghosts stay for ever, but in a test. */
static void
ghost_end(struct mvdpa_ghost *ghost)
{
	assert_ptr_equal(mvdpa_ghost_wake(&card), ghost);
	free(ghost);
}

static int
setup(void **state)
{
	nb_vdpas = 0;
	full = false;
	return 0;
}

static void
test_turned_and_back(void **state)
{
	struct mvdpa_ghost *ghost = ghost_new();

	assert_null(mvdpa_ghost_find(&vdpas[0]));
	assert_null(mvdpa_ghost_wake(&card));
	mvdpa_ghost_appear(ghost, -1);
	mvdpa_ghost_keep(ghost, malloc(1)); /* freed at once: nobody is connected */
	assert_ptr_equal(mvdpa_ghost_find(&vdpas[0]), ghost);
	assert_ptr_not_equal(vdpas[0].device, &card);
	assert_string_equal(vdpas[0].device->name, "removed 0000:03:00.2");
	assert_ptr_equal(mvdpa_ghost_wake(&card), ghost);
	assert_ptr_equal(vdpas[0].device, &card);
	assert_null(mvdpa_ghost_find(&vdpas[0]));
	mvdpa_ghost_appear(ghost, -1); /* and once more */
	assert_string_equal(vdpas[0].device->name, "removed 0000:03:00.2");
	ghost_end(ghost);
}

static void
test_vhost_refuses(void **state)
{
	full = true;
	assert_null(mvdpa_ghost_new(&card, NULL));
}

/* Whoever looked at the device in between reads its name a moment later. */
static void
test_looked_at_while_it_wakes(void **state)
{
	struct mvdpa_ghost *ghost = ghost_new();
	const struct rte_device *seen;

	mvdpa_ghost_appear(ghost, -1);
	seen = vdpas[0].device;
	mvdpa_ghost_wake(&card);
	assert_string_equal(seen->name, "removed 0000:03:00.2");
	free(ghost);
}

static void
test_not_of_another_name(void **state)
{
	struct rte_device other = { .name = "0000:03:00.3" };
	struct mvdpa_ghost *ghost = ghost_new();

	mvdpa_ghost_appear(ghost, -1);
	assert_null(mvdpa_ghost_wake(&other));
	ghost_end(ghost);
}

/* A connection that lasts keeps its ghost; the device comes back beside it. */
static void
test_connection_lasts(void **state)
{
	struct mvdpa_ghost *first = ghost_new(), *second = ghost_new();

	mvdpa_ghost_appear(first, 7);
	mvdpa_ghost_keep(first, malloc(1));
	assert_null(mvdpa_ghost_wake(&card));
	mvdpa_ghost_appear(second, -1);
	assert_ptr_equal(mvdpa_ghost_wake(&card), second);
	mvdpa_ghost_leave(8); /* another connection */
	assert_null(mvdpa_ghost_wake(&card));
	mvdpa_ghost_leave(7);
	ghost_end(first);
	free(second);
}

/* The device of a second name goes: its connection may have come by either. */
static void
test_two_names(void **state)
{
	struct mvdpa_ghost *first = ghost_new(), *second = ghost_new();

	mvdpa_ghost_appear(first, -1);
	mvdpa_ghost_appear(second, 7);
	assert_null(mvdpa_ghost_wake(&card));
	mvdpa_ghost_leave(7);
	ghost_end(second); /* the one that is pointed to last comes first */
	ghost_end(first);
	assert_null(mvdpa_ghost_wake(&card));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_turned_and_back, setup),
		cmocka_unit_test_setup(test_vhost_refuses, setup),
		cmocka_unit_test_setup(test_looked_at_while_it_wakes, setup),
		cmocka_unit_test_setup(test_not_of_another_name, setup),
		cmocka_unit_test_setup(test_connection_lasts, setup),
		cmocka_unit_test_setup(test_two_names, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
