/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the doorbell lies in the page that is mapped (D6), and what a uevent file says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "devx_dev.h"

static void
test_in_page(void **state)
{
	static const struct {
		uint64_t offset;
		size_t page, want;
	} rows[] = {
		{ 0, 4096, 0 },
		{ 0x800, 4096, 0x800 },
		{ 0x3000, 4096, 0 },
		{ 0x3040, 4096, 0x40 },
		{ 0x3000, 65536, 0x3000 }, /* the same card in a host with large pages */
		{ 0x10000, 65536, 0 },
		{ 0x123456f000, 65536, 0xf000 },
		{ UINT64_MAX - 3, 4096, 4092 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(devx_var_in_page(rows[i].offset, rows[i].page), rows[i].want);
}

static void
test_uevent(void **state)
{
	static const char text[] = "DRIVER=mlx5_core\nPCI_SLOT_NAME=0000:03:00.2\nX=\n";

	assert_memory_equal(devx_uevent_find(text, "PCI_SLOT_NAME"), "0000:03:00.2\n", 13);
	assert_memory_equal(devx_uevent_find(text, "X"), "\n", 2);
	assert_null(devx_uevent_find(text, "SLOT_NAME"));
	assert_null(devx_uevent_find(text, "PCI_SLOT"));
	assert_null(devx_uevent_find("", "X"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_page),
		cmocka_unit_test(test_uevent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
