/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The firmware on the real engine: a frame goes out of one queue and comes back into another, as
 * doorbell, memory key, steering, completion and event say; a bad buffer takes a queue to ERR.
 */
#include <endian.h>
#include <stdlib.h>
#include <time.h>

#include "base_clock.h"
#include "fw_rig.h"

#define RX_RING 0u /* in guest memory: descriptors, then 0x1000 available, 0x2000 used */
#define TX_RING 0x3000u
#define RX_BUF 0x8000u
#define TX_BUF 0xa000u
#define HDR 12u
#define FRAME 64u
#define DESC_WRITE 2u

static uint32_t
make_queue(struct rig *rig, uint16_t index, uint32_t ring)
{
	uint8_t in[PRM_SIZE(create_virtq_in)];
	uint8_t *q = in + 16 + 64;

	rig_virtq_in(rig, in);
	PRM_SET(virtio_q, q, queue_index, index);
	PRM_SET(virtio_q, q, desc_addr, RIG_GPA + ring);
	PRM_SET(virtio_q, q, available_addr, RIG_GPA + ring + 0x1000);
	PRM_SET(virtio_q, q, used_addr, RIG_GPA + ring + 0x2000);
	return rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
}

static void
post(struct rig *rig, uint32_t ring, uint64_t addr, uint32_t len, uint16_t flags)
{
	uint8_t *desc = rig->guest + ring, *avail = desc + 0x1000;
	uint64_t addr_le = htole64(addr);
	uint32_t len_le = htole32(len);
	uint16_t flags_le = htole16(flags), zero = 0, one = htole16(1);

	memcpy(desc, &addr_le, 8);
	memcpy(desc + 8, &len_le, 4);
	memcpy(desc + 12, &flags_le, 2);
	memcpy(avail + 4, &zero, 2);
	__atomic_store_n((uint16_t *)(void *)(avail + 2), one, __ATOMIC_RELEASE);
}

/* Waits until the context was told of this many completions and events. */
static void
await(struct rig *rig, unsigned int nb_completions, unsigned int nb_events)
{
	uint64_t end = base_clock_ns() + 5 * BASE_NS_PER_S;
	struct timespec ms = { .tv_nsec = 1000000 };
	bool done = false;

	while (!done) {
		vnet_lock(rig->card->vnet);
		done = rig->told.nb_completions >= nb_completions &&
				rig->told.nb_events >= nb_events;
		vnet_unlock(rig->card->vnet);
		if (!done && base_clock_ns() > end)
			fail_msg("told of %u completions, %u events", rig->told.nb_completions,
					rig->told.nb_events);
		if (!done)
			nanosleep(&ms, NULL);
	}
}

/* Waits for a used ring's index. */
static void
await_used(const uint8_t *used, uint16_t index)
{
	uint64_t end = base_clock_ns() + 5 * BASE_NS_PER_S;
	struct timespec ms = { .tv_nsec = 1000000 };

	while (le16toh(__atomic_load_n((const uint16_t *)(const void *)(used + 2),
			       __ATOMIC_ACQUIRE)) != index) {
		if (base_clock_ns() > end)
			fail_msg("used index is not %u", index);
		nanosleep(&ms, NULL);
	}
}

static int
setup_loop(void **state)
{
	struct rig *rig;

	rig_setup(state);
	rig = *state;
	rig->loop = true;
	rig_restart(rig);
	rig_world(rig);
	return 0;
}

static void
steer(struct rig *rig, uint32_t virtq)
{
	uint8_t rqt[RIG_RQT_IN], tir[PRM_SIZE(create_tir_in)];
	struct fw_flow_attr flow = { .priority = 7 };
	uint32_t id;

	rig_rqt_in(virtq, rqt);
	rig_tir_in(rig, rig_create(rig->uctx, FW_CLASS_RQT, rqt, sizeof(rqt)), tir);
	flow.tirn = rig_create(rig->uctx, FW_CLASS_TIR, tir, sizeof(tir));
	assert_int_equal(0, fw_flow_create(rig->uctx, &flow, &id));
}

static void
check_indices(struct rig *rig, uint32_t virtq, uint16_t avail, uint16_t used)
{
	uint8_t netq[PRM_SIZE(virtio_net_q)];

	rig_virtq_query(rig, virtq, netq);
	assert_int_equal(PRM_GET(virtio_net_q, netq, hw_available_index), avail);
	assert_int_equal(PRM_GET(virtio_net_q, netq, hw_used_index), used);
}

static void
test_a_frame_goes_round(void **state)
{
	static uint32_t page[1024];
	struct rig *rig = *state;
	uint32_t rx = make_queue(rig, 0, RX_RING), tx = make_queue(rig, 1, TX_RING), page_id, i;
	uint8_t *sent = rig->guest + TX_BUF, *got = rig->guest + RX_BUF;

	steer(rig, rx);
	assert_int_equal(0, fw_var_create(rig->uctx, page, &page_id));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, rx, PRM_VIRTQ_RDY));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, tx, PRM_VIRTQ_RDY));
	for (i = 0; i < FRAME; i++)
		sent[HDR + i] = (uint8_t)(i + 2);
	post(rig, RX_RING, RIG_GPA + RX_BUF, 2048, DESC_WRITE);
	post(rig, TX_RING, RIG_GPA + TX_BUF, HDR + FRAME, 0);
	__atomic_store_n(&page[0], htole32(1), __ATOMIC_RELEASE);
	await(rig, 1, 0);
	/* Both queues share the pair; suspended, they have said all that they will. */
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, tx, PRM_VIRTQ_SUSPEND));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, rx, PRM_VIRTQ_SUSPEND));
	check_indices(rig, tx, 1, 1);
	check_indices(rig, rx, 1, 1);
	assert_memory_equal(got + HDR, sent + HDR, FRAME);
	assert_int_equal(rig->cqn, rig->told.cqn);
	assert_true(rig_be32(rig->buf + 60) >> 16 < 2); /* one or two completions: 0 or 1 */
	assert_int_equal(0, rig->told.nb_events);
}

/* The second frame of a queue, in memory that was copied from rig->guest with the first. */
static void
post_second(uint8_t *guest, uint32_t ring)
{
	uint16_t zero = 0, two = htole16(2);

	memcpy(guest + ring + 0x1000 + 6, &zero, 2);
	__atomic_store_n((uint16_t *)(void *)(guest + ring + 0x1002), two, __ATOMIC_RELEASE);
}

static enum fw_syndrome
go_on(struct rig *rig, uint32_t virtq, uint32_t mkey)
{
	uint8_t in[PRM_SIZE(create_virtq_in)] = { 0 }, out[16];

	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_MODIFY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, virtq);
	PRM_SET(virtio_net_q, in + 16, modify_field_select,
			PRM_VIRTQ_MOD_Q_MKEY | PRM_VIRTQ_MOD_STATE);
	PRM_SET(virtio_net_q, in + 16, state, PRM_VIRTQ_RDY);
	PRM_SET(virtio_q, in + 16 + 64, virtio_q_mkey, mkey);
	return rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out));
}

static void
suspend_at(struct rig *rig, uint32_t virtq, uint16_t index)
{
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_SUSPEND));
	check_indices(rig, virtq, index, index);
}

/* The guest's memory moves under two queues: they go on with it where they were. */
static void
test_queues_go_on_in_other_memory(void **state)
{
	static uint32_t page[1024];
	struct rig *rig = *state;
	uint32_t rx = make_queue(rig, 0, RX_RING), tx = make_queue(rig, 1, TX_RING), page_id, mkey;
	uint8_t *moved = aligned_alloc(RIG_PAGE, RIG_GUEST_SIZE);
	struct rig_klm klm = { .len = RIG_GUEST_SIZE, .address = RIG_GPA };

	assert_non_null(moved);
	steer(rig, rx);
	assert_int_equal(0, fw_var_create(rig->uctx, page, &page_id));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, rx, PRM_VIRTQ_RDY));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, tx, PRM_VIRTQ_RDY));
	post(rig, RX_RING, RIG_GPA + RX_BUF, 2048, DESC_WRITE);
	post(rig, TX_RING, RIG_GPA + TX_BUF, HDR + FRAME, 0);
	__atomic_store_n(&page[0], htole32(1), __ATOMIC_RELEASE);
	await(rig, 1, 0);
	suspend_at(rig, tx, 1);
	suspend_at(rig, rx, 1);
	memcpy(moved, rig->guest, RIG_GUEST_SIZE);
	klm.mkey = rig_mr(rig, moved, RIG_GUEST_SIZE, RIG_GPA);
	mkey = rig_mkey(rig, RIG_GPA, 0, &klm, 1);
	memset(rig->guest, 0xee, RIG_GUEST_SIZE);
	assert_int_equal(FW_SYN_OK, go_on(rig, rx, mkey));
	assert_int_equal(FW_SYN_OK, go_on(rig, tx, mkey));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_MKEY, rig->mkey >> 8));
	memset(moved + TX_BUF + HDR, 0x42, FRAME);
	post_second(moved, RX_RING);
	post_second(moved, TX_RING);
	__atomic_store_n(&page[0], htole32(1), __ATOMIC_RELEASE);
	await_used(moved + RX_RING + 0x2000, 2);
	suspend_at(rig, tx, 2);
	suspend_at(rig, rx, 2);
	assert_int_equal(0x42, moved[RX_BUF + HDR]);
	assert_int_equal(0xee, rig->guest[RX_BUF + HDR]);
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, tx));
	free(moved);
}

/* Both settings of an event's moderation, by the real clock. */
static void
test_a_held_event_comes(void **state)
{
	static uint32_t page[1024];
	struct rig *rig = *state;
	uint8_t in[PRM_SIZE(create_virtq_in)];
	uint32_t tx, page_id;
	uint64_t begin;

	rig_virtq_in(rig, in);
	PRM_SET(virtio_q, in + 16 + 64, queue_index, 1);
	PRM_SET(virtio_q, in + 16 + 64, queue_period_us, 4000);
	PRM_SET(virtio_q, in + 16 + 64, queue_max_count, 100);
	tx = rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
	assert_int_equal(0, fw_var_create(rig->uctx, page, &page_id));
	post(rig, 0, RIG_GPA + TX_BUF, HDR + 4, 0); /* too short to go anywhere, but it is used */
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, tx, PRM_VIRTQ_RDY));
	begin = base_clock_ns();
	__atomic_store_n(&page[0], htole32(1), __ATOMIC_RELEASE);
	await(rig, 1, 0);
	assert_true(base_clock_ns() - begin >= 4 * BASE_NS_PER_MS);
}

static void
test_a_bad_buffer_is_told(void **state)
{
	static uint32_t page[1024];
	struct rig *rig = *state;
	uint32_t tx = make_queue(rig, 1, TX_RING), page_id;
	uint8_t netq[PRM_SIZE(virtio_net_q)];

	assert_int_equal(0, fw_var_create(rig->uctx, page, &page_id));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, tx, PRM_VIRTQ_RDY));
	/* The last byte lies behind the key. */
	post(rig, TX_RING, RIG_GPA + RIG_GUEST_SIZE - HDR - FRAME + 1, HDR + FRAME, 0);
	__atomic_store_n(&page[0], htole32(1), __ATOMIC_RELEASE);
	await(rig, 0, 1);
	assert_int_equal(tx, rig->told.id);
	rig_virtq_query(rig, tx, netq);
	assert_int_equal(PRM_GET(virtio_net_q, netq, state), PRM_VIRTQ_ERR);
	assert_int_equal(PRM_GET(virtio_q, netq + 64, error_type), VNET_ERR_INVALID_BUFFER);
	assert_int_equal(FW_SYN_VIRTQ_STATE, rig_virtq_state(rig, tx, PRM_VIRTQ_SUSPEND));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, tx));
}

/* Nothing is read from a ring that no key reaches. */
static void
test_a_ring_out_of_reach(void **state)
{
	struct rig *rig = *state;
	uint32_t tx = make_queue(rig, 1, RIG_GUEST_SIZE), page_id;
	static uint32_t page[1024];
	uint8_t netq[PRM_SIZE(virtio_net_q)];

	assert_int_equal(0, fw_var_create(rig->uctx, page, &page_id));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, tx, PRM_VIRTQ_RDY));
	__atomic_store_n(&page[0], htole32(1), __ATOMIC_RELEASE);
	await(rig, 0, 1);
	rig_virtq_query(rig, tx, netq);
	assert_int_equal(PRM_GET(virtio_q, netq + 64, error_type), VNET_ERR_RING_ACCESS);
}

/* The engine's passes notice an arm record that was written behind the producer. */
static void
test_arming_is_noticed(void **state)
{
	struct rig *rig = *state;

	vnet_lock(rig->card->vnet);
	fw_qp_send_event(base_container_of(fw_obj_peek(rig->uctx, FW_CLASS_QP, rig->fw_qpn),
			struct fw_qp, obj));
	fw_qp_send_event(base_container_of(fw_obj_peek(rig->uctx, FW_CLASS_QP, rig->fw_qpn),
			struct fw_qp, obj));
	vnet_unlock(rig->card->vnet);
	await(rig, 1, 0);
	__atomic_store_n((uint32_t *)(void *)(rig->buf + RIG_CQ_DBR + 4), htobe32(1u << 28 | 1),
			__ATOMIC_RELEASE);
	await(rig, 2, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_frame_goes_round, setup_loop, rig_teardown),
		cmocka_unit_test_setup_teardown(test_queues_go_on_in_other_memory, setup_loop,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_a_held_event_comes, setup_loop, rig_teardown),
		cmocka_unit_test_setup_teardown(test_a_bad_buffer_is_told, setup_loop,
				rig_teardown),
		cmocka_unit_test_setup_teardown(test_a_ring_out_of_reach, setup_loop, rig_teardown),
		cmocka_unit_test_setup_teardown(test_arming_is_noticed, setup_loop, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
