/* SPDX-License-Identifier: BSD-3-Clause */
/* Making and destroying memory keys. */
#include <errno.h>

#include "fw_rig.h"

static void
test_mr_refusals(void **state)
{
	struct rig *rig = *state;
	const struct fw_mr_attr good = { .pages = { .addr = rig->guest, .len = RIG_GUEST_SIZE },
		.iova = RIG_GPA,
		.pd = rig->pd,
		.access = FW_LOCAL_WRITE };
	struct fw_mr_attr attr;
	uint32_t mkey;

	attr = good;
	attr.pages.len = 0;
	rig_check_errno(rig, fw_mr_create(rig->uctx, &attr, &mkey), -EINVAL, FW_SYN_EMPTY);
	attr = good;
	attr.pages.addr = NULL;
	rig_check_errno(rig, fw_mr_create(rig->uctx, &attr, &mkey), -EINVAL, FW_SYN_EMPTY);
	attr = good;
	attr.iova = UINT64_MAX - RIG_GUEST_SIZE + 2;
	rig_check_errno(rig, fw_mr_create(rig->uctx, &attr, &mkey), -EINVAL, FW_SYN_RANGE_WRAPS);
	attr.iova--; /* the last byte is the last of all */
	assert_int_equal(0, fw_mr_create(rig->uctx, &attr, &mkey));
	attr = good;
	attr.pd = rig->pd + 1;
	rig_check_errno(rig, fw_mr_create(rig->uctx, &attr, &mkey), -EINVAL, FW_SYN_NO_OBJECT);
	attr = good;
	attr.access = 1u << 3;
	rig_check_errno(rig, fw_mr_create(rig->uctx, &attr, &mkey), -EINVAL, FW_SYN_ACCESS);
	assert_int_equal(5, rig->nb_refusals);
}

static void
test_mr_destroy(void **state)
{
	struct rig *rig = *state;
	uint32_t mr = rig_mr(rig, rig->guest, RIG_PAGE, 0);

	assert_int_not_equal(rig->mr & 0xff, mr & 0xff); /* the low byte differs by key */
	assert_int_equal(-EINVAL, fw_mr_destroy(rig->uctx, mr ^ 1));
	assert_int_equal(-EINVAL, fw_mr_destroy(rig->other, mr));
	assert_int_equal(-EINVAL, fw_mr_destroy(rig->uctx, rig->mkey)); /* not a region */
	assert_int_equal(-EBUSY, fw_mr_destroy(rig->uctx, rig->mr));
	assert_int_equal(0, fw_mr_destroy(rig->uctx, mr));
	assert_int_equal(-EINVAL, fw_mr_destroy(rig->uctx, mr));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_MKEY, rig->mkey >> 8));
	assert_int_equal(0, fw_mr_destroy(rig->uctx, rig->mr));
}

#define MKC(f) RIG_INNER(create_mkey_in, memory_key_mkey_entry, mkc, f)
#define KLM(i, f) \
	(PRM_SIZE(create_mkey_in) + (i)*PRM_SIZE(klm)) * 8 + PRM_OFF(klm, f), PRM_BITS(klm, f)

static void
test_klm_refusals(void **state)
{
	struct rig *rig = *state;
	uint32_t pd2 = rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD);
	const struct rig_klm klms[4] = {
		{ RIG_PAGE, rig->mr, RIG_GPA },
		{ RIG_PAGE, FW_NULL_MKEY, 0 },
		{ RIG_PAGE, rig->mr, RIG_GPA + RIG_PAGE },
	};
	const struct rig_bad rows[] = {
		{ "PA mode", MKC(access_mode_1_0), PRM_MKC_PA, FW_SYN_MKEY_MODE },
		{ "MTT mode", MKC(access_mode_1_0), PRM_MKC_MTT, FW_SYN_MKEY_MODE },
		{ "mode high bits", MKC(access_mode_4_2), 1, FW_SYN_MKEY_MODE },
		{ "free", MKC(free), 1, FW_SYN_MKEY_FREE },
		{ "bsf", MKC(bsf_en), 1, FW_SYN_MKEY_FREE },
		{ "length64", MKC(length64), 1, FW_SYN_RANGE_WRAPS },
		{ "qpn", MKC(qpn), 0, FW_SYN_NO_OBJECT },
		{ "KLM with page size", MKC(log_page_size), 12, FW_SYN_MKEY_PAGE_SIZE },
		{ "pd", MKC(pd), 0x999, FW_SYN_NO_OBJECT },
		{ "other pd", MKC(pd), pd2, FW_SYN_OTHER_PD },
		{ "len 0", MKC(len), 0, FW_SYN_EMPTY },
		{ "wraps", MKC(start_addr), UINT64_MAX, FW_SYN_RANGE_WRAPS },
		{ "longer than entries", MKC(len), 3 * RIG_PAGE + 1, FW_SYN_MKEY_LIST_GAP },
		{ "no room", MKC(translations_octword_size), 3, FW_SYN_MKEY_LIST_SIZE },
		{ "list 0", RIG_FIELD(create_mkey_in, translations_octword_actual_size), 0,
				FW_SYN_MKEY_LIST_SIZE },
		{ "list behind input", RIG_FIELD(create_mkey_in, translations_octword_actual_size),
				5, FW_SYN_MKEY_LIST_SIZE },
		{ "list of 65537", RIG_FIELD(create_mkey_in, translations_octword_actual_size),
				65537, FW_SYN_MKEY_LIST_LONG },
		{ "entry of 2 GiB + 1", KLM(0, byte_count), 0x80000001, FW_SYN_MKEY_ENTRY_LEN },
		{ "entry empty, with key", KLM(1, byte_count), 0, FW_SYN_MKEY_ENTRY_LEN },
		{ "entry of unknown key", KLM(0, mkey), 0xabcdef00, FW_SYN_MKEY_ENTRY_KEY },
		{ "entry of wrong low byte", KLM(2, mkey), rig->mr ^ 0x80, FW_SYN_MKEY_ENTRY_KEY },
		{ "entry wraps", KLM(0, address), UINT64_MAX, FW_SYN_RANGE_WRAPS },
	};
	uint8_t in[RIG_MKEY_IN(4)], out[16];
	struct fw_obj *mr = fw_obj_peek(rig->uctx, FW_CLASS_MKEY, rig->mr >> 8);
	uint32_t users = mr->nb_users;

	rig_mkey_in(rig->pd, RIG_GPA, 0, klms, 4, in);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
	assert_int_equal(mr->nb_users, users); /* no refusal left a use behind */
	/* A full list that is too short for the range. */
	rig_mkey_in(rig->pd, RIG_GPA, 0, klms, 3, in);
	prm_set(in, MKC(len), 3 * RIG_PAGE + 1);
	assert_int_equal(FW_SYN_MKEY_COVERAGE,
			rig_exec(rig->uctx, in, RIG_MKEY_IN(3), out, sizeof(out)));
	/* A key of another context is unknown. */
	rig_mkey_in(rig_alloc(rig->other, PRM_OP_ALLOC_PD, FW_CLASS_PD), RIG_GPA, 0, klms, 4, in);
	assert_int_equal(FW_SYN_MKEY_ENTRY_KEY,
			rig_exec(rig->other, in, sizeof(in), out, sizeof(out)));
}

static void
test_padding_is_fine(void **state)
{
	struct rig *rig = *state;
	const struct rig_klm klms[8] = {
		{ RIG_PAGE, rig->mr, RIG_GPA },
		{ 0x80000000, FW_NULL_MKEY, RIG_GPA + RIG_PAGE }, /* 2 GiB are one entry */
		{ RIG_PAGE, rig->mr, RIG_GPA + RIG_PAGE },
	};

	rig_mkey(rig, RIG_GPA, 0, klms, 8);
}

static void
test_fbs_refusals(void **state)
{
	struct rig *rig = *state;
	struct rig_klm klms[2] = {
		{ RIG_PAGE, rig->mr, RIG_GPA },
		{ RIG_PAGE, rig->mr, RIG_GPA + RIG_PAGE },
	};
	const struct rig_bad rows[] = {
		{ "entry size 2^11", MKC(log_page_size), 11, FW_SYN_MKEY_PAGE_SIZE },
		{ "entry size 2^32", MKC(log_page_size), 32, FW_SYN_MKEY_PAGE_SIZE },
		{ "entry size 2^13", MKC(log_page_size), 13, FW_SYN_MKEY_ENTRY_LEN },
		{ "entry of another size", KLM(1, byte_count), RIG_PAGE / 2,
				FW_SYN_MKEY_ENTRY_LEN },
		{ "longer", MKC(len), 2 * RIG_PAGE + 1, FW_SYN_MKEY_COVERAGE },
	};
	uint8_t in[RIG_MKEY_IN(2)], out[16];

	rig_mkey_in(rig->pd, RIG_GPA, 12, klms, 2, in);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
	/* The size may be left out of the entries. */
	prm_set(in, KLM(0, byte_count), 0);
	prm_set(in, KLM(1, byte_count), 0);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

static void
test_depth(void **state)
{
	struct rig *rig = *state;
	struct rig_klm klm = { RIG_PAGE, rig->mr, RIG_GPA };
	uint8_t in[RIG_MKEY_IN(1)], out[16];
	unsigned int i;

	for (i = 0; i < rig->caps.max_indirection; i++)
		klm.mkey = rig_mkey(rig, RIG_GPA, 0, &klm, 1);
	rig_mkey_in(rig->pd, RIG_GPA, 0, &klm, 1, in);
	assert_int_equal(FW_SYN_MKEY_DEPTH, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

static void
test_low_byte_is_the_drivers(void **state)
{
	struct rig *rig = *state;
	struct rig_klm klm = { RIG_PAGE, rig->mr, RIG_GPA };
	uint8_t in[RIG_MKEY_IN(1)];
	uint32_t index;

	rig_mkey_in(rig->pd, RIG_GPA, 0, &klm, 1, in);
	prm_set(in, MKC(mkey_7_0), 0x42);
	index = rig_create(rig->uctx, FW_CLASS_MKEY, in, sizeof(in));
	assert_non_null(fw_mkey_find(rig->uctx->func, index << 8 | 0x42));
	assert_null(fw_mkey_find(rig->uctx->func, index << 8));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mr_refusals, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_mr_destroy, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_klm_refusals, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_padding_is_fine, rig_setup_world,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_fbs_refusals, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_depth, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_low_byte_is_the_drivers, rig_setup_world,
				rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
