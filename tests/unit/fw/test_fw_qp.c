/* SPDX-License-Identifier: BSD-3-Clause */
/* Event queue pairs: making them, their states, events and credit. */
#include "fw_rig.h"

#define RQ_DBR (16u * 1024 + RIG_RQ_DBR)

static struct fw_qp *
qp_obj(struct rig *rig, uint32_t qpn)
{
	return base_container_of(fw_obj_peek(rig->uctx, FW_CLASS_QP, qpn), struct fw_qp, obj);
}

static void
event(struct rig *rig)
{
	vnet_lock(rig->card->vnet);
	fw_qp_send_event(qp_obj(rig, rig->fw_qpn));
	vnet_unlock(rig->card->vnet);
}

static uint16_t
last_counter(struct rig *rig)
{
	return (uint16_t)(rig_be32(rig->buf + 60) >> 16);
}

static void
test_refusals(void **state)
{
	struct rig *rig = *state;
#define QPC(f) RIG_INNER(create_qp_in, qpc, qpc, f)
	const struct rig_bad rows[] = {
		{ "UD", QPC(st), 3, FW_SYN_QP_TYPE },
		{ "send queue", QPC(no_sq), 0, FW_SYN_QP_SQ },
		{ "SRQ", QPC(rq_type), 1, FW_SYN_QP_RQ_TYPE },
		{ "pd", QPC(pd), 0, FW_SYN_NO_OBJECT },
		{ "no umem", RIG_FIELD(create_qp_in, wq_umem_valid), 0, FW_SYN_NO_UMEM },
		{ "no dbr umem", QPC(dbr_umem_valid), 0, FW_SYN_NO_UMEM },
		{ "layout page", QPC(log_page_size), 31, FW_SYN_UMEM_PAGE },
		{ "too many", QPC(log_rq_size), 14, FW_SYN_QP_SIZE },
		{ "umem id", RIG_FIELD(create_qp_in, wq_umem_id), 77, FW_SYN_NO_OBJECT },
		{ "umem too short", QPC(log_rq_size), 13, FW_SYN_UMEM_BOUNDS },
		{ "stride too large", QPC(log_rq_stride), 7, FW_SYN_UMEM_BOUNDS },
		{ "dbr behind", QPC(dbr_addr), RIG_BUF_SIZE, FW_SYN_UMEM_BOUNDS },
		{ "uar", QPC(uar_page), 0, FW_SYN_NO_OBJECT },
		{ "cqn", QPC(cqn_rcv), 0, FW_SYN_NO_OBJECT },
	};
	uint8_t in[PRM_SIZE(create_qp_in)], out[16];

	rig->card->caps.log_max_qp_sz = 13;
	rig_sw_qp_in(rig, in);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
	/* Without the optional tail. */
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, 272, out, sizeof(out)));
}

/* All states, all commands. */
static void
test_arcs(void **state)
{
	static const uint16_t ops[] = { PRM_OP_RST2INIT_QP, PRM_OP_INIT2RTR_QP, PRM_OP_RTR2RTS_QP,
		PRM_OP_2RST_QP };
	static const int to[FW_QP_NB_STATES][4] = {
		[FW_QP_RST] = { FW_QP_INIT, -1, -1, FW_QP_RST },
		[FW_QP_INIT] = { -1, FW_QP_RTR, -1, FW_QP_RST },
		[FW_QP_RTR] = { -1, -1, FW_QP_RTS, FW_QP_RST },
		[FW_QP_RTS] = { -1, -1, -1, FW_QP_RST },
		[FW_QP_ERR] = { -1, -1, -1, FW_QP_RST },
	};
	struct rig *rig = *state;
	struct fw_qp *qp = qp_obj(rig, rig->fw_qpn);
	enum fw_qp_state from;
	size_t i;

	for (from = FW_QP_RST; from < FW_QP_NB_STATES; from++) {
		for (i = 0; i < BASE_ARRAY_SIZE(ops); i++) {
			assert_int_equal(to[from][i], fw_qp_arc(ops[i], from));
			qp->state = from;
			assert_int_equal(to[from][i] < 0 ? FW_SYN_QP_STATE : FW_SYN_OK,
					rig_qp_cmd(rig, ops[i], rig->fw_qpn, rig->sw_qpn));
			assert_int_equal(to[from][i] < 0 ? (int)from : to[from][i], (int)qp->state);
		}
	}
	assert_string_equal("state?", fw_qp_state_name(FW_QP_NB_STATES));
}

static void
test_connect_refusals(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(init2rtr_qp_in)] = { 0 }, out[16];
	uint8_t *qpc = PRM_PTR(init2rtr_qp_in, in, qpc);

	assert_int_equal(FW_SYN_NO_OBJECT, rig_qp_cmd(rig, PRM_OP_2RST_QP, 0, 0));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->fw_qpn, 0));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_RST2INIT_QP, rig->fw_qpn, 0));
	assert_int_equal(FW_SYN_QP_PEER, rig_qp_cmd(rig, PRM_OP_INIT2RTR_QP, rig->fw_qpn, 0x99999));
	PRM_SET(init2rtr_qp_in, in, opcode, PRM_OP_INIT2RTR_QP);
	PRM_SET(init2rtr_qp_in, in, qpn, rig->fw_qpn);
	PRM_SET(qpc, qpc, remote_qpn, rig->sw_qpn);
	assert_int_equal(FW_SYN_QP_NO_LOOPBACK,
			rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_int_equal(FW_QP_INIT, qp_obj(rig, rig->fw_qpn)->state);
}

static void
test_events_count(void **state)
{
	struct rig *rig = *state;
	unsigned int i;

	for (i = 0; i < RIG_QUEUE_SIZE; i++) {
		event(rig);
		assert_int_equal(i, last_counter(rig)); /* the first is 0 */
	}
	assert_int_equal(rig->sw_qpn, rig_be32(rig->buf + 56) & 0xffffff);
}

static void
test_credit(void **state)
{
	struct rig *rig = *state;
	unsigned int i;

	for (i = 0; i < RIG_QUEUE_SIZE + 5; i++)
		event(rig);
	assert_int_equal(RIG_QUEUE_SIZE - 1, last_counter(rig));
	fake_poll(rig->card->vnet); /* still none */
	assert_int_equal(RIG_QUEUE_SIZE - 1, last_counter(rig));
	/* The driver posts one: the five that waited become one completion. */
	rig_put_be32(rig->buf + RQ_DBR, RIG_QUEUE_SIZE + 1);
	fake_poll(rig->card->vnet);
	assert_int_equal(RIG_QUEUE_SIZE, last_counter(rig));
	rig_put_be32(rig->buf + RQ_DBR, 2 * RIG_QUEUE_SIZE);
	fake_poll(rig->card->vnet);
	assert_int_equal(RIG_QUEUE_SIZE, last_counter(rig));
	/* More posted than the queue holds is no credit. */
	rig_put_be32(rig->buf + RQ_DBR, 0x4000);
	event(rig);
	assert_int_equal(RIG_QUEUE_SIZE, last_counter(rig));
	rig_put_be32(rig->buf + RQ_DBR, 2 * RIG_QUEUE_SIZE);
	fake_poll(rig->card->vnet);
	assert_int_equal(RIG_QUEUE_SIZE + 1, last_counter(rig));
}

static void
test_credit_wraps_at_16_bits(void **state)
{
	struct rig *rig = *state;

	qp_obj(rig, rig->sw_qpn)->counter = 0xffff;
	rig_put_be32(rig->buf + RQ_DBR, 0x10001);
	event(rig);
	assert_int_equal(0xffff, last_counter(rig));
	event(rig);
	assert_int_equal(0, last_counter(rig));
	event(rig);
	assert_int_equal(0, last_counter(rig)); /* 0x10001 posted: used up */
}

/* Reset: the counter begins at 0 again, a waiting event is forgotten; the CQ counts on. */
static void
test_reset(void **state)
{
	struct rig *rig = *state;
	struct fw_cq *cq = qp_obj(rig, rig->sw_qpn)->cq;

	event(rig);
	event(rig);
	rig_put_be32(rig->buf + RQ_DBR, 2);
	event(rig);
	assert_true(qp_obj(rig, rig->sw_qpn)->starved);
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->fw_qpn, 0));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->sw_qpn, 0));
	assert_true(TAILQ_EMPTY(&rig->card->starved_qps));
	event(rig); /* goes nowhere */
	assert_int_equal(2, cq->pi);
	rig_qps_to_rts(rig);
	event(rig);
	assert_int_equal(0, last_counter(rig));
	assert_int_equal(3, cq->pi);
}

/* The peer must be there, ready, and ours; else the event is lost, and nobody is hurt. */
static void
test_no_peer(void **state)
{
	struct rig *rig = *state;
	struct fw_qp *sw = qp_obj(rig, rig->sw_qpn);

	sw->state = FW_QP_INIT;
	event(rig);
	sw->state = FW_QP_RTR;
	event(rig);
	assert_int_equal(1, sw->counter);
	sw->peer = 1;
	event(rig);
	assert_int_equal(1, sw->counter);
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_QP, rig->sw_qpn));
	event(rig);
}

int
main(void)
{
#define WORLD(t) cmocka_unit_test_setup_teardown(t, rig_setup_world, rig_teardown)
	const struct CMUnitTest tests[] = {
		WORLD(test_refusals),
		WORLD(test_arcs),
		WORLD(test_connect_refusals),
		WORLD(test_events_count),
		WORLD(test_credit),
		WORLD(test_credit_wraps_at_16_bits),
		WORLD(test_reset),
		WORLD(test_no_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
