/* SPDX-License-Identifier: BSD-3-Clause */
/* VIRTIO_NET_Q objects: every check of CREATE, all pairs of states, QUERY, failures. */
#include <errno.h>

#include "fw_rig_virtq.h"

#define NETQ(f) RIG_INNER(create_virtq_in, virtq, virtio_net_q, f)
#define Q(f)                                                                        \
	PRM_OFF(create_virtq_in, virtq) + PRM_OFF(virtio_net_q, virtio_q_context) + \
			PRM_OFF(virtio_q, f),                                       \
			PRM_BITS(virtio_q, f)

static void
test_create_reaches_the_engine(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtq_in)];
	const struct vnet_queue_attr *attr;
	void *p;

	rig_virtq_in(rig, in);
	prm_set(in, Q(queue_index), 3);
	prm_set(in, NETQ(hw_available_index), 0xfffe);
	prm_set(in, NETQ(hw_used_index), 0xfffd);
	prm_set(in, NETQ(rx_csum), 1);
	prm_set(in, NETQ(tx_csum), 0);
	prm_set(in, Q(virtio_version_1_0), 0);
	rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
	attr = &fake_queue->attr;
	assert_int_equal(attr->index, 3);
	assert_int_equal(attr->size, RIG_QUEUE_SIZE);
	assert_int_equal(attr->desc_addr, RIG_GPA);
	assert_int_equal(attr->driver_addr, RIG_GPA + 0x1000);
	assert_int_equal(attr->device_addr, RIG_GPA + 0x2000);
	assert_int_equal(attr->mkey, rig->mkey);
	assert_int_equal(attr->avail_index, 0xfffe);
	assert_int_equal(attr->used_index, 0xfffd);
	assert_int_equal(attr->features, PRM_VIRTQ_F_GUEST_CSUM);
	assert_false(attr->version_1);
	assert_int_equal(16, attr->mem.map(attr->mem.arg, attr->mkey, RIG_GPA, 16, VNET_READ, &p));
	assert_ptr_equal(p, rig->guest);
}

static void
test_create_refusals(void **state)
{
	struct rig *rig = *state;
	uint32_t pd2 = rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD);
	const struct rig_bad rows[] = {
		{ "type 2", Q(virtio_q_type), 2, FW_SYN_VIRTQ_TYPE },
		{ "type 8", Q(virtio_q_type), 8, FW_SYN_VIRTQ_TYPE },
		{ "mode 7", Q(event_mode), 7, FW_SYN_VIRTQ_EVENT_MODE },
		{ "feature 0", NETQ(queue_feature_bit_mask_2_0), 1, FW_SYN_VIRTQ_FEATURE },
		{ "feature 3", NETQ(queue_feature_bit_mask_12_3), 1, FW_SYN_VIRTQ_FEATURE },
		{ "state", NETQ(state), PRM_VIRTQ_RDY, FW_SYN_VIRTQ_STATE_VALUE },
		{ "period mode", Q(queue_period_mode), 3, FW_SYN_VIRTQ_PERIOD_MODE },
		{ "full emulation", Q(full_emulation), 1, FW_SYN_VIRTQ_EMULATION },
		{ "desc group", Q(desc_group_mkey), 0x100, FW_SYN_NO_OBJECT },
		{ "size 0", Q(queue_size), 0, FW_SYN_VIRTQ_SIZE },
		{ "size 3", Q(queue_size), 3, FW_SYN_VIRTQ_SIZE },
		{ "index", Q(queue_index), 64, FW_SYN_VIRTQ_INDEX },
		{ "desc alignment", Q(desc_addr), RIG_GPA + 8, FW_SYN_VIRTQ_ALIGN },
		{ "avail alignment", Q(available_addr), RIG_GPA + 1, FW_SYN_VIRTQ_ALIGN },
		{ "used alignment", Q(used_addr), RIG_GPA + 2, FW_SYN_VIRTQ_ALIGN },
		{ "pd", Q(pd), 0, FW_SYN_NO_OBJECT },
		{ "key of other pd", Q(pd), pd2, FW_SYN_OTHER_PD },
		{ "no such key", Q(virtio_q_mkey), 0x100, FW_SYN_NO_OBJECT },
		{ "null key", Q(virtio_q_mkey), FW_NULL_MKEY, FW_SYN_NO_OBJECT },
		{ "key's low byte", Q(virtio_q_mkey), rig->mkey | 1, FW_SYN_MKEY_VARIANT },
		{ "tisn", NETQ(tisn_or_qpn), 0, FW_SYN_NO_OBJECT },
		{ "counters", Q(counter_set_id), 1, FW_SYN_NO_OBJECT },
		{ "event qpn", Q(event_qpn_or_msix), 1, FW_SYN_NO_OBJECT },
		{ "umem 1", Q(umem_1_id), 0, FW_SYN_NO_OBJECT },
		{ "umem 2", Q(umem_2_id), 0, FW_SYN_NO_OBJECT },
		{ "umem 3", Q(umem_3_id), 0, FW_SYN_NO_OBJECT },
		{ "umem 1 size", Q(umem_1_size), 64 * RIG_QUEUE_SIZE + 4095,
				FW_SYN_VIRTQ_UMEM_SIZE },
		{ "umem 2 size", Q(umem_2_size), 32 * RIG_QUEUE_SIZE + 4095,
				FW_SYN_VIRTQ_UMEM_SIZE },
		{ "umem 3 size", Q(umem_3_size), 0, FW_SYN_VIRTQ_UMEM_SIZE },
		{ "umem 3 offset", Q(umem_3_offset), RIG_BUF_SIZE - 4096, FW_SYN_UMEM_BOUNDS },
		/* A larger queue needs larger buffers. */
		{ "size of 32768", Q(queue_size), 32768, FW_SYN_VIRTQ_UMEM_SIZE },
	};
	uint8_t in[PRM_SIZE(create_virtq_in)], out[16];

	rig_virtq_in(rig, in);
	rig_refusals(rig, in, sizeof(in), rows, BASE_ARRAY_SIZE(rows));
	assert_int_equal(0, fake_counts.queues);
	/* The queue pair must be ready; a refusal leaves it so. */
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->fw_qpn, 0));
	assert_int_equal(FW_SYN_VIRTQ_QP_STATE,
			rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->sw_qpn, 0));
	rig_qps_to_rts(rig);
	fake_next_error = -ENOMEM;
	assert_int_equal(FW_SYN_NO_MEMORY, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

/* What a driver may leave out: rings of a queue that never runs, counters. */
static void
test_create_optional(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtq_in)];

	rig_virtq_in(rig, in);
	prm_set(in, Q(desc_addr), 0);
	prm_set(in, Q(available_addr), 0);
	prm_set(in, Q(used_addr), 0);
	prm_set(in, Q(counter_set_id), 0);
	rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
}

static void
test_no_events(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtq_in)];
	uint32_t virtq;

	rig->card->caps.event_modes |= 1u << PRM_VIRTQ_EVENT_NO_MSIX;
	rig_virtq_in(rig, in);
	prm_set(in, Q(event_mode), PRM_VIRTQ_EVENT_NO_MSIX);
	prm_set(in, Q(event_qpn_or_msix), 0);
	virtq = rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	fake_used(rig->card->vnet, fake_queue, 1);
	assert_int_equal(0, rig->told.nb_completions);
}

static void
test_indices_and_limit(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtq_in)], out[16];
	uint32_t a = rig_virtq(rig, 2), b = rig_virtq(rig, 2);
	unsigned int i;

	/* Two of one index may exist, one may run. */
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, a, PRM_VIRTQ_RDY));
	assert_int_equal(FW_SYN_VIRTQ_INDEX_USED, rig_virtq_state(rig, b, PRM_VIRTQ_RDY));
	assert_int_equal(FW_VIRTQ_INIT, rig_virtq_obj(rig, b)->state);
	rig_virtq_in(rig, in);
	prm_set(in, Q(queue_index), 2);
	assert_int_equal(FW_SYN_VIRTQ_INDEX_USED,
			rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, a, PRM_VIRTQ_SUSPEND));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, b, PRM_VIRTQ_RDY));
	/* Destroyed queues took the pair to ERR; here nothing was destroyed. */
	prm_set(in, Q(queue_index), 0);
	for (i = 2; i < rig->caps.max_virtqs; i++)
		assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	assert_int_equal(FW_SYN_VIRTQ_LIMIT, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

static void
reset_qps(struct rig *rig)
{
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->fw_qpn, 0));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->sw_qpn, 0));
	rig_qps_to_rts(rig);
}

/* With and without the capability freeze_to_rdy_supported, which one of the pairs asks for. */
static void
all_pairs_of_states(struct rig *rig)
{
	static const enum fw_virtq_arc arcs[FW_VIRTQ_NB_STATES][FW_VIRTQ_NB_STATES] = {
		/* to:                INIT                RDY */
		[FW_VIRTQ_INIT] = { FW_VIRTQ_ARC_NONE, FW_VIRTQ_ARC_MODIFY, FW_VIRTQ_ARC_NONE,
				FW_VIRTQ_ARC_NONE },
		[FW_VIRTQ_RDY] = { FW_VIRTQ_ARC_NONE, FW_VIRTQ_ARC_NONE, FW_VIRTQ_ARC_MODIFY,
				FW_VIRTQ_ARC_ENGINE },
		[FW_VIRTQ_SUSPEND] = { FW_VIRTQ_ARC_NONE, FW_VIRTQ_ARC_RESUME, FW_VIRTQ_ARC_NONE,
				FW_VIRTQ_ARC_NONE },
		[FW_VIRTQ_ERR] = { FW_VIRTQ_ARC_NONE, FW_VIRTQ_ARC_NONE, FW_VIRTQ_ARC_NONE,
				FW_VIRTQ_ARC_NONE },
	};
	bool resumes = rig->card->caps.freeze_to_rdy_supported;
	enum fw_virtq_state from, to;
	uint32_t virtq;

	for (from = FW_VIRTQ_INIT; from < FW_VIRTQ_NB_STATES; from++) {
		for (to = FW_VIRTQ_INIT; to < FW_VIRTQ_NB_STATES; to++) {
			bool resume = arcs[from][to] == FW_VIRTQ_ARC_RESUME;
			bool ok = arcs[from][to] == FW_VIRTQ_ARC_MODIFY || (resume && resumes);

			assert_int_equal(arcs[from][to], fw_virtq_arc(from, to));
			virtq = rig_virtq_in_state(rig, from);
			assert_int_equal(ok                    ? FW_SYN_OK :
							resume ? FW_SYN_VIRTQ_RESUME :
								 FW_SYN_VIRTQ_STATE,
					rig_virtq_state(rig, virtq, (uint8_t)to));
			assert_int_equal(ok ? to : from, rig_virtq_obj(rig, virtq)->state);
			assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, virtq));
			reset_qps(rig);
		}
	}
	virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT);
	assert_int_equal(FW_SYN_VIRTQ_STATE, rig_virtq_state(rig, virtq, 15));
	assert_int_equal(FW_VIRTQ_ARC_NONE, fw_virtq_arc(FW_VIRTQ_NB_STATES, FW_VIRTQ_INIT));
	assert_int_equal(FW_VIRTQ_ARC_NONE, fw_virtq_arc(FW_VIRTQ_INIT, FW_VIRTQ_NB_STATES));
}

static void
test_all_pairs_of_states(void **state)
{
	struct rig *rig = *state;

	all_pairs_of_states(rig);
	rig->caps.freeze_to_rdy_supported = false;
	rig_restart(rig);
	rig_world(rig);
	all_pairs_of_states(rig);
}

static void
test_modify_bits(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq(rig, 0);
	uint8_t in[PRM_SIZE(create_virtq_in)] = { 0 }, out[16];
	uint32_t select = PRM_OFF(create_virtq_in, virtq);
	unsigned int bit;

	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_MODIFY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, virtq);
	prm_set(in, NETQ(state), PRM_VIRTQ_RDY);
	assert_int_equal(FW_SYN_VIRTQ_MODIFY_BITS,
			rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	for (bit = 1; bit < 64; bit++) {
		if (bit >= 3 && bit <= 14)
			continue;
		/* Together with the state: all or nothing, so the state stays. */
		prm_set(in, select, 64, 1ull << bit | 1);
		assert_int_equal(FW_SYN_VIRTQ_MODIFY_BITS,
				rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	}
	assert_int_equal(FW_VIRTQ_INIT, rig_virtq_obj(rig, virtq)->state);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, virtq + 1);
	assert_int_equal(FW_SYN_NO_OBJECT, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

static void
test_start_refused_by_engine(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq(rig, 0);

	fake_next_error = -EINVAL;
	assert_int_equal(FW_SYN_ENGINE, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	assert_int_equal(FW_VIRTQ_INIT, rig_virtq_obj(rig, virtq)->state);
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	assert_true(fake_queue->running);
}

/* QUERY gives back what was given, with the live values on top. */
static void
test_query(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtq_in)], netq[PRM_SIZE(virtio_net_q)];
	uint8_t expect[PRM_SIZE(virtio_net_q)];
	uint32_t virtq;

	rig_virtq_in(rig, in);
	prm_set(in, NETQ(modify_field_select), 1);
	prm_set(in, Q(queue_period_us), 77);
	prm_set(in, NETQ(hw_available_index), 9);
	prm_set(in, NETQ(hw_used_index), 9);
	virtq = rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
	memcpy(expect, in + 16, sizeof(expect));
	PRM_SET(virtio_net_q, expect, modify_field_select, 0);
	rig_virtq_query(rig, virtq, netq);
	assert_memory_equal(netq, expect, sizeof(netq));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	fake_queue->avail = 50;
	fake_queue->used = 20;
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_SUSPEND));
	assert_false(fake_queue->running);
	rig_virtq_query(rig, virtq, netq);
	PRM_SET(virtio_net_q, expect, hw_available_index, 50);
	PRM_SET(virtio_net_q, expect, hw_used_index, 20);
	PRM_SET(virtio_net_q, expect, state, PRM_VIRTQ_SUSPEND);
	assert_memory_equal(netq, expect, sizeof(netq));
}

static void
test_failure_is_told_once(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_RDY);
	uint8_t netq[PRM_SIZE(virtio_net_q)];

	fake_fail(rig->card->vnet, fake_queue, VNET_ERR_INVALID_BUFFER);
	fake_fail(rig->card->vnet, fake_queue, VNET_ERR_BAD_DESC);
	assert_int_equal(1, rig->told.nb_events);
	assert_int_equal(virtq, rig->told.id);
	assert_int_equal(PRM_EVENT_OBJECT_CHANGE, rig->told.event);
	assert_ptr_equal(rig->told.kind, fw_class_kind(FW_CLASS_VIRTQ));
	/* The entry: type in byte 1, then object type and number in the data at byte 32. */
	assert_int_equal(rig->told.eqe[1], 0x27);
	assert_int_equal(rig_be32(rig->told.eqe + 32), PRM_OBJ_VIRTIO_NET_Q);
	assert_int_equal(rig_be32(rig->told.eqe + 36), virtq);
	rig_virtq_query(rig, virtq, netq);
	assert_int_equal(PRM_GET(virtio_net_q, netq, state), PRM_VIRTQ_ERR);
	assert_int_equal(PRM_GET(virtio_q, netq + 64, error_type), VNET_ERR_INVALID_BUFFER);
}

static void
test_failure_while_stopping(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_RDY);

	fake_queue->fail_at_suspend = VNET_ERR_RING_ACCESS;
	assert_int_equal(FW_SYN_VIRTQ_STOP_FAILED, rig_virtq_state(rig, virtq, PRM_VIRTQ_SUSPEND));
	assert_int_equal(FW_VIRTQ_ERR, rig_virtq_obj(rig, virtq)->state);
	assert_int_equal(1, rig->told.nb_events);
}

/* A queue that is destroyed while it runs tells nothing any more, even if it fails then. */
static void
test_destroy_while_running(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_RDY);

	fake_queue->fail_at_suspend = VNET_ERR_RING_ACCESS;
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, virtq));
	assert_int_equal(0, rig->told.nb_events);
	assert_int_equal(0, fake_counts.queues);
}

static void
test_used_becomes_completion(void **state)
{
	struct rig *rig = *state;

	rig_virtq_in_state(rig, FW_VIRTQ_RDY);
	fake_used(rig->card->vnet, fake_queue, 5);
	assert_int_equal(1, rig->told.nb_completions);
	assert_int_equal(rig_be32(rig->buf + 60) >> 16, 0);
}

/* Destroying the queue takes its queue pair to ERR; it must be reset before the next use. */
static void
test_destroy_fails_the_qp(void **state)
{
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtq_in)], out[16];
	uint32_t virtq = rig_virtq(rig, 0);

	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, virtq));
	rig_virtq_in(rig, in);
	assert_int_equal(FW_SYN_VIRTQ_QP_STATE,
			rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
	reset_qps(rig);
	assert_int_equal(FW_SYN_OK, rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out)));
}

int
main(void)
{
#define WORLD(t) cmocka_unit_test_setup_teardown(t, rig_setup_world, rig_teardown)
	const struct CMUnitTest tests[] = {
		WORLD(test_create_reaches_the_engine),
		WORLD(test_create_refusals),
		WORLD(test_create_optional),
		WORLD(test_no_events),
		WORLD(test_indices_and_limit),
		WORLD(test_all_pairs_of_states),
		WORLD(test_modify_bits),
		WORLD(test_start_refused_by_engine),
		WORLD(test_query),
		WORLD(test_failure_is_told_once),
		WORLD(test_failure_while_stopping),
		WORLD(test_destroy_while_running),
		WORLD(test_used_becomes_completion),
		WORLD(test_destroy_fails_the_qp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
