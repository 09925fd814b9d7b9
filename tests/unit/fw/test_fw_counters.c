/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters go on over the queues that they count. */
#include "fw_rig.h"

static void
query(struct rig *rig, uint8_t *out, size_t outlen)
{
	uint8_t in[16] = { 0 };

	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_QUERY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_Q_COUNTERS);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, rig->counters);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, outlen));
}

static void
test_accumulate(void **state)
{
	const struct vnet_queue_stats stats = { 1ull << 40, 2, 3, 4, 5 };
	struct rig *rig = *state;
	uint8_t out[72]; /* as long as the stock driver asks for */
	uint32_t virtq;
	unsigned int i;

	for (i = 1; i <= 3; i++) {
		virtq = rig_virtq(rig, 0);
		fake_queue->stats = stats;
		query(rig, out, sizeof(out));
		assert_int_equal(prm_get(out + 16, 0x10 * 8, 64), i * stats.received_desc);
		assert_int_equal(prm_get(out + 16, 0x18 * 8, 64), i * 2);
		assert_int_equal(rig_be32(out + 16 + 0x20), 0);
		assert_int_equal(rig_be32(out + 16 + 0x24), i * 3);
		assert_int_equal(rig_be32(out + 16 + 0x28), i * 4);
		assert_int_equal(rig_be32(out + 16 + 0x2c), i * 5);
		assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, virtq));
		query(rig, out, sizeof(out));
		assert_int_equal(rig_be32(out + 16 + 0x24), i * 3);
		rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->fw_qpn, 0);
		rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->sw_qpn, 0);
		rig_qps_to_rts(rig);
	}
}

static void
test_two_queues_one_set(void **state)
{
	struct rig *rig = *state;
	uint8_t out[128];

	rig_virtq(rig, 0);
	fake_queue->stats.received_desc = 10;
	rig_virtq(rig, 1);
	fake_queue->stats.received_desc = 1;
	query(rig, out, sizeof(out));
	assert_int_equal(prm_get(out + 16, 0x10 * 8, 64), 11);
}

/* An event that nobody can take ends in error, like a send of a broken pair. */
static void
test_events_that_nobody_took(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq(rig, 0);
	uint8_t out[72];

	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	fake_used(rig->card->vnet, fake_queue, 1);
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->sw_qpn, 0));
	fake_used(rig->card->vnet, fake_queue, 1);
	fake_used(rig->card->vnet, fake_queue, 1);
	query(rig, out, sizeof(out));
	assert_int_equal(rig_be32(out + 16 + 0x20), 2);
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, virtq));
	query(rig, out, sizeof(out));
	assert_int_equal(rig_be32(out + 16 + 0x20), 2);
}

static void
test_without_capability(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtio_q_counters_in)], out[16];

	rig->caps.virtq_counters = false;
	rig_restart(rig);
	rig_counters_in(in);
	assert_int_equal(FW_SYN_OBJ_TYPE, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

/* The stock driver's input is shorter than the PRM's structure. */
static void
test_input_lengths(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtio_q_counters_in)], out[16];

	rig_counters_in(in);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, 72, out, sizeof(out)));
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accumulate, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_two_queues_one_set, rig_setup_world,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_events_that_nobody_took, rig_setup_world,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_without_capability, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_input_lengths, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
