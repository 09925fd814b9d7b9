/* SPDX-License-Identifier: BSD-3-Clause */
/* What each capability is good for: one command that is refused without it (or with too little of
 * it) and that works with it. Every row of the table of capabilities must be here. */
#include <errno.h>
#include <unistd.h>

#include "fw_rig.h"

#define NETQ(f) RIG_INNER(create_virtq_in, virtq, virtio_net_q, f)
#define Q(f)                                                                        \
	PRM_OFF(create_virtq_in, virtq) + PRM_OFF(virtio_net_q, virtio_q_context) + \
			PRM_OFF(virtio_q, f),                                       \
			PRM_BITS(virtio_q, f)
#define CQC(f) RIG_INNER(create_cq_in, cq_context, cqc, f)
#define MOD(bit) PRM_VIRTQ_MOD_##bit

struct effect;
typedef enum fw_syndrome (*probe_fn)(struct rig *rig, const struct effect *effect);

struct effect {
	const char *cap;
	uint64_t without, with;
	enum fw_syndrome syn; /* what the probe gives without; with it, it must succeed */
	probe_fn probe;
	uint32_t off, bits; /* of the field that the probe sets */
	uint64_t value;
	uint64_t select; /* of the MODIFY */
};

static uint8_t out[PRM_SIZE(query_hca_cap_out)];

static enum fw_syndrome
exec(struct rig *rig, void *in, size_t len, const struct effect *effect)
{
	if (effect->bits != 0)
		prm_set(in, effect->off, effect->bits, effect->value);
	return rig_exec(rig->uctx, in, len, out, sizeof(out));
}

/* --- virtio queues -------------------------------------------------------------------------- */

static void
virtq_in(struct rig *rig, uint8_t *in)
{
	rig_virtq_in(rig, in); /* buffers as large as the defaults ask for */
	prm_set(in, NETQ(tx_csum), 0);
	prm_set(in, Q(virtio_version_1_0), 0);
	prm_set(in, Q(event_mode), PRM_VIRTQ_EVENT_QP);
}

static enum fw_syndrome
probe_virtq(struct rig *rig, const struct effect *effect)
{
	uint8_t in[PRM_SIZE(create_virtq_in)];

	virtq_in(rig, in);
	return exec(rig, in, sizeof(in), effect);
}

/* Events that need no queue pair. */
static enum fw_syndrome
probe_virtq_without_qp(struct rig *rig, const struct effect *effect)
{
	uint8_t in[PRM_SIZE(create_virtq_in)];

	virtq_in(rig, in);
	prm_set(in, Q(event_qpn_or_msix), 0);
	return exec(rig, in, sizeof(in), effect);
}

static enum fw_syndrome
probe_modify(struct rig *rig, const struct effect *effect)
{
	uint8_t in[PRM_SIZE(create_virtq_in)];
	uint32_t virtq;

	virtq_in(rig, in);
	virtq = rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
	memset(in, 0, sizeof(in));
	PRM_SET(general_obj_in_cmd_hdr, in, opcode, PRM_OP_MODIFY_GENERAL_OBJECT);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_type, PRM_OBJ_VIRTIO_NET_Q);
	PRM_SET(general_obj_in_cmd_hdr, in, obj_id, virtq);
	prm_set(in, NETQ(modify_field_select), effect->select);
	return exec(rig, in, sizeof(in), effect);
}

static enum fw_syndrome
probe_resume(struct rig *rig, const struct effect *effect)
{
	uint32_t virtq = rig_virtq(rig, 0);

	(void)effect;
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY));
	assert_int_equal(FW_SYN_OK, rig_virtq_state(rig, virtq, PRM_VIRTQ_SUSPEND));
	return rig_virtq_state(rig, virtq, PRM_VIRTQ_RDY);
}

static enum fw_syndrome
probe_counters(struct rig *rig, const struct effect *effect)
{
	uint8_t in[PRM_SIZE(create_virtio_q_counters_in)];

	rig_counters_in(in);
	return exec(rig, in, sizeof(in), effect);
}

/* --- other objects -------------------------------------------------------------------------- */

static enum fw_syndrome
probe_cq(struct rig *rig, const struct effect *effect)
{
	uint8_t in[PRM_SIZE(create_cq_in)];

	rig_cq_in(rig, in);
	return exec(rig, in, sizeof(in), effect);
}

static enum fw_syndrome
probe_cq_modify(struct rig *rig, const struct effect *effect)
{
	uint8_t in[PRM_SIZE(modify_cq_in)] = { 0 };

	PRM_SET(modify_cq_in, in, opcode, PRM_OP_MODIFY_CQ);
	PRM_SET(modify_cq_in, in, cqn, rig->cqn);
	PRM_SET(modify_cq_in, in, modify_field_select, effect->select);
	return exec(rig, in, sizeof(in), effect);
}

static enum fw_syndrome
probe_qp(struct rig *rig, const struct effect *effect)
{
	uint8_t in[PRM_SIZE(create_qp_in)];

	rig_sw_qp_in(rig, in);
	return exec(rig, in, sizeof(in), effect);
}

static enum fw_syndrome
probe_tis(struct rig *rig, const struct effect *effect)
{
	uint8_t in[PRM_SIZE(create_tis_in)];

	rig_tis_in(rig, in);
	return exec(rig, in, sizeof(in), effect);
}

static enum fw_syndrome
probe_rqt(struct rig *rig, const struct effect *effect)
{
	uint8_t in[RIG_RQT_IN];

	rig_rqt_in(rig_virtq(rig, 0), in);
	return exec(rig, in, sizeof(in), effect);
}

static enum fw_syndrome
probe_page(struct rig *rig, const struct effect *effect)
{
	uint8_t in[PRM_SIZE(query_hca_cap_in)] = { 0 };

	PRM_SET(query_hca_cap_in, in, opcode, PRM_OP_QUERY_HCA_CAP);
	return exec(rig, in, sizeof(in), effect);
}

/* An indirect key of two entries. */
static enum fw_syndrome
probe_klm(struct rig *rig, const struct effect *effect)
{
	struct rig_klm klms[2] = { { RIG_PAGE, rig->mr, RIG_GPA }, { RIG_PAGE, rig->mr, RIG_GPA } };
	uint8_t in[RIG_MKEY_IN(2)];

	rig_mkey_in(rig->pd, RIG_GPA, 0, klms, 2, in);
	(void)effect;
	return rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out));
}

static enum fw_syndrome
probe_klm_fixed(struct rig *rig, const struct effect *effect)
{
	struct rig_klm klm = { RIG_PAGE, rig->mr, RIG_GPA };
	uint8_t in[RIG_MKEY_IN(1)];

	rig_mkey_in(rig->pd, RIG_GPA, 12, &klm, 1, in);
	(void)effect;
	return rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out));
}

/* A key of an indirect key. */
static enum fw_syndrome
probe_klm_depth(struct rig *rig, const struct effect *effect)
{
	struct rig_klm klm = { RIG_PAGE, rig->mkey, RIG_GPA };
	uint8_t in[RIG_MKEY_IN(1)];

	rig_mkey_in(rig->pd, RIG_GPA, 0, &klm, 1, in);
	(void)effect;
	return rig_exec(rig->uctx, in, sizeof(in), out, sizeof(out));
}

#define VIRTQ(cap, syn, field, value)                                       \
	{                                                                   \
		cap, 0, 1, FW_SYN_VIRTQ_##syn, probe_virtq, field, value, 0 \
	}
#define EVENTS(cap, value)                                                                        \
	{                                                                                         \
		cap, 0, 1, FW_SYN_VIRTQ_EVENT_MODE, probe_virtq_without_qp, Q(event_mode), value, \
				0                                                                 \
	}
#define MODIFY(cap, bit, field, value)                                                   \
	{                                                                                \
		cap, 0, 1, FW_SYN_VIRTQ_MODIFY_CAP, probe_modify, field, value, MOD(bit) \
	}
#define BUFFER(cap, def)                                                             \
	{                                                                            \
		cap, (def) + 1, def, FW_SYN_VIRTQ_UMEM_SIZE, probe_virtq, 0, 0, 0, 0 \
	}

static const struct effect effects[] = {
	VIRTQ("virtio_version_1_0", VERSION, Q(virtio_version_1_0), 1),
	VIRTQ("mrg_rxbuf", FEATURE, NETQ(queue_feature_bit_mask_2_0), 4),
	VIRTQ("host_ecn", FEATURE, NETQ(queue_feature_bit_mask_12_3), 1u << 1),
	VIRTQ("guest_ecn", FEATURE, NETQ(queue_feature_bit_mask_12_3), 1u << 3),
	VIRTQ("guest_tso6", FEATURE, NETQ(queue_feature_bit_mask_12_3), 1u << 4),
	VIRTQ("guest_tso4", FEATURE, NETQ(queue_feature_bit_mask_12_3), 1u << 5),
	VIRTQ("guest_csum", FEATURE, NETQ(rx_csum), 1),
	VIRTQ("csum", FEATURE, NETQ(tx_csum), 1),
	VIRTQ("host_tso6", FEATURE, NETQ(tso_ipv6), 1),
	VIRTQ("host_tso4", FEATURE, NETQ(tso_ipv4), 1),
	EVENTS("event_mode_no_msix", PRM_VIRTQ_EVENT_NO_MSIX),
	VIRTQ("event_mode_qp", EVENT_MODE, Q(event_mode), PRM_VIRTQ_EVENT_QP),
	EVENTS("event_mode_msix", PRM_VIRTQ_EVENT_MSIX),
	VIRTQ("virtio_queue_type_split", TYPE, Q(virtio_q_type), PRM_VIRTQ_SPLIT),
	VIRTQ("virtio_queue_type_packed", TYPE, Q(virtio_q_type), PRM_VIRTQ_PACKED),
	MODIFY("vnet_modify_ext", Q_TYPE, Q(virtio_q_type), PRM_VIRTQ_SPLIT),
	MODIFY("virtio_net_q_addr_modify", ADDR, Q(desc_addr), RIG_GPA),
	MODIFY("virtio_q_index_modify", HW_USED_INDEX, NETQ(hw_used_index), 7),
	MODIFY("desc_group_mkey_supported", DESC_GROUP_MKEY, Q(desc_group_mkey), 0),
	{ "freeze_to_rdy_supported", 0, 1, FW_SYN_VIRTQ_RESUME, probe_resume, 0, 0, 0, 0 },
	MODIFY("dirty_log", DIRTY_BITMAP_DUMP_ENABLE, NETQ(dirty_bitmap_dump_enable), 0),
	{ "max_num_virtio_queues", 5, 6, FW_SYN_VIRTQ_INDEX, probe_virtq, Q(queue_index), 5, 0 },
	BUFFER("umem_1_buffer_param_a", 64),
	BUFFER("umem_1_buffer_param_b", 4096),
	BUFFER("umem_2_buffer_param_a", 32),
	BUFFER("umem_2_buffer_param_b", 4096),
	BUFFER("umem_3_buffer_param_a", 16),
	BUFFER("umem_3_buffer_param_b", 4096),
	{ "virtio_q_counters", 0, 1, FW_SYN_OBJ_TYPE, probe_counters, 0, 0, 0, 0 },
	{ "eth_net_offloads", 0, 1, FW_SYN_CAP_PAGE, probe_page,
			RIG_FIELD(query_hca_cap_in, op_mod), PRM_CAP_ETHERNET << 1 | 1, 0 },
	{ "nic_flow_table", 0, 1, FW_SYN_CAP_PAGE, probe_page, RIG_FIELD(query_hca_cap_in, op_mod),
			PRM_CAP_NIC_FLOW_TABLE << 1 | 1, 0 },
	{ "num_lag_ports", 1, 2, FW_SYN_TIS_PORT, probe_tis,
			RIG_INNER(create_tis_in, ctx, tisc, lag_tx_port_affinity), 2, 0 },
	{ "log_max_rqt_size", 1, 2, FW_SYN_RQT_SIZE, probe_rqt, 0, 0, 0, 0 },
	{ "cq_oi", 0, 1, FW_SYN_CQ_FEATURE, probe_cq, CQC(oi), 1, 0 },
	{ "cq_moderation", 0, 1, FW_SYN_CQ_FEATURE, probe_cq, CQC(cq_period), 10, 0 },
	{ "cq_period_mode_modify", 0, 1, FW_SYN_CQ_FEATURE, probe_cq_modify, 0, 0, 0,
			PRM_CQ_MOD_PERIOD_MODE },
	{ "cq_period_start_from_cqe", 0, 1, FW_SYN_CQ_PERIOD_MODE, probe_cq, CQC(cq_period_mode), 1,
			0 },
	{ "log_max_cq_sz", RIG_LOG_QUEUE_SIZE - 1, RIG_LOG_QUEUE_SIZE, FW_SYN_CQ_SIZE, probe_cq, 0,
			0, 0, 0 },
	{ "log_max_qp_sz", RIG_LOG_QUEUE_SIZE - 1, RIG_LOG_QUEUE_SIZE, FW_SYN_QP_SIZE, probe_qp, 0,
			0, 0, 0 },
	{ "fixed_buffer_size", 0, 1, FW_SYN_MKEY_MODE, probe_klm_fixed, 0, 0, 0, 0 },
	{ "log_max_klm_list_size", 0, 1, FW_SYN_MKEY_LIST_LONG, probe_klm, 0, 0, 0, 0 },
	{ "max_indirection", 1, 2, FW_SYN_MKEY_DEPTH, probe_klm_depth, 0, 0, 0, 0 },
};

static bool
is_offload(const struct effect *effect)
{
	return effect->syn == FW_SYN_VIRTQ_FEATURE;
}

static void
test_each_capability_both_ways(void **state)
{
	struct rig *rig = *state;
	enum fw_syndrome syn;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(effects); i++) {
		const struct effect *effect = &effects[i];
		struct fw_caps *caps;

		rig_restart(rig);
		rig_world(rig);
		caps = &rig->card->caps;
		if (is_offload(effect)) /* those that build on it go with it */
			caps->device_features = 0;
		assert_int_equal(0, fw_caps_set(caps, effect->cap, effect->without));
		syn = effect->probe(rig, effect);
		if (syn != effect->syn)
			fail_msg("%s = %llu: 0x%x (%s)", effect->cap,
					(unsigned long long)effect->without, syn,
					fw_syndrome_text(syn));
		rig_restart(rig);
		rig_world(rig);
		caps = &rig->card->caps;
		if (is_offload(effect)) /* nothing but this one */
			caps->device_features = 0;
		assert_int_equal(0, fw_caps_set(caps, effect->cap, effect->with));
		syn = effect->probe(rig, effect);
		if (syn != FW_SYN_OK)
			fail_msg("%s = %llu: 0x%x (%s)", effect->cap,
					(unsigned long long)effect->with, syn, rig->last);
	}
}

/* --- numbers of objects: known when the card is made ------------------------------------------ */

static enum fw_syndrome
probe_alloc_pd(struct rig *rig, const struct effect *effect)
{
	uint8_t in[16] = { 0 };

	PRM_SET(cmd_in, in, opcode, PRM_OP_ALLOC_PD);
	return exec(rig, in, sizeof(in), effect);
}

static enum fw_syndrome
probe_alloc_td(struct rig *rig, const struct effect *effect)
{
	uint8_t in[16] = { 0 };

	PRM_SET(cmd_in, in, opcode, PRM_OP_ALLOC_TRANSPORT_DOMAIN);
	return exec(rig, in, sizeof(in), effect);
}

static enum fw_syndrome
probe_two_rqts(struct rig *rig, const struct effect *effect)
{
	uint8_t in[RIG_RQT_IN];

	rig_rqt_in(rig_virtq(rig, 0), in);
	rig_create(rig->uctx, FW_CLASS_RQT, in, sizeof(in));
	return exec(rig, in, sizeof(in), effect);
}

static enum fw_syndrome
probe_two_tirs(struct rig *rig, const struct effect *effect)
{
	uint8_t rqt[RIG_RQT_IN], in[PRM_SIZE(create_tir_in)];

	rig_rqt_in(rig_virtq(rig, 0), rqt);
	rig_tir_in(rig, rig_create(rig->uctx, FW_CLASS_RQT, rqt, sizeof(rqt)), in);
	rig_create(rig->uctx, FW_CLASS_TIR, in, sizeof(in));
	return exec(rig, in, sizeof(in), effect);
}

/* rig_world() makes one of each, but two queue pairs and two keys. */
#define LIMIT(cap, without, probe)                                           \
	{                                                                    \
		cap, without, (without) + 1, FW_SYN_NO_ID, probe, 0, 0, 0, 0 \
	}
static const struct effect limits[] = {
	LIMIT("log_max_cq", 0, probe_cq),
	LIMIT("log_max_qp", 1, probe_qp),
	LIMIT("log_max_mkey", 1, probe_klm),
	LIMIT("log_max_pd", 0, probe_alloc_pd),
	LIMIT("log_max_transport_domain", 0, probe_alloc_td),
	LIMIT("log_max_tis", 0, probe_tis),
	LIMIT("log_max_tir", 0, probe_two_tirs),
	LIMIT("log_max_rqt", 0, probe_two_rqts),
};

static void
test_each_limit_both_ways(void **state)
{
	struct rig *rig = *state;
	unsigned int with;
	size_t i;

	for (i = 0; i < BASE_ARRAY_SIZE(limits); i++) {
		for (with = 0; with < 2; with++) {
			enum fw_syndrome syn;

			fw_caps_init(&rig->caps);
			assert_int_equal(0,
					fw_caps_set(&rig->caps, limits[i].cap,
							with ? limits[i].with : limits[i].without));
			rig_restart(rig);
			rig_world(rig);
			syn = limits[i].probe(rig, &limits[i]);
			if (syn != (with ? FW_SYN_OK : FW_SYN_NO_ID))
				fail_msg("%s: 0x%x (%s)", limits[i].cap, syn, rig->last);
		}
	}
}

/* The doorbell's word moves in its page, by what is below the page size. */
static void
test_doorbell_bar_offset(void **state)
{
	static uint8_t page[65536] __attribute__((aligned(8)));
	struct rig *rig = *state;
	uint32_t id;

	rig->caps.doorbell_bar_offset = 5ull * (uint64_t)sysconf(_SC_PAGESIZE) + 0x40;
	rig_restart(rig);
	assert_int_equal(0, fw_var_create(rig->uctx, page, &id));
	assert_ptr_equal(fake_doorbell, page + 0x40);
	assert_int_equal(VNET_DOORBELL_IDLE, *fake_doorbell);
	assert_int_equal(0, fw_var_destroy(rig->uctx, id));
	rig->caps.doorbell_bar_offset = 0;
	rig_restart(rig);
	assert_int_equal(0, fw_var_create(rig->uctx, page, &id));
	assert_ptr_equal(fake_doorbell, page);
}

static bool
is_in(const struct effect *rows, size_t nb, const char *name)
{
	size_t i;

	for (i = 0; i < nb; i++) {
		if (strcmp(rows[i].cap, name) == 0)
			return true;
	}
	return false;
}

static void
test_no_capability_is_forgotten(void **state)
{
	/* The first two are information for drivers; the third has a test of its own. */
	static const struct effect others[] = { { .cap = "log_doorbell_stride" },
		{ .cap = "log_doorbell_bar_size" }, { .cap = "doorbell_bar_offset" } };
	const struct fw_cap_row *row;
	size_t i;

	(void)state;
	for (i = 0; (row = fw_caps_row(i)) != NULL; i++) {
		if (!is_in(effects, BASE_ARRAY_SIZE(effects), row->name) &&
				!is_in(limits, BASE_ARRAY_SIZE(limits), row->name) &&
				!is_in(others, BASE_ARRAY_SIZE(others), row->name))
			fail_msg("no test of capability %s", row->name);
	}
}

int
main(void)
{
#define RIG(t) cmocka_unit_test_setup_teardown(t, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		RIG(test_each_capability_both_ways),
		RIG(test_each_limit_both_ways),
		RIG(test_doorbell_bar_offset),
		cmocka_unit_test(test_no_capability_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
