/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: the test is the PCI bus and EAL: it keeps the driver that registers itself,
 * and offers it functions. Devices are made and lost in name only.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_devargs.h>
#include <rte_eal.h>

#include <bus_auxiliary_driver.h>
#include <bus_pci_driver.h>
#include <dev_driver.h>

#include "last_log.h"
#include "mvdpa_log.h"
#include "mvdpa_ops.h"

const struct base_log mvdpa_logs[MVDPA_LOG_MODULES] = {
	[MVDPA_LOG_DRIVER] = { BASE_LOG_DEBUG, last_log_write, NULL },
};

static struct rte_pci_driver *pci_driver;
static struct rte_auxiliary_driver *aux_driver;
static enum rte_proc_type_t process;
static struct mvdpa_dev made; /* only its address counts */
static unsigned int nb_made, nb_destroyed, nb_removed;
static int create_result, register_result;
static const struct rte_device *known; /* by the list of devices */

void
rte_pci_register(struct rte_pci_driver *driver)
{
	pci_driver = driver;
}

void
rte_auxiliary_register(struct rte_auxiliary_driver *driver)
{
	aux_driver = driver;
}

enum rte_proc_type_t
rte_eal_process_type(void)
{
	return process;
}

int
mvdpa_dev_create(struct rte_device *device, const struct mvdpa_args *args, struct mvdpa_dev **dev)
{
	nb_made += create_result == 0;
	*dev = &made;
	return create_result;
}

void
mvdpa_dev_destroy(struct mvdpa_dev *dev)
{
	assert_ptr_equal(dev, &made);
	nb_destroyed++;
}

int
mvdpa_ops_register(struct mvdpa_dev *dev)
{
	assert_ptr_equal(dev, &made);
	return register_result;
}

void
mvdpa_ops_remove(struct mvdpa_dev *dev)
{
	assert_ptr_equal(dev, &made);
	nb_removed++;
}

struct mvdpa_dev *
mvdpa_ops_find(const struct rte_device *device)
{
	return device == known ? &made : NULL;
}

static char wanted[] = "class=vdpa", unwanted[] = "class=eth", wrong[] = "class=vdpa,speed=9";

static int
probe(char *args)
{
	struct rte_devargs devargs = { .args = args };
	struct rte_pci_device pci = { .device = { .name = "0000:03:00.2", .devargs = &devargs } };

	return pci_driver->probe(pci_driver, &pci);
}

static int
setup(void **state)
{
	process = RTE_PROC_PRIMARY;
	nb_made = nb_destroyed = nb_removed = 0;
	create_result = register_result = 0;
	known = NULL;
	return 0;
}

static void
test_taken_by_class(void **state)
{
	struct rte_pci_device bare = { .device = { .name = "0000:03:00.2" } };

	assert_int_equal(pci_driver->probe(pci_driver, &bare), 1);
	assert_int_equal(probe(unwanted), 1);
	assert_int_equal(probe(wrong), -EINVAL);
	assert_int_equal(nb_made, 0);
	assert_int_equal(probe(wanted), 0);
	assert_int_equal(nb_made, 1);
	assert_true(aux_driver->match("mlx5_core.sf.2"));
	assert_false(aux_driver->match("mlx5_core.eth.2"));
}

static void
test_fails(void **state)
{
	create_result = -ENODEV;
	assert_int_equal(probe(wanted), -ENODEV);
	create_result = 0;
	register_result = -EEXIST;
	assert_int_equal(probe(wanted), -EEXIST);
	assert_int_equal(nb_destroyed, 1);
}

static void
test_removed(void **state)
{
	struct rte_pci_device pci = { .device = { .name = "0000:03:00.2" } };

	assert_int_equal(pci_driver->remove(&pci), -ENODEV);
	known = &pci.device;
	assert_int_equal(pci_driver->remove(&pci), 0);
	assert_int_equal(nb_removed, 1);
}

/* EAL takes a device back from the primary process if a secondary one says no. */
static void
test_secondary(void **state)
{
	struct rte_pci_device pci = { .device = { .name = "0000:03:00.2" } };

	process = RTE_PROC_SECONDARY;
	assert_int_equal(probe(unwanted), 1);
	assert_int_equal(probe(wanted), 0);
	assert_int_equal(pci_driver->remove(&pci), 0);
	assert_int_equal(nb_made + nb_removed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_taken_by_class, setup),
		cmocka_unit_test_setup(test_fails, setup),
		cmocka_unit_test_setup(test_removed, setup),
		cmocka_unit_test_setup(test_secondary, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
