/* SPDX-License-Identifier: BSD-3-Clause */
/* TIRs. */
#include <errno.h>

#include "fw_rig.h"

static uint32_t
make_rqt(struct rig *rig)
{
	uint8_t in[RIG_RQT_IN];

	rig_rqt_in(rig_virtq(rig, 0), in);
	return rig_create(rig->uctx, FW_CLASS_RQT, in, sizeof(in));
}

static void
test_create(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_tir_in)];

	rig_tir_in(rig, make_rqt(rig), in);
	rig_create(rig->uctx, FW_CLASS_TIR, in, sizeof(in));
	assert_ptr_equal(fake_tir->attr.rqt, fake_rqt);
	assert_true(fake_tir->attr.toeplitz);
	assert_true(fake_tir->attr.symmetric);
	assert_int_equal(fake_tir->attr.hash_fields, VNET_HASH_SRC_IP | VNET_HASH_DST_IP);
	assert_int_equal(fake_tir->attr.key[0], 0x5a);
	assert_int_equal(fake_tir->attr.key[39], 0x5a);
}

static void
test_refusals(void **state)
{
	struct rig *rig = *state;
	uint32_t rqt = make_rqt(rig);
#define TIRC(f) RIG_INNER(create_tir_in, ctx, tirc, f)
	const struct rig_bad rows[] = {
		{ "direct", TIRC(disp_type), PRM_TIR_DIRECT, FW_SYN_TIR_DISP_TYPE },
		{ "XOR", TIRC(rx_hash_fn), PRM_TIR_HASH_INVERTED_XOR8, FW_SYN_TIR_HASH_FN },
		/* Width 30 behind the two type bits. */
		{ "fields", TIRC(rx_hash_field_selector_outer), 0x10, FW_SYN_TIR_HASH_FIELDS },
		{ "inner", TIRC(rx_hash_field_selector_inner), 1, FW_SYN_TIR_FEATURE },
		{ "tunnel", TIRC(tunneled_offload_en), 1, FW_SYN_TIR_FEATURE },
		{ "LRO", TIRC(lro_enable_mask), 1, FW_SYN_TIR_FEATURE },
		{ "TLS", TIRC(tls_en), 1, FW_SYN_TIR_FEATURE },
		{ "td", TIRC(transport_domain), 0, FW_SYN_NO_OBJECT },
		{ "rqt", TIRC(indirect_table), 0, FW_SYN_NO_OBJECT },
	};
	uint8_t in[PRM_SIZE(create_tir_in)], out[16];

	rig_tir_in(rig, rqt, in);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
	fake_next_error = -ENOMEM;
	assert_int_equal(FW_SYN_NO_MEMORY, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_RQT, rqt));
}

/* l3_prot_type and l4_prot_type as the stock driver sends them. */
static void
test_protocol_types_are_fine(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_tir_in)];

	rig_tir_in(rig, make_rqt(rig), in);
	prm_set(in, TIRC(rx_hash_field_selector_outer), 0xc000000f);
	rig_create(rig->uctx, FW_CLASS_TIR, in, sizeof(in));
	assert_int_equal(fake_tir->attr.hash_fields, 0xf);
	prm_set(in, TIRC(rx_hash_field_selector_outer), 0); /* the catch-all */
	rig_create(rig->uctx, FW_CLASS_TIR, in, sizeof(in));
	assert_int_equal(fake_tir->attr.hash_fields, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_create, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_refusals, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_protocol_types_are_fine, rig_setup_world,
				rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
