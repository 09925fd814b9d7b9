/* SPDX-License-Identifier: BSD-3-Clause */
/* QUERY_HCA_CAP: what the card announces, byte for byte where drivers look. */
#include "fw_rig.h"

static uint8_t out[PRM_SIZE(query_hca_cap_out)];

static const uint8_t *
query(struct rig *rig, uint16_t type, unsigned int current)
{
	uint8_t in[16] = { 0 };

	PRM_SET(query_hca_cap_in, in, opcode, PRM_OP_QUERY_HCA_CAP);
	PRM_SET(query_hca_cap_in, in, op_mod, type << 1 | current);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	return PRM_PTR(query_hca_cap_out, out, capability);
}

static void
test_general(void **state)
{
	struct rig *rig = *state;
	unsigned int current;

	for (current = 0; current < 2; current++) {
		const uint8_t *cap = query(rig, PRM_CAP_GENERAL, current);

		/* 64-bit big endian at byte 0x80: bits 13 and 28. */
		assert_int_equal(rig_be32(cap + 0x80), 0);
		assert_int_equal(rig_be32(cap + 0x84), 1u << 28 | 1u << 13);
		assert_int_equal(rig_be32(cap + 28 * 4) >> 8 & 0x1f, 9); /* log_max_rqt_size */
		assert_int_equal(rig_be32(cap + 13 * 4) >> 25 & 1, 1); /* nic_flow_table */
		assert_int_equal(rig_be32(cap + 16 * 4) >> 3 & 1, 1); /* eth_net_offloads */
		assert_int_equal(rig_be32(cap + 16 * 4) >> 2 & 1, 0); /* roce */
		assert_int_equal(rig_be32(cap + 19 * 4) & 0xf, 1); /* num_lag_ports */
		assert_int_equal(PRM_GET(cmd_hca_cap, cap, eswitch_manager), 0);
	}
}

static void
test_virtio(void **state)
{
	struct rig *rig = *state;
	const uint8_t *cap = query(rig, PRM_CAP_VIRTIO_EMULATION, 1);

	assert_int_equal(rig_be32(cap), 1u << 29 | 0x1fd4u << 16 | 0x07 << 8 | 0x03);
	assert_int_equal(rig_be32(cap + 4), 2u << 8 | 7u << 5 | 12);
	assert_int_equal(PRM_GET(virtio_emulation_cap, cap, doorbell_bar_offset), 0);
	assert_int_equal(rig_be32(cap + 16) & 0xffffff, 64);
	assert_int_equal(rig_be32(cap + 32), 64);
	assert_int_equal(rig_be32(cap + 36), 4096);
	assert_int_equal(rig_be32(cap + 40), 32);
	assert_int_equal(rig_be32(cap + 52), 4096);
	assert_int_equal(rig_be32(cap + 24), 3u << 11); /* desc_group_mkey, freeze_to_rdy */
}

static void
test_caps_follow_the_card(void **state)
{
	struct rig *rig = *state;
	const uint8_t *cap;

	rig->caps.max_virtqs = 16;
	rig->caps.virtq_counters = false;
	rig->caps.eth_net_offloads = false;
	rig->caps.num_lag_ports = 2;
	rig->caps.event_modes = 3;
	rig_restart(rig);
	cap = query(rig, PRM_CAP_GENERAL, 1);
	assert_int_equal(PRM_GET(cmd_hca_cap, cap, general_obj_types), 1u << 13);
	assert_int_equal(PRM_GET(cmd_hca_cap, cap, eth_net_offloads), 0);
	assert_int_equal(PRM_GET(cmd_hca_cap, cap, num_lag_ports), 2);
	cap = query(rig, PRM_CAP_VIRTIO_EMULATION, 1);
	assert_int_equal(PRM_GET(virtio_emulation_cap, cap, max_num_virtio_queues), 16);
	assert_int_equal(PRM_GET(virtio_emulation_cap, cap, event_mode), 3);
}

static void
test_types(void **state)
{
	static const uint16_t empty[] = { 0x1, 0x3, 0x7, 0xf, 0x20 };
	static const uint16_t unknown[] = { 0x2, 0x4, 0x8, 0x9, 0xc, 0x1a, 0x7fff };
	struct rig *rig = *state;
	uint8_t in[16] = { 0 };
	size_t i, j;

	for (i = 0; i < BASE_ARRAY_SIZE(empty); i++) {
		const uint8_t *cap = query(rig, empty[i], 1);

		for (j = 0; j < 4096; j++)
			assert_int_equal(cap[j], 0);
	}
	PRM_SET(query_hca_cap_in, in, opcode, PRM_OP_QUERY_HCA_CAP);
	for (i = 0; i < BASE_ARRAY_SIZE(unknown); i++) {
		PRM_SET(query_hca_cap_in, in, op_mod, (uint32_t)unknown[i] << 1 & 0xffff);
		assert_int_equal(FW_SYN_CAP_TYPE,
				rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	}
	/* A page whose capability is off. */
	rig->card->caps.nic_flow_table = false;
	PRM_SET(query_hca_cap_in, in, op_mod, PRM_CAP_NIC_FLOW_TABLE << 1);
	assert_int_equal(FW_SYN_CAP_PAGE, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	PRM_SET(query_hca_cap_in, in, op_mod, 1);
	PRM_SET(query_hca_cap_in, in, other_function, 1);
	assert_int_equal(FW_SYN_CAP_FUNCTION,
			rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_general, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_virtio, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_caps_follow_the_card, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_types, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
