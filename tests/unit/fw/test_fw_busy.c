/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects in use: one row per pair of classes of which one can use the other. Made: the used one,
 * then its user; the used one cannot be destroyed until the user is gone, and then it can.
 */
#include <errno.h>

#include "fw_rig.h"

struct pair {
	enum fw_class user, used;
	uint32_t (*make_used)(struct rig *rig);
	uint32_t (*make_user)(struct rig *rig, uint32_t used);
};

/* --- used ones that nobody else uses -------------------------------------------------------- */

static uint32_t
new_pd(struct rig *rig)
{
	return rig_alloc(rig->uctx, PRM_OP_ALLOC_PD, FW_CLASS_PD);
}

static uint32_t
new_td(struct rig *rig)
{
	return rig_alloc(rig->uctx, PRM_OP_ALLOC_TRANSPORT_DOMAIN, FW_CLASS_TD);
}

static uint32_t
new_umem(struct rig *rig)
{
	struct fw_pages pages = { .addr = rig->buf, .len = RIG_BUF_SIZE };
	uint32_t id;

	assert_int_equal(0, fw_umem_create(rig->uctx, &pages, &id));
	return id;
}

static uint32_t
new_uar(struct rig *rig)
{
	uint32_t id;

	assert_int_equal(0, fw_uar_create(rig->uctx, &id));
	return id;
}

static uint32_t
new_tis(struct rig *rig)
{
	uint8_t in[PRM_SIZE(create_tis_in)];

	rig_tis_in(rig, in);
	return rig_create(rig->uctx, FW_CLASS_TIS, in, sizeof(in));
}

static uint32_t
new_cq(struct rig *rig)
{
	uint8_t in[PRM_SIZE(create_cq_in)];

	rig_cq_in(rig, in);
	return rig_create(rig->uctx, FW_CLASS_CQ, in, sizeof(in));
}

static uint32_t
new_counters(struct rig *rig)
{
	uint8_t in[PRM_SIZE(create_virtio_q_counters_in)];

	rig_counters_in(in);
	return rig_create(rig->uctx, FW_CLASS_COUNTERS, in, sizeof(in));
}

static uint32_t
new_mr(struct rig *rig)
{
	return rig_mr(rig, rig->guest, RIG_GUEST_SIZE, RIG_GPA) >> 8;
}

static uint32_t
new_mkey(struct rig *rig)
{
	struct rig_klm klm = { RIG_GUEST_SIZE, rig->mr, RIG_GPA };

	return rig_mkey(rig, RIG_GPA, 0, &klm, 1) >> 8;
}

static uint32_t
new_qp(struct rig *rig)
{
	uint8_t in[PRM_SIZE(create_qp_in)];
	uint32_t qpn;

	rig_fw_qp_in(rig, in);
	qpn = rig_create(rig->uctx, FW_CLASS_QP, in, sizeof(in));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_RST2INIT_QP, qpn, rig->sw_qpn));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_INIT2RTR_QP, qpn, rig->sw_qpn));
	assert_int_equal(FW_SYN_OK, rig_qp_cmd(rig, PRM_OP_RTR2RTS_QP, qpn, rig->sw_qpn));
	return qpn;
}

static uint32_t
new_virtq(struct rig *rig)
{
	return rig_virtq(rig, 2);
}

static uint32_t
new_rqt(struct rig *rig)
{
	uint8_t in[RIG_RQT_IN];

	rig_rqt_in(rig_virtq(rig, 0), in);
	return rig_create(rig->uctx, FW_CLASS_RQT, in, sizeof(in));
}

static uint32_t
new_tir(struct rig *rig)
{
	uint8_t in[PRM_SIZE(create_tir_in)];

	rig_tir_in(rig, new_rqt(rig), in);
	return rig_create(rig->uctx, FW_CLASS_TIR, in, sizeof(in));
}

/* --- users ---------------------------------------------------------------------------------- */

/* A command with one field changed. */
#define USER(name, cls, in_struct, fill, inner, t, f)                         \
	static uint32_t name(struct rig *rig, uint32_t used)                  \
	{                                                                     \
		uint8_t in[PRM_SIZE(in_struct)];                              \
                                                                              \
		fill(rig, in);                                                \
		prm_set(in, RIG_INNER(in_struct, inner, t, f), used);         \
		return rig_create(rig->uctx, FW_CLASS_##cls, in, sizeof(in)); \
	}
#define VIRTQ_USER(name, f)                                                   \
	static uint32_t name(struct rig *rig, uint32_t used)                  \
	{                                                                     \
		uint8_t in[PRM_SIZE(create_virtq_in)];                        \
                                                                              \
		rig_virtq_in(rig, in);                                        \
		PRM_SET(virtio_q, in + 16 + 64, f, used);                     \
		return rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in)); \
	}

USER(tis_of_td, TIS, create_tis_in, rig_tis_in, ctx, tisc, transport_domain)
USER(tis_of_pd, TIS, create_tis_in, rig_tis_in, ctx, tisc, pd)
USER(cq_of_uar, CQ, create_cq_in, rig_cq_in, cq_context, cqc, uar_page)
USER(cq_of_dbr_umem, CQ, create_cq_in, rig_cq_in, cq_context, cqc, dbr_umem_id)
USER(qp_of_pd, QP, create_qp_in, rig_fw_qp_in, qpc, qpc, pd)
USER(qp_of_cq, QP, create_qp_in, rig_sw_qp_in, qpc, qpc, cqn_rcv)
USER(qp_of_uar, QP, create_qp_in, rig_sw_qp_in, qpc, qpc, uar_page)
USER(qp_of_dbr_umem, QP, create_qp_in, rig_sw_qp_in, qpc, qpc, dbr_umem_id)
USER(virtq_of_tis, VIRTQ, create_virtq_in, rig_virtq_in, virtq, virtio_net_q, tisn_or_qpn)
VIRTQ_USER(virtq_of_counters, counter_set_id)
VIRTQ_USER(virtq_of_qp, event_qpn_or_msix)
VIRTQ_USER(virtq_of_umem_1, umem_1_id)
VIRTQ_USER(virtq_of_umem_2, umem_2_id)
VIRTQ_USER(virtq_of_umem_3, umem_3_id)

static uint32_t
cq_of_umem(struct rig *rig, uint32_t used)
{
	uint8_t in[PRM_SIZE(create_cq_in)];

	rig_cq_in(rig, in);
	PRM_SET(create_cq_in, in, cq_umem_id, used);
	return rig_create(rig->uctx, FW_CLASS_CQ, in, sizeof(in));
}

static uint32_t
qp_of_umem(struct rig *rig, uint32_t used)
{
	uint8_t in[PRM_SIZE(create_qp_in)];

	rig_sw_qp_in(rig, in);
	PRM_SET(create_qp_in, in, wq_umem_id, used);
	return rig_create(rig->uctx, FW_CLASS_QP, in, sizeof(in));
}

/* The low 8 bits of an indirect key are 0 here. */
static uint32_t
virtq_of_mkey(struct rig *rig, uint32_t used)
{
	uint8_t in[PRM_SIZE(create_virtq_in)];

	rig_virtq_in(rig, in);
	PRM_SET(virtio_q, in + 16 + 64, virtio_q_mkey, used << 8);
	return rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
}

static uint32_t
virtq_of_pd(struct rig *rig, uint32_t used)
{
	uint8_t in[PRM_SIZE(create_virtq_in)], key_in[RIG_MKEY_IN(1)];
	const struct rig_klm hole = { RIG_GUEST_SIZE, FW_NULL_MKEY, 0 };
	uint32_t key;

	rig_mkey_in(used, RIG_GPA, 0, &hole, 1, key_in);
	key = rig_create(rig->uctx, FW_CLASS_MKEY, key_in, sizeof(key_in));
	rig_virtq_in(rig, in);
	PRM_SET(virtio_q, in + 16 + 64, virtio_q_mkey, key << 8);
	PRM_SET(virtio_q, in + 16 + 64, pd, used);
	return rig_create(rig->uctx, FW_CLASS_VIRTQ, in, sizeof(in));
}

static uint32_t
mkey_of_mkey(struct rig *rig, uint32_t used)
{
	const struct fw_mkey *key = base_container_of(fw_obj_peek(rig->uctx, FW_CLASS_MKEY, used),
			struct fw_mkey, obj);
	struct rig_klm klm = { RIG_GUEST_SIZE, used << 8 | key->variant, RIG_GPA };

	return rig_mkey(rig, RIG_GPA, 0, &klm, 1) >> 8;
}

static uint32_t
mkey_of_pd(struct rig *rig, uint32_t used)
{
	const struct rig_klm hole = { RIG_GUEST_SIZE, FW_NULL_MKEY, 0 };
	uint8_t in[RIG_MKEY_IN(1)];

	rig_mkey_in(used, RIG_GPA, 0, &hole, 1, in);
	return rig_create(rig->uctx, FW_CLASS_MKEY, in, sizeof(in));
}

static uint32_t
mr_of_pd(struct rig *rig, uint32_t used)
{
	uint32_t pd = rig->pd, mkey;

	rig->pd = used;
	mkey = rig_mr(rig, rig->guest, RIG_GUEST_SIZE, RIG_GPA);
	rig->pd = pd;
	return mkey >> 8;
}

static uint32_t
rqt_of_virtq(struct rig *rig, uint32_t used)
{
	uint8_t in[RIG_RQT_IN];

	rig_rqt_in(used, in);
	return rig_create(rig->uctx, FW_CLASS_RQT, in, sizeof(in));
}

static uint32_t
tir_of_rqt(struct rig *rig, uint32_t used)
{
	uint8_t in[PRM_SIZE(create_tir_in)];

	rig_tir_in(rig, used, in);
	return rig_create(rig->uctx, FW_CLASS_TIR, in, sizeof(in));
}

static uint32_t
tir_of_td(struct rig *rig, uint32_t used)
{
	uint8_t in[PRM_SIZE(create_tir_in)];

	rig_tir_in(rig, new_rqt(rig), in);
	PRM_SET(tirc, PRM_PTR(create_tir_in, in, ctx), transport_domain, used);
	return rig_create(rig->uctx, FW_CLASS_TIR, in, sizeof(in));
}

static uint32_t
flow_of_tir(struct rig *rig, uint32_t used)
{
	const struct fw_flow_attr attr = { .tirn = used };
	uint32_t id;

	assert_int_equal(0, fw_flow_create(rig->uctx, &attr, &id));
	return id;
}

static const struct pair pairs[] = {
	{ FW_CLASS_FLOW, FW_CLASS_TIR, new_tir, flow_of_tir },
	{ FW_CLASS_TIR, FW_CLASS_RQT, new_rqt, tir_of_rqt },
	{ FW_CLASS_TIR, FW_CLASS_TD, new_td, tir_of_td },
	{ FW_CLASS_RQT, FW_CLASS_VIRTQ, new_virtq, rqt_of_virtq },
	{ FW_CLASS_VIRTQ, FW_CLASS_COUNTERS, new_counters, virtq_of_counters },
	{ FW_CLASS_VIRTQ, FW_CLASS_QP, new_qp, virtq_of_qp },
	{ FW_CLASS_VIRTQ, FW_CLASS_MKEY, new_mkey, virtq_of_mkey },
	{ FW_CLASS_VIRTQ, FW_CLASS_UMEM, new_umem, virtq_of_umem_1 },
	{ FW_CLASS_VIRTQ, FW_CLASS_UMEM, new_umem, virtq_of_umem_2 },
	{ FW_CLASS_VIRTQ, FW_CLASS_UMEM, new_umem, virtq_of_umem_3 },
	{ FW_CLASS_VIRTQ, FW_CLASS_TIS, new_tis, virtq_of_tis },
	{ FW_CLASS_QP, FW_CLASS_CQ, new_cq, qp_of_cq },
	{ FW_CLASS_QP, FW_CLASS_UMEM, new_umem, qp_of_umem },
	{ FW_CLASS_QP, FW_CLASS_UMEM, new_umem, qp_of_dbr_umem },
	{ FW_CLASS_QP, FW_CLASS_UAR, new_uar, qp_of_uar },
	{ FW_CLASS_QP, FW_CLASS_PD, new_pd, qp_of_pd },
	{ FW_CLASS_CQ, FW_CLASS_UMEM, new_umem, cq_of_umem },
	{ FW_CLASS_CQ, FW_CLASS_UMEM, new_umem, cq_of_dbr_umem },
	{ FW_CLASS_CQ, FW_CLASS_UAR, new_uar, cq_of_uar },
	{ FW_CLASS_MKEY, FW_CLASS_MKEY, new_mkey, mkey_of_mkey },
	{ FW_CLASS_MKEY, FW_CLASS_MKEY, new_mr, mkey_of_mkey },
	{ FW_CLASS_MKEY, FW_CLASS_PD, new_pd, mkey_of_pd },
	{ FW_CLASS_MKEY, FW_CLASS_PD, new_pd, mr_of_pd },
	{ FW_CLASS_TIS, FW_CLASS_TD, new_td, tis_of_td },
	{ FW_CLASS_TIS, FW_CLASS_PD, new_pd, tis_of_pd },
};

/* By whichever way objects of the class are destroyed. */
static enum fw_syndrome
destroy(struct rig *rig, enum fw_class cls, uint32_t id)
{
	int ret;

	switch (cls) {
	case FW_CLASS_FLOW:
		ret = fw_flow_destroy(rig->uctx, id);
		break;
	case FW_CLASS_UMEM:
		ret = fw_umem_destroy(rig->uctx, id);
		break;
	case FW_CLASS_UAR:
		ret = fw_uar_destroy(rig->uctx, id);
		break;
	default:
		return rig_destroy(rig->uctx, cls, id);
	}
	if (ret == -EBUSY)
		assert_non_null(strstr(rig->last, fw_syndrome_text(FW_SYN_BUSY)));
	return ret == 0 ? FW_SYN_OK : ret == -EBUSY ? FW_SYN_BUSY : FW_SYN_NO_OBJECT;
}

static void
test_pairs(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < BASE_ARRAY_SIZE(pairs); i++) {
		const struct pair *pair = &pairs[i];
		uint32_t used, user;
		void *rig;

		rig_setup_world(&rig);
		used = pair->make_used(rig);
		user = pair->make_user(rig, used);
		print_message("%s uses %s\n", fw_class_name(pair->user), fw_class_name(pair->used));
		assert_int_equal(FW_SYN_BUSY, destroy(rig, pair->used, used));
		assert_int_equal(FW_SYN_OK, destroy(rig, pair->user, user));
		assert_int_equal(FW_SYN_OK, destroy(rig, pair->used, used));
		rig_teardown(&rig);
	}
}

/* A protection domain of a queue is its key's, too. */
static void
test_pd_of_a_queue(void **state)
{
	struct rig *rig = *state;
	uint32_t pd = new_pd(rig), virtq = virtq_of_pd(rig, pd);
	struct fw_obj *key = TAILQ_LAST(&rig->uctx->objs[FW_CLASS_MKEY], fw_obj_list);

	assert_int_equal(FW_SYN_BUSY, destroy(rig, FW_CLASS_MKEY, key->id));
	assert_int_equal(FW_SYN_OK, destroy(rig, FW_CLASS_VIRTQ, virtq));
	assert_int_equal(FW_SYN_BUSY, destroy(rig, FW_CLASS_PD, pd));
	assert_int_equal(FW_SYN_OK, destroy(rig, FW_CLASS_MKEY, key->id));
	assert_int_equal(FW_SYN_OK, destroy(rig, FW_CLASS_PD, pd));
}

/* Whatever an object of the world uses must be a row above. */
static void
test_no_pair_is_missing(void **state)
{
	struct rig *rig = *state;
	unsigned int cls, i;
	size_t p;

	flow_of_tir(rig, new_tir(rig));
	for (cls = 0; cls < FW_NB_CLASSES; cls++) {
		struct fw_obj *obj;

		TAILQ_FOREACH(obj, &rig->uctx->objs[cls], link) {
			for (i = 0; i < obj->nb_uses; i++) {
				enum fw_class used = obj->uses[i]->cls;

				for (p = 0; p < BASE_ARRAY_SIZE(pairs); p++) {
					if (pairs[p].user == cls && pairs[p].used == used)
						break;
				}
				if (p == BASE_ARRAY_SIZE(pairs) &&
						!(cls == FW_CLASS_VIRTQ && used == FW_CLASS_PD))
					fail_msg("%s uses %s: no row",
							fw_class_name((enum fw_class)cls),
							fw_class_name(used));
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test_setup_teardown(test_pd_of_a_queue, rig_setup_world, rig_teardown),
		cmocka_unit_test_setup_teardown(test_no_pair_is_missing, rig_setup_world,
				rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
