/* SPDX-License-Identifier: BSD-3-Clause */
/* Which paths are the card's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "seam_path.h"

/* The seam is linked in: it must stay out of the test's own calls. */
static const struct seam_conf *
no_conf(void)
{
	return NULL;
}
const struct seam_ops seam_ops = { .conf = no_conf };

static const struct seam_conf conf = { .tree = "/t", .nb_funcs = 7 };

static void
test_paths(void **state)
{
	static const struct {
		const char *path;
		bool ours;
	} rows[] = {
		{ "/sys/class/infiniband", true },
		{ "/sys/class/infiniband/", true },
		{ "/sys/class/infiniband/mlx5_0/device/uevent", true },
		{ "/sys/class/infiniband_verbs/uverbs0/dev", true },
		{ "/sys/class/infiniband_mad/x", false },
		{ "/sys/class/net", false },
		{ "/sys/bus/pci/devices", true },
		{ "/sys/bus/pci/devices/", true },
		{ "/sys/bus/pci/devices/0000:03:00.2", true },
		{ "/sys/bus/pci/devices/0000:03:00.7/vendor", true },
		{ "/sys/bus/pci/devices/0000:03:01.0/vendor", true },
		{ "/sys/bus/pci/devices/0000:03:01.1/vendor", false },
		{ "/sys/bus/pci/devices/0000:03:00.0/vendor", false },
		{ "/sys/bus/pci/devices/0000:03:00.22", false },
		{ "/sys/bus/pci/devicesx", false },
		{ "/sys/bus/auxiliary/devices", true },
		{ "/dev/infiniband/uverbs0", true },
		{ "/dev/infinibandx", false },
		{ "/dev/null", false },
		{ "sys/class/infiniband", false },
		{ "", false },
	};
	char buf[256], want[256];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(want, sizeof(want), "/t%s", rows[i].path);
		assert_string_equal(seam_path(&conf, rows[i].path, buf, sizeof(buf)),
				rows[i].ours ? want : rows[i].path);
		assert_ptr_equal(seam_path(NULL, rows[i].path, buf, sizeof(buf)), rows[i].path);
	}
	/* as the kernel reads a path */
	assert_string_equal(seam_path(&conf, "//sys/./class//infiniband/x/../y", buf, sizeof(buf)),
			"/t/sys/class/infiniband/x/../y");
	assert_string_equal(seam_path(&conf, "/sys//class/net", buf, sizeof(buf)),
			"/sys//class/net");
	assert_null(seam_path(&conf, NULL, buf, sizeof(buf)));
	/* no room: better the real path than half of one */
	assert_string_equal(seam_path(&conf, "/dev/infiniband", buf, 5), "/dev/infiniband");
}

static void
test_uverbs(void **state)
{
	assert_int_equal(seam_path_uverbs(&conf, "/dev/infiniband/uverbs0"), 0);
	assert_int_equal(seam_path_uverbs(&conf, "/dev/infiniband/uverbs6"), 6);
	assert_int_equal(seam_path_uverbs(&conf, "/dev/infiniband/uverbs7"), -1);
	assert_int_equal(seam_path_uverbs(&conf, "/dev/infiniband/uverbs"), -1);
	assert_int_equal(seam_path_uverbs(&conf, "/dev/infiniband/uverbs0x"), -1);
	assert_int_equal(seam_path_uverbs(&conf, "/dev/infiniband/uverbs-1"), -1);
	assert_int_equal(seam_path_uverbs(&conf, "/dev/infiniband/rdma_cm"), -1);
	assert_int_equal(seam_path_uverbs(&conf, NULL), -1);
	assert_int_equal(seam_path_uverbs(NULL, "/dev/infiniband/uverbs0"), -1);
	assert_int_equal(seam_path_uverbs(&conf, "/dev//infiniband/./uverbs3"), 3);
}

static void
test_relative(void **state)
{
	static const struct {
		const char *dir, *path;
		int index;
	} rows[] = {
		{ "/t/dev/infiniband", "uverbs2", 2 },
		{ "/t/dev/infiniband", "./uverbs2", 2 },
		{ "/t/dev", "infiniband/uverbs0", 0 },
		{ "/t", "dev/infiniband/uverbs6", 6 },
		{ "/t/dev/infiniband", "uverbs7", -1 },
		{ "/t/dev/infiniband", "uverbs", -1 },
		{ "/t/dev/infinib", "uverbs0", -1 },
		{ "/t/dev/infiniband/uverbs0", "uverbs0", -1 },
		{ "/dev/infiniband", "uverbs0", -1 },
		{ "/tt/dev/infiniband", "uverbs0", -1 },
		{ "/", "uverbs0", -1 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(seam_path_uverbs_in(&conf, rows[i].dir, rows[i].path),
				rows[i].index);
}

/* Beside devices of the host: theirs keep their numbers. */
static void
test_beside_host(void **state)
{
	const struct seam_conf beside = { .tree = "/t",
		.nb_funcs = 2,
		.first = 3,
		.host_devices = true,
		.bdf = { "0001:81:00.7", "" } };
	char buf[256], bdf[SEAM_BDF_SIZE];

	assert_int_equal(seam_path_uverbs(&beside, "/dev/infiniband/uverbs2"), -1);
	assert_int_equal(seam_path_uverbs(&beside, "/dev/infiniband/uverbs3"), 0);
	assert_int_equal(seam_path_uverbs(&beside, "/dev/infiniband/uverbs4"), 1);
	assert_int_equal(seam_path_uverbs(&beside, "/dev/infiniband/uverbs5"), -1);
	seam_bdf(&beside, 0, bdf);
	assert_string_equal(bdf, "0001:81:00.7");
	seam_bdf(&beside, 1, bdf);
	assert_string_equal(bdf, "0000:03:00.3");
	assert_string_equal(seam_path(&beside, "/sys/bus/pci/devices/0001:81:00.7/vendor", buf,
					    sizeof(buf)),
			"/t/sys/bus/pci/devices/0001:81:00.7/vendor");
	assert_string_equal(seam_path(&beside, "/sys/bus/pci/devices/0000:03:00.2", buf,
					    sizeof(buf)),
			"/sys/bus/pci/devices/0000:03:00.2");
}

static void
test_names_differ(void **state)
{
	char a[SEAM_BDF_SIZE], b[SEAM_BDF_SIZE];
	unsigned int i, j;

	seam_bdf(&conf, 0, a);
	assert_string_equal(a, "0000:03:00.2");
	seam_bdf(&conf, 6, a);
	assert_string_equal(a, "0000:03:01.0");
	for (i = 0; i < SEAM_MAX_FUNCS; i++) {
		seam_bdf(&conf, i, a);
		assert_int_equal(strlen(a), 12);
		for (j = 0; j < i; j++) {
			seam_bdf(&conf, j, b);
			assert_string_not_equal(a, b);
			assert_true(seam_guid(i) != seam_guid(j));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_uverbs),
		cmocka_unit_test(test_relative),
		cmocka_unit_test(test_beside_host),
		cmocka_unit_test(test_names_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
