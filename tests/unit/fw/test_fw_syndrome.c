/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of reasons. */
#include <errno.h>

#include "fw_rig.h"

static void
test_numbers_and_texts_are_unique(void **state)
{
#define ROW(name, number, status, text) { (number), (text) },
	static const struct {
		uint32_t number;
		const char *text;
	} rows[] = { FW_SYNDROMES(ROW) };
#undef ROW
	size_t i, j;

	(void)state;
	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		assert_string_equal(rows[i].text,
				fw_syndrome_text((enum fw_syndrome)rows[i].number));
		for (j = 0; j < i; j++) {
			assert_int_not_equal(rows[i].number, rows[j].number);
			assert_string_not_equal(rows[i].text, rows[j].text);
		}
	}
	assert_string_equal("syndrome?", fw_syndrome_text((enum fw_syndrome)0x123456));
}

static void
test_errno(void **state)
{
	(void)state;
	assert_int_equal(0, fw_syndrome_errno(FW_SYN_OK));
	assert_int_equal(-EBUSY, fw_syndrome_errno(FW_SYN_BUSY));
	assert_int_equal(-ENOMEM, fw_syndrome_errno(FW_SYN_NO_MEMORY));
	assert_int_equal(-ENOSPC, fw_syndrome_errno(FW_SYN_NO_ID));
	assert_int_equal(-EINVAL, fw_syndrome_errno(FW_SYN_NO_OBJECT));
}

static void
test_a_refusal_names_everything(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(FW_SYN_NO_OBJECT, rig_destroy(rig->far, FW_CLASS_CQ, 0x4711));
	assert_non_null(strstr(rig->last, "function 1, context 0"));
	assert_non_null(strstr(rig->last, "DESTROY_CQ refused"));
	assert_non_null(strstr(rig->last, "CQ = 0x4711"));
	assert_non_null(strstr(rig->last, "no such object"));
	assert_non_null(strstr(rig->last, "BAD_RES, syndrome 0xe50101"));
	assert_int_equal(rig->nb_refusals, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_and_texts_are_unique),
		cmocka_unit_test(test_errno),
		cmocka_unit_test_setup_teardown(test_a_refusal_names_everything, rig_setup,
				rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
