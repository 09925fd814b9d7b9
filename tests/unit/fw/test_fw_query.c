/* SPDX-License-Identifier: BSD-3-Clause */
/* What can be asked: virtual port, special keys, and the contexts of objects; MODIFY of them. */
#include "fw_rig.h"
#include "wire_admin.h"

static enum fw_syndrome
query(struct rig *rig, uint16_t opcode, uint32_t id, void *out, size_t outlen)
{
	uint8_t in[16] = { 0 };

	PRM_SET(cmd_in, in, opcode, opcode);
	PRM_SET(query_cq_in, in, cqn, id); /* all have it there */
	return rig_exec(rig->uctx, in, sizeof(in), out, outlen);
}

static void
test_vport_context(void **state)
{
	struct rig *rig = *state;
	const struct rig_bad rows[] = {
		{ "other vport", RIG_FIELD(query_nic_vport_context_in, other_vport), 1,
				FW_SYN_CAP_FUNCTION },
		{ "list", RIG_FIELD(query_nic_vport_context_in, allowed_list_type), 1,
				FW_SYN_FIELD_CAP },
		{ "op_mod", RIG_FIELD(cmd_in, op_mod), 1, FW_SYN_OP_MOD },
		{ "reserved", 127, 1, 1, FW_SYN_RESERVED },
	};
	uint8_t in[16] = { 0 }, out[PRM_SIZE(query_nic_vport_context_out)];
	const uint8_t *ctx = PRM_PTR(query_nic_vport_context_out, out, nic_vport_context);
	const uint8_t *mac = PRM_PTR(nic_vport_context, ctx, permanent_address);
	size_t i;

	PRM_SET(cmd_in, in, opcode, PRM_OP_QUERY_NIC_VPORT_CONTEXT);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_memory_equal(mac + 2, fw_func_mac(rig->uctx->func), 6);
	assert_int_equal(PRM_GET(nic_vport_context, ctx, mtu), FW_MAX_MTU + 22);
	assert_int_equal(PRM_GET(nic_vport_context, ctx, roce_en), 0);
	assert_int_equal(PRM_GET(nic_vport_context, ctx, min_wqe_inline_mode), 0);
	assert_int_equal(FW_SYN_OUT_SHORT,
			rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out) - 1));
	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		memset(in, 0, sizeof(in));
		PRM_SET(cmd_in, in, opcode, PRM_OP_QUERY_NIC_VPORT_CONTEXT);
		prm_set(in, rows[i].off, rows[i].bits, rows[i].value);
		assert_int_equal(rows[i].syn,
				rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	}
}

static void
test_vport_state(void **state)
{
	struct rig *rig = *state;
	const struct rig_bad rows[] = {
		{ "other vport", RIG_FIELD(query_vport_state_in, other_vport), 1,
				FW_SYN_CAP_FUNCTION },
		{ "e-switch's", RIG_FIELD(cmd_in, op_mod), 1, FW_SYN_OP_MOD },
	};
	const char *why;
	uint8_t in[16] = { 0 }, out[16];

	PRM_SET(cmd_in, in, opcode, PRM_OP_QUERY_VPORT_STATE);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_int_equal(PRM_GET(query_vport_state_out, out, state), 1);
	assert_int_equal(PRM_GET(query_vport_state_out, out, admin_state), 1);
	/* The cable is pulled out. */
	assert_int_equal(0, wire_port_set(rig->wire, 0, "link", "down", &why));
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_int_equal(PRM_GET(query_vport_state_out, out, state), 0);
	assert_int_equal(PRM_GET(query_vport_state_out, out, admin_state), 1);
}

static void
test_special_contexts(void **state)
{
	uint8_t out[PRM_SIZE(query_special_contexts_out)];
	struct rig *rig = *state;

	assert_int_equal(FW_SYN_OK, query(rig, PRM_OP_QUERY_SPECIAL_CONTEXTS, 0, out, sizeof(out)));
	assert_int_equal(PRM_GET(query_special_contexts_out, out, dump_fill_mkey), FW_NULL_MKEY);
	assert_int_equal(PRM_GET(query_special_contexts_out, out, null_mkey), FW_NULL_MKEY);
	assert_int_equal(FW_SYN_RESERVED,
			query(rig, PRM_OP_QUERY_SPECIAL_CONTEXTS, 1, out, sizeof(out)));
}

static void
test_cq(void **state)
{
	uint8_t in[PRM_SIZE(create_cq_in)], out[PRM_SIZE(query_cq_out)];
	const uint8_t *cqc = PRM_PTR(query_cq_out, out, cq_context);
	const struct fw_cqe cqe = { .opcode = FW_CQE_RESP_SEND };
	struct rig *rig = *state;
	struct fw_cq *cq = base_container_of(fw_obj_peek(rig->uctx, FW_CLASS_CQ, rig->cqn),
			struct fw_cq, obj);

	assert_int_equal(FW_SYN_OK, query(rig, PRM_OP_QUERY_CQ, rig->cqn, out, sizeof(out)));
	rig_cq_in(rig, in);
	assert_int_equal(PRM_GET(cqc, cqc, st), 9);
	/* Besides the state it is what was given. */
	PRM_SET(cqc, PRM_PTR(query_cq_out, out, cq_context), st, 0);
	assert_memory_equal(cqc, PRM_PTR(create_cq_in, in, cq_context), PRM_SIZE(cqc));
	fw_cq_push(cq, &cqe);
	fw_cq_push(cq, &cqe);
	rig_put_be32(rig->buf + RIG_CQ_DBR, 1);
	assert_int_equal(FW_SYN_OK, query(rig, PRM_OP_QUERY_CQ, rig->cqn, out, sizeof(out)));
	assert_int_equal(PRM_GET(cqc, cqc, st), 0xa);
	assert_int_equal(PRM_GET(cqc, cqc, producer_counter), 2);
	assert_int_equal(PRM_GET(cqc, cqc, consumer_counter), 1);
	assert_int_equal(FW_SYN_NO_OBJECT, query(rig, PRM_OP_QUERY_CQ, 1, out, sizeof(out)));
}

static void
test_qp(void **state)
{
	uint8_t out[PRM_SIZE(query_qp_out)];
	const uint8_t *qpc = PRM_PTR(query_qp_out, out, qpc);
	struct rig *rig = *state;

	assert_int_equal(FW_SYN_OK, query(rig, PRM_OP_QUERY_QP, rig->sw_qpn, out, sizeof(out)));
	assert_int_equal(PRM_GET(qpc, qpc, state), 3);
	assert_int_equal(PRM_GET(qpc, qpc, remote_qpn), rig->fw_qpn);
	assert_int_equal(PRM_GET(qpc, qpc, cqn_rcv), rig->cqn);
	rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->sw_qpn, 0);
	assert_int_equal(FW_SYN_OK, query(rig, PRM_OP_QUERY_QP, rig->sw_qpn, out, sizeof(out)));
	assert_int_equal(PRM_GET(qpc, qpc, state), 0);
	assert_int_equal(PRM_GET(qpc, qpc, remote_qpn), 0);
	/* A virtio queue takes its queue pair to ERR when it goes. */
	rig_destroy(rig->uctx, FW_CLASS_VIRTQ, rig_virtq(rig, 0));
	assert_int_equal(FW_SYN_OK, query(rig, PRM_OP_QUERY_QP, rig->fw_qpn, out, sizeof(out)));
	assert_int_equal(PRM_GET(qpc, qpc, state), 6);
	assert_int_equal(FW_SYN_NO_OBJECT, query(rig, PRM_OP_QUERY_QP, 1, out, sizeof(out)));
}

static void
modify_tis_in(struct rig *rig, uint8_t *in)
{
	memset(in, 0, PRM_SIZE(modify_tis_in));
	PRM_SET(modify_tis_in, in, opcode, PRM_OP_MODIFY_TIS);
	PRM_SET(modify_tis_in, in, tisn, rig->tis);
	PRM_SET(modify_tis_bitmask, PRM_PTR(modify_tis_in, in, bitmask), lag_tx_port_affinity, 1);
	PRM_SET(tisc, PRM_PTR(modify_tis_in, in, ctx), lag_tx_port_affinity, 2);
	PRM_SET(tisc, PRM_PTR(modify_tis_in, in, ctx), prio, 7);
}

static void
test_tis(void **state)
{
	uint8_t in[PRM_SIZE(modify_tis_in)], out[PRM_SIZE(query_tis_out)];
	const uint8_t *tisc = PRM_PTR(query_tis_out, out, tis_context);
	struct rig *rig = *state;
#define BITS(f) RIG_INNER(modify_tis_in, bitmask, modify_tis_bitmask, f)
	const struct rig_bad rows[] = {
		{ "tisn", RIG_FIELD(modify_tis_in, tisn), 1, FW_SYN_NO_OBJECT },
		{ "no bit", BITS(lag_tx_port_affinity), 0, FW_SYN_TIS_MODIFY_BITS },
		{ "unknown bit", 128 + 60, 1, 1, FW_SYN_RESERVED },
		{ "port", RIG_INNER(modify_tis_in, ctx, tisc, lag_tx_port_affinity), 3,
				FW_SYN_TIS_PORT },
	};

	rig->card->caps.num_lag_ports = 2;
	modify_tis_in(rig, in);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
	assert_int_equal(FW_SYN_OK, query(rig, PRM_OP_QUERY_TIS, rig->tis, out, sizeof(out)));
	assert_int_equal(PRM_GET(tisc, tisc, lag_tx_port_affinity), 1);
	assert_int_equal(PRM_GET(tisc, tisc, transport_domain), rig->td);

	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, 16));
	assert_int_equal(FW_SYN_OK, query(rig, PRM_OP_QUERY_TIS, rig->tis, out, sizeof(out)));
	assert_int_equal(PRM_GET(tisc, tisc, lag_tx_port_affinity), 2);
	assert_int_equal(PRM_GET(tisc, tisc, prio), 0); /* was not asked for */
	assert_int_equal(FW_SYN_NO_OBJECT, query(rig, PRM_OP_QUERY_TIS, 1, out, sizeof(out)));
}

static void
test_modify_tir(void **state)
{
	uint8_t rqt_in[RIG_RQT_IN], tir_in[PRM_SIZE(create_tir_in)];
	uint8_t in[PRM_SIZE(modify_tir_in)], out[16];
	const struct vnet_rqt *rqt;
	struct rig *rig = *state;
	uint32_t tirn;
#define TIR_BITS(f) RIG_INNER(modify_tir_in, bitmask, modify_tir_bitmask, f)
#define TIRC(f) RIG_INNER(modify_tir_in, ctx, tirc, f)
	const struct rig_bad rows[] = {
		{ "tirn", RIG_FIELD(modify_tir_in, tirn), 1, FW_SYN_NO_OBJECT },
		{ "no bit", TIR_BITS(hash), 0, FW_SYN_TIR_MODIFY_BITS },
		{ "LRO", TIR_BITS(packet_merge), 1, FW_SYN_TIR_MODIFY_BITS },
		{ "loop-back", TIR_BITS(self_lb_en), 1, FW_SYN_TIR_MODIFY_BITS },
		{ "unknown bit", 128 + 58, 1, 1, FW_SYN_RESERVED },
		{ "function", TIRC(rx_hash_fn), 1, FW_SYN_TIR_HASH_FN },
		{ "fields", TIRC(rx_hash_field_selector_outer), 0x10, FW_SYN_TIR_HASH_FIELDS },
	};

	rig_rqt_in(rig_virtq(rig, 0), rqt_in);
	rig_tir_in(rig, rig_create(rig->uctx, FW_CLASS_RQT, rqt_in, sizeof(rqt_in)), tir_in);
	tirn = rig_create(rig->uctx, FW_CLASS_TIR, tir_in, sizeof(tir_in));
	rqt = fake_tir->attr.rqt;
	memset(in, 0, sizeof(in));
	PRM_SET(modify_tir_in, in, opcode, PRM_OP_MODIFY_TIR);
	PRM_SET(modify_tir_in, in, tirn, tirn);
	prm_set(in, TIR_BITS(hash), 1);
	prm_set(in, TIRC(rx_hash_fn), PRM_TIR_HASH_TOEPLITZ);
	prm_set(in, TIRC(rx_hash_field_selector_outer), 0xf);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
	assert_true(fake_tir->attr.symmetric);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_false(fake_tir->attr.symmetric);
	assert_int_equal(fake_tir->attr.hash_fields, 0xf);
	assert_int_equal(fake_tir->attr.key[0], 0);
	assert_ptr_equal(fake_tir->attr.rqt, rqt);
}

int
main(void)
{
#define WORLD(t) cmocka_unit_test_setup_teardown(t, rig_setup_world, rig_teardown)
	const struct CMUnitTest tests[] = {
		WORLD(test_vport_context),
		WORLD(test_vport_state),
		WORLD(test_special_contexts),
		WORLD(test_cq),
		WORLD(test_qp),
		WORLD(test_tis),
		WORLD(test_modify_tir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
