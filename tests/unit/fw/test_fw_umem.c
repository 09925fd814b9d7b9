/* SPDX-License-Identifier: BSD-3-Clause */
/* User memory and the pages of the card. */
#include <errno.h>
#include <stdlib.h>

#include "fw_rig.h"
#include "fw_umem.h"

static void
test_umem(void **state)
{
	struct rig *rig = *state;
	struct fw_pages pages = { .addr = rig->buf, .len = 0 };
	uint32_t id;

	assert_int_equal(-EINVAL, fw_umem_create(rig->uctx, &pages, &id));
	pages.len = 100;
	pages.addr = NULL;
	assert_int_equal(-EINVAL, fw_umem_create(rig->uctx, &pages, &id));
	pages.addr = rig->buf;
	assert_int_equal(0, fw_umem_create(rig->uctx, &pages, &id));
	assert_int_not_equal(id, 0);
	assert_int_equal(-EINVAL, fw_umem_destroy(rig->other, id));
	assert_int_equal(0, fw_umem_destroy(rig->uctx, id));
	assert_int_equal(-EINVAL, fw_umem_destroy(rig->uctx, id));
}

static void
test_find(void **state)
{
	struct rig *rig = *state;
	struct fw_pages pages = { .addr = rig->buf, .len = 1000 };
	struct fw_umem_ref ref = { .len = 8,
		.align = 8,
		.id_field = "id",
		.offset_field = "offset" };
	struct fw_obj *umem;
	uint32_t id;
	void *p;

	assert_int_equal(0, fw_umem_create(rig->uctx, &pages, &id));
	assert_int_equal(FW_SYN_NO_OBJECT, fw_umem_find(rig->uctx, &ref, &umem, &p));
	ref.id = id;
	assert_int_equal(FW_SYN_OK, fw_umem_find(rig->uctx, &ref, &umem, &p));
	assert_ptr_equal(p, rig->buf);
	ref.offset = 992;
	assert_int_equal(FW_SYN_OK, fw_umem_find(rig->uctx, &ref, &umem, &p));
	assert_ptr_equal(p, rig->buf + 992);
	ref.offset = 993;
	assert_int_equal(FW_SYN_UMEM_BOUNDS, fw_umem_find(rig->uctx, &ref, &umem, &p));
	ref.offset = UINT64_MAX - 3;
	assert_int_equal(FW_SYN_UMEM_BOUNDS, fw_umem_find(rig->uctx, &ref, &umem, &p));
	ref.offset = 4;
	assert_int_equal(FW_SYN_UMEM_ALIGN, fw_umem_find(rig->uctx, &ref, &umem, &p));
}

/* Pages of a queue's layout: 64 KiB where memory begins with one, and 64ths of a page. */
static void
test_pages(void **state)
{
	struct rig *rig = *state;
	const size_t size = 256u * 1024;
	uint8_t *buf = aligned_alloc(64u * 1024, size);
	struct fw_pages pages = { .addr = buf, .len = size };
	struct fw_umem_ref ref = { .len = 64,
		.align = 64,
		.log_page_size = 4,
		.id_field = "id",
		.offset_field = "offset" };
	struct fw_obj *umem;
	void *p;

	assert_non_null(buf);
	assert_int_equal(0, fw_umem_create(rig->uctx, &pages, &ref.id));
	assert_int_equal(FW_SYN_OK, fw_umem_find(rig->uctx, &ref, &umem, &p));
	assert_ptr_equal(p, buf);
	ref.page_offset = 63;
	assert_int_equal(FW_SYN_OK, fw_umem_find(rig->uctx, &ref, &umem, &p));
	assert_ptr_equal(p, buf + 63 * 1024);
	ref.offset = 64u * 1024;
	assert_int_equal(FW_SYN_OK, fw_umem_find(rig->uctx, &ref, &umem, &p));
	assert_ptr_equal(p, buf + 127 * 1024);
	ref.offset = RIG_PAGE;
	assert_int_equal(FW_SYN_UMEM_PAGE, fw_umem_find(rig->uctx, &ref, &umem, &p));
	ref.log_page_size = 0;
	assert_int_equal(FW_SYN_OK, fw_umem_find(rig->uctx, &ref, &umem, &p));
	assert_ptr_equal(p, buf + RIG_PAGE + 63 * 64);
	ref.offset = size - 63 * 64 - 63;
	assert_int_equal(FW_SYN_UMEM_BOUNDS, fw_umem_find(rig->uctx, &ref, &umem, &p));
	ref.log_page_size = 31;
	ref.offset = 0;
	assert_int_equal(FW_SYN_UMEM_BOUNDS, fw_umem_find(rig->uctx, &ref, &umem, &p));
	ref.offset = UINT64_MAX - 1;
	assert_int_equal(FW_SYN_UMEM_BOUNDS, fw_umem_find(rig->uctx, &ref, &umem, &p));
	free(buf);
}

static void
test_uar(void **state)
{
	struct rig *rig = *state;
	uint32_t a, b;

	assert_int_equal(0, fw_uar_create(rig->uctx, &a));
	assert_int_equal(0, fw_uar_create(rig->uctx, &b));
	assert_int_not_equal(a, b);
	assert_int_not_equal(a, 0); /* 0 means "no page" to drivers */
	assert_int_equal(0, fw_uar_destroy(rig->uctx, a));
	assert_int_equal(-EINVAL, fw_uar_destroy(rig->uctx, a));
}

static void
test_var(void **state)
{
	struct rig *rig = *state;
	uint32_t page[1024] = { 7 }, id;

	fake_next_error = -ENOMEM;
	assert_int_equal(-EINVAL, fw_var_create(rig->uctx, page, &id));
	assert_int_equal(0, fake_counts.doorbells);
	assert_int_equal(0, fw_var_create(rig->uctx, page, &id));
	assert_ptr_equal(fake_doorbell, page);
	assert_int_equal(page[0], VNET_DOORBELL_IDLE); /* the old 7 must not ring */
	assert_int_equal(0, fw_var_destroy(rig->uctx, id));
	assert_int_equal(0, fake_counts.doorbells);
	assert_int_equal(-EINVAL, fw_var_destroy(rig->uctx, id));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_umem, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_find, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_pages, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_uar, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_var, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
