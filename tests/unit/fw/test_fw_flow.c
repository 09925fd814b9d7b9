/* SPDX-License-Identifier: BSD-3-Clause */
/* Flow rules. */
#include <errno.h>

#include "fw_rig.h"

#define MATCH_LEN 320u /* what DPDK gives: the parameters without the last two groups */

static uint32_t
make_tir(struct rig *rig)
{
	uint8_t rqt[RIG_RQT_IN], tir[PRM_SIZE(create_tir_in)];

	rig_rqt_in(rig_virtq(rig, 0), rqt);
	rig_tir_in(rig, rig_create(rig->uctx, FW_CLASS_RQT, rqt, sizeof(rqt)), tir);
	return rig_create(rig->uctx, FW_CLASS_TIR, tir, sizeof(tir));
}

/* The seven rules of the stock driver. */
static void
test_rules_of_the_stock_driver(void **state)
{
	static const struct {
		uint16_t priority;
		uint8_t criteria, version, protocol;
	} rows[] = {
		{ 7, 0, 0, 0 },
		{ 6, 1, 4, 0 },
		{ 6, 1, 6, 0 },
		{ 5, 1, 4, 17 },
		{ 5, 1, 4, 6 },
		{ 5, 1, 6, 17 },
		{ 5, 1, 6, 6 },
	};
	struct rig *rig = *state;
	uint8_t mask[MATCH_LEN] = { 0 }, value[MATCH_LEN] = { 0 };
	struct fw_flow_attr attr = { .mask = mask, .value = value, .match_len = MATCH_LEN };
	uint32_t id[BASE_ARRAY_SIZE(rows)];
	size_t i;

	attr.tirn = make_tir(rig);
	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		attr.priority = rows[i].priority;
		attr.criteria = rows[i].criteria;
		mask[0x10] = rows[i].protocol != 0 ? 0xff : 0;
		value[0x10] = rows[i].protocol;
		mask[0x12] = rows[i].version != 0 ? 0x1e : 0;
		value[0x12] = (uint8_t)(rows[i].version << 1);
		assert_int_equal(0, fw_flow_create(rig->uctx, &attr, &id[i]));
		assert_int_equal(fake_rule->attr.priority, rows[i].priority);
		assert_int_equal(fake_rule->attr.match_outer, rows[i].criteria);
		assert_ptr_equal(fake_rule->attr.tir, fake_tir);
		assert_int_equal(PRM_GET(fte_match_set_lyr_2_4, fake_rule->attr.value, ip_version),
				rows[i].version);
		assert_int_equal(fake_rule->attr.mask[0x10], mask[0x10]);
	}
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_TIR, attr.tirn));
	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++)
		assert_int_equal(0, fw_flow_destroy(rig->uctx, id[i]));
	assert_int_equal(0, fake_counts.rules);
	assert_int_equal(-EINVAL, fw_flow_destroy(rig->uctx, id[0]));
}

static void
test_refusals(void **state)
{
	struct rig *rig = *state;
	uint8_t mask[600] = { 0 }, value[600] = { 0 };
	const struct fw_flow_attr good = { .mask = mask,
		.value = value,
		.match_len = MATCH_LEN,
		.criteria = 1,
		.tirn = make_tir(rig) };
	struct fw_flow_attr attr = good;
	uint32_t id, bit, nb_known = 0;

	rig->card->caps.nic_flow_table = false;
	rig_check_errno(rig, fw_flow_create(rig->uctx, &attr, &id), -EINVAL, FW_SYN_FLOW_CAP);
	rig->card->caps.nic_flow_table = true;
	attr.criteria = 2;
	rig_check_errno(rig, fw_flow_create(rig->uctx, &attr, &id), -EINVAL, FW_SYN_FLOW_CRITERIA);
	attr.criteria = 0x81;
	rig_check_errno(rig, fw_flow_create(rig->uctx, &attr, &id), -EINVAL, FW_SYN_FLOW_CRITERIA);
	attr = good;
	attr.match_len = 63;
	rig_check_errno(rig, fw_flow_create(rig->uctx, &attr, &id), -EINVAL, FW_SYN_FLOW_LENGTH);
	attr.match_len = 513;
	rig_check_errno(rig, fw_flow_create(rig->uctx, &attr, &id), -EINVAL, FW_SYN_FLOW_LENGTH);
	attr = good;
	attr.tirn = 1;
	rig_check_errno(rig, fw_flow_create(rig->uctx, &attr, &id), -EINVAL, FW_SYN_NO_OBJECT);
	attr = good;
	mask[64] = 1; /* misc parameters: criteria bit 1 is not set */
	rig_check_errno(rig, fw_flow_create(rig->uctx, &attr, &id), -EINVAL, FW_SYN_FLOW_MASK);
	mask[64] = 0;
	mask[0x12] = 0x1e; /* a mask without its criterion */
	attr.criteria = 0;
	rig_check_errno(rig, fw_flow_create(rig->uctx, &attr, &id), -EINVAL, FW_SYN_FLOW_MASK);
	mask[0x12] = 0;
	/* Each single mask bit is either matched by the engine or refused. */
	attr = good;
	for (bit = 0; bit < 512; bit++) {
		prm_set(mask, bit, 1, 1);
		if (fw_flow_create(rig->uctx, &attr, &id) == 0) {
			nb_known++;
			assert_int_equal(0, fw_flow_destroy(rig->uctx, id));
		}
		prm_set(mask, bit, 1, 0);
	}
	/* MACs 96, ethertype 16, tag 16, protocol 8, dscp and ecn 8, cvlan, svlan and frag 3,
	 * version 4, flags 9, ihl 4, ttl 8, ports 4 * 16, addresses 256. */
	assert_int_equal(nb_known, 96 + 16 + 16 + 8 + 8 + 3 + 4 + 9 + 4 + 8 + 64 + 256);
	fake_next_error = -ENOMEM;
	assert_int_equal(-ENOMEM, fw_flow_create(rig->uctx, &attr, &id));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_TIR, good.tirn));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rules_of_the_stock_driver, rig_setup_world,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_refusals, rig_setup_world, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
