/* SPDX-License-Identifier: BSD-3-Clause */
/* Completion queues: making them, arming them, what they say. */
#include "fw_rig.h"

static struct fw_cq *
cq_obj(struct rig *rig, uint32_t cqn)
{
	return base_container_of(fw_obj_peek(rig->uctx, FW_CLASS_CQ, cqn), struct fw_cq, obj);
}

static void
test_refusals(void **state)
{
	struct rig *rig = *state;
#define CQC(f) RIG_INNER(create_cq_in, cq_context, cqc, f)
	const struct rig_bad rows[] = {
		{ "size", CQC(log_cq_size), 23, FW_SYN_CQ_SIZE },
		{ "entries of 128", CQC(cqe_sz), 1, FW_SYN_CQ_CQE_SIZE },
		{ "layout page", CQC(log_page_size), 31, FW_SYN_UMEM_PAGE },
		{ "compression", CQC(cqe_comp_en), 1, FW_SYN_CQ_FEATURE },
		{ "period mode", CQC(cq_period_mode), 2, FW_SYN_CQ_PERIOD_MODE },
		{ "eqn low", CQC(c_eqn), FW_FIRST_EQN - 1, FW_SYN_NO_EQ },
		{ "eqn high", CQC(c_eqn), FW_FIRST_EQN + FW_NB_VECTORS, FW_SYN_NO_EQ },
		{ "no umem", RIG_FIELD(create_cq_in, cq_umem_valid), 0, FW_SYN_NO_UMEM },
		{ "no dbr umem", CQC(dbr_umem_valid), 0, FW_SYN_NO_UMEM },
		{ "umem id", RIG_FIELD(create_cq_in, cq_umem_id), 99, FW_SYN_NO_OBJECT },
		{ "dbr umem id", CQC(dbr_umem_id), 99, FW_SYN_NO_OBJECT },
		{ "umem too short", CQC(log_cq_size), 11, FW_SYN_UMEM_BOUNDS },
		{ "offset", RIG_FIELD(create_cq_in, cq_umem_offset), UINT64_MAX - 63,
				FW_SYN_UMEM_BOUNDS },
		{ "alignment", RIG_FIELD(create_cq_in, cq_umem_offset), 32, FW_SYN_UMEM_ALIGN },
		{ "dbr behind", CQC(dbr_addr), RIG_BUF_SIZE - 7, FW_SYN_UMEM_BOUNDS },
		{ "dbr alignment", CQC(dbr_addr), 4, FW_SYN_UMEM_ALIGN },
		{ "uar", CQC(uar_page), 0, FW_SYN_NO_OBJECT },
	};
	uint8_t in[PRM_SIZE(create_cq_in)];

	rig_cq_in(rig, in);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
}

/* The decision alone, as a story: record, producer, tell? */
static void
test_arm_decision(void **state)
{
	static const struct {
		const char *what;
		uint32_t record, pi;
		bool fires;
	} rows[] = {
		{ "nothing yet", 0, 0, false },
		{ "first completion of a new queue", 0, 1, true },
		{ "not armed again", 0, 2, false },
		{ "armed at the producer", 1u << 28 | 2, 2, false },
		{ "next completion", 1u << 28 | 2, 3, true },
		{ "only once", 1u << 28 | 2, 4, false },
		{ "armed behind the producer", 2u << 28 | 3, 4, true },
		{ "same counter, next serial", 3u << 28 | 4, 4, false },
		{ "and told", 3u << 28 | 4, 5, true },
		{ "24 bits count", 0u << 28 | 0xffffff, 0xffffff, false },
		{ "and wrap", 0u << 28 | 0xffffff, 0x1000000, true },
		{ "armed after the wrap", 1u << 28 | 0, 0x1000000, false },
	};
	struct fw_cq_arm arm = { .armed = true };
	size_t i;

	(void)state;
	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		if (fw_cq_arm_wants(&arm, rows[i].record, rows[i].pi) != rows[i].fires)
			fail_msg("%s", rows[i].what);
		if (rows[i].fires)
			arm.armed = false; /* told */
	}
}

static void
push(struct rig *rig, uint32_t cqn, uint16_t counter)
{
	struct fw_cqe cqe = { .opcode = FW_CQE_RESP_SEND, .qpn = 0x123456, .wqe_counter = counter };

	vnet_lock(rig->card->vnet);
	assert_true(fw_cq_has_room(cq_obj(rig, cqn)));
	fw_cq_push(cq_obj(rig, cqn), &cqe);
	vnet_unlock(rig->card->vnet);
}

static void
test_collapsed(void **state)
{
	struct rig *rig = *state;
	unsigned int i;

	for (i = 0; i < 3 * RIG_QUEUE_SIZE; i++)
		push(rig, rig->cqn, (uint16_t)(0xffff + i));
	/* 16-bit counter big endian at byte 60 of the first entry, opcode at 63, nothing else. */
	assert_int_equal(rig_be32(rig->buf + 60) >> 16, (0xffff + i - 1) & 0xffff);
	assert_int_equal(rig->buf[63] >> 4, FW_CQE_RESP_SEND);
	assert_int_equal(rig_be32(rig->buf + 56), 0x123456);
	assert_int_equal(rig_be32(rig->buf + 64 + 60), 0);
	assert_int_equal(1, rig->told.nb_completions); /* a new queue is armed, once */
	assert_int_equal(rig->cqn, rig->told.cqn);
}

/* The driver's side as the stock driver plays it: arm with serial and counter, poll, arm. */
static void
test_arming_through_memory(void **state)
{
	struct rig *rig = *state;
	uint8_t *dbrec = rig->buf + RIG_CQ_DBR;
	struct vnet *vnet = rig->card->vnet;

	rig_put_be32(dbrec + 4, 0); /* serial 0, counter 0: looks like nothing */
	fake_poll(vnet);
	assert_int_equal(0, rig->told.nb_completions);
	push(rig, rig->cqn, 0);
	assert_int_equal(1, rig->told.nb_completions);
	push(rig, rig->cqn, 1);
	assert_int_equal(1, rig->told.nb_completions);
	/* Consumed one only: telling is due at once, by the engine's next pass. */
	rig_put_be32(dbrec, 1);
	rig_put_be32(dbrec + 4, 1u << 28 | 1);
	fake_poll(vnet);
	assert_int_equal(2, rig->told.nb_completions);
	fake_poll(vnet);
	assert_int_equal(2, rig->told.nb_completions);
	rig_put_be32(dbrec, 2);
	rig_put_be32(dbrec + 4, 2u << 28 | 2);
	fake_poll(vnet);
	assert_int_equal(2, rig->told.nb_completions);
	push(rig, rig->cqn, 2);
	assert_int_equal(3, rig->told.nb_completions);
}

/* A record that is not zero at creation is no request: it may be left from another life. */
static void
test_old_record(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_cq_in)];
	uint32_t cqn;

	rig_put_be32(rig->buf + RIG_CQ_DBR + 4, 5u << 28 | 77);
	rig_cq_in(rig, in);
	cqn = rig_create(rig->uctx, FW_CLASS_CQ, in, sizeof(in));
	push(rig, cqn, 0);
	assert_int_equal(1, rig->told.nb_completions);
}

static void
test_not_collapsed(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_cq_in)];
	unsigned int i;
	uint32_t cqn;

	rig_cq_in(rig, in);
	prm_set(in, CQC(cc), 0);
	cqn = rig_create(rig->uctx, FW_CLASS_CQ, in, sizeof(in));
	for (i = 0; i < RIG_QUEUE_SIZE; i++)
		push(rig, cqn, (uint16_t)i);
	for (i = 0; i < RIG_QUEUE_SIZE; i++) {
		assert_int_equal(rig_be32(rig->buf + i * 64 + 60) >> 16, i);
		assert_int_equal(rig->buf[i * 64 + 63] & 1, 0); /* owner of the first round */
	}
	assert_false(fw_cq_has_room(cq_obj(rig, cqn)));
	rig_put_be32(rig->buf + RIG_CQ_DBR, 1);
	push(rig, cqn, 4711);
	assert_int_equal(rig_be32(rig->buf + 60) >> 16, 4711);
	assert_int_equal(rig->buf[63] & 1, 1);
	assert_false(fw_cq_has_room(cq_obj(rig, cqn)));
}

/* --- moderation ----------------------------------------------------------------------------- */

static uint64_t fake_now_ns;

static uint64_t
fake_clock(void)
{
	return fake_now_ns;
}

static void
arm(struct rig *rig, uint32_t serial, uint32_t ci)
{
	rig_put_be32(rig->buf + RIG_CQ_DBR, ci);
	rig_put_be32(rig->buf + RIG_CQ_DBR + 4, serial << 28 | ci);
}

static uint8_t modify_in[PRM_SIZE(modify_cq_in)];
#define MODIFY_CQC(f) RIG_INNER(modify_cq_in, cq_context, cqc, f)

static enum fw_syndrome
modify(struct rig *rig, uint32_t cqn, uint32_t select)
{
	uint8_t out[16];

	PRM_SET(modify_cq_in, modify_in, opcode, PRM_OP_MODIFY_CQ);
	PRM_SET(modify_cq_in, modify_in, cqn, cqn);
	PRM_SET(modify_cq_in, modify_in, modify_field_select, select);
	return rig_exec(rig->uctx, modify_in, sizeof(modify_in), out, sizeof(out));
}

static void
moderate(struct rig *rig, uint32_t mode, uint32_t period_us, uint32_t count)
{
	memset(modify_in, 0, sizeof(modify_in));
	prm_set(modify_in, MODIFY_CQC(cq_period_mode), mode);
	prm_set(modify_in, MODIFY_CQC(cq_period), period_us);
	prm_set(modify_in, MODIFY_CQC(cq_max_count), count);
	assert_int_equal(FW_SYN_OK,
			modify(rig, rig->cqn,
					PRM_CQ_MOD_PERIOD | PRM_CQ_MOD_MAX_COUNT |
							PRM_CQ_MOD_PERIOD_MODE));
}

static void
test_moderation_by_event(void **state)
{
	struct rig *rig = *state;
	struct vnet *vnet = rig->card->vnet;

	rig->card->clock = fake_clock;
	fake_now_ns = 1000000;
	moderate(rig, 0, 50, 3);
	push(rig, rig->cqn, 0); /* the last event is long ago */
	assert_int_equal(1, rig->told.nb_completions);
	arm(rig, 1, 1);
	push(rig, rig->cqn, 1);
	fake_now_ns += 49999;
	fake_poll(vnet);
	assert_int_equal(1, rig->told.nb_completions);
	fake_now_ns += 1;
	fake_poll(vnet);
	assert_int_equal(2, rig->told.nb_completions);
	arm(rig, 2, 2);
	push(rig, rig->cqn, 2);
	push(rig, rig->cqn, 3);
	assert_int_equal(2, rig->told.nb_completions);
	push(rig, rig->cqn, 4); /* three */
	assert_int_equal(3, rig->told.nb_completions);
	/* Armed behind what was told already: that is not held back. */
	arm(rig, 3, 3);
	fake_poll(vnet);
	assert_int_equal(4, rig->told.nb_completions);
}

static void
test_moderation_by_completion(void **state)
{
	struct rig *rig = *state;
	struct vnet *vnet = rig->card->vnet;
	unsigned int i;

	rig->card->clock = fake_clock;
	fake_now_ns = 1000000;
	moderate(rig, 1, 50, 100);
	for (i = 0; i < 10; i++) {
		push(rig, rig->cqn, (uint16_t)i);
		fake_now_ns += 40000;
		fake_poll(vnet);
	}
	assert_int_equal(0, rig->told.nb_completions);
	fake_now_ns += 10000;
	fake_poll(vnet);
	assert_int_equal(1, rig->told.nb_completions);
	/* Off again, by a count of 0. */
	prm_set(modify_in, MODIFY_CQC(cq_max_count), 0);
	assert_int_equal(FW_SYN_OK, modify(rig, rig->cqn, PRM_CQ_MOD_MAX_COUNT));
	arm(rig, 1, 10);
	push(rig, rig->cqn, 10);
	assert_int_equal(2, rig->told.nb_completions);
}

static void
test_modify_refusals(void **state)
{
	struct rig *rig = *state;
	uint8_t out[16];

	memset(modify_in, 0, sizeof(modify_in));
	assert_int_equal(FW_SYN_CQ_MODIFY_BITS, modify(rig, rig->cqn, 0));
	assert_int_equal(FW_SYN_CQ_MODIFY_BITS, modify(rig, rig->cqn, 1u << 3));
	assert_int_equal(FW_SYN_CQ_MODIFY_BITS, modify(rig, rig->cqn, 1u << 31 | 1));
	assert_int_equal(FW_SYN_NO_OBJECT, modify(rig, rig->cqn + 1, PRM_CQ_MOD_PERIOD));
	prm_set(modify_in, MODIFY_CQC(cq_period_mode), 3);
	prm_set(modify_in, MODIFY_CQC(cq_period), 7);
	assert_int_equal(FW_SYN_CQ_PERIOD_MODE,
			modify(rig, rig->cqn, PRM_CQ_MOD_PERIOD_MODE | PRM_CQ_MOD_PERIOD));
	assert_int_equal(0, PRM_GET(cqc, cq_obj(rig, rig->cqn)->cqc, cq_period));
	/* Other operations of the command (resizing) are not there. */
	PRM_SET(modify_cq_in, modify_in, op_mod, 1);
	PRM_SET(modify_cq_in, modify_in, modify_field_select, 1);
	assert_int_equal(FW_SYN_OP_MOD,
			rig_exec(rig->uctx, modify_in, sizeof(modify_in), out, sizeof(out)));
}

static void
test_overrun_can_be_allowed(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_cq_in)];
	unsigned int i;
	uint32_t cqn;

	rig_cq_in(rig, in);
	prm_set(in, CQC(cc), 0);
	cqn = rig_create(rig->uctx, FW_CLASS_CQ, in, sizeof(in));
	for (i = 0; i < RIG_QUEUE_SIZE; i++)
		push(rig, cqn, (uint16_t)i);
	assert_false(fw_cq_has_room(cq_obj(rig, cqn)));
	memset(modify_in, 0, sizeof(modify_in));
	prm_set(modify_in, MODIFY_CQC(oi), 1);
	assert_int_equal(FW_SYN_OK, modify(rig, cqn, PRM_CQ_MOD_OVERRUN));
	assert_true(fw_cq_has_room(cq_obj(rig, cqn)));
}

int
main(void)
{
#define WORLD(t) cmocka_unit_test_setup_teardown(t, rig_setup_world, rig_teardown)
	const struct CMUnitTest tests[] = {
		WORLD(test_refusals),
		cmocka_unit_test(test_arm_decision),
		WORLD(test_collapsed),
		WORLD(test_arming_through_memory),
		WORLD(test_old_record),
		WORLD(test_not_collapsed),
		WORLD(test_moderation_by_event),
		WORLD(test_moderation_by_completion),
		WORLD(test_modify_refusals),
		WORLD(test_overrun_can_be_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
