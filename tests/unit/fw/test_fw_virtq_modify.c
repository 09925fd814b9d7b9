/* SPDX-License-Identifier: BSD-3-Clause */
/* MODIFY of a VIRTIO_NET_Q: each bit of modify_field_select in each state, what it changes, what it
 * may name, and that a refused one has changed nothing. */
#include <errno.h>

#include "fw_rig_virtq.h"

#define NETQ(f) RIG_INNER(create_virtq_in, virtq, virtio_net_q, f)
#define Q(f)                                                                        \
	PRM_OFF(create_virtq_in, virtq) + PRM_OFF(virtio_net_q, virtio_q_context) + \
			PRM_OFF(virtio_q, f),                                       \
			PRM_BITS(virtio_q, f)
#define MOD(bit) PRM_VIRTQ_MOD_##bit

static uint8_t in[PRM_SIZE(create_virtq_in)]; /* the MODIFY that is being made */

/* A MODIFY of nothing; tests add fields with prm_set() and say which with modify(). */
static void
begin(uint32_t virtq)
{
	memset(in, 0, sizeof(in));
	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_MODIFY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, virtq);
}

static enum fw_syndrome
modify(struct rig *rig, uint64_t select)
{
	uint8_t out[16];

	prm_set(in, NETQ(modify_field_select), select);
	return rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out));
}

/* One field, alone. */
static enum fw_syndrome
modify_one(struct rig *rig, uint32_t virtq, uint64_t select, uint32_t off, uint32_t bits,
		uint64_t value)
{
	begin(virtq);
	prm_set(in, off, bits, value);
	return modify(rig, select);
}

static void
end_queue(struct rig *rig, uint32_t virtq)
{
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, virtq));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->fw_qpn, 0));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_2RST_QP, rig->sw_qpn, 0));
	rig_qps_to_rts(rig);
}

/* A second key of the guest's memory. */
static uint32_t
second_mkey(struct rig *rig)
{
	struct rig_klm klm = { RIG_GUEST_SIZE, rig->mr, RIG_GPA };

	return rig_mkey(rig, RIG_GPA, 0, &klm, 1);
}

/* Every bit but the state, with a value that differs from what rig_virtq() gave. */
struct each {
	uint64_t bit;
	uint32_t off, bits;
	uint64_t value;
	const char *cap;
	bool in_rdy; /* legal while the queue runs */
};

static const struct each eachs[] = {
	{ MOD(DIRTY_BITMAP_PARAMS), 0, 0, 0, "dirty_log", true },
	{ MOD(DIRTY_BITMAP_DUMP_ENABLE), NETQ(dirty_bitmap_dump_enable), 0, "dirty_log", true },
	{ MOD(QUEUE_PERIOD), Q(queue_period_us), 100, "vnet_modify_ext", false },
	{ MOD(ADDR), Q(desc_addr), RIG_GPA + 0x3000, "virtio_net_q_addr_modify", false },
	{ MOD(HW_AVAILABLE_INDEX), NETQ(hw_available_index), 77, "virtio_q_index_modify", false },
	{ MOD(HW_USED_INDEX), NETQ(hw_used_index), 78, "virtio_q_index_modify", false },
	{ MOD(Q_TYPE), Q(virtio_q_type), PRM_VIRTQ_PACKED, "vnet_modify_ext", false },
	{ MOD(VERSION_1_0), Q(virtio_version_1_0), 0, "vnet_modify_ext", false },
	{ MOD(Q_MKEY), Q(virtio_q_mkey), 0, "vnet_modify_ext", false },
	{ MOD(FEATURES), NETQ(rx_csum), 1, "vnet_modify_ext", false },
	{ MOD(EVENT_MODE), Q(event_mode), PRM_VIRTQ_EVENT_NO_MSIX, "vnet_modify_ext", false },
	{ MOD(DESC_GROUP_MKEY), Q(desc_group_mkey), 0, "desc_group_mkey_supported", false },
};

static void
begin_each(const struct each *each, uint32_t virtq)
{
	begin(virtq);
	if (each->bits != 0)
		prm_set(in, each->off, each->bits, each->value);
}

static void
all_capabilities(struct rig *rig)
{
	fw_caps_init(&rig->caps);
	assert_int_equal(0, fw_caps_set(&rig->caps, "virtio_queue_type_packed", 1));
	assert_int_equal(0, fw_caps_set(&rig->caps, "dirty_log", 1));
	rig_restart(rig);
}

static int
setup(void **state)
{
	struct rig *rig;

	rig_setup(state);
	rig = *state;
	all_capabilities(rig);
	rig_world(rig);
	return 0;
}

static void
test_each_bit_in_each_state_gives_VIRTQ_MODIFY_STATE(void **state)
{
	struct rig *rig = *state;
	enum fw_virtq_state from;
	size_t i;

	for (from = FW_VIRTQ_INIT; from < FW_VIRTQ_NB_STATES; from++) {
		for (i = 0; i < BASE_ARRAY_SIZE(eachs); i++) {
			bool ok = from == FW_VIRTQ_INIT || from == FW_VIRTQ_SUSPEND ||
					(from == FW_VIRTQ_RDY && eachs[i].in_rdy);
			uint32_t virtq = rig_virtq_in_state(rig, from);
			enum fw_syndrome syn;

			begin_each(&eachs[i], virtq);
			syn = modify(rig, eachs[i].bit);
			if (syn != (ok ? FW_SYN_OK : FW_SYN_VIRTQ_MODIFY_STATE))
				fail_msg("bit 0x%llx in state %u: 0x%x",
						(unsigned long long)eachs[i].bit, from, syn);
			assert_int_equal(from, rig_virtq_obj(rig, virtq)->state);
			end_queue(rig, virtq);
		}
	}
}

/* The size and the queue's number have no bit: what a MODIFY has there is not looked at. */
static void
test_size_and_index_stay(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT);

	begin(virtq);
	prm_set(in, Q(queue_size), 2 * RIG_QUEUE_SIZE);
	prm_set(in, Q(queue_index), 9);
	assert_int_equal(FW_SYN_OK, modify(rig, MOD(VERSION_1_0)));
	assert_int_equal(RIG_QUEUE_SIZE, fake_queue->attr.size);
	assert_int_equal(0, fake_queue->attr.index);
}

static void
test_without_capability_gives_VIRTQ_MODIFY_CAP(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(eachs); i++) {
		assert_int_equal(0, fw_caps_set(&rig->caps, eachs[i].cap, 0));
		rig_restart(rig);
		rig_world(rig);
		virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT);
		begin_each(&eachs[i], virtq);
		/* With the state beside it: neither happens. */
		prm_set(in, NETQ(state), PRM_VIRTQ_RDY);
		assert_int_equal(FW_SYN_VIRTQ_MODIFY_CAP, modify(rig, eachs[i].bit | MOD(STATE)));
		assert_int_equal(FW_VIRTQ_INIT, rig_virtq_obj(rig, virtq)->state);
		assert_int_equal(0, fake_queue->nb_reconfigured);
		/* And with all other capabilities off it works. */
		fw_caps_init(&rig->caps);
		assert_int_equal(0, fw_caps_set(&rig->caps, "virtio_queue_type_packed", 1));
		rig->caps.dirty_log = false;
		rig->caps.vnet_modify_ext = rig->caps.virtio_net_q_addr_modify = false;
		rig->caps.virtio_q_index_modify = rig->caps.desc_group_mkey_supported = false;
		assert_int_equal(0, fw_caps_set(&rig->caps, eachs[i].cap, 1));
		rig_restart(rig);
		rig_world(rig);
		virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT);
		begin_each(&eachs[i], virtq);
		assert_int_equal(FW_SYN_OK, modify(rig, eachs[i].bit));
		all_capabilities(rig);
	}
}

/* Everything in one command with the state, as DPDK's driver does with queues made beforehand. */
static void
test_all_fields_and_state_at_once(void **state)
{
	struct rig *rig = *state;
	uint8_t create[PRM_SIZE(create_virtq_in)], netq[PRM_SIZE(virtio_net_q)];
	const struct vnet_queue_attr *attr;
	uint32_t virtq, mkey = second_mkey(rig);
	void *p;

	rig_virtq_in(rig, create);
	prm_set(create, Q(virtio_q_mkey), 0);
	prm_set(create, Q(desc_addr), 0);
	prm_set(create, Q(available_addr), 0);
	prm_set(create, Q(used_addr), 0);
	virtq = rig_create(rig->uctx, FW_CLASS_VIRTQ, create, sizeof(create));
	assert_int_equal(FW_SYN_VIRTQ_NO_MKEY, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	begin(virtq);
	prm_set(in, NETQ(state), PRM_VIRTQ_RDY);
	prm_set(in, Q(desc_addr), RIG_GPA + 0x3000);
	prm_set(in, Q(available_addr), RIG_GPA + 0x4000);
	prm_set(in, Q(used_addr), RIG_GPA + 0x5000);
	prm_set(in, NETQ(hw_available_index), 50);
	prm_set(in, NETQ(hw_used_index), 20);
	prm_set(in, Q(virtio_q_mkey), mkey);
	prm_set(in, NETQ(rx_csum), 1);
	prm_set(in, Q(event_mode), PRM_VIRTQ_EVENT_QP);
	prm_set(in, Q(event_qpn_or_msix), rig->fw_qpn);
	assert_int_equal(FW_SYN_OK, modify(rig, 0x3fc1));
	attr = &fake_queue->attr;
	assert_true(fake_queue->running);
	assert_int_equal(attr->desc_addr, RIG_GPA + 0x3000);
	assert_int_equal(attr->driver_addr, RIG_GPA + 0x4000);
	assert_int_equal(attr->device_addr, RIG_GPA + 0x5000);
	assert_int_equal(attr->mkey, mkey);
	assert_int_equal(attr->ring_mkey, mkey);
	assert_int_equal(attr->avail_index, 50);
	assert_int_equal(attr->used_index, 20);
	assert_int_equal(attr->features, PRM_VIRTQ_F_GUEST_CSUM);
	assert_false(attr->version_1);
	assert_int_equal(16, attr->mem.map(attr->mem.arg, mkey, RIG_GPA, 16, VNET_READ, &p));
	rig_virtq_query(rig, virtq, netq);
	assert_int_equal(PRM_GET(virtio_net_q, netq, state), PRM_VIRTQ_RDY);
	assert_int_equal(prm_get(netq,
					 PRM_OFF(virtio_net_q, virtio_q_context) +
							 PRM_OFF(virtio_q, virtio_q_mkey),
					 32),
			mkey);
	assert_int_equal(PRM_GET(virtio_net_q, netq, modify_field_select), 0);
	fake_used(rig->card->vnet, fake_queue, 1);
	assert_int_equal(1, rig->told.nb_completions);
}

/* The way around a new memory table: SUSPEND, then key and state in one command. */
static void
test_resume_with_another_mkey(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_RDY), mkey = second_mkey(rig);

	fake_queue->avail = fake_queue->used = 33;
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_SUSPEND));
	begin(virtq);
	prm_set(in, NETQ(state), PRM_VIRTQ_RDY);
	prm_set(in, Q(virtio_q_mkey), mkey);
	assert_int_equal(FW_SYN_OK, modify(rig, MOD(Q_MKEY) | MOD(STATE)));
	assert_int_equal(fake_queue->attr.mkey, mkey);
	/* Where it was, not where it was made. */
	assert_int_equal(fake_queue->attr.avail_index, 33);
	assert_int_equal(fake_queue->attr.used_index, 33);
	assert_true(fake_queue->running);
	/* The old key is free, the new one is not. */
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_MKEY, rig->mkey >> 8));
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_MKEY, mkey >> 8));
}

static void
test_resume_without_capability_gives_VIRTQ_RESUME(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq;

	rig->caps.freeze_to_rdy_supported = false;
	rig_restart(rig);
	rig_world(rig);
	virtq = rig_virtq_in_state(rig, FW_VIRTQ_SUSPEND);
	begin(virtq);
	prm_set(in, NETQ(state), PRM_VIRTQ_RDY);
	prm_set(in, Q(virtio_q_mkey), second_mkey(rig));
	assert_int_equal(FW_SYN_VIRTQ_RESUME, modify(rig, MOD(Q_MKEY) | MOD(STATE)));
	assert_int_equal(fake_queue->attr.mkey, rig->mkey);
	assert_int_equal(0, fake_queue->nb_reconfigured);
}

/* Values are judged as at CREATE, and a bad one among good ones leaves all as it was. */
static void
test_bad_values_change_nothing(void **state)
{
	struct rig *rig = *state;
	uint32_t pd2 = rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD);
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT);
	struct rig_klm klm = { RIG_PAGE, rig->mr, RIG_GPA };
	const struct {
		uint64_t bit;
		uint32_t off, bits;
		uint64_t value;
		enum fw_syndrome syn;
	} rows[] = {
		{ MOD(ADDR), Q(desc_addr), RIG_GPA + 8, FW_SYN_VIRTQ_ALIGN },
		{ MOD(ADDR), Q(available_addr), RIG_GPA + 1, FW_SYN_VIRTQ_ALIGN },
		{ MOD(ADDR), Q(used_addr), RIG_GPA + 2, FW_SYN_VIRTQ_ALIGN },
		{ MOD(Q_TYPE), Q(virtio_q_type), 2, FW_SYN_VIRTQ_TYPE },
		{ MOD(Q_MKEY), Q(virtio_q_mkey), 0x100, FW_SYN_NO_OBJECT },
		{ MOD(Q_MKEY), Q(virtio_q_mkey), rig->mkey | 1, FW_SYN_MKEY_VARIANT },
		{ MOD(DESC_GROUP_MKEY), Q(desc_group_mkey), 0x100, FW_SYN_NO_OBJECT },
		{ MOD(FEATURES), NETQ(queue_feature_bit_mask_2_0), 1, FW_SYN_VIRTQ_FEATURE },
		{ MOD(EVENT_MODE), Q(event_mode), 5, FW_SYN_VIRTQ_EVENT_MODE },
		{ MOD(EVENT_MODE), Q(event_mode), PRM_VIRTQ_EVENT_QP, FW_SYN_NO_OBJECT },
		{ MOD(QUEUE_PERIOD), Q(queue_period_mode), 3, FW_SYN_VIRTQ_PERIOD_MODE },
	};
	uint8_t before[PRM_SIZE(virtio_net_q)], after[PRM_SIZE(virtio_net_q)],
			mkey_in[RIG_MKEY_IN(1)];
	struct vnet_queue_attr attr = fake_queue->attr;
	uint8_t out[16];
	size_t i;

	rig_virtq_query(rig, virtq, before);
	for (i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		begin(virtq);
		prm_set(in, rows[i].off, rows[i].bits, rows[i].value);
		prm_set(in, NETQ(hw_used_index), 4711);
		prm_set(in, NETQ(state), PRM_VIRTQ_RDY);
		if (modify(rig, rows[i].bit | MOD(HW_USED_INDEX) | MOD(STATE)) != rows[i].syn)
			fail_msg("row %zu: %s", i, rig->last);
		rig_virtq_query(rig, virtq, after);
		assert_memory_equal(before, after, sizeof(before));
		assert_memory_equal(&attr, &fake_queue->attr, sizeof(attr));
	}
	/* A key of another protection domain. */
	klm.mkey = FW_NULL_MKEY;
	rig_mkey_in(pd2, RIG_GPA, 0, &klm, 1, mkey_in);
	assert_int_equal(FW_SYN_OK,
			rig_exec(rig->uctx, mkey_in, sizeof(mkey_in), out, sizeof(out)));
	assert_int_equal(FW_SYN_OTHER_PD,
			modify_one(rig, virtq, MOD(Q_MKEY), Q(virtio_q_mkey),
					PRM_GET(create_mkey_out, out, mkey_index) << 8));
}

/* The engine may refuse what nobody else saw coming; then, too, nothing has happened. */
static void
test_engine_refuses(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT), mkey = second_mkey(rig);

	fake_next_error = -EINVAL;
	assert_int_equal(FW_SYN_ENGINE,
			modify_one(rig, virtq, MOD(Q_MKEY), Q(virtio_q_mkey), mkey));
	assert_int_equal(fake_queue->attr.mkey, rig->mkey);
	/* It takes the key, but does not start. */
	fake_queue->refuse_start = true;
	begin(virtq);
	prm_set(in, Q(virtio_q_mkey), mkey);
	prm_set(in, NETQ(state), PRM_VIRTQ_RDY);
	assert_int_equal(FW_SYN_ENGINE, modify(rig, MOD(Q_MKEY) | MOD(STATE)));
	assert_int_equal(fake_queue->attr.mkey, rig->mkey);
	assert_int_equal(FW_VIRTQ_INIT, rig_virtq_obj(rig, virtq)->state);
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_MKEY, mkey >> 8));
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_MKEY, rig->mkey >> 8));
}

static void
test_index_in_use_is_found_before_anything_changes(void **state)
{
	struct rig *rig = *state;
	uint32_t runs, waits = rig_virtq(rig, 0);

	runs = rig_virtq(rig, 0);
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, runs, PRM_VIRTQ_RDY));
	begin(waits);
	prm_set(in, NETQ(state), PRM_VIRTQ_RDY);
	prm_set(in, NETQ(hw_used_index), 5);
	assert_int_equal(FW_SYN_VIRTQ_INDEX_USED, modify(rig, MOD(HW_USED_INDEX) | MOD(STATE)));
	assert_int_equal(0, PRM_GET(virtio_net_q, rig_virtq_obj(rig, waits)->netq, hw_used_index));
}

/* --- objects -------------------------------------------------------------------------------- */

static void
test_desc_group_mkey_is_used(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT), mkey = second_mkey(rig);

	assert_int_equal(FW_SYN_OK,
			modify_one(rig, virtq, MOD(DESC_GROUP_MKEY), Q(desc_group_mkey), mkey));
	assert_int_equal(fake_queue->attr.mkey, rig->mkey);
	assert_int_equal(fake_queue->attr.ring_mkey, mkey);
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_MKEY, mkey >> 8));
	assert_int_equal(FW_SYN_OK,
			modify_one(rig, virtq, MOD(DESC_GROUP_MKEY), Q(desc_group_mkey), 0));
	assert_int_equal(fake_queue->attr.ring_mkey, rig->mkey);
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_MKEY, mkey >> 8));
}

/* Events move to another pair; the first one is free, and is not taken to ERR. */
static void
test_event_qp_is_used(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT), fw = rig->fw_qpn, sw = rig->sw_qpn;
	uint8_t qp[PRM_SIZE(create_qp_in)];

	rig_fw_qp_in(rig, qp);
	rig->fw_qpn = rig_create(rig->uctx, FW_CLASS_QP, qp, sizeof(qp));
	begin(virtq);
	prm_set(in, Q(event_mode), PRM_VIRTQ_EVENT_QP);
	prm_set(in, Q(event_qpn_or_msix), rig->fw_qpn);
	assert_int_equal(FW_SYN_VIRTQ_QP_STATE, modify(rig, MOD(EVENT_MODE)));
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_QP, fw));
	rig_sw_qp_in(rig, qp);
	rig->sw_qpn = rig_create(rig->uctx, FW_CLASS_QP, qp, sizeof(qp));
	rig_qps_to_rts(rig);
	assert_int_equal(FW_SYN_OK, modify(rig, MOD(EVENT_MODE)));
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_QP, rig->fw_qpn));
	assert_int_equal(FW_QP_RTS,
			base_container_of(fw_obj_peek(rig->uctx, FW_CLASS_QP, fw), struct fw_qp,
					obj)
					->state);
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_QP, fw));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_QP, sw));
	/* No events: no queue pair is looked at or used. */
	assert_int_equal(FW_SYN_OK,
			modify_one(rig, virtq, MOD(EVENT_MODE), Q(event_mode),
					PRM_VIRTQ_EVENT_NO_MSIX));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_QP, rig->fw_qpn));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	fake_used(rig->card->vnet, fake_queue, 3);
	assert_int_equal(0, rig->told.nb_completions);
}

/* --- packed --------------------------------------------------------------------------------- */

static void
test_packed(void **state)
{
	struct rig *rig = *state;
	uint8_t create[PRM_SIZE(create_virtq_in)];
	const struct rig_bad rows[] = {
		{ "driver area", Q(available_addr), RIG_GPA + 2, FW_SYN_VIRTQ_ALIGN },
		{ "device area", Q(used_addr), RIG_GPA + 2, FW_SYN_VIRTQ_ALIGN },
		{ "size 0", Q(queue_size), 0, FW_SYN_VIRTQ_SIZE },
		{ "too large", Q(queue_size), 32769, FW_SYN_VIRTQ_SIZE },
		{ "avail place", NETQ(hw_available_index), 0x8000 | 60, FW_SYN_VIRTQ_PACKED_INDEX },
		{ "used place", NETQ(hw_used_index), 60, FW_SYN_VIRTQ_PACKED_INDEX },
	};
	uint32_t virtq;

	rig_virtq_in(rig, create);
	prm_set(create, Q(virtio_q_type), PRM_VIRTQ_PACKED);
	prm_set(create, Q(queue_size), 60); /* any size will do: virtio 1.2, 2.8.10.1 */
	prm_set(create, NETQ(hw_available_index), 0x8000);
	prm_set(create, NETQ(hw_used_index), 0x8000);
	rig_refusals(rig, create, sizeof(create), rows, BASE_ARRAY_SIZE(rows));
	virtq = rig_create(rig->uctx, FW_CLASS_VIRTQ, create, sizeof(create));
	assert_int_equal(VNET_RING_PACKED, fake_queue->attr.ring);
	assert_int_equal(60, fake_queue->attr.size);
	assert_int_equal(0x8000, fake_queue->attr.avail_index);
	/* It cannot become a split ring of this size. */
	assert_int_equal(FW_SYN_VIRTQ_SIZE,
			modify_one(rig, virtq, MOD(Q_TYPE), Q(virtio_q_type), PRM_VIRTQ_SPLIT));
	assert_int_equal(VNET_RING_PACKED, fake_queue->attr.ring);
}

/* A split queue becomes packed, and brings its indices along. */
static void
test_split_to_packed(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT);

	begin(virtq);
	prm_set(in, Q(virtio_q_type), PRM_VIRTQ_PACKED);
	prm_set(in, NETQ(hw_available_index), 0x8003);
	prm_set(in, NETQ(hw_used_index), 0x8003);
	assert_int_equal(FW_SYN_OK,
			modify(rig, MOD(Q_TYPE) | MOD(HW_AVAILABLE_INDEX) | MOD(HW_USED_INDEX)));
	assert_int_equal(VNET_RING_PACKED, fake_queue->attr.ring);
	assert_int_equal(0x8003, fake_queue->attr.used_index);
}

/* --- the dirty log -------------------------------------------------------------------------- */

#define LOG_ADDR RIG_GPA
#define LOG_SIZE 256u

static enum fw_syndrome
dirty_params(struct rig *rig, uint32_t virtq, uint32_t mkey, uint64_t addr, uint32_t size)
{
	begin(virtq);
	prm_set(in, NETQ(dirty_bitmap_mkey), mkey);
	prm_set(in, NETQ(dirty_bitmap_addr), addr);
	prm_set(in, NETQ(dirty_bitmap_size), size);
	return modify(rig, MOD(DIRTY_BITMAP_PARAMS));
}

static enum fw_syndrome
dirty_enable(struct rig *rig, uint32_t virtq, unsigned int enable)
{
	return modify_one(rig, virtq, MOD(DIRTY_BITMAP_DUMP_ENABLE), NETQ(dirty_bitmap_dump_enable),
			enable);
}

static void
test_dirty_log(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_RDY), mkey = second_mkey(rig), mkey2;
	uint8_t netq[PRM_SIZE(virtio_net_q)];

	assert_int_equal(FW_SYN_OK, dirty_params(rig, virtq, mkey, LOG_ADDR, LOG_SIZE));
	assert_false(fake_queue->dirty.enabled);
	assert_int_equal(FW_SYN_OK, dirty_enable(rig, virtq, 1));
	assert_true(fake_queue->dirty.enabled);
	assert_int_equal(fake_queue->dirty.mkey, mkey);
	assert_int_equal(fake_queue->dirty.addr, LOG_ADDR);
	assert_int_equal(fake_queue->dirty.size, LOG_SIZE);
	assert_int_equal(fake_queue->dirty.page_shift, 12);
	assert_true(fake_queue->running);
	rig_virtq_query(rig, virtq, netq);
	assert_int_equal(PRM_GET(virtio_net_q, netq, dirty_bitmap_dump_enable), 1);
	assert_int_equal(PRM_GET(virtio_net_q, netq, dirty_bitmap_mkey), mkey);
	/* The bitmap's key cannot go; while it is in use a new one can take its place. */
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_MKEY, mkey >> 8));
	mkey2 = second_mkey(rig);
	assert_int_equal(FW_SYN_OK, dirty_params(rig, virtq, mkey2, LOG_ADDR + 8, LOG_SIZE));
	assert_int_equal(fake_queue->dirty.mkey, mkey2);
	assert_true(fake_queue->dirty.enabled);
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_MKEY, mkey >> 8));
	/* Off, forgotten, and armed again, both in one command. */
	assert_int_equal(FW_SYN_VIRTQ_DIRTY_PARAMS, dirty_params(rig, virtq, 0, 0, 0));
	assert_true(fake_queue->dirty.enabled);
	assert_int_equal(FW_SYN_OK, dirty_enable(rig, virtq, 0));
	assert_false(fake_queue->dirty.enabled);
	assert_int_equal(FW_SYN_BUSY, rig_destroy(rig->uctx, FW_CLASS_MKEY, mkey2 >> 8));
	assert_int_equal(FW_SYN_OK, dirty_params(rig, virtq, 0, 0, 0));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_MKEY, mkey2 >> 8));
	begin(virtq);
	prm_set(in, NETQ(dirty_bitmap_mkey), rig->mkey);
	prm_set(in, NETQ(dirty_bitmap_addr), LOG_ADDR);
	prm_set(in, NETQ(dirty_bitmap_size), LOG_SIZE);
	prm_set(in, NETQ(dirty_bitmap_dump_enable), 1);
	assert_int_equal(FW_SYN_OK,
			modify(rig, MOD(DIRTY_BITMAP_PARAMS) | MOD(DIRTY_BITMAP_DUMP_ENABLE)));
	assert_true(fake_queue->dirty.enabled);
	/* It lives through a stop and another key of the buffers. */
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_SUSPEND));
	assert_int_equal(FW_SYN_OK,
			modify_one(rig, virtq, MOD(Q_MKEY), Q(virtio_q_mkey), second_mkey(rig)));
	assert_true(fake_queue->dirty.enabled);
}

static void
test_enable_without_bitmap_gives_VIRTQ_DIRTY_PARAMS(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_RDY);

	assert_int_equal(FW_SYN_VIRTQ_DIRTY_PARAMS, dirty_enable(rig, virtq, 1));
	assert_false(fake_queue->dirty.enabled);
}

static void
test_bad_bitmap_gives_VIRTQ_DIRTY_BOUNDS_and_ACCESS(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_RDY), read_only;
	struct rig_klm klm = { RIG_GUEST_SIZE, rig->mr, RIG_GPA };
	uint8_t mkey_in[RIG_MKEY_IN(1)];
	uint64_t end = RIG_GPA + RIG_GUEST_SIZE;

	assert_int_equal(FW_SYN_NO_OBJECT, dirty_params(rig, virtq, 0x100, LOG_ADDR, LOG_SIZE));
	assert_int_equal(FW_SYN_NO_OBJECT, dirty_params(rig, virtq, 0, LOG_ADDR, LOG_SIZE));
	assert_int_equal(FW_SYN_VIRTQ_DIRTY_BOUNDS,
			dirty_params(rig, virtq, rig->mkey, LOG_ADDR, 0));
	assert_int_equal(FW_SYN_VIRTQ_DIRTY_BOUNDS,
			dirty_params(rig, virtq, rig->mkey, RIG_GPA - 1, LOG_SIZE));
	assert_int_equal(FW_SYN_VIRTQ_DIRTY_BOUNDS,
			dirty_params(rig, virtq, rig->mkey, end - LOG_SIZE + 1, LOG_SIZE));
	assert_int_equal(FW_SYN_VIRTQ_DIRTY_BOUNDS,
			dirty_params(rig, virtq, rig->mkey, UINT64_MAX, LOG_SIZE));
	assert_int_equal(FW_SYN_VIRTQ_DIRTY_BOUNDS,
			dirty_params(rig, virtq, rig->mkey, LOG_ADDR, UINT32_MAX));
	rig_mkey_in(rig->pd, RIG_GPA, 0, &klm, 1, mkey_in);
	prm_set(mkey_in, RIG_INNER(create_mkey_in, memory_key_mkey_entry, mkc, lw), 0);
	read_only = rig_create(rig->uctx, FW_CLASS_MKEY, mkey_in, sizeof(mkey_in)) << 8;
	assert_int_equal(FW_SYN_VIRTQ_DIRTY_ACCESS,
			dirty_params(rig, virtq, read_only, LOG_ADDR, LOG_SIZE));
	assert_int_equal(0, fake_queue->dirty.size);
	assert_int_equal(FW_SYN_OK, dirty_params(rig, virtq, rig->mkey, end - LOG_SIZE, LOG_SIZE));
}

/* At creation, too; there the page size can be given. */
static void
test_created_with_dirty_log(void **state)
{
	struct rig *rig = *state;
	uint8_t create[PRM_SIZE(create_virtq_in)];

	rig_virtq_in(rig, create);
	prm_set(create, NETQ(dirty_bitmap_mkey), rig->mkey);
	prm_set(create, NETQ(dirty_bitmap_addr), LOG_ADDR);
	prm_set(create, NETQ(dirty_bitmap_size), LOG_SIZE);
	prm_set(create, NETQ(dirty_bitmap_dump_enable), 1);
	prm_set(create, NETQ(vhost_log_page), 4);
	rig_create(rig->uctx, FW_CLASS_VIRTQ, create, sizeof(create));
	assert_true(fake_queue->dirty.enabled);
	assert_int_equal(16, fake_queue->dirty.page_shift);
}

/* --- events --------------------------------------------------------------------------------- */

static void
test_msix_tells_nobody(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT);

	begin(virtq);
	prm_set(in, Q(event_mode), PRM_VIRTQ_EVENT_MSIX);
	prm_set(in, Q(event_qpn_or_msix), FW_NB_VECTORS);
	assert_int_equal(FW_SYN_VIRTQ_VECTOR, modify(rig, MOD(EVENT_MODE)));
	prm_set(in, Q(event_qpn_or_msix), FW_NB_VECTORS - 1);
	assert_int_equal(FW_SYN_OK, modify(rig, MOD(EVENT_MODE)));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	fake_used(rig->card->vnet, fake_queue, 1);
	assert_int_equal(0, rig->told.nb_completions);
	assert_int_equal(0, rig->told.nb_events);
}

static uint64_t fake_now_ns;

static uint64_t
fake_clock(void)
{
	return fake_now_ns;
}

/* The WQE counter of the last completion: how many there were. */
static unsigned int
nb_cqes(struct rig *rig)
{
	return (uint16_t)((rig_be32(rig->buf + 60) >> 16) + 1);
}

static void
test_moderated_events(void **state)
{
	struct rig *rig = *state;
	uint32_t virtq = rig_virtq_in_state(rig, FW_VIRTQ_INIT);
	struct vnet *vnet = rig->card->vnet;

	rig->card->clock = fake_clock;
	fake_now_ns = 1000000;
	rig->buf[60] = rig->buf[61] = 0xff; /* as the driver does: no completion yet */
	begin(virtq);
	prm_set(in, Q(queue_period_mode), 1);
	prm_set(in, Q(queue_period_us), 50);
	prm_set(in, Q(queue_max_count), 10);
	assert_int_equal(FW_SYN_OK, modify(rig, MOD(QUEUE_PERIOD)));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	fake_used(vnet, fake_queue, 9);
	fake_poll(vnet);
	assert_int_equal(0, nb_cqes(rig));
	fake_used(vnet, fake_queue, 1); /* the tenth */
	assert_int_equal(1, nb_cqes(rig));
	fake_used(vnet, fake_queue, 1);
	fake_now_ns += 49999;
	fake_poll(vnet);
	assert_int_equal(1, nb_cqes(rig));
	fake_now_ns += 1; /* 50 us */
	fake_poll(vnet);
	assert_int_equal(2, nb_cqes(rig));
	fake_poll(vnet);
	assert_int_equal(2, nb_cqes(rig));
	/* A stop tells what is held back, so does a failure. */
	fake_used(vnet, fake_queue, 1);
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_SUSPEND));
	assert_int_equal(3, nb_cqes(rig));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	fake_used(vnet, fake_queue, 1);
	fake_fail(vnet, fake_queue, VNET_ERR_BAD_DESC);
	assert_int_equal(4, nb_cqes(rig));
}

/* What is held back goes with the queue. */
static void
test_destroyed_with_a_held_event(void **state)
{
	struct rig *rig = *state;
	uint8_t create[PRM_SIZE(create_virtq_in)];
	uint32_t virtq;

	rig_virtq_in(rig, create);
	prm_set(create, Q(queue_period_mode), 2);
	prm_set(create, Q(queue_period_us), 4095);
	prm_set(create, Q(queue_max_count), 100);
	virtq = rig_create(rig->uctx, FW_CLASS_VIRTQ, create, sizeof(create));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	fake_used(rig->card->vnet, fake_queue, 1);
	assert_false(TAILQ_EMPTY(&rig->card->held_virtqs));
	assert_int_equal(FW_SYN_OK, rig_destroy(rig->uctx, FW_CLASS_VIRTQ, virtq));
	assert_true(TAILQ_EMPTY(&rig->card->held_virtqs));
	fake_poll(rig->card->vnet);
	assert_int_equal(0, rig->told.nb_completions);
}

int
main(void)
{
#define WORLD(t) cmocka_unit_test_setup_teardown(t, setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		WORLD(test_each_bit_in_each_state_gives_VIRTQ_MODIFY_STATE),
		WORLD(test_size_and_index_stay),
		WORLD(test_without_capability_gives_VIRTQ_MODIFY_CAP),
		WORLD(test_all_fields_and_state_at_once),
		WORLD(test_resume_with_another_mkey),
		WORLD(test_resume_without_capability_gives_VIRTQ_RESUME),
		WORLD(test_bad_values_change_nothing),
		WORLD(test_engine_refuses),
		WORLD(test_index_in_use_is_found_before_anything_changes),
		WORLD(test_desc_group_mkey_is_used),
		WORLD(test_event_qp_is_used),
		WORLD(test_packed),
		WORLD(test_split_to_packed),
		WORLD(test_dirty_log),
		WORLD(test_enable_without_bitmap_gives_VIRTQ_DIRTY_PARAMS),
		WORLD(test_bad_bitmap_gives_VIRTQ_DIRTY_BOUNDS_and_ACCESS),
		WORLD(test_created_with_dirty_log),
		WORLD(test_msix_tells_nobody),
		WORLD(test_moderated_events),
		WORLD(test_destroyed_with_a_held_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
